# weir_add_scenario(name file.c… [NO_TEST] [ARGUMENTS …])
#
#   name         the program: looks for a schedule that goes wrong, explains it, replays it (--help)
#   name-fuzzer  the same under libFuzzer, when the compiler is clang and has it
#   a test       that runs the program with ARGUMENTS (default: --runs=20000), unless NO_TEST; it fails when something is
#                found
#
# WEIR_FUZZING_ENGINE is what a fuzzer is linked with: an option of the compiler or a library with libFuzzer's main.
include(CheckCSourceCompiles)

set(WEIR_FUZZING_ENGINE "" CACHE STRING "What fuzzers are linked with, by a compiler whose flags instrument already")
if(WEIR_FUZZING_ENGINE)
  set(WEIR_HAS_LIBFUZZER TRUE)
elseif(NOT DEFINED WEIR_HAS_LIBFUZZER)
  set(CMAKE_REQUIRED_FLAGS -fsanitize=fuzzer)
  set(CMAKE_REQUIRED_LINK_OPTIONS -fsanitize=fuzzer)
  check_c_source_compiles("int LLVMFuzzerTestOneInput(const char *data, unsigned long size) { return data == 0 && size; }"
                          WEIR_HAS_LIBFUZZER)
  unset(CMAKE_REQUIRED_FLAGS)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
endif()

# Makes a fuzzer of a program that has LLVMFuzzerTestOneInput; further arguments shape its instrumentation.
function(weir_link_fuzzer program)
  if(WEIR_FUZZING_ENGINE)
    set_target_properties(${program} PROPERTIES LINKER_LANGUAGE CXX) # the engine is C++
    separate_arguments(engine UNIX_COMMAND "${WEIR_FUZZING_ENGINE}")
    target_link_libraries(${program} PRIVATE ${engine})
  else()
    target_compile_options(${program} PRIVATE -fsanitize=fuzzer-no-link)
    target_link_options(${program} PRIVATE -fsanitize=fuzzer)
  endif()
  target_compile_options(${program} PRIVATE ${ARGN})
endfunction()

function(weir_add_scenario name)
  cmake_parse_arguments(PARSE_ARGV 1 scenario "NO_TEST" "" "ARGUMENTS")
  set(sources ${scenario_UNPARSED_ARGUMENTS})
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE weir::scenario_program)
  if(WEIR_HAS_LIBFUZZER)
    add_executable(${name}-fuzzer ${sources})
    target_link_libraries(${name}-fuzzer PRIVATE weir::scenario_fuzzer)
    target_link_options(${name}-fuzzer PRIVATE LINKER:-u,LLVMFuzzerCustomMutator)
    weir_link_fuzzer(${name}-fuzzer -fno-sanitize-coverage=stack-depth,trace-cmp,indirect-calls)
  endif()
  if(NOT scenario_NO_TEST)
    if(NOT scenario_ARGUMENTS)
      set(scenario_ARGUMENTS --runs=20000)
    endif()
    add_test(NAME ${name} COMMAND ${name} ${scenario_ARGUMENTS})
  endif()
endfunction()

# weir_add_scenario(name file.c… [NO_TEST] [ARGUMENTS …])
#
#   name         the program: looks for a schedule that goes wrong, explains it, replays it (--help)
#   name-fuzzer  the same under libFuzzer, when the compiler is clang and has it
#   a test       that runs the program with ARGUMENTS (default: --runs=20000), unless NO_TEST; it fails when something is
#                found
include(CheckCSourceCompiles)

if(NOT DEFINED WEIR_HAS_LIBFUZZER)
  set(CMAKE_REQUIRED_FLAGS -fsanitize=fuzzer)
  set(CMAKE_REQUIRED_LINK_OPTIONS -fsanitize=fuzzer)
  check_c_source_compiles("int LLVMFuzzerTestOneInput(const char *data, unsigned long size) { return data == 0 && size; }"
                          WEIR_HAS_LIBFUZZER)
  unset(CMAKE_REQUIRED_FLAGS)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
endif()

function(weir_add_scenario name)
  cmake_parse_arguments(PARSE_ARGV 1 scenario "NO_TEST" "" "ARGUMENTS")
  set(sources ${scenario_UNPARSED_ARGUMENTS})
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE weir::scenario_program)
  if(WEIR_HAS_LIBFUZZER)
    add_executable(${name}-fuzzer ${sources})
    target_compile_options(${name}-fuzzer PRIVATE -fsanitize=fuzzer-no-link
                           -fno-sanitize-coverage=stack-depth,trace-cmp,indirect-calls)
    target_link_options(${name}-fuzzer PRIVATE -fsanitize=fuzzer LINKER:-u,LLVMFuzzerCustomMutator)
    target_link_libraries(${name}-fuzzer PRIVATE weir::scenario_fuzzer)
  endif()
  if(NOT scenario_NO_TEST)
    if(NOT scenario_ARGUMENTS)
      set(scenario_ARGUMENTS --runs=20000)
    endif()
    add_test(NAME ${name} COMMAND ${name} ${scenario_ARGUMENTS})
  endif()
endfunction()

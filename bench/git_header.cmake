# Writes OUTPUT, a header that names the commit of SOURCE, and leaves it untouched when nothing changed. Run at build time.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=40 --exclude *
  OUTPUT_VARIABLE commit ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define BENCH_WEIR_GIT \"${commit}\"\n" @ONLY)

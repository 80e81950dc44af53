# check.cmake — passes when a killer finds the fault that is planted in it: exit status 1, not 0 (it found nothing),
# not 2 (usage), not a signal that it did not catch itself. Writes which schedule it was, for the table; "-" when it
# does not say.
#
#     cmake -DKILLER=program -DOPTIONS="a;b" -DRESULT=file -P check.cmake
cmake_policy(VERSION 3.25)
execute_process(COMMAND ${KILLER} ${OPTIONS} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output
                TIMEOUT 500)
if(NOT status STREQUAL "1")
  message(FATAL_ERROR "the mutant lives: ${KILLER} ${OPTIONS} ended with ${status}\n${output}")
endif()
set(schedule "-")
if(output MATCHES "(schedule|seed) ([0-9]+)")
  set(schedule ${CMAKE_MATCH_2})
endif()
file(WRITE ${RESULT} "${schedule}\n")

# mutant.cmake — reads a mutant, and plants it.
#
# A mutant is a text file NAME.mutant: fields, then one or several substitutions of whole lines.
#
#     file: cond.c                      of runtime/src
#     compile: chan.c select.c          of a header: the files that see the fault (else the file itself)
#     class: lost wake-up
#     killer: killer announce --workers=2
#     selection: ci                     it is in the fast selection
#     workers: several                  the fault lies where only several workers come
#     story: one line
#     before:
#     ... lines that occur exactly once in the file ...
#     after:
#     ... lines in their place, perhaps none ...
#     end:
#
# As a script it plants one: every file that differs is written into a folder, and a mutated header beside them, which
# they include first, so that its guard keeps the real one out. The runtime's own sources are never touched.
#
#     cmake -DMUTANT=NAME.mutant -DSOURCES=runtime/src -DOUTPUT=folder -P mutant.cmake
#
# Rejected: patches (they break at each change of a line nearby); #ifdef in the runtime (its sources stay free of
# faults).
cmake_policy(VERSION 3.25)

# Sets ${prefix}_${field} for each field of a mutant's head, "" where it is not given; ${prefix}_compile is a list.
function(mutant_read path prefix)
  file(READ "${path}" text)
  string(FIND "${text}" "\nbefore:\n" end)
  if(end EQUAL -1)
    message(FATAL_ERROR "${path}: it has no before:")
  endif()
  string(SUBSTRING "${text}" 0 ${end} head)
  foreach(field file compile class killer selection workers story)
    set(value "")
    if("\n${head}\n" MATCHES "\n${field}: ([^\n]*)\n")
      set(value "${CMAKE_MATCH_1}")
    endif()
    set(${field} "${value}")
  endforeach()
  foreach(field file class killer story)
    if(${field} STREQUAL "")
      message(FATAL_ERROR "${path}: it has no ${field}:")
    endif()
  endforeach()
  if(compile STREQUAL "")
    set(compile ${file})
  endif()
  string(REPLACE " " ";" compile "${compile}")
  foreach(field file compile class killer selection workers story)
    set(${prefix}_${field} "${${field}}" PARENT_SCOPE)
  endforeach()
endfunction()

# The block of a text between two marks, with the newline before it, so that it may be empty. The text becomes what
# follows. found: whether there was one.
function(mutant_take_block text_variable from to block found)
  set(text "${${text_variable}}")
  set(${found} FALSE PARENT_SCOPE)
  string(FIND "${text}" "\n${from}:\n" begin)
  if(begin EQUAL -1)
    return()
  endif()
  string(LENGTH "\n${from}:" length)
  math(EXPR begin "${begin} + ${length}")
  string(SUBSTRING "${text}" ${begin} -1 text)
  string(FIND "${text}" "\n${to}:\n" end)
  if(end EQUAL -1)
    message(FATAL_ERROR "${MUTANT}: it has no ${to}: behind ${from}:")
  endif()
  string(SUBSTRING "${text}" 0 ${end} lines)
  string(SUBSTRING "${text}" ${end} -1 text)
  set(${block} "${lines}" PARENT_SCOPE)
  set(${text_variable} "${text}" PARENT_SCOPE)
  set(${found} TRUE PARENT_SCOPE)
endfunction()

# The code of a file with a mutant's substitutions.
function(mutant_substitute mutant source code_variable)
  file(READ "${mutant}" text)
  file(READ "${source}" code)
  mutant_take_block(text before after before found)
  while(found)
    mutant_take_block(text after end after found)
    string(FIND "${code}" "${before}\n" first)
    string(FIND "${code}" "${before}\n" last REVERSE)
    if(first EQUAL -1)
      message(FATAL_ERROR "${mutant}: what it replaces does not occur in ${source} any more:${before}")
    elseif(NOT first EQUAL last)
      message(FATAL_ERROR "${mutant}: what it replaces occurs more than once in ${source}:${before}")
    endif()
    string(REPLACE "${before}\n" "${after}\n" code "${code}")
    mutant_take_block(text before after before found)
  endwhile()
  set(${code_variable} "${code}" PARENT_SCOPE)
endfunction()

function(mutant_plant mutant sources output)
  mutant_read("${mutant}" mutant)
  mutant_substitute("${mutant}" "${sources}/${mutant_file}" code)
  if(mutant_file MATCHES "[.]c$")
    file(WRITE "${output}/${mutant_file}" "${code}")
    return()
  endif()
  file(WRITE "${output}/planted_${mutant_file}" "${code}")
  foreach(unit IN LISTS mutant_compile)
    file(READ "${sources}/${unit}" code)
    file(WRITE "${output}/${unit}" "#include \"planted_${mutant_file}\"\n${code}")
  endforeach()
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  mutant_plant("${MUTANT}" "${SOURCES}" "${OUTPUT}")
endif()

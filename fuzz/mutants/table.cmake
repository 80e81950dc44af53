# table.cmake — the mutants as a Markdown table, from what the tests mutant/NAME and unit.cmake left behind.
#
#     cmake -DKILLED=build/…/fuzz/mutants -DUNIT=folder -DOUTPUT=file -P table.cmake
include(${CMAKE_CURRENT_LIST_DIR}/mutant.cmake)

# The first line of a file; "?" without the file: it has not been run.
function(first_line path line)
  set(${line} "?" PARENT_SCOPE)
  if(EXISTS ${path})
    file(STRINGS ${path} lines)
    list(GET lines 0 first)
    set(${line} "${first}" PARENT_SCOPE)
  endif()
endfunction()

set(rows "")
set(counts_all 0)
set(counts_several 0)
set(counts_unit 0)
file(GLOB mutants ${CMAKE_CURRENT_LIST_DIR}/*.mutant)
foreach(mutant IN LISTS mutants)
  get_filename_component(name ${mutant} NAME_WE)
  mutant_read(${mutant} mutant)
  first_line(${KILLED}/${name}.killed schedule)
  first_line(${UNIT}/${name}.unit unit)
  math(EXPR counts_all "${counts_all} + 1")
  if(mutant_workers STREQUAL "several")
    math(EXPR counts_several "${counts_several} + 1")
  endif()
  if(unit MATCHES "^yes")
    math(EXPR counts_unit "${counts_unit} + 1")
  endif()
  string(REGEX REPLACE "^yes (.*)" "yes: `\\1`" unit "${unit}")
  string(APPEND rows "| `${name}` | ${mutant_file} | ${mutant_class} | ${mutant_workers} | `${mutant_killer}` "
                     "| ${unit} | ${schedule} |\n")
endforeach()
file(WRITE ${OUTPUT}
  "${counts_all} mutants; ${counts_several} of them lie where only several workers come; "
  "${counts_unit} die to `ctest -L unit`.\n\n"
  "| mutant | file | class | workers | killer | dies to unit tests | schedules to the kill |\n"
  "|---|---|---|---|---|---|---:|\n${rows}")

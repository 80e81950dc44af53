# Enters a test once more for each number of workers, under its own name with /workers:N behind it. tests/workers.h reads
# the variable; without it a test's runs have one worker.
set(WEIR_TEST_WORKERS 2 4)

# Further arguments are the program's: the one case that has runs of its own, where the others do not.
function(weir_test_on_workers name program)
  get_test_property(${name} LABELS labels)
  foreach(workers IN LISTS WEIR_TEST_WORKERS)
    add_test(NAME ${name}/workers:${workers} COMMAND ${program} ${ARGN})
    set_tests_properties(${name}/workers:${workers} PROPERTIES LABELS "${labels}" ENVIRONMENT WEIR_TEST_WORKERS=${workers})
  endforeach()
endfunction()

# Tests of one thread: simulations above all. ThreadSanitizer has nothing to see in them, and its tasks are slow to make.
function(weir_tests_of_one_thread)
  if(WEIR_SANITIZE MATCHES "thread")
    set_tests_properties(${ARGN} PROPERTIES LABELS ci)
  endif()
endfunction()

/* worker_thread_catch.cc — the exception being handled is known to the thread, not to the task: inside a catch that
 * blocks, `throw;` and std::current_exception() may find nothing, and the end of the catch frees nothing. */
#include "worker_thread.h"

#include <cstring>
#include <exception>
#include <stdexcept>

namespace {

enum { ALWAYS = 300 };

#define CHECK(condition) check_at(__LINE__, condition)

/* Out of line: asked afresh each time. */
__attribute__((noinline)) bool handling_one() {
  __asm__ volatile("" ::: "memory");
  return std::current_exception() != nullptr;
}

} // namespace

extern "C" void catch_moved() {
  try {
    throw std::runtime_error("caught by a task");
  } catch (const std::exception &) {
    CHECK(handling_one());
    block_until_moved();
    CHECK(!handling_one());
    while (!handling_one()) /* back to where it was caught, so that it is freed */
      block_until_moved();
  }
  CHECK(!handling_one());
}

extern "C" void catch_stays() {
  try {
    throw std::runtime_error("caught by a pinned task");
  } catch (const std::exception &error) {
    for (int i = 0; i < ALWAYS; i++) {
      block_once();
      CHECK(handling_one());
    }
    CHECK(std::strcmp(error.what(), "caught by a pinned task") == 0);
  }
  CHECK(!handling_one());
}

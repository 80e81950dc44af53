/* team.c — see team.h. */
#include "team.h"

#include "books.h"
#include "run.h"
#include "scheduler.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct member {
  struct worker worker; /* aligned for its ring */
  struct stack_pool stacks;
  pthread_t thread;
};

static struct member *member_of(uint32_t number) {
  return container_of(weir_workers[number], struct member, worker);
}

uint32_t team_processors(void) {
  cpu_set_t allowed;
  int count = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
  return count < WORKERS_MOST ? (uint32_t)count : WORKERS_MOST;
}

bool team_make(uint32_t count) {
  for (uint32_t number = 1; number < count; number++) {
    struct member *member = port_allocate_aligned(_Alignof(struct member), sizeof *member);
    if (member == NULL) {
      team_free(number);
      return false;
    }
    memset(member, 0, sizeof *member);
    member->worker.number = (uint8_t)number;
    member->worker.stacks = &member->stacks;
    wheel_init(&member->worker.wheel, port_clock());
    weir_workers[number] = &member->worker;
  }
  if (weir_book_homes < count)
    weir_book_homes = count;
  weir_port_mode = PORT_SEVERAL;
  return true;
}

void team_free(uint32_t count) {
  for (uint32_t number = 1; number < count; number++) {
    port_release(member_of(number));
    weir_workers[number] = NULL;
  }
  weir_port_mode = PORT_ONE;
}

static void *member_main(void *arg) {
  struct worker *worker = arg;
  weir_worker_here = worker;
  weir_worker_thread = true;
  fiber_init_thread(&worker->fiber);
  bool watched = stack_watch_thread(); /* without memory an overflow is a plain fault */
  scheduler_loop(worker);
  if (watched)
    stack_unwatch_thread();
  return NULL;
}

/* Starts the threads; how many there are. */
static uint32_t start_threads(void) {
  sigset_t all, before;
  sigfillset(&all);
  static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
    sigdelset(&all, faults[i]);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  uint32_t number = 1;
  for (; number < weir_scheduler.count; number++) {
    struct member *member = member_of(number);
    int error = pthread_create(&member->thread, NULL, member_main, &member->worker);
    if (error == 0)
      continue;
    run_log("weir: config.workers is %u, but the system gives no more than %u threads (%s)", weir_scheduler.count,
            number, strerror(error));
    break;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return number;
}

int team_run(void) {
  uint32_t started = start_threads();
  if (started < weir_scheduler.count)
    scheduler_stop(-ENOMEM);
  scheduler_loop(worker_here());
  for (uint32_t number = 1; number < started; number++)
    pthread_join(member_of(number)->thread, NULL);
  weir_port_mode = PORT_ONE;
  return weir_scheduler.error;
}

/* blocking.c — see blocking.h. */
#include "blocking.h"

#include "inbox.h"
#include "worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

enum { LIMIT = 64 };

struct job {
  struct inbox_node node;
  struct job *next;
  int (*fn)(void *arg);
  void *arg;
  int result;
  struct port_lock lock; /* held until the task has given up its worker */
  struct wait_queue waiting;
};

static struct {
  pthread_mutex_t mutex; /* guards all but jobs */
  pthread_cond_t work;
  struct job *first; /* queued */
  struct job *last;
  unsigned queued;
  unsigned idle; /* helpers that wait for work */
  unsigned helpers;
  bool ending;
  pthread_t threads[LIMIT];
  size_t jobs;
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER};

size_t blocking_under_way(void) {
  return __atomic_load_n(&pool.jobs, __ATOMIC_RELAXED);
}

/* On a worker. Once woken the task may end at once, and the job with it. */
static void deliver(struct inbox_node *node) {
  struct job *job = container_of(node, struct job, node);
  port_lock(&job->lock);
  struct waiter *waiter = job->waiting.head;
  struct wait *wait = waiter->wait;
  bool claimed = wait_claim(waiter);
  port_unlock(&job->lock);
  port_count(&pool.jobs, -1);
  assert(claimed); /* a job has no deadline */
  if (claimed)
    wait_wake(wait);
}

/* The next job, or NULL: the run ends. */
static struct job *next_job(void) {
  pthread_mutex_lock(&pool.mutex);
  while (pool.first == NULL && !pool.ending) {
    pool.idle++;
    pthread_cond_wait(&pool.work, &pool.mutex);
    pool.idle--;
  }
  struct job *job = pool.first;
  if (job != NULL) {
    pool.first = job->next;
    pool.queued--;
  }
  pthread_mutex_unlock(&pool.mutex);
  return job;
}

static void *help(void *unused) {
  (void)unused;
  for (struct job *job; (job = next_job()) != NULL;) {
    job->result = job->fn(job->arg);
    inbox_push(&job->node);
  }
  return NULL;
}

/* The mutex is held. */
static int make_helper(void) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&pool.threads[pool.helpers], NULL, help, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pool.helpers += error == 0;
  return -error;
}

/* 0, or why there is nobody to do it. */
static int submit(struct job *job) {
  int error = 0;
  pthread_mutex_lock(&pool.mutex);
  if (pool.idle <= pool.queued && pool.helpers < LIMIT)
    error = make_helper();
  if (pool.helpers != 0) {
    error = 0;
    if (pool.first == NULL)
      pool.first = job;
    else
      pool.last->next = job;
    pool.last = job;
    pool.queued++;
    pthread_cond_signal(&pool.work);
  }
  pthread_mutex_unlock(&pool.mutex);
  return error;
}

int weir_blocking(int (*fn)(void *arg), void *arg) {
  if (!worker_thread())
    return -EPERM;
  port_step("blocking", NULL);
  if (!wait_allowed())
    return -EPERM;
  if (port_simulated())
    return fn(arg);
  struct job job = {.node = {.deliver = deliver}, .fn = fn, .arg = arg};
  port_lock(&job.lock);
  port_count(&pool.jobs, 1);
  int error = submit(&job);
  if (error == 0) {
    wait_in_queue(WAIT_FOR_JOB, &job.waiting, WEIR_FOREVER, &job.lock);
    return job.result;
  }
  port_count(&pool.jobs, -1);
  port_unlock(&job.lock);
  return error;
}

void blocking_end(void) {
  pthread_mutex_lock(&pool.mutex);
  pool.ending = true;
  pool.first = NULL;
  pool.queued = 0;
  pthread_cond_broadcast(&pool.work);
  pthread_mutex_unlock(&pool.mutex);
  for (unsigned helper = 0; helper < pool.helpers; helper++)
    pthread_join(pool.threads[helper], NULL);
  pool.helpers = 0;
  pool.ending = false;
  pool.jobs = 0;
}

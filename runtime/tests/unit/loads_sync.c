/* loads_sync.c — see loads.h. */
#include "loads.h"

#if __has_include(<weir/context.h>) /* both came together */
#include <weir/context.h>

static weir_mutex mutex;
static weir_rwmutex rwmutex;
static weir_cond cond;
static int64_t turn, shared;

static void mutex_alone(int64_t n, int parameter) {
  (void)parameter;
  for (int64_t i = 0; i < n; i++) {
    CHECK_EQ_INT(weir_mutex_lock(&mutex), 0);
    CHECK_EQ_INT(weir_mutex_try_lock(&mutex), -EAGAIN);
    CHECK_EQ_INT(weir_mutex_unlock(&mutex), 0);
    CHECK_EQ_INT(weir_rwmutex_read_lock(&rwmutex), 0);
    CHECK_EQ_INT(weir_rwmutex_read_unlock(&rwmutex), 0);
    CHECK_EQ_INT(weir_rwmutex_lock(&rwmutex), 0);
    CHECK_EQ_INT(weir_rwmutex_unlock(&rwmutex), 0);
  }
}

/* Each holds it across a yield, so that the others wait. */
static void locks_and_yields(void *arg) {
  for (int64_t i = *(int64_t *)arg; i > 0; i--) {
    CHECK_EQ_INT(weir_mutex_lock(&mutex), 0);
    const int64_t seen = shared;
    weir_yield();
    shared = seen + 1;
    CHECK_EQ_INT(weir_mutex_unlock(&mutex), 0);
  }
  finished();
}

static void mutex_contended(int64_t n, int parameter) {
  int64_t each = n / parameter;
  shared = 0;
  for (int i = 0; i < parameter; i++)
    start(locks_and_yields, &each);
  join();
  CHECK_EQ_INT(shared, each * parameter);
}

static void takes_turns(void *arg) {
  CHECK_EQ_INT(weir_mutex_lock(&mutex), 0);
  for (int64_t i = *(int64_t *)arg; i > 0; i--) {
    while (turn != 1)
      CHECK_EQ_INT(weir_cond_wait(&cond, &mutex), 0);
    turn = 0;
    CHECK_EQ_INT(weir_cond_signal(&cond), 0);
  }
  CHECK_EQ_INT(weir_mutex_unlock(&mutex), 0);
  finished();
}

static void cond_turns(int64_t n, int parameter) {
  (void)parameter;
  turn = 0;
  start(takes_turns, &n);
  CHECK_EQ_INT(weir_mutex_lock(&mutex), 0);
  for (int64_t i = 0; i < n; i++) {
    turn = 1;
    CHECK_EQ_INT(weir_cond_signal(&cond), 0);
    while (turn != 0)
      CHECK_EQ_INT(weir_cond_wait(&cond, &mutex), 0);
  }
  CHECK_EQ_INT(weir_mutex_unlock(&mutex), 0);
  join();
}

/* Made below one parent, cancelled each for itself, or by the parent. */
static void context_cancel(int64_t n, int parameter) {
  enum { CHILDREN = 20 };
  weir_context *children[CHILDREN];
  for (int64_t done = 0; done < n; done += CHILDREN) {
    weir_context *parent = weir_context_background();
    CHECK(parent != NULL);
    for (int i = 0; i < CHILDREN; i++)
      CHECK((children[i] = weir_context_with_cancel(parent)) != NULL);
    for (int i = 0; i < CHILDREN; i++)
      weir_context_cancel(parameter ? parent : children[i]);
    for (int i = 0; i < CHILDREN; i++) {
      CHECK_EQ_INT(weir_context_error(children[i]), -ECANCELED);
      CHECK_EQ_INT(weir_chan_recv(weir_context_done(children[i]), NULL), -EPIPE);
      weir_context_unref(children[i]);
    }
    weir_context_unref(parent);
  }
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

static const struct load table[] = {
    {"mutex_alone", PROMPT, NULL, mutex_alone, NULL, 0, true, false},
    {"mutex_contended", PROMPT, NULL, mutex_contended, NULL, 4, true, false},
    {"cond_turns", PROMPT, NULL, cond_turns, NULL, 0, true, false},
    {"context_cancel_children", PROMPT, NULL, context_cancel, NULL, 0, true, false},
    {"context_cancel_parent", PROMPT, NULL, context_cancel, NULL, 1, true, false},
};

const struct load_table loads_sync = {table, sizeof table / sizeof table[0]};
#else

const struct load_table loads_sync = {NULL, 0};

#endif

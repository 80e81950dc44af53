/* select_fairness_test.c — the choice among ready cases is uniform; once blocked, the first event wins.
 *
 * The bound: of n selects over k ready cases each is chosen n/k times, within six standard deviations. A uniform choice
 * misses that once in half a billion runs; a choice that prefers one case by 5 % never meets it. */
#include "run.h"

enum { CASES = 8, SELECTS = 40000, SETTLED_SELECTS_SEVERAL = 4000 };

static void check_uniform(const size_t *chosen, size_t ready, size_t selects) {
  size_t sum = 0;
  for (size_t i = 0; i < ready; i++) {
    const intmax_t difference = (intmax_t)(chosen[i] * ready) - (intmax_t)selects;
    /* variance = n (1/k) (1 - 1/k); times k squared it is n (k - 1) */
    CHECK_INT(difference * difference, <=, 36 * selects * (ready - 1));
    sum += chosen[i];
  }
  CHECK_EQ_INT(sum, selects);
}

/* Which of the eight cases are ready. A duplicate set names the same channel in several cases. */
struct ready_set {
  size_t ready;
  size_t members[CASES];
};

static const struct ready_set sets[] = {
    {2, {0, 1}}, {2, {0, 7}}, {3, {2, 3, 6}}, {1, {5}}, {8, {0, 1, 2, 3, 4, 5, 6, 7}},
};

static size_t place_in_set(const struct ready_set *set, int index) {
  for (size_t i = 0; i < set->ready; i++)
    if ((int)set->members[i] == index)
      return i;
  check_fail(__FILE__, __LINE__, "case %d was chosen and was not ready", index);
}

/* ---- ready before the select ----------------------------------------------------------------------------------- */

static int before_body(void *arg) {
  const struct ready_set *set = arg;
  for (int kind = 0; kind < 3; kind++) { /* receives, sends, receives of closed channels */
    weir_chan *channels[CASES];
    struct weir_case cases[CASES];
    size_t chosen[CASES] = {0};
    for (size_t i = 0; i < CASES; i++) {
      channels[i] = weir_chan_new(sizeof(int), 1);
      cases[i] =
          kind == 1 ? (struct weir_case)WEIR_SEND(channels[i], NULL) : (struct weir_case)WEIR_RECV(channels[i], NULL);
      if (kind == 1)
        CHECK_EQ_INT(weir_chan_send(channels[i], NULL), 0); /* full: not ready */
    }
    for (size_t i = 0; i < set->ready; i++) {
      weir_chan *c = channels[set->members[i]];
      CHECK_EQ_INT(kind == 0 ? weir_chan_send(c, NULL) : kind == 1 ? weir_chan_recv(c, NULL) : weir_chan_close(c), 0);
    }
    for (size_t n = 0; n < SELECTS; n++) {
      const int index = weir_select(cases, CASES, n % 2 ? WEIR_POLL : WEIR_FOREVER);
      CHECK_INT(index, >=, 0);
      chosen[place_in_set(set, index)]++;
      if (kind == 0)
        CHECK_EQ_INT(weir_chan_send(channels[index], NULL), 0);
      if (kind == 1)
        CHECK_EQ_INT(weir_chan_recv(channels[index], NULL), 0);
    }
    check_uniform(chosen, set->ready, SELECTS);
    for (size_t i = 0; i < CASES; i++)
      weir_chan_unref(channels[i]);
  }
  return 0;
}

static void uniform_before_blocking(int index) {
  run_balanced(WEIR_TIMERS_PROMPT, before_body, (void *)&sets[index]);
}

/* Cases 0, 2, 3 and 6 are one ready channel, 7 is another, the rest is not ready: each *case* has the same chance. */
static int duplicates_before_body(void *arg) {
  (void)arg;
  const struct ready_set set = {5, {0, 2, 3, 6, 7}};
  weir_chan *one = weir_chan_new(sizeof(int), 1), *other = weir_chan_new(sizeof(int), 1);
  struct weir_case cases[CASES];
  size_t chosen[CASES] = {0};
  for (size_t i = 0; i < CASES; i++)
    cases[i] = (struct weir_case)WEIR_RECV(i == 7 ? other : NULL, NULL);
  for (size_t i = 0; i < 4; i++)
    cases[set.members[i]].chan = one;
  CHECK_EQ_INT(weir_chan_send(one, NULL) + weir_chan_send(other, NULL), 0);
  for (size_t n = 0; n < SELECTS; n++) {
    const int index = weir_select(cases, CASES, WEIR_FOREVER);
    chosen[place_in_set(&set, index)]++;
    CHECK_EQ_INT(weir_chan_send(index == 7 ? other : one, NULL), 0);
  }
  check_uniform(chosen, set.ready, SELECTS);
  weir_chan_unref(one);
  weir_chan_unref(other);
  return 0;
}

static void uniform_among_duplicates_before_blocking(void) {
  run_balanced(WEIR_TIMERS_PROMPT, duplicates_before_body, NULL);
}

/* ---- ready after the select blocked ---------------------------------------------------------------------------- */

/* A task that answers every request with one blocking select and its outcome. */
struct selector {
  weir_chan *channels[CASES];
  weir_chan *requests, *outcomes;
  int op;
};

static void selects(void *arg) {
  struct selector *selector = arg;
  struct weir_case cases[CASES];
  for (size_t i = 0; i < CASES; i++)
    cases[i] = (struct weir_case){.chan = selector->channels[i], .op = selector->op};
  while (weir_chan_recv(selector->requests, NULL) == 0) {
    const int index = weir_select(cases, CASES, WEIR_FOREVER);
    CHECK_EQ_INT(weir_chan_send(selector->outcomes, &index), 0);
  }
}

static void selector_start(struct selector *selector, int op) {
  selector->op = op;
  selector->requests = weir_chan_new(0, 0);
  selector->outcomes = weir_chan_new(sizeof(int), 1);
  CHECK_EQ_INT(weir_go(selects, selector), 0);
}

static void selector_end(struct selector *selector) {
  CHECK_EQ_INT(weir_chan_close(selector->requests), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(selector->requests);
  weir_chan_unref(selector->outcomes);
}

/* Has the selector block in its select. */
static void selector_block(struct selector *selector) {
  CHECK_EQ_INT(weir_chan_send(selector->requests, NULL), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_chan_len(selector->outcomes), 0);
}

static int selector_outcome(struct selector *selector) {
  int index = -1;
  CHECK_EQ_INT(weir_chan_recv(selector->outcomes, &index), 0);
  return index;
}

/* Every member of the set becomes ready before the selector runs again: the first to do so wins, whichever it is, and
 * the others find nobody waiting. */
static int first_event_body(void *arg) {
  const struct ready_set *set = arg;
  struct selector selector;
  for (size_t i = 0; i < CASES; i++)
    selector.channels[i] = weir_chan_new(sizeof(int), i % 2); /* with and without a buffer */
  for (int op = WEIR_OPERATION_SEND; op <= WEIR_OPERATION_RECV; op++) {
    const bool receiving = op == WEIR_OPERATION_RECV;
    for (size_t i = 1; i < CASES && !receiving; i += 2)
      CHECK_EQ_INT(weir_chan_send(selector.channels[i], NULL), 0);
    selector_start(&selector, op);
    for (size_t first = 0; first < 3 * set->ready; first++) {
      selector_block(&selector);
      for (size_t i = 0; i < set->ready; i++) {
        const size_t member = set->members[(first + i) % set->ready];
        weir_chan *c = selector.channels[member];
        const int status = receiving ? weir_chan_try_send(c, NULL) : weir_chan_try_recv(c, NULL);
        CHECK_EQ_INT(status, i == 0 || member % 2 == 1 ? 0 : -EAGAIN);
      }
      CHECK_EQ_INT(selector_outcome(&selector), set->members[first % set->ready]);
      for (size_t i = 1; i < set->ready; i++) { /* as it was: what the losers' buffers took or gave goes back */
        const size_t member = set->members[(first + i) % set->ready];
        if (member % 2 == 1)
          CHECK_EQ_INT(receiving ? weir_chan_try_recv(selector.channels[member], NULL)
                                 : weir_chan_try_send(selector.channels[member], NULL),
                       0);
      }
    }
    selector_block(&selector); /* and out again, by a case that is in no small set */
    CHECK_EQ_INT(
        receiving ? weir_chan_try_send(selector.channels[4], NULL) : weir_chan_try_recv(selector.channels[4], NULL), 0);
    CHECK_EQ_INT(selector_outcome(&selector), 4);
    selector_end(&selector);
    for (size_t i = 1; i < CASES && !receiving; i += 2)
      CHECK_EQ_INT(weir_chan_recv(selector.channels[i], NULL), 0);
  }
  for (size_t i = 0; i < CASES; i++)
    weir_chan_unref(selector.channels[i]);
  return 0;
}

static void first_event_after_blocking(int index) {
  run_everywhere(first_event_body, (void *)&sets[index]);
}

/* Four of the eight cases are one channel: a single event makes four cases ready. */
static int duplicates_after_body(void *arg) {
  const int op = *(const int *)arg;
  const struct ready_set set = {4, {0, 2, 3, 6}};
  weir_chan *shared = weir_chan_new(sizeof(int), 0), *never = weir_chan_new(sizeof(int), 0);
  struct selector selector;
  const size_t selects_to_do = one_worker() ? SELECTS : SETTLED_SELECTS_SEVERAL; /* the selector sleeps in between */
  size_t chosen[CASES] = {0};
  for (size_t i = 0; i < CASES; i++)
    selector.channels[i] = i == 1 ? NULL : never;
  for (size_t i = 0; i < set.ready; i++)
    selector.channels[set.members[i]] = shared;
  selector_start(&selector, op);
  for (size_t n = 0; n < selects_to_do; n++) {
    selector_block(&selector);
    CHECK_EQ_INT(op == WEIR_OPERATION_RECV ? weir_chan_try_send(shared, NULL) : weir_chan_try_recv(shared, NULL), 0);
    CHECK_EQ_INT(op == WEIR_OPERATION_RECV ? weir_chan_try_send(shared, NULL) : weir_chan_try_recv(shared, NULL),
                 -EAGAIN);
    chosen[place_in_set(&set, selector_outcome(&selector))]++;
  }
  check_uniform(chosen, set.ready, selects_to_do);
  selector_end(&selector);
  weir_chan_unref(shared);
  weir_chan_unref(never);
  return 0;
}

static void uniform_among_duplicates_after_blocking(int op) {
  run_balanced(WEIR_TIMERS_PROMPT, duplicates_after_body, &op);
}

/* ---- several selects on one channel ---------------------------------------------------------------------------- */

static int queue_body(void *arg) {
  (void)arg;
  enum { SELECTORS = 3 };
  weir_chan *shared = weir_chan_new(sizeof(int), 0);
  struct selector selectors[SELECTORS];
  for (size_t s = 0; s < SELECTORS; s++) {
    for (size_t i = 0; i < CASES; i++)
      selectors[s].channels[i] = i == s + 2 ? shared : NULL;
    selector_start(&selectors[s], WEIR_OPERATION_RECV);
    selector_block(&selectors[s]);
  }
  for (size_t s = 0; s < SELECTORS; s++) { /* in the order in which they began to wait */
    CHECK_EQ_INT(weir_chan_try_send(shared, NULL), 0);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
    for (size_t other = 0; other < SELECTORS; other++)
      CHECK_EQ_INT(weir_chan_len(selectors[other].outcomes), other == s);
    CHECK_EQ_INT(selector_outcome(&selectors[s]), s + 2);
  }
  CHECK_EQ_INT(weir_chan_try_send(shared, NULL), -EAGAIN);
  for (size_t s = 0; s < SELECTORS; s++)
    selector_end(&selectors[s]);
  weir_chan_unref(shared);
  return 0;
}

static void waiting_selects_are_served_in_order(void) {
  run_everywhere(queue_body, NULL);
}

static const struct check_case cases[] = {
    CHECK_CASE_WITH("uniform_before_blocking_0_1", uniform_before_blocking, 0),
    CHECK_CASE_WITH("uniform_before_blocking_0_7", uniform_before_blocking, 1),
    CHECK_CASE_WITH("uniform_before_blocking_2_3_6", uniform_before_blocking, 2),
    CHECK_CASE_WITH("uniform_before_blocking_one", uniform_before_blocking, 3),
    CHECK_CASE_WITH("uniform_before_blocking_all", uniform_before_blocking, 4),
    CHECK_CASE(uniform_among_duplicates_before_blocking),
    CHECK_CASE_WITH("first_event_after_blocking_0_1", first_event_after_blocking, 0),
    CHECK_CASE_WITH("first_event_after_blocking_0_7", first_event_after_blocking, 1),
    CHECK_CASE_WITH("first_event_after_blocking_2_3_6", first_event_after_blocking, 2),
    CHECK_CASE_WITH("first_event_after_blocking_all", first_event_after_blocking, 4),
    CHECK_CASE_WITH("uniform_among_duplicates_after_blocking_send", uniform_among_duplicates_after_blocking,
                    WEIR_OPERATION_SEND),
    CHECK_CASE_WITH("uniform_among_duplicates_after_blocking_receive", uniform_among_duplicates_after_blocking,
                    WEIR_OPERATION_RECV),
    CHECK_CASE(waiting_selects_are_served_in_order),
};

CHECK_MAIN(cases)

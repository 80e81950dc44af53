/* sim_schedule_test.c — what decides a simulation: choosers, schedules and their replay, limits and refusals. */
#include "run.h"

static struct weir_sim_report simulate_with(struct weir_sim sim, int (*body)(void *), void *arg) {
  struct weir_sim_report report;
  sim.trace = true;
  CHECK(sim.chooser != NULL);
  CHECK_EQ_INT(weir_simulate(&sim, body, arg, &report), 0);
  CHECK(report.divergence == NULL);
  CHECK_EQ_INT(weir_counts().bytes, 0);
  return report;
}

static struct weir_sim_report simulate_freeing(weir_chooser *chooser, int (*body)(void *), void *arg) {
  const struct weir_sim_report report = simulate_with((struct weir_sim){.chooser = chooser}, body, arg);
  weir_chooser_free(chooser);
  return report;
}

/* ---- a body with many ties: tasks, cases, timers of one tick --------------------------------------------------- */

enum { PLAYERS = 5 };

struct game {
  weir_chan *channels[PLAYERS];
  char order[256];
  size_t length;
};

static void note(struct game *game, char letter) {
  CHECK_INT(game->length, <, sizeof game->order - 1);
  game->order[game->length++] = letter;
  game->order[game->length] = '\0';
}

struct player {
  struct game *game;
  int number;
};

static void plays(void *arg) {
  const struct player *player = arg;
  note(player->game, (char)('a' + player->number));
  CHECK_EQ_INT(weir_sleep(WEIR_MILLISECOND), 0); /* all due in one tick */
  note(player->game, (char)('A' + player->number));
  CHECK_EQ_INT(weir_chan_send(player->game->channels[player->number], NULL), 0);
}

static int game_body(void *arg) {
  struct game *game = arg;
  struct player players[PLAYERS];
  struct weir_case cases[PLAYERS];
  game->length = 0;
  for (int i = 0; i < PLAYERS; i++) {
    game->channels[i] = weir_chan_new(0, 1);
    cases[i] = (struct weir_case)WEIR_RECV(game->channels[i], NULL);
    players[i] = (struct player){game, i};
    CHECK_EQ_INT(weir_go(plays, &players[i]), 0);
  }
  CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i < PLAYERS; i++)
    note(game, (char)('0' + weir_select(cases, PLAYERS, WEIR_FOREVER)));
  for (int i = 0; i < PLAYERS; i++)
    weir_chan_unref(game->channels[i]);
  return 0;
}

static void check_same(struct weir_sim_report *a, struct weir_sim_report *b) {
  CHECK_STR(a->trace, b->trace);
  CHECK_STR(a->schedule, b->schedule);
  CHECK_EQ_INT(a->steps, b->steps);
  CHECK_EQ_INT(a->choices, b->choices);
  CHECK_EQ_INT(a->virtual_time, b->virtual_time);
  CHECK_EQ_INT(a->verdict, b->verdict);
  weir_sim_report_free(b);
}

static void same_seed_same_trace(void) {
  struct game first, second;
  size_t orders = 0;
  for (uint64_t seed = 0; seed < 50; seed++) {
    struct weir_sim_report a = simulate_freeing(weir_chooser_seed(seed), game_body, &first);
    struct weir_sim_report b = simulate_freeing(weir_chooser_seed(seed), game_body, &second);
    CHECK_INT(a.steps, >, 0);
    CHECK_INT(a.choices, >, 0);
    CHECK_INT(strlen(a.trace), >, 0);
    check_same(&a, &b);
    CHECK_STR(first.order, second.order);
    b = simulate_freeing(weir_chooser_seed(seed + 1), game_body, &second);
    orders += strcmp(first.order, second.order) != 0;
    weir_sim_report_free(&a);
    weir_sim_report_free(&b);
  }
  CHECK_INT(orders, >=, 40); /* and another seed is another schedule */
}

static void schedule_replays(void) {
  struct game first, second;
  for (uint64_t seed = 0; seed < 50; seed++) {
    struct weir_sim_report a = simulate_freeing(weir_chooser_seed(seed), game_body, &first);
    struct weir_sim_report b = simulate_freeing(weir_chooser_replay(a.schedule), game_body, &second);
    check_same(&a, &b);
    CHECK_STR(first.order, second.order);
    weir_sim_report_free(&a);
  }
}

/* A chooser starts again from its beginning with each simulation. */
static void chooser_serves_again(void) {
  struct game first, second;
  weir_chooser *const seeded = weir_chooser_seed(77), *const bytes = weir_chooser_bytes("\3\1\4\1\5\7\2\6", 8);
  for (size_t i = 0; i < 2; i++) {
    const struct weir_sim sim = {.chooser = i ? seeded : bytes};
    struct weir_sim_report a = simulate_with(sim, game_body, &first);
    struct weir_sim_report b = simulate_with(sim, game_body, &second);
    check_same(&a, &b);
    CHECK_STR(first.order, second.order);
    weir_sim_report_free(&a);
  }
  weir_chooser_free(seeded);
  weir_chooser_free(bytes);
}

/* ---- bytes ----------------------------------------------------------------------------------------------------- */

static void no_bytes_is_the_quietest_schedule(void) {
  struct game game, zeros;
  static const unsigned char zero_bytes[4096];
  struct weir_sim_report a = simulate_freeing(weir_chooser_bytes(NULL, 0), game_body, &game);
  CHECK_STR(game.order, "abcdeABCDE01234"); /* the task made first, the timer armed first, the case that stands first */
  struct weir_sim_report b = simulate_freeing(weir_chooser_bytes(zero_bytes, sizeof zero_bytes), game_body, &zeros);
  check_same(&a, &b);
  CHECK_STR(zeros.order, game.order);
  weir_sim_report_free(&a);
}

static void any_bytes_are_a_schedule(void) {
  struct game game;
  unsigned char bytes[300];
  uint32_t state = 1;
  for (size_t size = 0; size <= sizeof bytes; size += 25) {
    for (size_t i = 0; i < size; i++)
      bytes[i] = (unsigned char)((state = state * 1664525 + 1013904223) >> 24);
    struct weir_sim_report a = simulate_freeing(weir_chooser_bytes(bytes, size), game_body, &game);
    struct weir_sim_report b = simulate_freeing(weir_chooser_bytes(bytes, size), game_body, &game);
    CHECK_EQ_INT(a.verdict, WEIR_VERDICT_OK);
    check_same(&a, &b);
    b = simulate_freeing(weir_chooser_replay(a.schedule), game_body, &game);
    check_same(&a, &b);
    weir_sim_report_free(&a);
  }
}

/* ---- a chooser of the caller's own ----------------------------------------------------------------------------- */

struct tally {
  size_t kinds[8];
  uint32_t answer; /* to every question; beyond the count it is taken modulo */
};

static uint32_t tallies(void *context, int kind, uint32_t count) {
  struct tally *tally = context;
  CHECK_INT(count, >=, 2);
  CHECK_INT(kind, >=, WEIR_CHOICE_TASK);
  CHECK_INT(kind, <=, WEIR_CHOICE_DRAW);
  tally->kinds[kind]++;
  return tally->answer;
}

static void own_chooser_decides(void) {
  struct game game;
  for (uint32_t answer = 0; answer < 3; answer++) {
    struct tally tally = {.answer = answer};
    weir_chooser chooser = {tallies, &tally};
    struct weir_sim_report report = simulate_with((struct weir_sim){.chooser = &chooser}, game_body, &game);
    CHECK_EQ_INT(report.verdict, WEIR_VERDICT_OK);
    CHECK_INT(tally.kinds[WEIR_CHOICE_TASK], >, 0);
    if (answer == 0)
      CHECK_EQ_INT(tally.kinds[WEIR_CHOICE_SELECT], PLAYERS - 1); /* the last one has a single ready case */
    CHECK_EQ_INT(tally.kinds[WEIR_CHOICE_ALLOCATION], 0);         /* only when asked for */
    size_t sum = 0;
    for (size_t kind = 0; kind < 8; kind++)
      sum += tally.kinds[kind];
    CHECK_EQ_INT(report.choices, sum);
    weir_sim_report_free(&report);
  }
}

static uint32_t fails_allocations(void *context, int kind, uint32_t count) {
  size_t *remaining = context;
  (void)count;
  return kind == WEIR_CHOICE_ALLOCATION && (*remaining)-- == 0;
}

static int allocates_body(void *arg) {
  size_t *refused = arg;
  weir_chan *c = weir_chan_new(sizeof(int), 4), *after = weir_after(WEIR_MILLISECOND);
  weir_timer *t = weir_timer_new(WEIR_SECOND);
  *refused = (size_t)(c == NULL) + (after == NULL) + (t == NULL);
  weir_timer_free(t);
  weir_chan_unref(after);
  weir_chan_unref(c);
  return 0;
}

/* One allocation after the other fails: main sees exactly one refusal, or the simulation could not begin. */
static void allocation_fails_when_asked_for(void) {
  size_t seen = 0;
  for (size_t fail_at = 0; fail_at < 30; fail_at++) {
    size_t remaining = fail_at, refused = 0;
    weir_chooser chooser = {fails_allocations, &remaining};
    const struct weir_sim sim = {.chooser = &chooser, .fail_allocation = true};
    struct weir_sim_report report;
    const int result = weir_simulate(&sim, allocates_body, &refused, &report);
    CHECK(result == 0 || result == -ENOMEM);
    CHECK_EQ_INT(weir_counts().bytes, 0);
    if (result != 0)
      continue;
    CHECK_STR(weir_verdict_name(report.verdict), "ok");
    CHECK_INT(refused, <=, 1);
    seen += refused;
    weir_sim_report_free(&report);
  }
  CHECK_EQ_INT(seen, 3);
}

/* ---- divergence ------------------------------------------------------------------------------------------------ */

static int three_ready_body(void *arg) {
  const size_t *count = arg;
  weir_chan *c = weir_chan_new(0, 1);
  struct weir_case cases[] = {WEIR_RECV(c, NULL), WEIR_RECV(c, NULL), WEIR_RECV(c, NULL)};
  for (size_t i = 0; i < 3; i++) {
    CHECK_EQ_INT(weir_chan_send(c, NULL), 0);
    CHECK_INT(weir_select(cases, *count, WEIR_POLL), >=, 0);
  }
  weir_chan_unref(c);
  return 0;
}

static uint32_t last_of_three(void *context, int kind, uint32_t count) {
  (void)context;
  return kind == WEIR_CHOICE_SELECT ? count - 1 : 0;
}

static int no_choice_body(void *arg) {
  (void)arg;
  return 0;
}

static void check_diverges(const char *schedule, int (*body)(void *), size_t *arg) {
  weir_chooser *chooser = weir_chooser_replay(schedule);
  const struct weir_sim sim = {.chooser = chooser};
  struct weir_sim_report report;
  CHECK(chooser != NULL);
  CHECK_EQ_INT(weir_simulate(&sim, body, arg, &report), -EILSEQ);
  CHECK(report.divergence != NULL);
  CHECK_INT(strlen(report.divergence), >, 0);
  CHECK_EQ_INT(weir_counts().bytes, 0);
  weir_sim_report_free(&report);
  weir_chooser_free(chooser);
}

static void diverging_replay(void) {
  size_t three = 3, two = 2;
  weir_chooser last = {last_of_three, NULL};
  struct weir_sim_report some = simulate_with((struct weir_sim){.chooser = &last}, three_ready_body, &three);
  struct weir_sim_report none = simulate_with((struct weir_sim){.chooser = &last}, no_choice_body, NULL);
  CHECK_EQ_INT(some.choices, 3);
  CHECK_EQ_INT(none.choices, 0);
  check_diverges(some.schedule, three_ready_body, &two);   /* a select of two cases has no third */
  check_diverges(some.schedule, no_choice_body, NULL);     /* the schedule is too long */
  check_diverges(none.schedule, three_ready_body, &three); /* and too short */
  weir_sim_report_free(&some);
  weir_sim_report_free(&none);
}

static void what_is_no_schedule(void) {
  CHECK(weir_chooser_replay("this is no schedule!") == NULL);
  CHECK(weir_chooser_replay(NULL) == NULL);
}

/* ---- refusals and limits --------------------------------------------------------------------------------------- */

static void refusals(void) {
  struct weir_sim_report report;
  struct weir_sim sim = {.chooser = NULL};
  CHECK_EQ_INT(weir_simulate(&sim, no_choice_body, NULL, &report), -EINVAL);
  sim.chooser = weir_chooser_seed(1);
  sim.workers = 9;
  CHECK_EQ_INT(weir_simulate(&sim, no_choice_body, NULL, &report), -EINVAL);
  sim.workers = 1;
  sim.timer_mode = (enum weir_timer_mode)9;
  CHECK_EQ_INT(weir_simulate(&sim, no_choice_body, NULL, &report), -EINVAL);
  sim.timer_mode = WEIR_TIMERS_CLASSIC;
  CHECK_EQ_INT(weir_simulate(&sim, no_choice_body, NULL, &report), 0);
  weir_sim_report_free(&report);
  weir_chooser_free(sim.chooser);
  weir_chooser_free(NULL);
}

static int abandons_body(void *arg) {
  for (size_t i = 0; i < *(size_t *)arg; i++)
    weir_chan_unref(weir_after(WEIR_MILLISECOND));
  return 0;
}

static void too_many_abandoned_is_a_leak(void) {
  for (size_t count = 9; count <= 11; count++) {
    const struct weir_sim sim = {
        .chooser = weir_chooser_bytes(NULL, 0), .timer_mode = WEIR_TIMERS_CLASSIC, .abandoned_max = 10};
    struct weir_sim_report report = simulate_with(sim, abandons_body, &count);
    CHECK_STR(weir_verdict_name(report.verdict), count > 10 ? "leak" : "ok");
    weir_sim_report_free(&report);
    weir_chooser_free(sim.chooser);
  }
}

static int sleeps_long_body(void *arg) {
  (void)arg;
  CHECK_EQ_INT(weir_now(), WEIR_SECOND); /* the clock starts there */
  return weir_sleep(1000 * WEIR_SECOND);
}

static void virtual_time_costs_no_time(void) {
  struct weir_sim_report report = simulate_freeing(weir_chooser_bytes(NULL, 0), sleeps_long_body, NULL);
  CHECK_INT(report.virtual_time, >=, 1000 * WEIR_SECOND);
  CHECK_EQ_INT(report.result, 0);
  weir_sim_report_free(&report);
}

static void waits_for_ever(void *arg) {
  weir_chan_recv(arg, NULL);
}

static int daemon_body(void *arg) {
  (void)arg;
  const struct weir_task_options options = {.daemon = true};
  CHECK_EQ_INT(weir_go_with(&options, waits_for_ever, NULL), 0);
  return weir_settle(WEIR_FOREVER);
}

static void daemon_is_no_finding(void) {
  struct weir_sim_report report = simulate_freeing(weir_chooser_seed(3), daemon_body, NULL);
  CHECK_STR(weir_verdict_name(report.verdict), "ok");
  weir_sim_report_free(&report);
}

static const struct check_case cases[] = {
    CHECK_CASE(same_seed_same_trace),
    CHECK_CASE(schedule_replays),
    CHECK_CASE(chooser_serves_again),
    CHECK_CASE(no_bytes_is_the_quietest_schedule),
    CHECK_CASE(any_bytes_are_a_schedule),
    CHECK_CASE(own_chooser_decides),
    CHECK_CASE(allocation_fails_when_asked_for),
    CHECK_CASE(diverging_replay),
    CHECK_CASE(what_is_no_schedule),
    CHECK_CASE(refusals),
    CHECK_CASE(too_many_abandoned_is_a_leak),
    CHECK_CASE(virtual_time_costs_no_time),
    CHECK_CASE(daemon_is_no_finding),
};

CHECK_MAIN(cases)

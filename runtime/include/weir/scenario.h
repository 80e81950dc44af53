/* weir/scenario.h — a story told to a simulation: one file, one program, one libFuzzer target.
 *
 *     #include <weir/scenario.h>
 *
 *     WEIR_SCENARIO(lost_reply, "a client gives up; its server waits for ever to answer") {
 *       …
 *       weir_assert(answers == 1);
 *       return 0;
 *     }
 *
 * The program searches schedules until one of them ends in a verdict other than ok, and then explains it (NAME --help).
 */
#ifndef WEIR_SCENARIO_H
#define WEIR_SCENARIO_H

#include <weir.h>
#include <weir/sim.h>

WEIR_BEGIN

/* What a scenario file defines, once. sim holds what the scenario asks of every simulation of it; its chooser and its
 * observer are the program's. */
struct weir_scenario {
  const char *name;
  int (*main)(void *);
  const char *file;
  int line;
  struct weir_scenario_terms {
    const char *story;
    struct weir_sim sim;
  } terms;
};
extern const struct weir_scenario weir_scenario;

/* WEIR_SCENARIO(name, "story") { …; return 0; } — the body of a main task; a result other than 0 is verdict assert.
 * Fields of struct weir_sim may follow the story: WEIR_SCENARIO(name, "story", .sim.workers = 2, .sim.abandoned_max = 8). */
#define WEIR_SCENARIO(name, ...)                                                                                       \
  static int weir_scenario_##name(void *weir_scenario_argument);                                                       \
  const struct weir_scenario weir_scenario = {                                                                         \
      #name, weir_scenario_##name, __FILE__, __LINE__, {.story = __VA_ARGS__}};                                        \
  static int weir_scenario_##name(void *weir_scenario_argument __attribute__((unused)))

/* A number below bound (0 when bound is below 2) from the simulation's decision source; 0 is the quietest. In a run
 * that is no simulation: random. Called from a task. */
WEIR_API uint32_t weir_draw(uint32_t bound);

/* Ends the simulation with verdict assert, naming condition, file and line, unless condition holds; also under NDEBUG.
 * Outside a simulation: prints the same and aborts. */
#define weir_assert(condition)                                                                                         \
  ((condition) ? (void)0 : weir_fail(WEIR_VERDICT_ASSERT, __FILE__, __LINE__, "%s", #condition))

/* The same with verdict model: not the scenario is wrong but what it checks. */
#define weir_model(condition)                                                                                          \
  ((condition) ? (void)0 : weir_fail(WEIR_VERDICT_MODEL, __FILE__, __LINE__, "%s", #condition))

/* Ends the simulation with that verdict (WEIR_VERDICT_ASSERT or WEIR_VERDICT_MODEL) and the formatted words. Does not
 * return when called from a task; from anywhere else the verdict stands and the caller goes on. */
WEIR_API void weir_fail(enum weir_verdict verdict, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

WEIR_END

#endif

/* main.c — the program that a scenario file becomes: looks for a schedule that goes wrong, and explains it.
 *
 *   hunt.c      a child runs schedules by the hundred thousand; what it found is a list of decisions
 *   attempt.c   each further run of it in a process of its own
 *   minimise.c  the same finding with fewer switches
 *   finding.c   what is told: report, wait-for graph, chart (chart.c), schedule, replay command, DEDUP_TOKEN
 *   chrome.c    --trace
 *   measure.c   --growth: no simulation, but the scenario again and again in real time
 *
 * A replay runs in this process, so that a debugger sees it.
 */
#include "chrome.h"
#include "finding.h"
#include "measure.h"
#include "minimise.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_RUNS = 100000, DEFAULT_DEPTH = 3, DEFAULT_STEPS = 20000, MINIMISE_ATTEMPTS = 3000 };
enum { EXIT_NOTHING = 0, EXIT_FOUND = 1, EXIT_USAGE = 2 };

struct options {
  struct hunt hunt;
  const char *replay;
  const char *trace;
  const char *mode; /* as given, for the replay command; NULL: not */
  bool workers_given;
  bool json;
  bool growth;
  const char *growth_only; /* an option that was given and has a meaning with --growth only */
  struct measure measure;
};

static const char help[] =
    "  --strategy=NAME   random, pct, pos, dfs, or mix: the first three in turns (default: mix)\n"
    "  --depth=D         of the bug pct looks for; the most preemptions of dfs (default: 3)\n"
    "  --runs=N          schedules to try (default: 100000, or no limit with --seconds)\n"
    "  --seconds=S       time to spend (default: no limit)\n"
    "  --seed=S          of random, pct and pos (default: 1)\n"
    "  --mode=MODE       timers: classic or prompt (default: what the scenario asks for)\n"
    "  --workers=N       virtual workers, 1 to 8 (default: what the scenario asks for)\n"
    "  --replay=SCHEDULE runs one schedule, in this process\n"
    "  --trace=FILE      writes the finding, or the replay, as a Chrome trace\n"
    "  --json            one JSON object instead of sentences\n"
    "exit status: 0 nothing found, 1 found, 2 usage\n"
    "\n"
    "  --growth          no search: run the scenario again and again in real time, and judge what it leaves "
    "(weir-growth)\n"
    "  --rounds=R        rounds, each of which ends settled (default: 1000, at least 8)\n"
    "  --operations=N    times the scenario runs in a round (default: 1)\n"
    "  --soak=SECONDS    instead of --rounds: for so long, not settled\n"
    "  --budget=BYTES    an operation, that are not called growth (default: 0)\n"
    "  --workers=N       real ones, 1 to 8 (default: 1)\n"
    "exit status: 0 flat, 1 grows, 4 unsure, 2 usage, or the scenario failed\n";

static _Noreturn void refuse(const char *program, const char *option, const char *value, const char *way_out) {
  fprintf(stderr, "%s: --%s=%s: %s\n", program, option, value, way_out);
  exit(EXIT_USAGE);
}

static uint64_t number_option(const char *program, const char *option, const char *value, uint64_t least,
                              uint64_t most) {
  char *end = NULL;
  errno = 0;
  unsigned long long number = strtoull(value, &end, 10);
  if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 || number < least || number > most) {
    char way_out[96];
    snprintf(way_out, sizeof way_out, "use a whole number from %llu to %llu", (unsigned long long)least,
             (unsigned long long)most);
    refuse(program, option, value, way_out);
  }
  return number;
}

static enum strategy strategy_option(const char *program, const char *value) {
  for (int strategy = STRATEGY_MIX; strategy_name(strategy) != NULL; strategy++)
    if (strcmp(value, strategy_name(strategy)) == 0)
      return strategy;
  refuse(program, "strategy", value, "use random, pct, pos, dfs or mix");
}

static enum weir_timer_mode mode_option(const char *program, const char *value) {
  if (strcmp(value, "classic") == 0)
    return WEIR_TIMERS_CLASSIC;
  if (strcmp(value, "prompt") != 0)
    refuse(program, "mode", value, "use classic or prompt");
  return WEIR_TIMERS_PROMPT;
}

static double seconds_option(const char *program, const char *option, const char *value) {
  char *end = NULL;
  double seconds = strtod(value, &end);
  if (end == value || *end != '\0' || !(seconds > 0) || seconds > 1e9)
    refuse(program, option, value, "use a number of seconds above 0");
  return seconds;
}

static double budget_option(const char *program, const char *value) {
  char *end = NULL;
  double bytes = strtod(value, &end);
  if (end == value || *end != '\0' || !(bytes >= 0) || bytes > 1e18)
    refuse(program, "budget", value, "use a number of bytes, 0 or more");
  return bytes;
}

static void print_help(const char *program) {
  printf("%s: %s\nusage: %s [options]\n%s", weir_scenario.name, weir_scenario.terms.story, program, help);
}

enum option_key { STRATEGY = 1, DEPTH, RUNS, SECONDS, SEED, MODE, WORKERS, REPLAY, TRACE, JSON, GROWTH, HELP };
enum growth_key { ROUNDS = HELP + 1, OPERATIONS, SOAK, BUDGET };

static void take_growth_option(struct options *options, const char *program, int key, const char *value) {
  struct weir_growth *growth = &options->measure.growth;
  switch (key) {
  case ROUNDS:
    options->growth_only = "rounds";
    growth->rounds = (uint32_t)number_option(program, "rounds", value, 8, 1000000);
    break;
  case OPERATIONS:
    options->growth_only = "operations";
    growth->operations = number_option(program, "operations", value, 1, UINT32_MAX);
    break;
  case SOAK:
    options->growth_only = "soak";
    growth->soak = (int64_t)(seconds_option(program, "soak", value) * 1e9);
    break;
  default:
    options->growth_only = "budget";
    growth->budget = budget_option(program, value);
    break;
  }
}

static void take_option(struct options *options, const char *program, int key, const char *value, bool *runs_given) {
  struct hunt *hunt = &options->hunt;
  switch (key) {
  case STRATEGY:
    hunt->strategy = strategy_option(program, value);
    break;
  case DEPTH:
    hunt->depth = (unsigned)number_option(program, "depth", value, 0, 1000);
    break;
  case RUNS:
    hunt->runs = number_option(program, "runs", value, 1, UINT64_MAX);
    *runs_given = true;
    break;
  case SECONDS:
    hunt->seconds = seconds_option(program, "seconds", value);
    break;
  case SEED:
    hunt->seed = number_option(program, "seed", value, 0, UINT64_MAX);
    break;
  case MODE:
    options->mode = value;
    hunt->sim.timer_mode = mode_option(program, value);
    break;
  case WORKERS:
    options->workers_given = true;
    hunt->sim.workers = (unsigned)number_option(program, "workers", value, 1, 8);
    break;
  case REPLAY:
    options->replay = value;
    break;
  case TRACE:
    options->trace = value;
    break;
  case JSON:
    options->json = true;
    break;
  case GROWTH:
    options->growth = true;
    break;
  case HELP:
    print_help(program);
    exit(EXIT_NOTHING);
  case ROUNDS:
  case OPERATIONS:
  case SOAK:
  case BUDGET:
    take_growth_option(options, program, key, value);
    break;
  default:
    fprintf(stderr, "%s: --help lists the options\n", program);
    exit(EXIT_USAGE);
  }
}

static void parse(struct options *options, int count, char **arguments) {
  static const struct option known[] = {
      {"strategy", required_argument, NULL, STRATEGY},
      {"depth", required_argument, NULL, DEPTH},
      {"runs", required_argument, NULL, RUNS},
      {"seconds", required_argument, NULL, SECONDS},
      {"seed", required_argument, NULL, SEED},
      {"mode", required_argument, NULL, MODE},
      {"workers", required_argument, NULL, WORKERS},
      {"replay", required_argument, NULL, REPLAY},
      {"trace", required_argument, NULL, TRACE},
      {"json", no_argument, NULL, JSON},
      {"growth", no_argument, NULL, GROWTH},
      {"rounds", required_argument, NULL, ROUNDS},
      {"operations", required_argument, NULL, OPERATIONS},
      {"soak", required_argument, NULL, SOAK},
      {"budget", required_argument, NULL, BUDGET},
      {"help", no_argument, NULL, HELP},
      {0},
  };
  bool runs_given = false;
  *options = (struct options){.hunt = {.depth = DEFAULT_DEPTH, .seed = 1, .sim = weir_scenario.terms.sim}};
  if (options->hunt.sim.step_limit == 0)
    options->hunt.sim.step_limit = DEFAULT_STEPS;
  for (int key; (key = getopt_long(count, arguments, "", known, NULL)) != -1;)
    take_option(options, arguments[0], key, optarg, &runs_given);
  if (optind < count) {
    fprintf(stderr, "%s: %s: not an option; --help lists them\n", arguments[0], arguments[optind]);
    exit(EXIT_USAGE);
  }
  if (options->growth_only != NULL && !options->growth) {
    fprintf(stderr, "%s: --%s has a meaning with --growth only\n", arguments[0], options->growth_only);
    exit(EXIT_USAGE);
  }
  if (!runs_given)
    options->hunt.runs = options->hunt.seconds > 0 ? 0 : DEFAULT_RUNS;
  options->hunt.quiet = options->json;
  options->measure.mode = options->hunt.sim.timer_mode;
  options->measure.workers = options->workers_given ? options->hunt.sim.workers : 1;
  options->measure.json = options->json;
}

/* ---- replay ----------------------------------------------------------------------------------------------------- */

static FILE *open_trace(const char *program, const char *file) {
  FILE *trace = fopen(file, "w");
  if (trace == NULL)
    refuse(program, "trace", file, strerror(errno));
  chrome_begin(trace, weir_scenario.name);
  return trace;
}

static void close_trace(const char *program, const char *file, FILE *trace) {
  chrome_end(trace);
  if (fclose(trace) != 0)
    refuse(program, "trace", file, strerror(errno));
}

static void tell(const struct options *options, const struct finding *finding) {
  if (options->json)
    finding_print_json(stdout, finding);
  else
    finding_print(stdout, finding);
}

static char *command_for(const struct options *options, const char *program, const char *schedule) {
  char *command = NULL;
  char workers[32] = "";
  if (options->workers_given)
    snprintf(workers, sizeof workers, " --workers=%u", options->hunt.sim.workers);
  if (asprintf(&command, "%s%s%s%s --replay='%s'", program, options->mode != NULL ? " --mode=" : "",
               options->mode != NULL ? options->mode : "", workers, schedule) < 0)
    return NULL;
  return command;
}

/* In this process, for a debugger. */
static int replay(const struct options *options, const char *program, struct outcome *outcome) {
  struct weir_sim sim = options->hunt.sim;
  sim.chooser = weir_chooser_replay(options->replay);
  if (sim.chooser == NULL)
    refuse(program, "replay", options->replay, "is no schedule; use one that a finding has printed");
  FILE *trace = options->trace != NULL ? open_trace(program, options->trace) : NULL;
  attempt_here(&sim, outcome, trace);
  if (trace != NULL)
    close_trace(program, options->trace, trace);
  weir_chooser_free(sim.chooser);
  if (outcome->error != 0) {
    fprintf(stderr, "%s: --replay: the schedule does not fit this scenario: %s\n", program,
            outcome->error == -EILSEQ ? outcome->divergence : strerror(-outcome->error));
    return EXIT_USAGE;
  }
  char *command = command_for(options, program, options->replay);
  tell(options,
       &(struct finding){.outcome = outcome, .schedule = options->replay, .command = command, .repeatable = true});
  free(command);
  return outcome->verdict == WEIR_VERDICT_OK ? EXIT_NOTHING : EXIT_FOUND;
}

/* ---- hunt ------------------------------------------------------------------------------------------------------- */

static void follow_again(const struct weir_sim *sim, const struct outcome *from, struct outcome *to) {
  struct follower follower;
  struct weir_sim again = *sim;
  follower_init(&follower, from->decisions, from->decision_count);
  again.chooser = &follower.chooser;
  attempt_forked(&again, to);
}

/* Twice more: the same signature, the same trace. */
static bool happens_again(const struct weir_sim *sim, const struct outcome *outcome, struct outcome *again) {
  for (int i = 0; i < 2; i++) {
    follow_again(sim, outcome, again);
    if (again->error != 0 || strcmp(again->signature, outcome->signature) != 0 ||
        again->trace_hash != outcome->trace_hash)
      return false;
  }
  return true;
}

static void write_trace(const struct options *options, const char *program, const char *schedule,
                        struct outcome *scratch) {
  struct weir_sim sim = options->hunt.sim;
  sim.chooser = weir_chooser_replay(schedule);
  if (sim.chooser == NULL)
    return;
  FILE *trace = open_trace(program, options->trace);
  attempt_traced(&sim, scratch, trace);
  close_trace(program, options->trace, trace);
  weir_chooser_free(sim.chooser);
}

static int explain(const struct options *options, const char *program, const struct quarry *quarry,
                   struct outcome *outcome) {
  struct outcome *again = outcome_new();
  if (again == NULL)
    return -ENOMEM;
  struct finding finding = {.outcome = outcome, .quarry = quarry};
  finding.switches_found = decisions_switches(outcome->decisions, outcome->decision_count);
  finding.decisions_found = outcome->decision_count;
  follow_again(&options->hunt.sim, outcome, again);
  bool found_again = again->error == 0 && again->verdict != WEIR_VERDICT_OK;
  memcpy(outcome, again, sizeof *outcome);
  if (found_again) {
    int made = minimise(&options->hunt.sim, outcome, MINIMISE_ATTEMPTS);
    finding.repeatable = made >= 0 && happens_again(&options->hunt.sim, outcome, again);
  }
  char *schedule = decisions_print(outcome->decisions, outcome->decision_count);
  char *command = schedule != NULL ? command_for(options, program, schedule) : NULL;
  finding.schedule = schedule;
  finding.command = command;
  tell(options, &finding);
  fflush(stdout);
  if (options->trace != NULL && schedule != NULL)
    write_trace(options, program, schedule, again);
  free(command);
  free(schedule);
  outcome_free(again);
  return 0;
}

int main(int count, char **arguments) {
  struct options options;
  parse(&options, count, arguments);
  if (options.growth)
    return measure(&options.measure, arguments[0]);
  struct outcome *outcome = outcome_new();
  if (outcome == NULL) {
    fprintf(stderr, "%s: no memory for a finding (%zu bytes)\n", arguments[0], sizeof *outcome);
    return EXIT_USAGE;
  }
  if (options.replay != NULL)
    return replay(&options, arguments[0], outcome);
  struct quarry quarry;
  int error = hunt(&options.hunt, &quarry, outcome);
  if (error == 0 && quarry.found)
    error = explain(&options, arguments[0], &quarry, outcome);
  else if (error == 0 && options.json)
    nothing_print_json(stdout, &options.hunt, &quarry);
  else if (error == 0)
    nothing_print(stdout, &options.hunt, &quarry);
  if (error != 0)
    fprintf(stderr, "%s: %s\n", arguments[0], strerror(-error));
  outcome_free(outcome);
  return error != 0 ? EXIT_USAGE : quarry.found ? EXIT_FOUND : EXIT_NOTHING;
}

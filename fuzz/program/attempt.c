/* attempt.c — see attempt.h. */
#include "attempt.h"

#include "chrome.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STUCK_SECONDS = 20 };

struct outcome *outcome_new(void) {
  void *memory = mmap(NULL, sizeof(struct outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

void outcome_free(struct outcome *outcome) {
  if (outcome != NULL)
    munmap(outcome, sizeof *outcome);
}

/* ---- in the process of the simulation --------------------------------------------------------------------------- */

struct recorder {
  struct outcome *outcome;
  FILE *trace;
};

void attempt_decided(void *context, int kind, uint32_t choice, uint32_t count) {
  struct outcome *outcome = context;
  if (outcome->decision_count < ATTEMPT_DECISIONS)
    outcome->decisions[outcome->decision_count++] =
        (struct decision){.kind = (uint8_t)kind, .choice = choice, .count = count};
}

static void mix(uint64_t *hash, uint64_t value) {
  *hash = (*hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
  *hash ^= *hash >> 32;
}

static void record_event(void *context, const struct weir_sim_event *event) {
  struct recorder *recorder = context;
  struct outcome *outcome = recorder->outcome;
  outcome->events[outcome->event_count++ % ATTEMPT_EVENTS] = *event;
  mix(&outcome->trace_hash, event->step);
  mix(&outcome->trace_hash, (uint64_t)event->time);
  mix(&outcome->trace_hash, (uint64_t)event->worker << 32 | event->task);
  mix(&outcome->trace_hash, (uint64_t)event->length << 32 | (unsigned)event->line);
  for (const char *at = event->operation; *at != '\0'; at++)
    mix(&outcome->trace_hash, (uint8_t)*at);
  if (recorder->trace != NULL)
    chrome_event(recorder->trace, event);
}

static void copy(char *to, size_t size, const char *from) {
  snprintf(to, size, "%s", from != NULL ? from : "");
}

/* Only what will be written is touched: an outcome is large. */
static void clear(struct outcome *outcome) {
  memset(outcome, 0, offsetof(struct outcome, signature));
  outcome->signature[0] = outcome->text[0] = outcome->graph[0] = outcome->divergence[0] = '\0';
  outcome->trace_hash = outcome->event_count = 0;
  outcome->decision_count = 0;
}

void attempt_here(const struct weir_sim *sim, struct outcome *outcome, FILE *trace) {
  struct recorder recorder = {.outcome = outcome, .trace = trace};
  struct weir_sim recorded = *sim;
  recorded.decided = attempt_decided;
  recorded.decided_context = outcome;
  recorded.observe = record_event;
  recorded.observe_context = &recorder;
  clear(outcome);
  struct weir_sim_report report = {0};
  outcome->error = weir_simulate(&recorded, weir_scenario.main, NULL, &report);
  outcome->verdict = report.verdict;
  outcome->global = report.global;
  outcome->steps = report.steps;
  outcome->choices = report.choices;
  outcome->virtual_time = report.virtual_time;
  copy(outcome->signature, sizeof outcome->signature, report.signature);
  copy(outcome->text, sizeof outcome->text, report.text);
  copy(outcome->graph, sizeof outcome->graph, report.graph);
  copy(outcome->divergence, sizeof outcome->divergence, report.divergence);
  outcome->finished = true;
  if (outcome->error == 0 || outcome->error == -EILSEQ)
    weir_sim_report_free(&report);
}

/* ---- in its parent ---------------------------------------------------------------------------------------------- */

static const char *signal_name(int signal) {
  const char *name = sigabbrev_np(signal);
  return name != NULL ? name : "?";
}

void attempt_crashed(struct outcome *outcome, int status) {
  bool killed = WIFSIGNALED(status);
  bool stuck = killed && WTERMSIG(status) == SIGALRM;
  const struct weir_sim_event *last =
      outcome->event_count == 0 ? NULL : &outcome->events[(outcome->event_count - 1) % ATTEMPT_EVENTS];
  outcome->verdict = stuck ? WEIR_VERDICT_LIVELOCK : WEIR_VERDICT_CRASH;
  char what[64];
  if (stuck)
    snprintf(what, sizeof what, "no scheduling point for %d s", STUCK_SECONDS);
  else if (killed)
    snprintf(what, sizeof what, "signal SIG%s", signal_name(WTERMSIG(status)));
  else
    snprintf(what, sizeof what, "exit status %d", WEXITSTATUS(status));
  int length =
      snprintf(outcome->signature, sizeof outcome->signature, "%s: %s", weir_verdict_name(outcome->verdict), what);
  if (last != NULL && length > 0)
    snprintf(outcome->signature + length, sizeof outcome->signature - (size_t)length, " after %s%s%s:%d",
             last->operation, last->task_file == NULL ? "" : " of task ",
             last->task_file == NULL ? " of main" : last->task_file, last->task_line);
  snprintf(outcome->text, sizeof outcome->text, "the process ended: %s\n", what);
  outcome->graph[0] = '\0';
}

/* What the child wrote to its standard error follows the outcome's text. */
static void append_words(struct outcome *outcome, int words) {
  size_t used = strlen(outcome->text);
  ssize_t got = pread(words, outcome->text + used, sizeof outcome->text - used - 1, 0);
  outcome->text[used + (got > 0 ? (size_t)got : 0)] = '\0';
}

static int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  return status;
}

void attempt_forked(const struct weir_sim *sim, struct outcome *outcome) {
  attempt_traced(sim, outcome, NULL);
}

void attempt_traced(const struct weir_sim *sim, struct outcome *outcome, FILE *trace) {
  clear(outcome);
  fflush(NULL); /* else the child would write it again */
  int words = memfd_create("words", MFD_CLOEXEC);
  pid_t child = fork();
  if (child == 0) {
    dup2(words, STDOUT_FILENO);
    dup2(words, STDERR_FILENO);
    alarm(STUCK_SECONDS);
    attempt_here(sim, outcome, trace);
    _exit(0);
  }
  int status = child < 0 ? 0 : wait_for(child);
  if (child < 0) {
    outcome->error = -errno;
  } else if (!outcome->finished) {
    attempt_crashed(outcome, status);
    append_words(outcome, words);
  }
  close(words);
}

/* ---- decisions -------------------------------------------------------------------------------------------------- */

static uint32_t follow(void *context, int kind, uint32_t count) {
  enum { LOOK_AHEAD = 16 };
  struct follower *follower = context;
  for (uint32_t at = follower->position; at < follower->count && at < follower->position + LOOK_AHEAD; at++) {
    if (follower->decisions[at].kind != kind)
      continue;
    follower->position = at + 1;
    return follower->decisions[at].choice % count;
  }
  return 0;
}

void follower_init(struct follower *follower, const struct decision *decisions, uint32_t count) {
  *follower = (struct follower){.decisions = decisions, .count = count};
  follower->chooser = (weir_chooser){.choose = follow, .context = follower};
}

char *decisions_print(const struct decision *decisions, uint32_t count) {
  static const char letters[] = "?tsmadw"; /* by enum weir_choice */
  char *string = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&string, &size);
  if (stream == NULL)
    return NULL;
  fprintf(stream, "w1:");
  for (uint32_t i = 0, times; i < count; i += times) {
    for (times = 1; i + times < count && decisions[i + times].kind == decisions[i].kind &&
                    decisions[i + times].choice == decisions[i].choice;)
      times++;
    fprintf(stream, "%c%" PRIu32, letters[decisions[i].kind], decisions[i].choice);
    if (times > 1)
      fprintf(stream, "*%" PRIu32, times);
  }
  return fclose(stream) == 0 ? string : NULL;
}

uint32_t decisions_switches(const struct decision *decisions, uint32_t count) {
  uint32_t switches = 0;
  for (uint32_t i = 0; i < count; i++)
    switches += decisions[i].choice != 0 && decisions[i].kind != WEIR_CHOICE_DRAW;
  return switches;
}

/* schedule.c — see schedule.h. */
#include "schedule.h"

#include "port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char letters[] = "?tsmadw"; /* by enum weir_choice */
static const char version[] = "w1:";

static bool add_run(struct schedule *schedule, struct choice_run run) {
  if (schedule->count == schedule->capacity) {
    size_t capacity = schedule->capacity == 0 ? 64 : schedule->capacity * 2;
    struct choice_run *grown = port_reallocate(schedule->runs, capacity * sizeof *grown);
    if (grown == NULL) {
      schedule->failed = true;
      return false;
    }
    schedule->runs = grown;
    schedule->capacity = capacity;
  }
  assert(schedule->runs != NULL);
  schedule->runs[schedule->count++] = run;
  return true;
}

void schedule_add(struct schedule *schedule, int kind, uint32_t choice) {
  struct choice_run *last = schedule->count == 0 ? NULL : &schedule->runs[schedule->count - 1];
  if (last != NULL && last->kind == kind && last->choice == choice)
    last->times++;
  else
    add_run(schedule, (struct choice_run){.kind = (uint8_t)kind, .choice = choice, .times = 1});
}

/* printf would take half the time of a short simulation. */
static char *print_number(char *at, uint64_t number) {
  char digits[20];
  unsigned count = 0;
  do
    digits[count++] = (char)('0' + number % 10);
  while ((number /= 10) != 0);
  while (count != 0)
    *at++ = digits[--count];
  return at;
}

char *schedule_print(const struct schedule *schedule) {
  enum { RUN_MOST = 1 + 10 + 1 + 20 };
  char *string = schedule->failed ? NULL : port_reallocate(NULL, sizeof version + schedule->count * RUN_MOST);
  if (string == NULL)
    return NULL;
  memcpy(string, version, sizeof version - 1);
  char *at = string + sizeof version - 1;
  for (size_t i = 0; i < schedule->count; i++) {
    const struct choice_run *run = &schedule->runs[i];
    *at++ = letters[run->kind];
    at = print_number(at, run->choice);
    if (run->times > 1) {
      *at++ = '*';
      at = print_number(at, run->times);
    }
  }
  *at = '\0';
  return string;
}

static bool parse_number(const char **at, uint64_t maximum, uint64_t *number) {
  if (**at < '0' || **at > '9')
    return false;
  char *end;
  errno = 0;
  *number = strtoull(*at, &end, 10);
  *at = end;
  return errno == 0 && *number <= maximum;
}

static bool parse_run(const char **at, struct choice_run *run) {
  const char *letter = strchr(letters + 1, *(*at)++);
  uint64_t choice;
  if (letter == NULL || *letter == '\0' || !parse_number(at, UINT32_MAX, &choice))
    return false;
  *run = (struct choice_run){.kind = (uint8_t)(letter - letters), .choice = (uint32_t)choice, .times = 1};
  if (**at != '*')
    return true;
  ++*at;
  return parse_number(at, UINT64_MAX, &run->times) && run->times > 0;
}

int schedule_parse(struct schedule *schedule, const char *string) {
  memset(schedule, 0, sizeof *schedule);
  if (string == NULL || strncmp(string, version, sizeof version - 1) != 0)
    return -EINVAL;
  for (const char *at = string + sizeof version - 1; *at != '\0';) {
    struct choice_run run;
    bool parsed = parse_run(&at, &run);
    if (parsed && add_run(schedule, run))
      continue;
    schedule_free(schedule);
    return parsed ? -ENOMEM : -EINVAL;
  }
  return 0;
}

void schedule_free(struct schedule *schedule) {
  port_release(schedule->runs);
  memset(schedule, 0, sizeof *schedule);
}

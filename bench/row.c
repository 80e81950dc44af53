/* bench/row.c — running a row, and checking that it did its work. */
#include "row.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int row_main(void *arg) {
  struct row_run *run = arg;
  return run->row->program(run);
}

void row_heap_start(struct row_run *run) {
  if (run->heap != NULL) {
    run->before = run->heap(true);
  }
}

void row_heap_stop(struct row_run *run) {
  if (run->heap != NULL) {
    run->after = run->heap(false);
  }
}

static void heap_fields(struct row_run *run) {
  const struct heap_reading *before = &run->before, *after = &run->after;
  row_field(run, "bytes_per_op", (double)(after->allocated - before->allocated) / (double)run->result->count);
  row_field(run, "bytes_live_after", (double)(after->live - before->live));
  row_field(run, "bytes_peak", (double)(after->peak - before->live));
}

void row_run(const struct row *row, int64_t n, struct row_result *result) {
  *result = (struct row_result){.ns = 0};
  struct row_run run = {.row = row, .n = n, .result = result};
  *(void **)&run.heap = dlsym(RTLD_DEFAULT, HEAP_READ);
  const struct weir_config config = {.workers = row->workers, .timer_mode = row->mode};
  int error = weir_run(&config, row_main, &run);
  if (error != 0) {
    snprintf(result->failure, sizeof(result->failure), "%s: the run ended with %s", row->name, strerror(-error));
    return;
  }
  if (result->failure[0] == '\0') {
    row_check_count(row->name, n, result->count, row->whole_rounds, result->failure);
  }
  if (run.heap != NULL && result->count > 0) {
    heap_fields(&run);
  }
}

void row_check_count(const char *name, int64_t n, int64_t count, bool whole_rounds, char failure[ROW_FAILURE_SIZE]) {
  failure[0] = '\0';
  if (count == n || (whole_rounds && count > n)) {
    return;
  }
  snprintf(failure, ROW_FAILURE_SIZE, "%s: wrong work count: expected %s%" PRId64 " operations, got %" PRId64, name,
           whole_rounds ? "at least " : "", n, count);
}

int64_t row_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * WEIR_SECOND + now.tv_nsec;
}

void row_start(struct row_run *run) {
  row_heap_start(run);
  run->result->began = row_clock();
}

static unsigned slower_percent, work_each;

void row_slow_down(unsigned percent) {
  slower_percent = percent;
}

void row_add_work(unsigned rounds) {
  work_each = rounds;
}

void row_stop(struct row_run *run, int64_t count) {
  for (volatile int64_t left = count * work_each; left > 0; left--) {
  }
  int64_t ended = row_clock(), due = ended + (ended - run->result->began) / 100 * slower_percent;
  while (ended < due) {
    ended = row_clock();
  }
  run->result->ns = ended - run->result->began;
  run->result->count = count;
  row_heap_stop(run);
}

void row_field(struct row_run *run, const char *name, double value) {
  struct row_result *result = run->result;
  if (result->field_count == ROW_FIELDS) {
    fprintf(stderr, "weir-bench: %s has more than %d fields: raise ROW_FIELDS\n", run->row->name, ROW_FIELDS);
    abort();
  }
  result->fields[result->field_count++] = (struct row_field){name, value};
}

static int compare(const void *left, const void *right) {
  int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

int64_t row_percentile(int64_t *values, size_t count, size_t in_thousand) {
  qsort(values, count, sizeof(int64_t), compare);
  return values[(count * in_thousand + 999) / 1000 - 1];
}

weir_chan **row_channels_new(size_t count, size_t element, size_t capacity) {
  weir_chan **channels = calloc(count, sizeof(weir_chan *));
  for (size_t i = 0; channels != NULL && i < count; i++) {
    channels[i] = weir_chan_new(element, capacity);
    if (channels[i] == NULL) {
      row_channels_free(channels, count);
      return NULL;
    }
  }
  return channels;
}

void row_channels_free(weir_chan **channels, size_t count) {
  for (size_t i = 0; channels != NULL && i < count; i++) {
    weir_chan_unref(channels[i]);
  }
  free(channels);
}

void row_list_add(struct row_list *list, const struct row *row, const char *format, ...) {
  if (list->count == list->room) {
    list->room = list->room == 0 ? 64 : 2 * list->room;
    struct row *rows = realloc(list->rows, list->room * sizeof(struct row));
    if (rows == NULL) {
      fprintf(stderr, "weir-bench: no memory for %zu rows\n", list->room);
      exit(1);
    }
    list->rows = rows;
  }
  struct row *added = &list->rows[list->count++];
  *added = *row;
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(added->name, sizeof(added->name), format, arguments);
  va_end(arguments);
  if (length < 0 || (size_t)length >= sizeof(added->name)) {
    fprintf(stderr, "weir-bench: the name %s… is too long: raise ROW_NAME_SIZE\n", added->name);
    abort();
  }
}

void row_list_free(struct row_list *list) {
  free(list->rows);
  *list = (struct row_list){.rows = NULL};
}

const char *row_policy_name(enum weir_timeout_policy policy) {
  switch (policy) {
  case WEIR_TIMEOUT_AFTER:
    return "after";
  case WEIR_TIMEOUT_TIMER:
    return "timer";
  case WEIR_TIMEOUT_DEADLINE:
    return "deadline";
  case WEIR_TIMEOUT_NONE:
    return "none";
  }
  return "unknown";
}

const char *row_mode_name(enum weir_timer_mode mode) {
  return mode == WEIR_TIMERS_CLASSIC ? "classic" : "prompt";
}

const char *row_load_name(enum row_load load) {
  switch (load) {
  case ROW_LOAD_READY:
    return "ready";
  case ROW_LOAD_SLOW:
    return "slow";
  case ROW_LOAD_EXIT:
    return "exit";
  }
  return "unknown";
}

/* chart.c — see chart.h. */
#include "chart.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { COLUMNS = 6, WIDTH = 26, OBJECTS = 24 };

struct chart {
  uint32_t tasks[COLUMNS];
  const struct weir_sim_event *first_of[COLUMNS];
  unsigned task_count;
  const struct weir_sim_event *objects[OBJECTS];
  unsigned object_count;
};

/* The task's column; the last one is of all that have none of their own. */
static unsigned column_of(struct chart *chart, const struct weir_sim_event *event) {
  unsigned column = 0;
  while (column < chart->task_count && chart->tasks[column] != event->task)
    column++;
  if (column == chart->task_count && column < COLUMNS) {
    chart->tasks[column] = event->task;
    chart->first_of[column] = event;
    chart->task_count++;
  }
  return column < COLUMNS ? column : COLUMNS - 1;
}

static void note_object(struct chart *chart, const struct weir_sim_event *event) {
  for (unsigned i = 0; i < chart->object_count; i++)
    if (chart->objects[i]->object == event->object)
      return;
  if (event->object != 0 && event->file != NULL && chart->object_count < OBJECTS)
    chart->objects[chart->object_count++] = event;
}

static void print_heads(FILE *stream, const struct chart *chart) {
  fprintf(stream, "%8s  ", "step");
  for (unsigned column = 0; column < chart->task_count; column++) {
    char head[WIDTH + 1];
    const struct weir_sim_event *event = chart->first_of[column];
    const char *slash = event->task_file == NULL ? NULL : strrchr(event->task_file, '/');
    if (event->task == 0)
      snprintf(head, sizeof head, "time");
    else if (event->task_file == NULL)
      snprintf(head, sizeof head, "main");
    else
      snprintf(head, sizeof head, "%" PRIu32 " %s:%d", event->task, slash == NULL ? event->task_file : slash + 1,
               event->task_line);
    fprintf(stream, "%-*s", WIDTH, head);
  }
  fputc('\n', stream);
}

static void print_step(FILE *stream, const struct chart *chart, unsigned column, const struct weir_sim_event *event) {
  char cell[128];
  if (event->object == 0)
    snprintf(cell, sizeof cell, "%s", event->operation);
  else
    snprintf(cell, sizeof cell, "%s %s%s%" PRIu32, event->operation, event->noun != NULL ? event->noun : "",
             event->noun != NULL ? " " : "", event->object);
  fprintf(stream, "%8" PRIu64 "  ", event->step);
  for (unsigned i = 0; i < column; i++)
    fprintf(stream, "%-*s", WIDTH, "|");
  fprintf(stream, "%-*s", column + 1 < chart->task_count ? WIDTH : 0, cell);
  for (unsigned i = column + 1; i < chart->task_count; i++)
    fprintf(stream, i + 1 < chart->task_count ? "%-*s" : "%.*s", i + 1 < chart->task_count ? WIDTH : 1, "|");
  fputc('\n', stream);
}

int chart_print(FILE *stream, const struct outcome *outcome) {
  struct chart chart = {0};
  uint64_t first = outcome->event_count > ATTEMPT_EVENTS ? outcome->event_count - ATTEMPT_EVENTS : 0;
  for (uint64_t i = first; i < outcome->event_count; i++) {
    column_of(&chart, &outcome->events[i % ATTEMPT_EVENTS]);
    note_object(&chart, &outcome->events[i % ATTEMPT_EVENTS]);
  }
  print_heads(stream, &chart);
  for (uint64_t i = first; i < outcome->event_count; i++) {
    const struct weir_sim_event *event = &outcome->events[i % ATTEMPT_EVENTS];
    print_step(stream, &chart, column_of(&chart, event), event);
  }
  for (unsigned i = 0; i < chart.object_count; i++)
    fprintf(stream, "%8s  %s %" PRIu32 " was made at %s:%d\n", "", chart.objects[i]->noun, chart.objects[i]->object,
            chart.objects[i]->file, chart.objects[i]->line);
  return ferror(stream) ? -EIO : 0;
}

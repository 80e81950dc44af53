/* chrome.c — see chrome.h. */
#include "chrome.h"

#include <inttypes.h>

void json_string(FILE *stream, const char *string) {
  fputc('"', stream);
  for (const unsigned char *at = (const unsigned char *)string; *at != '\0'; at++) {
    if (*at == '"' || *at == '\\')
      fprintf(stream, "\\%c", *at);
    else if (*at == '\n')
      fputs("\\n", stream);
    else if (*at < 0x20)
      fprintf(stream, "\\u%04x", *at);
    else
      fputc(*at, stream);
  }
  fputc('"', stream);
}

void chrome_begin(FILE *trace, const char *scenario) {
  fputs("[{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":", trace);
  json_string(trace, scenario);
  fputs("}}", trace);
}

static void name_task(FILE *trace, const struct weir_sim_event *event) {
  char name[256];
  if (event->task == 0)
    snprintf(name, sizeof name, "time");
  else if (event->task_file == NULL)
    snprintf(name, sizeof name, "main");
  else
    snprintf(name, sizeof name, "%s %s:%d", event->task_name != NULL ? event->task_name : "task", event->task_file,
             event->task_line);
  fprintf(trace,
          ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":%" PRIu32 ",\"name\":\"thread_name\",\"args\":{\"name\":", event->task);
  json_string(trace, name);
  fputs("}}", trace);
}

void chrome_event(FILE *trace, const struct weir_sim_event *event) {
  name_task(trace, event);
  fprintf(trace, ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":%" PRIu32 ",\"ts\":%" PRIu64 ",\"dur\":1,\"name\":", event->task,
          event->step);
  json_string(trace, event->operation);
  fprintf(trace, ",\"args\":{\"time_ns\":%" PRId64 ",\"worker\":%" PRIu32, event->time, event->worker);
  if (event->object != 0)
    fprintf(trace, ",\"object\":%" PRIu32, event->object);
  if (event->file != NULL) {
    char made[512];
    snprintf(made, sizeof made, "%s %s:%d", event->noun, event->file, event->line);
    fputs(",\"made\":", trace);
    json_string(trace, made);
    fprintf(trace, ",\"length\":%" PRIu32 ",\"capacity\":%" PRIu32 ",\"closed\":%s", event->length, event->capacity,
            event->closed ? "true" : "false");
  }
  fputs("}}", trace);
  fflush(trace); /* the next step may be the last */
}

void chrome_end(FILE *trace) {
  fputs("\n]\n", trace);
}

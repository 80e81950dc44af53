/* bench/rows_http.c — a kept-alive GET of 1,024 bytes over loopback, by so many tasks that share one client.
 *
 * The server is not this process (web_server.h), so cpu_ns, the processor's time an operation, is the client's alone: all
 * of it, the kernel's part included. Every task has opened its connection before the time begins, and a run in which a
 * connection is opened later is refused: it would not have measured what its name says. */
#include "row.h"

#include "web_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <weir/http.h>

enum { STEP = 64, WARM_EACH = 16, BUFFER_BYTES = 4096 };

struct getting {
  weir_http *client;
  const char *url;
  int64_t left, done;
  int error;
  weir_waitgroup ended;
};

/* 0 when the file has come whole. */
static int get(const struct getting *getting, char buffer[BUFFER_BYTES]) {
  weir_response *response;
  int error = weir_http_get(getting->client, getting->url, &response);
  if (error != 0) {
    return error;
  }
  ssize_t got, all = 0;
  while ((got = weir_response_read(response, buffer, BUFFER_BYTES)) > 0) {
    all += got;
  }
  if (got < 0) {
    error = (int)got;
  } else if (weir_response_status(response) != 200 || all != WEB_SERVER_FILE_BYTES) {
    error = -EBADMSG;
  }
  weir_response_close(response);
  return error;
}

static void getter(void *arg) {
  struct getting *getting = arg;
  char buffer[BUFFER_BYTES];
  int64_t count = 0;
  while (getting->error == 0 && getting->left > 0) {
    getting->left--;
    int error = get(getting, buffer);
    if (error == 0) {
      count++;
    } else {
      getting->error = error;
    }
  }
  getting->done += count;
  weir_waitgroup_done(&getting->ended);
}

static int get_all(struct getting *getting, int64_t n, size_t tasks) {
  getting->left = n;
  getting->done = 0;
  for (size_t i = 0; i < tasks && getting->error == 0; i++) {
    weir_waitgroup_add(&getting->ended, 1);
    getting->error = weir_go(getter, getting);
    if (getting->error != 0) {
      weir_waitgroup_done(&getting->ended);
    }
  }
  weir_waitgroup_wait(&getting->ended);
  return getting->error;
}

static int64_t processor_clock(void) {
  struct timespec used;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return used.tv_sec * WEIR_SECOND + used.tv_nsec;
}

static int http_get(struct row_run *run) {
  size_t tasks = run->row->tasks;
  const struct weir_http_config config = {.max_idle_per_host = (unsigned)tasks};
  struct getting getting = {.client = weir_http_new(&config), .url = getenv(WEB_SERVER_VARIABLE)};
  if (getting.client == NULL || getting.url == NULL) {
    weir_http_free(getting.client);
    return getting.url == NULL ? -EINVAL : -ENOMEM;
  }
  int error = get_all(&getting, (int64_t)tasks * WARM_EACH, tasks);
  uint64_t opened = weir_http_counts(getting.client).connections;
  if (error == 0) {
    int64_t used = processor_clock();
    row_start(run);
    error = get_all(&getting, run->n, tasks);
    row_stop(run, getting.done);
    used = processor_clock() - used;
    row_field(run, "cpu_ns", (double)used / (double)run->n);
  }
  if (error == 0 && (opened != tasks || weir_http_counts(getting.client).connections != opened)) {
    snprintf(run->result->failure, sizeof(run->result->failure),
             "%s: %llu connections before, %llu after, expected %zu, all kept alive", run->row->name,
             (unsigned long long)opened, (unsigned long long)weir_http_counts(getting.client).connections, tasks);
  }
  weir_http_free(getting.client);
  return error;
}

void rows_http(struct row_list *list) {
  static const size_t tasks[] = {1, 8, 64};
  for (size_t i = 0; getenv(WEB_SERVER_VARIABLE) != NULL && i < sizeof(tasks) / sizeof(tasks[0]); i++) {
    row_list_add(list,
                 &(struct row){.program = http_get,
                               .step = STEP,
                               .ns_min = 200 * WEIR_MILLISECOND,
                               .workers = 1,
                               .tasks = tasks[i],
                               .asks_server = true},
                 "http/get/concurrency:%zu", tasks[i]);
  }
}

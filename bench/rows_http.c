/* bench/rows_http.c — GETs over loopback by Weir's client.
 *
 *   get, tls   1,024 bytes over kept connections, by so many tasks that share one client
 *   churn      1,024 bytes over a new connection each, which the server closes (Connection: close)
 *   stream     10 MiB over a kept connection, read in pieces
 *   open_loop  1,024 bytes, each due at a fixed time whatever became of those before; its latency counts from then
 *
 * The server is not this process (web_server.h), so cpu_ns, the processor's time an operation, is the client's alone:
 * all of it, the kernel's part included. A run in which more or fewer connections are opened than its name says is refused.
 *
 * The open loop's tasks are started by one that sleeps until each is due. More than CONNECTIONS_MOST at a time wait for
 * a connection, with their time running: a machine that stalls must not run into the server's limits.
 *
 * Rejected: a histogram of latencies (a run has a few thousand: sorted, they are exact). */
#include "row.h"

#include "web_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <weir/http.h>

enum { STEP = 64, WARM_EACH = 16, BUFFER_BYTES = 64 * 1024, SMALL_BUFFER_BYTES = 4096, CONNECTIONS_MOST = 256 };

/* What is asked for. */
struct target {
  const char *url;
  const char *ca_file;
  int64_t bytes;
  bool fresh; /* each over a new connection */
};

struct getting {
  weir_http *client;
  const struct target *target;
  int64_t left, done;
  int error;
  weir_waitgroup ended;
};

/* 0 when the file has come whole. */
static int get(weir_http *client, const struct target *target, char *buffer, size_t size) {
  static const struct weir_header close_it = {"Connection", "close"};
  weir_response *response;
  int error =
      weir_http_do(client,
                   &(struct weir_request){
                       .url = target->url, .headers = target->fresh ? &close_it : NULL, .header_count = target->fresh},
                   &response);
  if (error != 0) {
    return error;
  }
  ssize_t got, all = 0;
  while ((got = weir_response_read(response, buffer, size)) > 0) {
    all += got;
  }
  if (got < 0) {
    error = (int)got;
  } else if (weir_response_status(response) != 200 || all != target->bytes) {
    error = -EBADMSG;
  }
  weir_response_close(response);
  return error;
}

static int64_t processor_clock(void) {
  struct timespec used;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return used.tv_sec * WEIR_SECOND + used.tv_nsec;
}

/* ---- closed loops: each task asks when it has been answered ----------------------------------------------------- */

static void getter(void *arg) {
  struct getting *getting = arg;
  char *buffer = malloc(BUFFER_BYTES);
  int64_t count = 0;
  if (buffer == NULL) {
    getting->error = -ENOMEM;
  }
  while (getting->error == 0 && getting->left > 0) {
    getting->left--;
    int error = get(getting->client, getting->target, buffer, BUFFER_BYTES);
    if (error == 0) {
      count++;
    } else {
      getting->error = error;
    }
  }
  free(buffer);
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

static int get_closed(struct row_run *run, const struct target *target) {
  size_t tasks = run->row->tasks;
  const struct weir_http_config config = {.max_idle_per_host = (unsigned)tasks, .ca_file = target->ca_file};
  struct getting getting = {.client = weir_http_new(&config), .target = target};
  if (getting.client == NULL) {
    return -ENOMEM;
  }
  int error = get_all(&getting, (int64_t)tasks * WARM_EACH, tasks);
  uint64_t before = weir_http_counts(getting.client).connections;
  if (error == 0) {
    int64_t used = processor_clock();
    row_start(run);
    error = get_all(&getting, run->n, tasks);
    row_stop(run, getting.done);
    used = processor_clock() - used;
    row_field(run, "cpu_ns", (double)used / (double)run->n);
  }
  uint64_t after = weir_http_counts(getting.client).connections;
  uint64_t warm = target->fresh ? tasks * WARM_EACH : tasks, fresh = target->fresh ? (uint64_t)run->n : 0;
  if (error == 0 && (before != warm || after != before + fresh)) {
    snprintf(run->result->failure, sizeof(run->result->failure),
             "%s: %llu connections before and %llu more, expected %llu and %llu", run->row->name,
             (unsigned long long)before, (unsigned long long)(after - before), (unsigned long long)warm,
             (unsigned long long)fresh);
  }
  weir_http_free(getting.client);
  return error;
}

static int http_get(struct row_run *run) {
  return get_closed(run, &(struct target){.url = getenv(WEB_SERVER_VARIABLE), .bytes = WEB_SERVER_FILE_BYTES});
}

static int http_tls(struct row_run *run) {
  return get_closed(run, &(struct target){.url = getenv(WEB_SERVER_TLS_VARIABLE),
                                          .ca_file = getenv(WEB_SERVER_CA_VARIABLE),
                                          .bytes = WEB_SERVER_FILE_BYTES});
}

static int http_churn(struct row_run *run) {
  return get_closed(
      run, &(struct target){.url = getenv(WEB_SERVER_VARIABLE), .bytes = WEB_SERVER_FILE_BYTES, .fresh = true});
}

static int http_stream(struct row_run *run) {
  return get_closed(run, &(struct target){.url = getenv(WEB_SERVER_STREAM_VARIABLE), .bytes = WEB_SERVER_STREAM_BYTES});
}

/* ---- the open loop ---------------------------------------------------------------------------------------------- */

struct due {
  struct getting *getting;
  int64_t time;    /* on row_clock */
  int64_t latency; /* from then until the body's end */
};

static void get_due(void *arg) {
  struct due *due = arg;
  struct getting *getting = due->getting;
  char buffer[SMALL_BUFFER_BYTES];
  int error = get(getting->client, getting->target, buffer, sizeof(buffer));
  due->latency = row_clock() - due->time;
  if (error == 0) {
    getting->done++;
  } else {
    getting->error = error;
  }
  weir_waitgroup_done(&getting->ended);
}

static int get_in_time(struct getting *getting, struct due *dues, int64_t n, int64_t rate) {
  int64_t began = row_clock();
  getting->done = 0;
  for (int64_t i = 0; i < n && getting->error == 0; i++) {
    dues[i] = (struct due){.getting = getting, .time = began + i * WEIR_SECOND / rate};
    int64_t early = dues[i].time - row_clock();
    if (early > 0) {
      weir_sleep(early);
    }
    weir_waitgroup_add(&getting->ended, 1);
    int error = weir_go(get_due, &dues[i]);
    if (error != 0) {
      getting->error = error;
      weir_waitgroup_done(&getting->ended);
    }
  }
  weir_waitgroup_wait(&getting->ended);
  return getting->error;
}

static int http_open_loop(struct row_run *run) {
  const struct target target = {.url = getenv(WEB_SERVER_VARIABLE), .bytes = WEB_SERVER_FILE_BYTES};
  const struct weir_http_config config = {.max_connections_per_host = CONNECTIONS_MOST,
                                          .max_idle_per_host = CONNECTIONS_MOST,
                                          .max_idle = CONNECTIONS_MOST};
  struct getting getting = {.client = weir_http_new(&config), .target = &target};
  struct due *dues = calloc((size_t)run->n, sizeof(*dues));
  int64_t *latencies = calloc((size_t)run->n, sizeof(*latencies));
  int error = getting.client == NULL || dues == NULL || latencies == NULL ? -ENOMEM : 0;
  if (error == 0) {
    error = get_all(&getting, (int64_t)run->row->tasks * WARM_EACH, run->row->tasks);
  }
  if (error == 0) {
    int64_t used = processor_clock();
    row_start(run);
    error = get_in_time(&getting, dues, run->n, run->row->rate);
    row_stop(run, getting.done);
    used = processor_clock() - used;
    for (int64_t i = 0; i < run->n; i++) {
      latencies[i] = dues[i].latency;
    }
    row_field(run, "cpu_ns", (double)used / (double)run->n);
    row_field(run, "p50_ns", (double)row_percentile(latencies, (size_t)run->n, 500));
    row_field(run, "p99_ns", (double)row_percentile(latencies, (size_t)run->n, 990));
    row_field(run, "p999_ns", (double)row_percentile(latencies, (size_t)run->n, 999));
  }
  weir_http_free(getting.client);
  free(dues);
  free(latencies);
  return error;
}

/* ---- the rows --------------------------------------------------------------------------------------------------- */

static void add_closed(struct row_list *list, int (*program)(struct row_run *run), const char *name) {
  static const size_t tasks[] = {1, 8, 64};
  for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
    row_list_add(list,
                 &(struct row){.program = program,
                               .step = STEP,
                               .ns_min = 200 * WEIR_MILLISECOND,
                               .workers = 1,
                               .tasks = tasks[i],
                               .asks_server = true},
                 "%s/concurrency:%zu", name, tasks[i]);
  }
}

void rows_http(struct row_list *list) {
  static const int64_t rates[] = {2000, 8000};
  struct row row = {.ns_min = 200 * WEIR_MILLISECOND, .workers = 1, .tasks = 1, .asks_server = true};
  if (getenv(WEB_SERVER_VARIABLE) != NULL) {
    add_closed(list, http_get, "http/get");
    row.program = http_churn;
    row.step = STEP;
    row_list_add(list, &row, "http/churn");
  }
  if (getenv(WEB_SERVER_STREAM_VARIABLE) != NULL) {
    row.program = http_stream;
    row.step = 1;
    row_list_add(list, &row, "http/stream/bytes:%d", WEB_SERVER_STREAM_BYTES);
  }
  if (getenv(WEB_SERVER_TLS_VARIABLE) != NULL) {
    add_closed(list, http_tls, "http/tls");
  }
  row.ns_min = 500 * WEIR_MILLISECOND; /* the 99.9th percentile is of a thousand at least */
  row.program = http_open_loop;
  row.step = STEP;
  row.tasks = 8; /* that warm up */
  for (size_t i = 0; getenv(WEB_SERVER_VARIABLE) != NULL && i < sizeof(rates) / sizeof(rates[0]); i++) {
    row.rate = rates[i];
    row_list_add(list, &row, "http/open_loop/rate:%lld", (long long)rates[i]);
  }
}

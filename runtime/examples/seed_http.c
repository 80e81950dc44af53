/* seed_http.c — the seed's first program: six GETs, and what stays behind when nobody closes the answers.
 *
 * A connection is two tasks: one reads, one writes. A body that was read to its end gives its connection back, so one
 * connection serves all six: main and two. A body that nobody reads or closes keeps its connection for ever: main and
 * twice six; so it is with six hosts, whatever is read. The server, in a child process, is libmicrohttpd. */
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weir.h>
#include <weir/http.h>

enum { NUM = 6 };

struct story {
  const char *title;
  bool read, close, many_hosts;
};

static int port;
static weir_waitgroup tests;

static void count_tasks(const struct story *story) {
  weir_http *client = weir_http_new(NULL);
  weir_response *responses[NUM] = {NULL};
  char url[64], buffer[4096];
  for (int index = 0; index < NUM; index++) {
    snprintf(url, sizeof url, "http://127.0.0.%d:%d/", story->many_hosts ? index + 1 : 1, port);
    if (weir_http_get(client, url, &responses[index]) != 0)
      puts("no answer");
    while (story->read && weir_response_read(responses[index], buffer, sizeof buffer) > 0)
      ;
    if (story->close)
      weir_response_close(responses[index]);
  }
  weir_settle(WEIR_FOREVER);
  printf("%s: %zu tasks\n", story->title, weir_task_count());
  weir_http_close_idle(client);
  if (story->close)
    printf("  and after weir_http_close_idle: %zu\n", weir_task_count());
  for (int index = 0; index < NUM && !story->close; index++)
    weir_response_close(responses[index]); /* the cure */
  weir_http_free(client);
}

static void test(void *story) {
  count_tasks(story);
  weir_waitgroup_done(&tests);
}

static int program(void *arg) {
  const struct story stories[] = {
      {.title = "read, not closed", .read = true},
      {.title = "neither read nor closed"},
      {.title = "read and closed", .read = true, .close = true},
      {.title = "six hosts, read, not closed", .read = true, .many_hosts = true},
  };
  (void)arg;
  for (size_t i = 0; i < sizeof stories / sizeof *stories; i++)
    count_tasks(&stories[i]);
  puts("in a task of its own, as a Go test is:");
  for (size_t i = 0; i < 2; i++) {
    weir_waitgroup_add(&tests, 1);
    weir_go(test, (void *)&stories[i]);
    weir_waitgroup_wait(&tests);
  }
  return 0;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **state) {
  static char page[615];
  (void)context, (void)url, (void)method, (void)version, (void)upload, (void)upload_size;
  if (*state == NULL) { /* the head alone has come; an answer to it would end the connection */
    *state = page;
    return MHD_YES;
  }
  struct MHD_Response *response = MHD_create_response_from_buffer(sizeof page, page, MHD_RESPMEM_PERSISTENT);
  const enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
  MHD_destroy_response(response);
  return result;
}

/* The server's process; it ends with this one. */
static pid_t serve(void) {
  int ends[2];
  if (pipe(ends) != 0)
    return -1;
  const pid_t parent = getpid(), child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
      _exit(1); /* it has ended already */
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, answer, NULL, MHD_OPTION_END);
    port = daemon == NULL ? 0 : MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    if (write(ends[1], &port, sizeof port) == sizeof port)
      pause();
    _exit(1);
  }
  if (child > 0 && read(ends[0], &port, sizeof port) != sizeof port)
    perror("the server's port");
  close(ends[0]);
  close(ends[1]);
  return child;
}

int main(void) {
  const pid_t server = serve();
  const int result = weir_run(NULL, program, NULL);
  if (server > 0) {
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
  }
  return result;
}

/* seed_unclosed_bodies.c — the first leak of the Go post: six http.Get, and nobody closes a body.
 *
 * Each answer has a body, which is neither read nor closed; so its connection stays its own, and the next request opens
 * another one: six, with two tasks each, until the client is freed. Six responses are left even then. It shows at once,
 * under every schedule. The repair: close each body; then one connection serves all. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>
#include <weir/http.h>
#include <weir/scenario.h>

enum { REQUESTS = 6 };

static weir_waitgroup serving;

static void serve(void *arg) {
  static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  const int fd = (int)(intptr_t)arg;
  char request[1024];
  for (ssize_t got = -1; got != 0;) {
    weir_poll(fd, POLLIN, WEIR_FOREVER);
    got = recv(fd, request, sizeof request, 0);
    if (got > 0 && send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0)
      break;
  }
  weir_poll_forget(fd);
  close(fd);
  weir_waitgroup_done(&serving);
}

static int connect_to_server(void *context, const struct sockaddr *address, socklen_t length) {
  int ends[2];
  (void)context, (void)address, (void)length;
  if (weir_sim_socketpair(ends) != 0)
    return -EMFILE;
  weir_waitgroup_add(&serving, 1);
  weir_go(serve, (void *)(intptr_t)ends[1]);
  return ends[0];
}

WEIR_SCENARIO(seed_unclosed_bodies, "six answers whose bodies nobody closes", .sim.workers = 1) {
  serving = (weir_waitgroup){0};
  const struct weir_http_config config = {.open_socket = connect_to_server, .connected_sockets = true};
  weir_http *client = weir_http_new(&config);
  for (int i = 0; i < REQUESTS; i++) {
    weir_response *response;
    weir_http_get(client, "http://127.0.0.1/", &response);
  }
  weir_http_close_idle(client);
  weir_http_free(client);
  weir_waitgroup_wait(&serving);
  return 0;
}

/* growth_response.c — a GET over a socket pair whose response is closed, unless WEIR_LEAK is set. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#include <weir/http.h>
#include <weir/scenario.h>

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
}

static int connect_to_server(void *context, const struct sockaddr *address, socklen_t length) {
  int ends[2];
  (void)context, (void)address, (void)length;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
    return -errno;
  weir_go(serve, (void *)(intptr_t)ends[1]);
  return ends[0];
}

WEIR_SCENARIO(growth_response, "one request over a client that lives on") {
  static weir_http *client;
  if (client == NULL)
    client = weir_http_new(&(struct weir_http_config){.open_socket = connect_to_server, .connected_sockets = true});
  weir_response *response;
  const int error = weir_http_get(client, "http://127.0.0.1/", &response);
  if (error == 0 && getenv("WEIR_LEAK") == NULL)
    weir_response_close(response);
  return error;
}

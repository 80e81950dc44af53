/* review_peer.c — see review_peer.h. */
#include "review_peer.h"

#include "workers.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

struct peer peer;

int listen_at(const char *host, int *port, int backlog) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
  socklen_t length = sizeof address;
  CHECK_EQ_INT(inet_pton(AF_INET, host, &address.sin_addr), 1);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  CHECK_INT(listener, >=, 0);
  CHECK_EQ_INT(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
  CHECK_EQ_INT(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
  CHECK_EQ_INT(listen(listener, backlog), 0);
  CHECK_EQ_INT(getsockname(listener, (struct sockaddr *)&address, &length), 0);
  *port = ntohs(address.sin_port);
  return listener;
}

struct peer peer_listen(void) {
  struct peer peer;
  int port = 0;
  peer.listener = listen_at("127.0.0.1", &port, 64);
  snprintf(peer.url, sizeof peer.url, "http://127.0.0.1:%d/", port);
  return peer;
}

void hang_up(int fd) {
  weir_poll_forget(fd);
  close(fd);
}

int next_connection(const struct peer *peer) {
  int fd;
  while ((fd = accept4(peer->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0)
    CHECK_INT(weir_poll(peer->listener, POLLIN, WEIR_FOREVER), >, 0);
  return fd;
}

bool read_head(int fd, char *head, size_t size) {
  size_t length = 0;
  head[0] = '\0';
  while (strstr(head, "\r\n\r\n") == NULL) {
    CHECK_INT(length, <, size - 1);
    ssize_t got = read(fd, head + length, 1);
    if (got < 0 && errno == EAGAIN) {
      CHECK_INT(weir_poll(fd, POLLIN, WEIR_FOREVER), >, 0);
      continue;
    }
    if (got <= 0)
      return false;
    head[++length] = '\0';
  }
  return true;
}

bool say_bytes(int fd, const char *data, size_t size) {
  while (size > 0) {
    ssize_t put = send(fd, data, size, MSG_NOSIGNAL);
    if (put < 0 && errno == EAGAIN) {
      CHECK_INT(weir_poll(fd, POLLOUT, WEIR_FOREVER), >, 0);
      continue;
    }
    if (put < 0)
      return false;
    data += put;
    size -= (size_t)put;
  }
  return true;
}

bool say(int fd, const char *text) {
  return say_bytes(fd, text, strlen(text));
}

void outlast(int fd) {
  char rest[4096];
  for (;;) {
    ssize_t got = read(fd, rest, sizeof rest);
    if (got < 0 && errno == EAGAIN)
      CHECK_INT(weir_poll(fd, POLLIN, WEIR_FOREVER), >, 0);
    else if (got <= 0)
      break;
  }
  hang_up(fd);
}

void run_test(int (*program)(void *)) {
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = test_workers()}, program, NULL), 0);
}

int descriptors(void) {
  int count = 0;
  DIR *folder = opendir("/proc/self/fd");
  while (readdir(folder) != NULL)
    count++;
  closedir(folder);
  return count;
}

ssize_t read_all(weir_response *response, size_t *total) {
  static char buffer[1 << 16];
  ssize_t got;
  *total = 0;
  while ((got = weir_response_read(response, buffer, sizeof buffer)) > 0)
    *total += (size_t)got;
  return got;
}

void two_bytes(void *arg) {
  (void)arg;
  char head[1024];
  int fd = next_connection(&peer);
  while (read_head(fd, head, sizeof head))
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  hang_up(fd);
}

void half_a_body(void *arg) {
  (void)arg;
  char head[1024];
  int fd = next_connection(&peer);
  CHECK(read_head(fd, head, sizeof head));
  say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  outlast(fd);
}

void get_whole(weir_http *client, const char *url, size_t expected) {
  weir_response *response;
  size_t total;
  CHECK_EQ_INT(weir_http_get(client, url, &response), 0);
  CHECK_EQ_INT(read_all(response, &total), 0);
  CHECK_EQ_INT(total, expected);
  weir_response_close(response);
}

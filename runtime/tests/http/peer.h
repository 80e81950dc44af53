/* peer.h — a scripted server inside the run that it serves: for answers that no proper server gives, and for being asked
 * in the middle of one. Its tasks are the test's own. */
#ifndef PEER_H
#define PEER_H

#include "check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <weir.h>

struct peer {
  int listener;
  int port;
  char url[64]; /* "http://127.0.0.1:PORT/" */
};

static inline struct peer peer_listen(int backlog) {
  struct peer peer;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
  socklen_t length = sizeof address;
  peer.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  CHECK(peer.listener >= 0);
  CHECK_EQ_INT(bind(peer.listener, (struct sockaddr *)&address, sizeof address), 0);
  CHECK_EQ_INT(listen(peer.listener, backlog), 0);
  CHECK_EQ_INT(getsockname(peer.listener, (struct sockaddr *)&address, &length), 0);
  peer.port = ntohs(address.sin_port);
  snprintf(peer.url, sizeof peer.url, "http://127.0.0.1:%d/", peer.port);
  return peer;
}

static inline void peer_close(int fd) {
  weir_poll_forget(fd);
  close(fd);
}

/* Waits for a connection. -1: the listener has been closed. */
static inline int peer_accept(const struct peer *peer) {
  int fd;
  while ((fd = accept4(peer->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0 && errno == EAGAIN)
    if (weir_poll(peer->listener, POLLIN, WEIR_FOREVER) < 0)
      return -1;
  return fd;
}

/* Some bytes: > 0, 0 at the end of the stream, -1 after a reset. */
static inline ssize_t peer_read_some(int fd, char *buffer, size_t size) {
  ssize_t got;
  while ((got = read(fd, buffer, size)) < 0 && errno == EAGAIN)
    CHECK_INT(weir_poll(fd, POLLIN, WEIR_FOREVER), >, 0);
  return got;
}

/* One request's head, with its empty line and not a byte more. False: the client has closed instead. */
static inline bool peer_read_head(int fd, char *head, size_t size) {
  size_t length = 0;
  head[0] = '\0';
  while (length < 4 || memcmp(head + length - 4, "\r\n\r\n", 4) != 0) {
    CHECK_INT(length, <, size - 1);
    if (peer_read_some(fd, head + length, 1) <= 0)
      return false;
    head[++length] = '\0';
  }
  return true;
}

/* False: the client has closed or reset. */
static inline bool peer_write(int fd, const char *data, size_t size) {
  while (size > 0) {
    const ssize_t put = send(fd, data, size, MSG_NOSIGNAL);
    if (put < 0 && errno == EAGAIN)
      CHECK_INT(weir_poll(fd, POLLOUT, WEIR_FOREVER), >, 0);
    else if (put < 0)
      return false;
    if (put > 0) {
      data += put;
      size -= (size_t)put;
    }
  }
  return true;
}

/* Returns when the other end's socket has all of it. */
static inline void peer_flush(int fd) {
  int left;
  while (ioctl(fd, SIOCOUTQ, &left) == 0 && left > 0)
    weir_yield();
}

/* Returns when main is alone. The kernel may still be bringing the others what was sent to them when all are blocked, so
 * that a settled run is no sign of it. */
static inline void peer_wait_for_tasks(void) {
  while (weir_task_count() > 1)
    CHECK_EQ_INT(weir_sleep(WEIR_MILLISECOND), 0);
}

static inline bool peer_say(int fd, const char *text) {
  return peer_write(fd, text, strlen(text));
}

#endif

/* review_peer.h — the peers of the review tests: tasks of the same run, so that who is asked what, and when, is decided
 * by the test. */
#ifndef WEIR_TESTS_REVIEW_PEER_H
#define WEIR_TESTS_REVIEW_PEER_H

#include "check.h"

#include <stdbool.h>
#include <sys/types.h>
#include <weir.h>
#include <weir/http.h>

struct peer {
  int listener;
  char url[64];
};

extern struct peer peer; /* the test's */

/* A listener of that many waiting connections; *port 0 is any, and becomes the one it has. */
int listen_at(const char *host, int *port, int backlog);
struct peer peer_listen(void);
void hang_up(int fd);
/* Blocks the calling task until somebody connects. */
int next_connection(const struct peer *peer);
/* One request's head; false: the client has closed. */
bool read_head(int fd, char *head, size_t size);
/* False when the client has closed. */
bool say_bytes(int fd, const char *data, size_t size);
bool say(int fd, const char *text);
/* Waits until the client closes. */
void outlast(int fd);
void run_test(int (*program)(void *));
/* That this process has open. */
int descriptors(void);
/* What the last read returned, and how many bytes there were. */
ssize_t read_all(weir_response *response, size_t *total);
/* A task: answers each request of one connection. Not with an empty answer: whether that keeps its connection depends
 * on who read it. */
void two_bytes(void *arg);
/* A task: answers one request with half of what it promises, and waits until the client closes. */
void half_a_body(void *arg);
void get_whole(weir_http *client, const char *url, size_t expected);

#endif

/* server.h — servers that the tests do not trust themselves to write, as child processes.
 *
 *   GET /bytes/N      N bytes 'x': all three servers, for the sizes in server_sizes; microhttpd for any
 *   microhttpd also   /echo           "METHOD URL\n", each header as "Name: value\n", an empty line, and the body
 *                     /redirect/S/U   status S with Location: /U
 *                     /coded/C/N      N bytes 'x', with the content coding C: gzip or deflate
 *                     /status/S       that status, and an empty body
 *
 * A server ends with its parent. */
#ifndef SERVER_H
#define SERVER_H

#include <stdint.h>
#include <sys/types.h>

enum server_kind { SERVER_MICROHTTPD, SERVER_NGINX, SERVER_PYTHON };

static const long server_sizes[] = {0, 1, 615, 10 << 20};

struct server {
  pid_t pid;
  int port;
  char folder[256]; /* what is served, and the server's own files; "": none */
};

struct server server_start(enum server_kind kind);
void server_stop(struct server *server);

/* A socket that listens on every address of this machine; with a negative backlog one that only keeps its port. */
int server_listen(int *port, int backlog);

#endif

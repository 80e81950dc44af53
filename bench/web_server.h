/* bench/web_server.h — the nginx that the rows http/… ask: one worker process on one processor, a file of 1,024 bytes.
 *
 * Who asks learns the address from the environment (WEB_SERVER_VARIABLE), and so do the peers, which inherit it: all of
 * a row's cells ask the same process. Where the variable is set already, nothing is started.
 *
 * Invariants:
 *   - The port is held from web_server_find to web_server_stop, so that nobody else gets it between: by a socket that is
 *     bound and does not listen, beside which nginx listens (SO_REUSEPORT).
 *   - nginx ends with whoever started it, however that ends: its keeper, a child process, is told by the system, ends it
 *     by its pid and removes its folder.
 */
#ifndef BENCH_WEB_SERVER_H
#define BENCH_WEB_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The whole URL of the file; and nginx, when it is not to be looked for. */
#define WEB_SERVER_VARIABLE         "WEIR_BENCH_HTTP_URL"
#define WEB_SERVER_PROGRAM_VARIABLE "WEIR_BENCH_NGINX"

enum { WEB_SERVER_FILE_BYTES = 1024, WEB_SERVER_TEXT_SIZE = 256 };

struct web_server {
  char program[WEB_SERVER_TEXT_SIZE];
  char note[WEB_SERVER_TEXT_SIZE]; /* what serves, for people; or "missing: " and why */
  char folder[WEB_SERVER_TEXT_SIZE];
  int held; /* the socket that holds the port; -1 */
  int port;
  pid_t keeper; /* 0: not started */
};

/* Finds nginx, holds a port and sets the variable. False: it is missing, the note says why. */
bool web_server_find(struct web_server *server);

/* Starts what was found, and returns when it answers. False: it did not come up, as it has said on standard error. Does
 * nothing when it runs, or when the variable came from outside. */
bool web_server_start(struct web_server *server);

/* Ends it, and unsets the variable if it was set here. */
void web_server_stop(struct web_server *server);

/* The processors that the server's worker and who asks are kept on: the first and the last that this process may use. */
int web_server_cpu(void);
int web_server_client_cpu(void);

#ifdef __cplusplus
}
#endif

#endif

/* bench/web_server.h — the nginx that the rows http/… ask: one worker process on one processor, files of 1,024 bytes and of
 * 10 MiB, the first also over TLS 1.3 with a certificate that is made when it starts.
 *
 * Who asks learns the addresses from the environment (WEB_SERVER_VARIABLE, …), and so do the peers, which inherit it: all
 * of a row's cells ask the same process. Where the first variable is set already, nothing is started, and the others are
 * what they are. A row is there when its variables are.
 *
 * Invariants:
 *   - The ports are held from web_server_find to web_server_stop, so that nobody else gets them between: each by a socket
 *     that is bound and does not listen, beside which nginx listens (SO_REUSEPORT).
 *   - Its folder has a name from the beginning, which nobody can guess, and is made when nginx is started: the
 *     certificate's path can be told to peers that are there before it.
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

/* The whole URLs of the file, of the large one, and of the first over TLS; the certificates to trust there. */
#define WEB_SERVER_VARIABLE        "WEIR_BENCH_HTTP_URL"
#define WEB_SERVER_STREAM_VARIABLE "WEIR_BENCH_HTTP_STREAM_URL"
#define WEB_SERVER_TLS_VARIABLE    "WEIR_BENCH_HTTPS_URL"
#define WEB_SERVER_CA_VARIABLE     "WEIR_BENCH_HTTPS_CA"
/* The programs, when they are not to be looked for. */
#define WEB_SERVER_PROGRAM_VARIABLE "WEIR_BENCH_NGINX"
#define WEB_SERVER_MAKER_VARIABLE   "WEIR_BENCH_OPENSSL"

enum { WEB_SERVER_FILE_BYTES = 1024, WEB_SERVER_STREAM_BYTES = 10485760, WEB_SERVER_TEXT_SIZE = 256 };

enum { WEB_SERVER_PLAIN, WEB_SERVER_TLS, WEB_SERVER_PORTS };

struct web_server {
  char program[WEB_SERVER_TEXT_SIZE];
  char maker[WEB_SERVER_TEXT_SIZE];    /* openssl, which makes the certificate */
  char note[WEB_SERVER_TEXT_SIZE];     /* what serves, for people; or "missing: " and why */
  char tls_note[WEB_SERVER_TEXT_SIZE]; /* the same, of TLS */
  char folder[WEB_SERVER_TEXT_SIZE];
  int held[WEB_SERVER_PORTS]; /* the sockets that hold the ports; -1 */
  int port[WEB_SERVER_PORTS];
  pid_t keeper; /* 0: not started */
};

/* Finds nginx, holds ports and sets the variables. False: it is missing, the note says why. Without openssl, or with an
 * nginx without TLS, the variables of TLS are not set, and tls_note says why. */
bool web_server_find(struct web_server *server);

/* Starts what was found, and returns when it answers. False: it did not come up, as it has said on standard error. Does
 * nothing when it runs, or when the variable came from outside. */
bool web_server_start(struct web_server *server);

/* Ends it, and unsets the variables if they were set here. */
void web_server_stop(struct web_server *server);

/* The processors that the server's worker and who asks are kept on: the first and the last that this process may use. */
int web_server_cpu(void);
int web_server_client_cpu(void);

#ifdef __cplusplus
}
#endif

#endif

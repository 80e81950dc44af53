/* server.c — see server.h. */
#include "server.h"

#include "check.h"
#include "server_microhttpd.h"

#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* backlog < 0: does not listen, but others may on the same port. */
static int bound(int *port, int backlog) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
  socklen_t length = sizeof address;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(fd >= 0);
  if (backlog < 0)
    CHECK_EQ_INT(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
  CHECK_EQ_INT(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  if (backlog >= 0)
    CHECK_EQ_INT(listen(fd, backlog), 0);
  CHECK_EQ_INT(getsockname(fd, (struct sockaddr *)&address, &length), 0);
  *port = ntohs(address.sin_port);
  return fd;
}

int server_listen(int *port, int backlog) {
  return bound(port, backlog);
}

/* ---- what is served --------------------------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text, long size) {
  FILE *file = fopen(path, "w");
  CHECK(file != NULL);
  if (text != NULL)
    CHECK(fputs(text, file) >= 0);
  for (long i = 0; i < size; i++)
    putc_unlocked('x', file);
  CHECK_EQ_INT(fclose(file), 0);
}

static void make_folder(struct server *server) {
  char path[512];
  snprintf(server->folder, sizeof server->folder, "%s/server.XXXXXX", WEIR_HTTP_SCRATCH);
  CHECK(mkdtemp(server->folder) != NULL);
  snprintf(path, sizeof path, "%s/bytes", server->folder);
  CHECK_EQ_INT(mkdir(path, 0777), 0);
  for (size_t i = 0; i < sizeof server_sizes / sizeof *server_sizes; i++) {
    snprintf(path, sizeof path, "%s/bytes/%ld", server->folder, server_sizes[i]);
    write_file(path, NULL, server_sizes[i]);
  }
}

static int remove_one(const char *path, const struct stat *state, int kind, struct FTW *place) {
  (void)state, (void)kind, (void)place;
  return remove(path);
}

/* ---- the servers ------------------------------------------------------------------------------------------------ */

static const char nginx_settings[] = "daemon off; master_process off; pid nginx.pid; error_log stderr crit;\n"
                                     "events { worker_connections 12000; }\n"
                                     "http { access_log off; client_body_temp_path body; proxy_temp_path proxy;\n"
                                     "  fastcgi_temp_path fastcgi; scgi_temp_path scgi; uwsgi_temp_path uwsgi;\n"
                                     "  keepalive_requests 1000000; sendfile on;\n"
                                     "  server { listen 0.0.0.0:%d; root %s; } }\n";

static void become_nginx(const struct server *server) {
  char text[2048], path[512];
  snprintf(text, sizeof text, nginx_settings, server->port, server->folder);
  snprintf(path, sizeof path, "%s/nginx.conf", server->folder);
  write_file(path, text, 0);
  execl(WEIR_HTTP_NGINX, "nginx", "-p", server->folder, "-e", "stderr", "-c", "nginx.conf", NULL);
}

/* nginx makes its own socket; it is ready when somebody can connect to it. */
static void wait_for_nginx(const struct server *server) {
  const struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)server->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  for (bool ready = false; !ready;) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    ready = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    CHECK_EQ_INT(waitpid(server->pid, NULL, WNOHANG), 0);
    if (!ready)
      usleep(1000);
  }
}

static void become_python(const struct server *server, int fd) {
  static const char program[] = "import functools, http.server, socket, sys\n"
                                "class Handler(http.server.SimpleHTTPRequestHandler):\n"
                                "  protocol_version = 'HTTP/1.1'\n"
                                "  disable_nagle_algorithm = True\n"
                                "  def log_message(self, *rest): pass\n"
                                "handler = functools.partial(Handler, directory=sys.argv[2])\n"
                                "server = http.server.ThreadingHTTPServer(('', 0), handler, False)\n"
                                "server.socket = socket.socket(fileno=int(sys.argv[1]))\n"
                                "server.handle_error = lambda *rest: None\n"
                                "server.serve_forever()\n";
  char number[16];
  snprintf(number, sizeof number, "%d", fd);
  execl(WEIR_HTTP_PYTHON, "python3", "-c", program, number, server->folder, NULL);
}

struct server server_start(enum server_kind kind) {
  struct server server = {0};
  const int fd = bound(&server.port, kind == SERVER_NGINX ? -1 : 20000);
  if (kind != SERVER_MICROHTTPD)
    make_folder(&server);
  fflush(NULL);
  const pid_t parent = getpid();
  server.pid = fork();
  CHECK(server.pid >= 0);
  if (server.pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
      _exit(1); /* it has ended already */
    if (kind == SERVER_MICROHTTPD)
      server_be_microhttpd(fd);
    else if (kind == SERVER_NGINX)
      become_nginx(&server);
    else
      become_python(&server, fd);
    perror("the test's server");
    _exit(127);
  }
  if (kind == SERVER_NGINX)
    wait_for_nginx(&server);
  close(fd);
  return server;
}

void server_stop(struct server *server) {
  kill(server->pid, SIGKILL);
  CHECK_EQ_INT(waitpid(server->pid, NULL, 0), server->pid);
  if (server->folder[0] != '\0')
    nftw(server->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

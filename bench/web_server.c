/* bench/web_server.c — see web_server.h. */
#include "web_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char configuration[] = "%s"
                                    "daemon off;\n"
                                    "worker_processes 1;\n"
                                    "worker_cpu_affinity %s;\n"
                                    "pid nginx.pid;\n"
                                    "events { worker_connections 1024; }\n"
                                    "http {\n"
                                    "  access_log off;\n"
                                    "  keepalive_requests 10000000;\n"
                                    "  keepalive_timeout 1h;\n"
                                    "  client_body_temp_path body;\n"
                                    "  proxy_temp_path proxy;\n"
                                    "  fastcgi_temp_path fastcgi;\n"
                                    "  uwsgi_temp_path uwsgi;\n"
                                    "  scgi_temp_path scgi;\n"
                                    "  server {\n"
                                    "    listen 127.0.0.1:%d reuseport;\n"
                                    "    root files;\n"
                                    "  }\n"
                                    "}\n";

/* ---- what it runs on -------------------------------------------------------------------------------------------- */

static cpu_set_t usable(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) {
    CPU_ZERO(&set);
    CPU_SET(0, &set);
  }
  return set;
}

int web_server_cpu(void) {
  cpu_set_t set = usable();
  int cpu = 0;
  while (!CPU_ISSET(cpu, &set)) {
    cpu++;
  }
  return cpu;
}

int web_server_client_cpu(void) {
  cpu_set_t set = usable();
  int cpu = CPU_SETSIZE - 1;
  while (!CPU_ISSET(cpu, &set)) {
    cpu--;
  }
  return cpu;
}

/* ---- finding ---------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static bool missing(struct web_server *server, const char *format, ...) {
  int length = snprintf(server->note, sizeof(server->note), "missing: ");
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(server->note + length, sizeof(server->note) - (size_t)length, format, arguments);
  va_end(arguments);
  return false;
}

/* On PATH, or where a system's services are. */
static bool find_program(struct web_server *server) {
  const char *given = getenv(WEB_SERVER_PROGRAM_VARIABLE);
  if (given != NULL) {
    snprintf(server->program, sizeof(server->program), "%s", given);
    return access(given, X_OK) == 0 ||
           missing(server, WEB_SERVER_PROGRAM_VARIABLE " names %.100s, which is no program", given);
  }
  const char *path = getenv("PATH");
  char folders[4096];
  snprintf(folders, sizeof(folders), "%s:/usr/local/sbin:/usr/sbin", path == NULL ? "" : path);
  char *rest = folders;
  for (const char *folder; (folder = strsep(&rest, ":")) != NULL;) {
    int length = snprintf(server->program, sizeof(server->program), "%s/nginx", folder);
    if (folder[0] == '/' && (size_t)length < sizeof(server->program) && access(server->program, X_OK) == 0) {
      return true;
    }
  }
  return missing(server, "nginx was not found; the Debian package nginx-light brings it");
}

static bool ask_version(struct web_server *server) {
  char command[WEB_SERVER_TEXT_SIZE + 16], line[WEB_SERVER_TEXT_SIZE] = "";
  snprintf(command, sizeof(command), "'%s' -v 2>&1", server->program);
  FILE *said = popen(command, "re");
  bool good = said != NULL && fgets(line, sizeof(line), said) != NULL;
  good = said != NULL && pclose(said) == 0 && good;
  const char *version = strstr(line, "nginx/");
  if (!good || version == NULL) {
    return missing(server, "%.100s -v does not work", server->program);
  }
  snprintf(server->note, sizeof(server->note), "%.*s, one worker on processor %d; who asks is on processor %d",
           (int)strcspn(version, " \n"), version, web_server_cpu(), web_server_client_cpu());
  return true;
}

static bool hold_port(struct web_server *server) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof(address);
  const int one = 1;
  server->held = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (server->held < 0 || setsockopt(server->held, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0 ||
      bind(server->held, (struct sockaddr *)&address, sizeof(address)) != 0 ||
      getsockname(server->held, (struct sockaddr *)&address, &length) != 0) {
    return missing(server, "no port on 127.0.0.1: %s", strerror(errno));
  }
  server->port = ntohs(address.sin_port);
  return true;
}

bool web_server_find(struct web_server *server) {
  *server = (struct web_server){.held = -1};
  const char *given = getenv(WEB_SERVER_VARIABLE);
  if (given != NULL) {
    snprintf(server->note, sizeof(server->note), "%s, from outside (" WEB_SERVER_VARIABLE ")", given);
    return true;
  }
  if (!find_program(server) || !ask_version(server) || !hold_port(server)) {
    web_server_stop(server);
    return false;
  }
  char url[64];
  snprintf(url, sizeof(url), "http://127.0.0.1:%d/1k", server->port);
  setenv(WEB_SERVER_VARIABLE, url, 1);
  return true;
}

/* ---- the folder ------------------------------------------------------------------------------------------------- */

static bool write_file(const char *folder, const char *name, const char *content, size_t size) {
  char path[PATH_MAX];
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  FILE *file = fopen(path, "we");
  bool written = file != NULL && fwrite(content, 1, size, file) == size;
  return file != NULL && fclose(file) == 0 && written;
}

static bool make_folder(struct web_server *server) {
  const char *parent = getenv("TMPDIR");
  snprintf(server->folder, sizeof(server->folder), "%.200s/weir-bench-XXXXXX",
           parent == NULL || parent[0] == '\0' ? "/tmp" : parent);
  if (mkdtemp(server->folder) == NULL) {
    return false;
  }
  char files[PATH_MAX], content[WEB_SERVER_FILE_BYTES], text[2048];
  snprintf(files, sizeof(files), "%s/files", server->folder);
  for (size_t i = 0; i < sizeof(content); i++) {
    content[i] = (char)('a' + i % 26);
  }
  char mask[CPU_SETSIZE + 1] = "1"; /* in binary */
  memset(mask + 1, '0', (size_t)web_server_cpu());
  int length = snprintf(text, sizeof(text), configuration, geteuid() == 0 ? "user root;\n" : "", mask, server->port);
  return mkdir(files, 0755) == 0 && write_file(files, "1k", content, sizeof(content)) &&
         write_file(server->folder, "nginx.conf", text, (size_t)length);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place) {
  (void)status, (void)kind, (void)place;
  return remove(path);
}

static void remove_folder(const char *folder) {
  nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- the keeper ------------------------------------------------------------------------------------------------- */

static pid_t spawn(const struct web_server *server, const sigset_t *before) {
  pid_t keeper = getpid();
  pid_t pid = fork();
  if (pid != 0) {
    return pid;
  }
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() == keeper) {
    sigprocmask(SIG_SETMASK, before, NULL);
    execl(server->program, "nginx", "-p", server->folder, "-c", "nginx.conf", "-e", "stderr", (char *)NULL);
    fprintf(stderr, "weir-bench: %s: %s\n", server->program, strerror(errno));
  }
  _exit(127);
}

/* Ends when nginx does, or ends it when it is told to. */
static void keep(const struct web_server *server, pid_t parent) {
  sigset_t awaited, before;
  sigemptyset(&awaited);
  const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD};
  for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
    sigaddset(&awaited, signals[i]);
  }
  sigprocmask(SIG_BLOCK, &awaited, &before);
  close_range(STDERR_FILENO + 1, ~0U, 0); /* the peers' pipes must end when the parent closes them */
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  pid_t pid = getppid() == parent ? spawn(server, &before) : -1;
  int status = 0;
  while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0) {
    if (sigwaitinfo(&awaited, NULL) != SIGCHLD) {
      kill(pid, SIGTERM);
    }
  }
  remove_folder(server->folder);
  _exit(0);
}

static bool answers(const struct web_server *server) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)server->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool connected = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
  if (fd >= 0) {
    close(fd);
  }
  return connected;
}

bool web_server_start(struct web_server *server) {
  if (server->held < 0 || server->keeper != 0) {
    return true;
  }
  if (!make_folder(server)) {
    fprintf(stderr, "weir-bench: no folder for nginx in %s: %s\n", server->folder, strerror(errno));
    remove_folder(server->folder);
    return false;
  }
  pid_t self = getpid();
  fflush(NULL);
  server->keeper = fork();
  if (server->keeper == 0) {
    keep(server, self);
  }
  while (server->keeper > 0 && !answers(server)) {
    if (waitpid(server->keeper, NULL, WNOHANG) == server->keeper) {
      server->keeper = 0;
      return false;
    }
    usleep(2000);
  }
  return server->keeper > 0;
}

void web_server_stop(struct web_server *server) {
  if (server->keeper > 0) {
    kill(server->keeper, SIGTERM);
    waitpid(server->keeper, NULL, 0);
  }
  server->keeper = 0;
  if (server->held >= 0) {
    close(server->held);
    unsetenv(WEB_SERVER_VARIABLE);
  }
  server->held = -1;
}

/* bench/web_server.c — see web_server.h. */
#include "web_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const variables[] = {WEB_SERVER_VARIABLE, WEB_SERVER_STREAM_VARIABLE, WEB_SERVER_TLS_VARIABLE,
                                        WEB_SERVER_CA_VARIABLE};

static const char configuration[] = "%s"
                                    "daemon off;\n"
                                    "worker_processes 1;\n"
                                    "worker_cpu_affinity %s;\n"
                                    "pid nginx.pid;\n"
                                    "events { worker_connections 1024; }\n"
                                    "http {\n"
                                    "  access_log off;\n"
                                    "  sendfile on;\n"
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
                                    "%s"
                                    "}\n";

/* One cipher: what is compared is not which one two libraries agree on. */
static const char tls_configuration[] = "  server {\n"
                                        "    listen 127.0.0.1:%d ssl reuseport;\n"
                                        "    root files;\n"
                                        "    ssl_certificate certificate.pem;\n"
                                        "    ssl_certificate_key key.pem;\n"
                                        "    ssl_protocols TLSv1.3;\n"
                                        "    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;\n"
                                        "  }\n";

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

__attribute__((format(printf, 2, 3))) static bool missing(char note[WEB_SERVER_TEXT_SIZE], const char *format, ...) {
  int length = snprintf(note, WEB_SERVER_TEXT_SIZE, "missing: ");
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(note + length, WEB_SERVER_TEXT_SIZE - (size_t)length, format, arguments);
  va_end(arguments);
  return false;
}

/* On PATH, or where a system's services are; or what the variable names. False: the note says why not. */
static bool find_program(const char *name, const char *variable, const char *package,
                         char program[WEB_SERVER_TEXT_SIZE], char note[WEB_SERVER_TEXT_SIZE]) {
  const char *given = getenv(variable);
  if (given != NULL) {
    snprintf(program, WEB_SERVER_TEXT_SIZE, "%s", given);
    return access(given, X_OK) == 0 || missing(note, "%s names %.100s, which is no program", variable, given);
  }
  const char *path = getenv("PATH");
  char folders[4096];
  snprintf(folders, sizeof(folders), "%s:/usr/local/sbin:/usr/sbin", path == NULL ? "" : path);
  char *rest = folders;
  for (const char *folder; (folder = strsep(&rest, ":")) != NULL;) {
    int length = snprintf(program, WEB_SERVER_TEXT_SIZE, "%s/%s", folder, name);
    if (folder[0] == '/' && length < WEB_SERVER_TEXT_SIZE && access(program, X_OK) == 0) {
      return true;
    }
  }
  return missing(note, "%s was not found; the Debian package %s brings it", name, package);
}

/* What the program says of its version, as a whole. */
static bool ask_version(const char *program, const char *flag, char *said, size_t size) {
  char command[WEB_SERVER_TEXT_SIZE + 16];
  snprintf(command, sizeof(command), "'%s' %s 2>&1", program, flag);
  FILE *output = popen(command, "re");
  size_t length = output == NULL ? 0 : fread(said, 1, size - 1, output);
  said[length] = '\0';
  return output != NULL && pclose(output) == 0;
}

static bool find_server(struct web_server *server, char said[], size_t size) {
  if (!find_program("nginx", WEB_SERVER_PROGRAM_VARIABLE, "nginx-light", server->program, server->note)) {
    return false;
  }
  bool good = ask_version(server->program, "-V", said, size);
  const char *version = strstr(said, "nginx/");
  if (!good || version == NULL) {
    return missing(server->note, "%.100s -V does not work", server->program);
  }
  snprintf(server->note, sizeof(server->note), "%.*s, one worker on processor %d; who asks is on processor %d",
           (int)strcspn(version, " \n"), version, web_server_cpu(), web_server_client_cpu());
  return true;
}

static bool find_tls(struct web_server *server, const char *server_said) {
  char said[WEB_SERVER_TEXT_SIZE];
  if (strstr(server_said, "http_ssl_module") == NULL) {
    return missing(server->tls_note, "this nginx was built without TLS; Debian's nginx-light has it");
  }
  if (!find_program("openssl", WEB_SERVER_MAKER_VARIABLE, "openssl", server->maker, server->tls_note)) {
    return false;
  }
  if (!ask_version(server->maker, "version", said, sizeof(said))) {
    return missing(server->tls_note, "%.100s version does not work", server->maker);
  }
  snprintf(server->tls_note, sizeof(server->tls_note), "TLS 1.3, TLS_AES_128_GCM_SHA256; the certificate is by %.*s",
           (int)strcspn(said, "\n"), said);
  return true;
}

static bool hold_port(struct web_server *server, int which) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof(address);
  const int one = 1;
  int fd = server->held[which] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0 ||
      bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
    return missing(server->note, "no port on 127.0.0.1: %s", strerror(errno));
  }
  server->port[which] = ntohs(address.sin_port);
  return true;
}

static bool name_folder(struct web_server *server) {
  uint64_t random;
  const char *parent = getenv("TMPDIR");
  if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
    return missing(server->note, "no random bytes: %s", strerror(errno));
  }
  snprintf(server->folder, sizeof(server->folder), "%.200s/weir-bench-%016" PRIx64,
           parent == NULL || parent[0] == '\0' ? "/tmp" : parent, random);
  return true;
}

__attribute__((format(printf, 2, 3))) static void tell(const char *variable, const char *format, ...) {
  char text[PATH_MAX];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  setenv(variable, text, 1);
}

bool web_server_find(struct web_server *server) {
  *server = (struct web_server){.held = {-1, -1}};
  const char *given = getenv(WEB_SERVER_VARIABLE);
  if (given != NULL) {
    snprintf(server->note, sizeof(server->note), "%.150s, from outside (" WEB_SERVER_VARIABLE ")", given);
    snprintf(server->tls_note, sizeof(server->tls_note), "from outside");
    return true;
  }
  char said[4096];
  if (!find_server(server, said, sizeof(said)) || !hold_port(server, WEB_SERVER_PLAIN) || !name_folder(server)) {
    snprintf(server->tls_note, sizeof(server->tls_note), "%s", server->note);
    web_server_stop(server);
    return false;
  }
  tell(WEB_SERVER_VARIABLE, "http://127.0.0.1:%d/1k", server->port[WEB_SERVER_PLAIN]);
  tell(WEB_SERVER_STREAM_VARIABLE, "http://127.0.0.1:%d/10m", server->port[WEB_SERVER_PLAIN]);
  unsetenv(WEB_SERVER_TLS_VARIABLE);
  if (find_tls(server, said) && hold_port(server, WEB_SERVER_TLS)) {
    tell(WEB_SERVER_TLS_VARIABLE, "https://127.0.0.1:%d/1k", server->port[WEB_SERVER_TLS]);
    tell(WEB_SERVER_CA_VARIABLE, "%s/certificate.pem", server->folder);
  }
  return true;
}

/* ---- the folder ------------------------------------------------------------------------------------------------- */

static bool write_text(const char *folder, const char *name, const char *text) {
  char path[PATH_MAX];
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  FILE *file = fopen(path, "we");
  bool written = file != NULL && fputs(text, file) >= 0;
  return file != NULL && fclose(file) == 0 && written;
}

static bool write_letters(const char *folder, const char *name, size_t size) {
  char path[PATH_MAX];
  snprintf(path, sizeof(path), "%s/files/%s", folder, name);
  FILE *file = fopen(path, "we");
  for (size_t i = 0; file != NULL && i < size; i++) {
    putc('a' + (int)(i % 26), file);
  }
  return file != NULL && ferror(file) == 0 && fclose(file) == 0;
}

static bool make_certificate(const struct web_server *server) {
  pid_t pid = fork();
  if (pid == 0) {
    int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    if (chdir(server->folder) == 0) {
      execl(server->maker, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-batch", "-days", "2", "-subj", "/CN=weir-bench", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", "key.pem", "-out", "certificate.pem", (char *)NULL);
    }
    fprintf(stderr, "weir-bench: %s: %s\n", server->maker, strerror(errno));
    _exit(127);
  }
  int status = -1;
  return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool make_folder(const struct web_server *server) {
  char files[PATH_MAX], tls[sizeof(tls_configuration) + 16] = "", text[4096];
  bool has_tls = server->held[WEB_SERVER_TLS] >= 0;
  snprintf(files, sizeof(files), "%s/files", server->folder);
  if (has_tls) {
    snprintf(tls, sizeof(tls), tls_configuration, server->port[WEB_SERVER_TLS]);
  }
  char mask[CPU_SETSIZE + 1] = "1"; /* in binary */
  memset(mask + 1, '0', (size_t)web_server_cpu());
  snprintf(text, sizeof(text), configuration, geteuid() == 0 ? "user root;\n" : "", mask,
           server->port[WEB_SERVER_PLAIN], tls);
  return mkdir(server->folder, 0700) == 0 && mkdir(files, 0755) == 0 &&
         write_letters(server->folder, "1k", WEB_SERVER_FILE_BYTES) &&
         write_letters(server->folder, "10m", WEB_SERVER_STREAM_BYTES) &&
         write_text(server->folder, "nginx.conf", text) && (!has_tls || make_certificate(server));
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
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)server->port[WEB_SERVER_PLAIN]),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool connected = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
  if (fd >= 0) {
    close(fd);
  }
  return connected;
}

bool web_server_start(struct web_server *server) {
  if (server->held[WEB_SERVER_PLAIN] < 0 || server->keeper != 0) {
    return true;
  }
  if (!make_folder(server)) {
    fprintf(stderr, "weir-bench: the folder %s with nginx's files cannot be made: %s\n", server->folder,
            strerror(errno));
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
  if (server->held[WEB_SERVER_PLAIN] >= 0) {
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
      unsetenv(variables[i]);
    }
  }
  for (int i = 0; i < WEB_SERVER_PORTS; i++) {
    if (server->held[i] >= 0) {
      close(server->held[i]);
    }
    server->held[i] = -1;
  }
}

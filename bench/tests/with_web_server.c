/* bench/tests/with_web_server.c — runs a program beside the web server of the rows http/…, for tests of what asks it.
 *
 *     with_web_server PROGRAM [ARGUMENT…]     exit status: the program's; 2 usage
 *
 * Where nginx is missing the program runs without it, and holds no such rows. */
#include "web_server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(char **command) {
  pid_t pid = fork();
  if (pid == 0) {
    execvp(command[0], command);
    fprintf(stderr, "with_web_server: cannot run %s: %s\n", command[0], strerror(errno));
    _exit(127);
  }
  int status = 0;
  if (pid < 0 || waitpid(pid, &status, 0) != pid) {
    return 1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int count, char **arguments) {
  if (count < 2) {
    fprintf(stderr, "usage: %s PROGRAM [ARGUMENT…]\n", arguments[0]);
    return 2;
  }
  struct web_server server;
  if (!web_server_find(&server)) {
    fprintf(stderr, "with_web_server: %s\n", server.note);
  } else if (!web_server_start(&server)) {
    return 1;
  }
  int status = run(arguments + 1);
  web_server_stop(&server);
  return status;
}

/* pipes.c — see pipes.h. */
#include "pipes.h"

#include "books.h"
#include "poller.h"
#include "worker.h"

#include <weir/sim.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct pipe_made {
  int fds[2];
  ino_t inodes[2]; /* a pipe's are the same */
  bool sockets;
  uint32_t site;
};

static struct {
  struct pipe_made *made;
  size_t count;
  size_t capacity;
  struct port_lock lock; /* of the queue */
  struct wait_queue waiting;
} pipes;

static bool still_open(const struct pipe_made *made, int end) {
  struct stat state;
  return fstat(made->fds[end], &state) == 0 && state.st_ino == made->inodes[end] &&
         (made->sockets ? S_ISSOCK(state.st_mode) : S_ISFIFO(state.st_mode));
}

/* The newest first: older ones may have had the same number. */
static const struct pipe_made *pipe_of(int fd) {
  for (size_t i = pipes.count; i > 0; i--)
    for (int end = 0; end < 2; end++)
      if (pipes.made[i - 1].fds[end] == fd && still_open(&pipes.made[i - 1], end))
        return &pipes.made[i - 1];
  return NULL;
}

static const char *noun(const struct pipe_made *made) {
  return made->sockets ? "socket pair" : "pipe";
}

uint32_t pipes_site(int fd, const char **what) {
  const struct pipe_made *made = pipe_of(fd);
  if (made == NULL)
    return 0;
  *what = noun(made);
  return made->site;
}

static bool room_for_one(void) {
  if (pipes.count < pipes.capacity)
    return true;
  size_t capacity = pipes.capacity == 0 ? 8 : 2 * pipes.capacity;
  struct pipe_made *grown = port_reallocate(pipes.made, capacity * sizeof *grown);
  if (grown == NULL)
    return false;
  pipes.made = grown;
  pipes.capacity = capacity;
  return true;
}

static int open_both(struct pipe_made *made) {
  if ((made->sockets ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, made->fds)
                     : pipe2(made->fds, O_NONBLOCK | O_CLOEXEC)) != 0)
    return -errno;
  for (int end = 0; end < 2; end++) {
    struct stat state;
    if (fstat(made->fds[end], &state) != 0) {
      int error = errno;
      close(made->fds[0]);
      close(made->fds[1]);
      return -error;
    }
    made->inodes[end] = state.st_ino;
  }
  return 0;
}

static int make(int fds[2], bool sockets, const char *operation, const char *file, int line) {
  if (!port_simulated())
    return -EPERM;
  port_step(operation, NULL);
  if (port_allocation_fails() || !room_for_one())
    return -ENOMEM;
  struct pipe_made *made = &pipes.made[pipes.count];
  *made = (struct pipe_made){.sockets = sockets, .site = site_of(file, line)};
  int error = open_both(made);
  if (error != 0)
    return error;
  fds[0] = made->fds[0];
  fds[1] = made->fds[1];
  pipes.count++;
  return 0;
}

int weir_sim_pipe_at(int fds[2], const char *file, int line) {
  return make(fds, false, "sim pipe", file, line);
}

int weir_sim_socketpair_at(int fds[2], const char *file, int line) {
  return make(fds, true, "sim socketpair", file, line);
}

/* ---- waiting ---------------------------------------------------------------------------------------------------- */

static struct poll_waiter *waiter_after(const struct poll_waiter *before) {
  struct waiter *next = before == NULL ? pipes.waiting.head : before->waiter.next;
  if (next == NULL || (before != NULL && next == pipes.waiting.head))
    return NULL;
  return container_of(next, struct poll_waiter, waiter);
}

static bool occupied(int fd, int events) {
  for (const struct poll_waiter *at = NULL; (at = waiter_after(at)) != NULL;)
    if (at->fd == fd && (at->events & events) != 0 && at->waiter.wait->state == WAIT_OPEN)
      return true;
  return false;
}

/* Not ready, and the caller may enlist: 0. The lock is held. */
static int look(int fd, int events, int64_t deadline) {
  int ready = pipe_of(fd) == NULL ? -EBADF : poll_look(fd, events);
  if (ready != 0)
    return ready;
  if (deadline == WEIR_POLL)
    return -ETIMEDOUT;
  if (!wait_allowed())
    return -EPERM;
  return occupied(fd, events) ? -EBUSY : 0;
}

int pipes_poll(int fd, int events, int64_t deadline) {
  port_lock(&pipes.lock);
  int result = look(fd, events, deadline);
  if (result != 0) {
    port_unlock(&pipes.lock);
    return result;
  }
  struct poll_waiter self = {.fd = fd, .events = events};
  struct wait *wait = wait_open(WAIT_FOR_DESCRIPTOR, &self.waiter, 1, sizeof self);
  wait_enlist(wait, &self.waiter, &pipes.waiting);
  if (wait_commit(wait, deadline, &pipes.lock) != NULL)
    return self.result;
  port_lock(&pipes.lock);
  if (self.waiter.queue != NULL)
    wait_queue_remove(&self.waiter);
  port_unlock(&pipes.lock);
  return -ETIMEDOUT;
}

static bool wake(struct poll_waiter *waiter, int result) {
  struct wait *wait = waiter->waiter.wait;
  if (!wait_claim(&waiter->waiter))
    return false;
  waiter->result = result;
  wait_wake(wait);
  return true;
}

/* Wakes those whose result is not 0; how many. Claiming takes a waiter out of the queue, so the next one is found
 * first. The lock is held. */
static unsigned wake_each(int (*result_of)(const struct poll_waiter *waiter, int fd), int fd) {
  struct poll_waiter *next;
  unsigned woken = 0;
  for (struct poll_waiter *at = waiter_after(NULL); at != NULL; at = next) {
    next = waiter_after(at);
    int result = result_of(at, fd);
    woken += result != 0 && wake(at, result);
  }
  return woken;
}

static int look_at(const struct poll_waiter *waiter, int unused) {
  (void)unused;
  return poll_look(waiter->fd, waiter->events);
}

static int cancelled(const struct poll_waiter *waiter, int fd) {
  return waiter->fd == fd ? -ECANCELED : 0;
}

unsigned pipes_serve(void) {
  if (likely(wait_queue_empty(&pipes.waiting)))
    return 0;
  port_lock(&pipes.lock);
  unsigned woken = wake_each(look_at, -1);
  port_unlock(&pipes.lock);
  return woken;
}

void pipes_forget(int fd) {
  port_lock(&pipes.lock);
  wake_each(cancelled, fd);
  port_unlock(&pipes.lock);
}

/* ---- the end ---------------------------------------------------------------------------------------------------- */

uint32_t pipes_end(struct text *text) {
  static const char *const ends[2][4] = {{"", " (its end to read)", " (its end to write)", ""},
                                         {"", " (its first end)", " (its second end)", ""}};
  uint32_t left = 0;
  for (size_t i = 0; i < pipes.count; i++) {
    const struct pipe_made *made = &pipes.made[i];
    unsigned open = (unsigned)still_open(made, 0) | (unsigned)still_open(made, 1) << 1;
    if (open == 0)
      continue;
    left++;
    text_append(text, "left: the %s made at %s:%d%s\n", noun(made), site_file(made->site), site_line(made->site),
                ends[made->sockets][open]);
    for (int end = 0; end < 2; end++)
      if ((open >> end & 1) != 0)
        close(made->fds[end]);
  }
  port_release(pipes.made);
  pipes.made = NULL;
  pipes.count = pipes.capacity = 0;
  return left;
}

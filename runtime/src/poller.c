/* poller.c — see poller.h. */
#include "poller.h"

#include "pipes.h"
#include "run.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SMALLEST_BITS = 6, CHUNKS = 32 - SMALLEST_BITS, BATCH = 64, BATCHES = 16 };

#define INTERRUPTION UINT64_MAX /* no descriptor has this number */

enum direction { INWARD, OUTWARD, DIRECTIONS };
static const int direction_events[DIRECTIONS] = {POLLIN, POLLOUT};

struct record {
  struct port_lock lock;
  uint32_t generation;
  bool registered;
  struct wait_queue queues[DIRECTIONS];
};

static struct {
  int epoll; /* -1: no run is active */
  int interruption;
  uint32_t interrupted; /* pairs: poller_interrupt sets it, the waiting server clears it */
  bool milliseconds;    /* the kernel has no epoll_pwait2 (Linux 5.11) */
  size_t waiting;
  size_t hopeless;               /* of them */
  struct record *chunks[CHUNKS]; /* chunk n holds 64 << n records; published once (record_make), read with acquire */
} poller = {.epoll = -1, .interruption = -1};

/* ---- records ---------------------------------------------------------------------------------------------------- */

static inline uint32_t chunk_of(int fd, uint32_t *place) {
  uint32_t index = (uint32_t)fd + (1 << SMALLEST_BITS);
  uint32_t chunk = 31 - (uint32_t)__builtin_clz(index) - SMALLEST_BITS;
  *place = index - (UINT32_C(1) << (chunk + SMALLEST_BITS));
  return chunk;
}

/* NULL: no number of its chunk was ever waited for. */
static struct record *record_of(int fd) {
  uint32_t place;
  struct record *chunk = __atomic_load_n(&poller.chunks[chunk_of(fd, &place)], __ATOMIC_ACQUIRE);
  return chunk == NULL ? NULL : &chunk[place];
}

static struct record *record_make(int fd) {
  uint32_t place;
  uint32_t chunk = chunk_of(fd, &place);
  size_t size = ((size_t)sizeof(struct record) << SMALLEST_BITS) << chunk;
  struct record *made = port_reallocate(NULL, size);
  if (made == NULL)
    return NULL;
  memset(made, 0, size);
  struct record *before = NULL;
  if (!__atomic_compare_exchange_n(&poller.chunks[chunk], &before, made, false, __ATOMIC_RELEASE, __ATOMIC_ACQUIRE)) {
    port_release(made);
    made = before;
  }
  return &made[place];
}

static int enrol(struct record *record, int fd) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                              .data.u64 = (uint64_t)record->generation << 32 | (uint32_t)fd};
  if (epoll_ctl(poller.epoll, EPOLL_CTL_ADD, fd, &event) != 0)
    return -errno;
  record->registered = true;
  return 0;
}

/* Somebody waits here whose wait is not over. A stale waiter's state may change meanwhile, but not to open. */
static bool occupied(const struct wait_queue *queue) {
  const struct waiter *waiter = queue->head;
  if (waiter == NULL)
    return false;
  do {
    if (__atomic_load_n(&waiter->wait->state, __ATOMIC_RELAXED) == WAIT_OPEN)
      return true;
    waiter = waiter->next;
  } while (waiter != queue->head);
  return false;
}

/* Claims and wakes who waits in one direction, with that result. The record's lock is held. */
static unsigned wake_direction(struct wait_queue *queue, int ready) {
  while (!wait_queue_empty(queue)) {
    struct poll_waiter *end = container_of(queue->head, struct poll_waiter, waiter);
    struct wait *wait = end->waiter.wait;
    if (!wait_claim(&end->waiter))
      continue;
    end->result = ready < 0 ? ready : poll_result(end->events, ready);
    wait_wake(wait);
    return 1;
  }
  return 0;
}

/* ---- waiting ---------------------------------------------------------------------------------------------------- */

int poll_look(int fd, int events) {
  if (fd < 0)
    return -EBADF;
  struct pollfd one = {.fd = fd, .events = (short)events};
  int count;
  do
    count = poll(&one, 1, 0);
  while (count < 0 && errno == EINTR);
  if (count < 0)
    return -errno;
  if (one.revents & POLLNVAL)
    return -EBADF;
  return poll_result(events, one.revents);
}

/* Not ready: may the caller enlist? The record's lock is held. */
static int prepare(struct record *record, int fd, int events) {
  for (int direction = 0; direction < DIRECTIONS; direction++)
    if ((events & direction_events[direction]) != 0 && occupied(&record->queues[direction]))
      return -EBUSY;
  return record->registered ? 0 : enrol(record, fd);
}

/* Enlists and blocks; releases the record's lock, which is held. */
static int await(struct record *record, int fd, int events, int64_t deadline) {
  struct poll_waiter ends[DIRECTIONS];
  uint32_t count = events == (POLLIN | POLLOUT) ? 2 : 1;
  struct wait *wait = wait_open(WAIT_FOR_DESCRIPTOR, &ends[0].waiter, count, sizeof ends[0]);
  for (uint32_t direction = 0, end = 0; direction < DIRECTIONS; direction++) {
    if ((events & direction_events[direction]) == 0)
      continue;
    ends[end].fd = fd;
    ends[end].events = events;
    wait_enlist(wait, &ends[end++].waiter, &record->queues[direction]);
  }
  port_count(&poller.waiting, 1);
  struct waiter *winner = wait_commit(wait, deadline, &record->lock);
  port_count(&poller.waiting, -1);
  if (winner == NULL || count > 1) {
    port_lock(&record->lock);
    for (uint32_t end = 0; end < count; end++)
      if (ends[end].waiter.queue != NULL)
        wait_queue_remove(&ends[end].waiter);
    port_unlock(&record->lock);
  }
  return winner == NULL ? -ETIMEDOUT : container_of(winner, struct poll_waiter, waiter)->result;
}

int poller_wait(int fd, int events, int64_t deadline) {
  if (fd < 0)
    return -EBADF;
  struct record *record = record_of(fd);
  if (record == NULL) {
    int ready = poll_look(fd, events); /* needs no memory */
    if (ready != 0)
      return ready;
    record = record_make(fd);
    if (record == NULL)
      return -ENOMEM;
  }
  port_lock(&record->lock);
  int result = poll_look(fd, events);
  if (result == 0)
    result = prepare(record, fd, events);
  if (result == 0)
    return await(record, fd, events, deadline);
  port_unlock(&record->lock);
  return result;
}

int weir_poll(int fd, int events, int64_t deadline) {
  port_step("poll", NULL);
  if (events == 0 || (events & ~(POLLIN | POLLOUT)) != 0)
    return -EINVAL;
  if (port_simulated())
    return pipes_poll(fd, events, deadline);
  if (likely(deadline != WEIR_POLL && wait_allowed()))
    return poller_wait(fd, events, deadline);
  int ready = poll_look(fd, events);
  return ready != 0 ? ready : deadline == WEIR_POLL ? -ETIMEDOUT : -EPERM;
}

void weir_poll_forget(int fd) {
  port_step("poll forget", NULL);
  if (port_simulated()) {
    pipes_forget(fd);
    return;
  }
  struct record *record = fd < 0 ? NULL : record_of(fd);
  if (record == NULL)
    return;
  port_lock(&record->lock);
  if (record->registered) {
    epoll_ctl(poller.epoll, EPOLL_CTL_DEL, fd, &(struct epoll_event){0});
    record->registered = false;
    record->generation++;
  }
  for (int direction = 0; direction < DIRECTIONS; direction++)
    wake_direction(&record->queues[direction], -ECANCELED);
  port_unlock(&record->lock);
}

/* ---- serving ---------------------------------------------------------------------------------------------------- */

static int ready_events(uint32_t events) {
  int ready = 0;
  ready |= (events & (EPOLLIN | EPOLLRDHUP)) != 0 ? POLLIN : 0;
  ready |= (events & EPOLLOUT) != 0 ? POLLOUT : 0;
  ready |= (events & EPOLLERR) != 0 ? POLLERR : 0;
  ready |= (events & EPOLLHUP) != 0 ? POLLHUP : 0;
  return ready;
}

static unsigned deliver(const struct epoll_event *event) {
  struct record *record = record_of((int)(uint32_t)event->data.u64);
  int ready = ready_events(event->events);
  unsigned woken = 0;
  port_lock(&record->lock);
  for (int direction = 0; direction < DIRECTIONS && record->generation == event->data.u64 >> 32; direction++)
    if (poll_result(direction_events[direction], ready) != 0)
      woken += wake_direction(&record->queues[direction], ready);
  port_unlock(&record->lock);
  return woken;
}

/* The waiting server takes the interruption: read first, so that who finds `interrupted` set while this runs need not
 * write. Clearing it acquires what its setter had done before. */
static void take_interruption(void) {
  uint64_t times;
  if (read(poller.interruption, &times, sizeof times) == (ssize_t)sizeof times)
    __atomic_exchange_n(&poller.interrupted, 0, __ATOMIC_ACQ_REL);
}

/* epoll_wait with a deadline: rounds up, never early. */
static int wait_for_events(struct epoll_event *events, int64_t until) {
  int64_t left = until == WEIR_POLL ? 0 : until == WEIR_FOREVER ? -1 : until - port_clock();
  if (until != WEIR_FOREVER && left < 0)
    left = 0;
  if (left > 0 && !poller.milliseconds) {
    struct timespec timeout = {.tv_sec = left / WEIR_SECOND, .tv_nsec = left % WEIR_SECOND};
    int count = epoll_pwait2(poller.epoll, events, BATCH, &timeout, NULL);
    if (count >= 0 || errno != ENOSYS)
      return count;
    poller.milliseconds = true;
  }
  int64_t milliseconds = left <= 0 ? left : left / WEIR_MILLISECOND + (left % WEIR_MILLISECOND != 0);
  return epoll_wait(poller.epoll, events, BATCH, milliseconds < 3600000 ? (int)milliseconds : 3600000);
}

unsigned poller_serve(int64_t until) {
  struct epoll_event events[BATCH];
  bool waits = until != WEIR_POLL;
  unsigned woken = 0;
  for (int batch = 0; batch < BATCHES; batch++) {
    int count = wait_for_events(events, until);
    for (int i = 0; i < count; i++) {
      if (events[i].data.u64 != INTERRUPTION)
        woken += deliver(&events[i]);
      else if (waits)
        take_interruption();
    }
    if (count < BATCH)
      break;
    until = WEIR_POLL;
  }
  return woken;
}

bool poller_sleep(int64_t until) {
  int64_t left = until == WEIR_FOREVER ? 0 : until - port_clock();
  if (until != WEIR_FOREVER && left <= 0)
    return false;
  struct pollfd epoll = {.fd = poller.epoll, .events = POLLIN};
  struct timespec timeout = {.tv_sec = left / WEIR_SECOND, .tv_nsec = left % WEIR_SECOND};
  int ready = ppoll(&epoll, 1, until == WEIR_FOREVER ? NULL : &timeout, NULL);
  if (__atomic_load_n(&poller.interrupted, __ATOMIC_ACQUIRE) == 0) /* pairs with poller_interrupt */
    return ready > 0;
  take_interruption();
  return true; /* even when the time ran out as well: nobody else will hear of it */
}

void poller_interrupt(void) {
  if (__atomic_exchange_n(&poller.interrupted, 1, __ATOMIC_ACQ_REL) != 0)
    return;
  int before = errno;
  while (write(poller.interruption, &(uint64_t){1}, sizeof(uint64_t)) < 0 && errno == EINTR)
    ;
  errno = before;
}

size_t poller_waiting(void) {
  return __atomic_load_n(&poller.waiting, __ATOMIC_RELAXED);
}

void poller_hopeless(ptrdiff_t change) {
  port_count(&poller.hopeless, change);
}

bool poller_hoped(void) {
  return poller_waiting() > __atomic_load_n(&poller.hopeless, __ATOMIC_RELAXED); /* read when all rest */
}

/* ---- begin and end ---------------------------------------------------------------------------------------------- */

static int refused(const char *what, int error) {
  run_log("weir: the run cannot start without %s: %s%s", what, strerror(error),
          error == EMFILE ? "; close descriptors or raise RLIMIT_NOFILE" : "");
  poller_end();
  return -ENOMEM;
}

int poller_begin(void) {
  poller.interrupted = 0;
  poller.waiting = poller.hopeless = 0;
  poller.epoll = epoll_create1(EPOLL_CLOEXEC);
  if (poller.epoll < 0)
    return refused("an epoll instance", errno);
  poller.interruption = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (poller.interruption < 0)
    return refused("an eventfd", errno);
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = INTERRUPTION};
  if (epoll_ctl(poller.epoll, EPOLL_CTL_ADD, poller.interruption, &event) != 0)
    return refused("watching its eventfd", errno);
  return 0;
}

void poller_end(void) {
  if (poller.interruption >= 0)
    close(poller.interruption);
  if (poller.epoll >= 0)
    close(poller.epoll);
  poller.epoll = poller.interruption = -1;
  for (int chunk = 0; chunk < CHUNKS; chunk++) {
    port_release(poller.chunks[chunk]);
    poller.chunks[chunk] = NULL;
  }
}

/* connection.c — sockets, and the two tasks of each.
 *
 *   state         reader                                writer                          left by
 *   connecting    parked                                polls for output                established, or closed
 *   in use        polls for input while libcurl wants   polls for output while libcurl  released, or closed
 *                 it; parked while the body is paused   wants it; else parked
 *   idle          polls: whatever comes is unasked      parked until the idle time ends taken again, or retired
 *   closed        ends                                  ends                            both ended: freed
 *
 * libcurl owns the number of a socket from its opening to its closing, but does not always say when it closes one: not of
 * an attempt to connect that failed, lost against another one, or was given up. Until a connection is established, its
 * record is compared with what its number stands for (the inode) whenever libcurl may have closed it. Another thread may
 * have that number by then, and wait for it: so until then the tasks wait for a duplicate.
 *
 * To retire a kept connection a dead socket takes its number: the server sees it close at once, and libcurl finds a
 * closed one when it looks next, without being able to send into it. (shutdown would leave what the server has said
 * unasked to be read, as the answer to the next request.)
 */
#include "client.h"

#include "books.h"

#include <weir/poll.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STUCK_MOST = 1000, LOOKS = 64 };
#define QUIET_IN_USE (60 * WEIR_SECOND)

/* ---- the record ------------------------------------------------------------------------------------------------- */

static void wake(struct connection *c, int direction) {
  wait_wake_first(&c->parked[direction]);
}

/* Its place in a list that begins at *head. */
static void list(struct connection **head, struct connection *c) {
  c->previous = NULL;
  c->next = *head;
  if (c->next != NULL)
    c->next->previous = c;
  *head = c;
}

static void unlist(struct connection **head, struct connection *c) {
  if (c->previous != NULL)
    c->previous->next = c->next;
  else
    *head = c->next;
  if (c->next != NULL)
    c->next->previous = c->previous;
}

static void set_idle(struct connection *c, bool idle) {
  if (c->idle == idle)
    return;
  c->idle = idle;
  if (idle)
    list(&c->origin->idle, c);
  else
    unlist(&c->origin->idle, c);
  int change = idle ? 1 : -1;
  c->origin->idle_count += (unsigned)change;
  c->client->counts.idle += (size_t)change;
  if (c->birth == weir_run_generation)
    host_hopeless(change);
}

static int watched(struct connection *c) {
  if (c->watched < 0 && !c->established && !port_simulated())
    c->watched = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);
  if (c->watched < 0)
    c->watched = c->fd;
  return c->watched;
}

static void unwatch(struct connection *c) {
  if (c->watched < 0)
    return;
  weir_poll_forget(c->watched);
  if (c->watched != c->fd)
    close(c->watched);
  c->watched = -1;
}

static void set_established(struct connection *c) {
  if (c->established)
    return;
  c->established = true;
  unlist(&c->transfer->attempts, c);
  unwatch(c);
}

/* No transfer has it any more; libcurl keeps it. */
static void rest(struct connection *c) {
  c->transfer = NULL;
  c->wants = 0;
  c->client->starting = NULL; /* nobody has looked at this one */
  c->idle_since = weir_now();
  set_idle(c, true);
  wake(c, READER);
  if (later(c->idle_since, c->client->config.idle_timeout) < c->quiet_until)
    wake(c, WRITER);
}

static void belong(struct connection *c, struct transfer *transfer) {
  struct transfer *over = c->transfer; /* libcurl's message of that is still to be read */
  if (over != NULL && over != transfer && over->connection == c)
    over->connection = NULL;
  struct connection *before = transfer->connection;
  if (before != NULL && before != c && before->established) {
    before->read_known = false;
    rest(before);
  }
  c->read_known = c->read_known && (over == NULL || over == transfer);
  c->transfer = transfer;
  c->stuck = 0;
  transfer->connection = c;
  set_idle(c, false);
}

static struct connection *connection_of(const struct weir_http *client, int fd) {
  return fd >= 0 && (size_t)fd < client->numbers ? client->connections[fd] : NULL;
}

static bool room_for_number(struct weir_http *client, int fd) {
  if ((size_t)fd < client->numbers)
    return true;
  size_t numbers = client->numbers == 0 ? 64 : client->numbers;
  while (numbers <= (size_t)fd)
    numbers *= 2;
  struct connection **grown = port_reallocate(client->connections, numbers * sizeof *grown);
  if (grown == NULL)
    return false;
  for (size_t i = client->numbers; i < numbers; i++)
    grown[i] = NULL;
  client->connections = grown;
  client->numbers = numbers;
  return true;
}

/* How many can be read from; negative: they cannot be looked at. */
static int look_at(struct pollfd *looks, nfds_t count) {
  int ready = poll(looks, count, 0);
  while (ready < 0 && errno == EINTR)
    ready = poll(looks, count, 0);
  return ready;
}

static bool speaks(const struct connection *c) {
  struct pollfd look = {.fd = c->fd, .events = POLLIN};
  return look_at(&look, 1) != 0;
}

static void free_if_over(struct connection *c) {
  if (c->fd >= 0 || c->tasks != 0)
    return;
  origin_unref(c->client, c->origin);
  book_leave_shared(c->book_home, BOOK_CONNECTION, c->book, 0);
  port_release(c);
}

/* Its socket is closed, or another's: the tasks end. */
static void gone(struct connection *c) {
  set_idle(c, false);
  if (!c->established) {
    unlist(&c->transfer->attempts, c);
    c->client->stranded |= c->transfer->attempts == NULL;
  }
  if (c->transfer != NULL && c->transfer->connection == c)
    c->transfer->connection = NULL;
  c->transfer = NULL;
  c->client->connections[c->fd] = NULL;
  unwatch(c);
  if (c->kept >= 0)
    close(c->kept);
  c->fd = c->kept = -1;
  c->wants = 0;
  c->client->counts.open--;
  wake(c, READER);
  wake(c, WRITER);
  free_if_over(c);
}

static void task_ended(void *arg) {
  struct connection *c = arg;
  struct weir_http *client = c->client;
  c->tasks--;
  client->tasks--;
  while (wait_wake_first(&client->ended))
    ;
  free_if_over(c);
  client_unref(client);
}

/* ---- the two tasks ---------------------------------------------------------------------------------------------- */

struct readiness {
  struct connection *connection;
  int events;
  int ready; /* or why it cannot be waited for, a negative errno */
};

static void act(void *arg) {
  const struct readiness *ready = arg;
  struct connection *c = ready->connection;
  if (c->fd < 0)
    return;
  c->stuck++;
  if (c->transfer != NULL && ready->events == CURL_CSELECT_IN)
    silence_count(c);
  if (c->transfer != NULL && ready->ready < 0 && ready->ready != -ETIMEDOUT)
    transfer_fail(c->transfer, ready->ready, "no memory to wait for the connection");
  if (c->transfer != NULL && c->stuck > STUCK_MOST)
    transfer_fail(c->transfer, -EIO, "the connection is ready again and again, and nothing comes of it");
  driver_act(c->client, c->fd, ready->events);
  if (ready->events == CURL_CSELECT_IN)
    silence_judge(c);
}

void connection_drop(struct connection *c) {
  struct weir_http *client = c->client;
  if (c->fd < 0 || !c->idle)
    return;
  struct origin *origin = c->origin;
  origin->references++;
  connection_retire(c);
  driver_purge(client, origin);
  origin_unref(client, origin);
}

static void retire_late(void *arg) {
  struct connection *c = arg;
  struct weir_http *client = c->client;
  connection_drop(c);
  driver_settle(client);
}

/* Something can be read from it, or could: what woke its reader may have been read as the end of a body since then. */
static void retire_unasked(void *arg) {
  struct connection *c = arg;
  if (c->fd < 0 || !c->idle || !speaks(c))
    return;
  c->client->counts.dropped++;
  retire_late(c);
}

static void read_task(void *arg) {
  struct connection *c = arg;
  while (c->fd >= 0) {
    if (!c->idle && (c->wants & CURL_POLL_IN) == 0) {
      host_doze(&c->parked[READER], WEIR_FOREVER);
      continue;
    }
    int ready = host_poll(watched(c), POLLIN);
    if (c->fd < 0 || ready == -ECANCELED)
      continue;
    if (c->idle)
      host_run(ready < 0 ? retire_late : retire_unasked, c);
    else if ((c->wants & CURL_POLL_IN) != 0)
      host_run(act, &(struct readiness){c, CURL_CSELECT_IN, ready});
    if (c->idle || (c->wants & CURL_POLL_IN) != 0)
      weir_yield(); /* a server that is faster than the loop must not have the worker to itself */
  }
}

/* Until when the writer has nothing to do. In use: for long, however short the idle time is. */
static int64_t quiet_until(const struct connection *c) {
  int64_t idle_timeout = c->client->config.idle_timeout;
  if (c->idle)
    return later(c->idle_since, idle_timeout);
  return later(weir_now(), idle_timeout < QUIET_IN_USE ? QUIET_IN_USE : idle_timeout);
}

static void write_task(void *arg) {
  struct connection *c = arg;
  while (c->fd >= 0) {
    if ((c->wants & CURL_POLL_OUT) == 0) {
      c->quiet_until = quiet_until(c);
      if (c->idle && c->quiet_until <= weir_now())
        host_run(retire_late, c);
      else
        host_doze(&c->parked[WRITER], c->quiet_until);
      continue;
    }
    int ready = host_poll(watched(c), POLLOUT);
    if (c->fd < 0 || ready == -ECANCELED || (c->wants & CURL_POLL_OUT) == 0)
      continue;
    struct transfer *transfer = c->transfer;
    if (transfer != NULL && transfer->response->failure.stage == WEIR_HTTP_CONNECT && c->origin->tls)
      transfer_enter_stage(transfer, WEIR_HTTP_TLS);
    host_run(act, &(struct readiness){c, CURL_CSELECT_OUT, ready});
    weir_yield();
  }
}

/* ---- opening and closing ---------------------------------------------------------------------------------------- */

/* Another thread may open and close the number meanwhile, which ThreadSanitizer holds against fstat. */
static bool same_socket(const struct connection *c) {
  struct statx state;
  return statx(c->fd, "", AT_EMPTY_PATH, STATX_INO, &state) == 0 && state.stx_ino == c->inode;
}

/* What the number stood for is closed. */
static void forget_number(struct weir_http *client, int fd) {
  struct connection *c = connection_of(client, fd);
  if (c != NULL)
    gone(c);
}

static bool start_task(struct connection *c, const char *name, void (*fn)(void *)) {
  if (!host_start(name, fn, task_ended, c, c->site))
    return false;
  c->tasks++;
  c->client->tasks++;
  port_retain(&c->client->references);
  return true;
}

static struct connection *record(struct transfer *transfer, int fd, uint64_t inode) {
  struct weir_http *client = transfer->client;
  struct connection *c = port_allocate(MEMORY_CONNECTION, sizeof *c);
  if (c == NULL)
    return NULL;
  *c = (struct connection){
      .client = client,
      .origin = transfer->origin,
      .transfer = transfer,
      .fd = fd,
      .kept = -1,
      .watched = -1,
      .inode = inode,
      .birth = weir_run_generation,
      .site = transfer->response->site,
  };
  c->book = book_enter_shared(BOOK_CONNECTION, c, (struct book_mark){&c->stamp, &c->book_home}, 0);
  if (c->book == BOOK_NONE) {
    port_release(c);
    return NULL;
  }
  c->origin->references++;
  list(&transfer->attempts, c);
  client->connections[fd] = c;
  client->counts.open++;
  c->number = ++client->counts.connections;
  return c;
}

static int open_socket(const struct weir_http_config *config, const struct curl_sockaddr *address) {
  if (config->open_socket != NULL)
    return config->open_socket(config->open_socket_context, &address->addr, (socklen_t)address->addrlen);
  int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
  return fd < 0 ? -errno : fd;
}

curl_socket_t connection_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address) {
  struct transfer *transfer = arg;
  (void)purpose;
  struct weir_http *client = transfer->client;
  if (transfer->response->failure.error != 0 || !transfer_may_be_sent(transfer))
    return CURL_SOCKET_BAD;
  transfer_enter_stage(transfer, WEIR_HTTP_CONNECT);
  int fd = open_socket(&client->config, address);
  if (fd < 0) {
    transfer->no_socket = fd == -ENFILE ? -EMFILE : fd; /* the next address may be of a family that the system has */
    return CURL_SOCKET_BAD;
  }
  forget_number(client, fd);
  struct stat state = {0};
  fstat(fd, &state);
  struct connection *c = room_for_number(client, fd) ? record(transfer, fd, state.st_ino) : NULL;
  if (c == NULL || !start_task(c, "http reader", read_task) || !start_task(c, "http writer", write_task)) {
    if (c != NULL)
      gone(c);
    close(fd);
    transfer_fail(transfer, -ENOMEM, "no memory for a connection's tasks");
    return CURL_SOCKET_BAD;
  }
  silence_begin(c);
  int error = client->config.connected_sockets ? connected_keep(c, address) : 0;
  if (error != 0) {
    transfer_fail(transfer, error, "no socket to stand in for a connected one");
    gone(c);
    close(fd);
    return CURL_SOCKET_BAD;
  }
  belong(c, transfer);
  transfer->tried = true;
  return fd;
}

int connection_options(void *arg, curl_socket_t fd, curlsocktype purpose) {
  const struct transfer *transfer = arg;
  (void)fd;
  (void)purpose;
  return transfer->client->config.connected_sockets ? CURL_SOCKOPT_ALREADY_CONNECTED : CURL_SOCKOPT_OK;
}

int connection_close(void *arg, curl_socket_t fd) {
  struct connection *c = connection_of(arg, fd);
  if (c != NULL && c->transfer != NULL) {
    silence_end(c);
    salvage_read(c->transfer, fd);
  }
  forget_number(arg, fd);
  return close(fd);
}

int connection_wants(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused) {
  struct weir_http *client = arg;
  struct connection *c = connection_of(client, fd);
  (void)unused;
  if (c == NULL)
    return 0; /* closed already, or opened for the purger */
  connected_put_back(c);
  c->wants = what == CURL_POLL_REMOVE ? 0 : what;
  if (what == CURL_POLL_REMOVE) {
    if (!c->established && !same_socket(c))
      gone(c); /* at once: the number may be another's next */
    return 0;
  }
  struct transfer *transfer = NULL;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
  if (transfer != NULL && c->transfer != transfer)
    belong(c, transfer);
  if (c->transfer != NULL && c->transfer->response->failure.stage == WEIR_HTTP_CONNECT && what == CURL_POLL_IN &&
      c->origin->tls)
    transfer_enter_stage(c->transfer, WEIR_HTTP_TLS);
  if ((c->wants & CURL_POLL_IN) != 0)
    wake(c, READER);
  if ((c->wants & CURL_POLL_OUT) != 0)
    wake(c, WRITER);
  return 0;
}

/* ---- what becomes of them --------------------------------------------------------------------------------------- */

/* Of the sockets that were opened for a transfer and are not established, those that libcurl has closed. */
static void forget_losers(struct transfer *transfer) {
  for (struct connection *c = transfer->attempts, *next; c != NULL; c = next) {
    next = c->next;
    if (!same_socket(c))
      gone(c);
  }
}

/* libcurl does not say which of the kept ones it uses, and may have read an answer before it next speaks of the socket.
 * One without a port is a unix socket: then it is the oldest, upon which libcurl comes first. */
static struct connection *find_kept(const struct transfer *transfer, int port) {
  struct connection *found = transfer->connection;
  bool sure = port != 0 && found != NULL && found->port == port;
  for (struct connection *c = transfer->origin->idle; c != NULL && !sure; c = c->next) {
    sure = port != 0 && c->port == port;
    if (sure || found == NULL || c->number < found->number)
      found = c;
  }
  for (struct transfer *over = transfer->client->under_way; over != NULL && !sure && port != 0; over = over->next) {
    struct connection *c = over->connection;
    sure = c != NULL && c->established && c->origin == transfer->origin && c->port == port;
    if (sure)
      found = c;
  }
  return found;
}

static bool found_kept(struct transfer *transfer, int port) {
  struct connection *kept = find_kept(transfer, port);
  if (kept == NULL)
    return true;
  bool silent = transfer == transfer->client->starting && kept->idle;
  if (silent || !speaks(kept)) {
    belong(kept, transfer);
    return true;
  }
  transfer->client->counts.dropped++;
  connection_retire(kept);
  return false;
}

bool connection_found(struct transfer *transfer, int port) {
  if (transfer->attempts == NULL)
    return found_kept(transfer, port);
  for (struct connection *c = transfer->attempts; c != NULL; c = c->next)
    connected_put_back(c);
  if (transfer->attempts->next != NULL)
    forget_losers(transfer);
  while (transfer->attempts != NULL) {
    transfer->connection = transfer->attempts;
    transfer->connection->port = port;
    set_established(transfer->attempts);
  }
  return true;
}

void connection_retire_oldest(struct weir_http *client) {
  struct connection *oldest = NULL;
  for (size_t fd = 0; fd < client->numbers; fd++) {
    struct connection *c = client->connections[fd];
    if (c != NULL && c->idle && (oldest == NULL || c->idle_since < oldest->idle_since))
      oldest = c;
  }
  if (oldest != NULL)
    connection_drop(oldest);
}

/* More are kept than may be: of an origin's the one that has just come, of all the one that has been idle for longest. */
static void keep_few(struct connection *latest) {
  struct weir_http *client = latest->client;
  if (latest->origin->idle_count > client->config.max_idle_per_host)
    connection_drop(latest);
  else if (client->counts.idle > client->config.max_idle)
    connection_retire_oldest(client);
}

void connection_released(struct transfer *transfer) {
  while (transfer->attempts != NULL)
    gone(transfer->attempts); /* libcurl keeps none that is not established */
  struct connection *c = transfer->connection;
  if (c == NULL)
    return;
  silence_answer(transfer);
  transfer->connection = NULL;
  rest(c);
  keep_few(c);
}

void connection_retire(struct connection *c) {
  int fd = c->fd;
  int dead = c->client->dead;
  gone(c);
  dup3(dead, fd, O_CLOEXEC);
}

void connections_retire_idle(struct weir_http *client) {
  for (size_t fd = 0; fd < client->numbers; fd++)
    if (client->connections[fd] != NULL)
      connection_drop(client->connections[fd]);
  if (client->multi != NULL)
    driver_settle(client);
}

/* Some idle ones are looked at with one system call, *at being the first: then it is the one behind them. */
static bool check_some(struct weir_http *client, struct connection **at) {
  struct pollfd looks[LOOKS];
  struct connection *those[LOOKS];
  nfds_t count = 0;
  for (struct connection *c = *at; c != NULL && count < LOOKS; c = c->next) {
    those[count] = c;
    looks[count++] = (struct pollfd){.fd = c->fd, .events = POLLIN};
  }
  *at = those[count - 1]->next;
  int ready = look_at(looks, count);
  if (ready == 0)
    return false;
  for (nfds_t i = 0; i < count; i++)
    if (ready < 0 || looks[i].revents != 0) {
      client->counts.dropped++;
      connection_retire(those[i]);
    }
  return true;
}

bool connections_check(struct weir_http *client, struct origin *origin) {
  bool some = false;
  for (struct connection *c = origin->idle; c != NULL;)
    some |= check_some(client, &c);
  return some;
}

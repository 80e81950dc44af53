/* driver.c — the multi handle: every way into libcurl of what is under way, and what must follow each.
 *
 * libcurl's own time is a timer of the run, armed only when it asks for a time that is not now. Time 0 passes in
 * driver_settle, never inside a callback. Old libraries forget to ask (before 8.11.1): so it is asked.
 *
 * Old ones (7.88) also forget to go on when an attempt to connect fails and the address after it is of the same family: it
 * would be tried when some time has passed. So a transfer that is left without a socket is nudged.
 *
 * The purger is an easy handle for the origin of a retired connection, to a unix socket that is never opened: looking for
 * a connection to use, libcurl tries each kept one of the host, and closes those that are closed.
 */
#include "client.h"

#include "books.h"
#include "scheduler.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SETTLE_ROUNDS = 4 }; /* in each libcurl may read a hundred pieces */

static void settle(void *arg);

/* Each arming holds the client until it is stopped or its task has run: the client may be freed in between. */
static void alarm_over(struct weir_http *client) {
  client->alarms--;
  while (wait_wake_first(&client->ended))
    ;
  client_unref(client);
}

static void set_alarm(struct weir_http *client, int64_t delay) {
  if (weir_timer_reset(client->alarm, delay))
    return; /* that arming's */
  client->alarms++;
  port_retain(&client->references);
}

static void stop_alarm(struct weir_http *client) {
  if (weir_timer_stop(client->alarm))
    alarm_over(client);
}

/* Tasks of a run that is over never run. */
static void forget_alarms(struct weir_http *client) {
  bool over = !worker_thread() || weir_scheduler.ending || client->alarm_run != weir_run_generation;
  while (over && client->alarms != 0)
    alarm_over(client);
}

static void on_alarm(void *arg) {
  struct weir_http *client = arg;
  struct host_visit visit = host_visit_begin(client->home);
  if (client->multi != NULL && !client->closing) {
    client->alarm_at = WEIR_FOREVER;
    client->soon = true;
    host_run(settle, client);
  }
  alarm_over(client);
  host_visit_end(visit);
}

static int on_time(CURLM *multi, long milliseconds, void *arg) {
  struct weir_http *client = arg;
  (void)multi;
  client->soon |= milliseconds == 0;
  return 0;
}

static curl_socket_t no_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address) {
  (void)arg;
  (void)purpose;
  (void)address;
  return CURL_SOCKET_BAD;
}

static CURL *purger_new(void) {
  CURL *purger = curl_easy_init();
  if (purger == NULL)
    return NULL;
  curl_easy_setopt(purger, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(purger, CURLOPT_PROXY, "");
  curl_easy_setopt(purger, CURLOPT_OPENSOCKETFUNCTION, no_socket);
  curl_easy_setopt(purger, CURLOPT_UNIX_SOCKET_PATH, "/");
  return purger;
}

static int dead_socket(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    return -errno;
  close(ends[1]);
  return ends[0];
}

int driver_begin(struct weir_http *client) {
  client->dead = dead_socket();
  if (client->dead < 0)
    return client->dead == -ENFILE ? -EMFILE : client->dead;
  client->multi = curl_multi_init();
  client->purger = purger_new();
  client->alarm = weir_timer_func_at(WEIR_SECOND, on_alarm, client, site_file(client->site), site_line(client->site));
  client->alarm_run = weir_run_generation;
  if (client->alarm != NULL) {
    client->alarms++;
    port_retain(&client->references);
    stop_alarm(client);
    host_timer_daemon(client->alarm);
  }
  if (client->multi == NULL || client->purger == NULL || client->alarm == NULL) {
    driver_end(client);
    return -ENOMEM;
  }
  client->alarm_at = WEIR_FOREVER;
  CURLM *multi = client->multi;
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, connection_wants);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, client);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_time);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, client);
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 1000000L); /* what is kept is decided here */
  return 0;
}

void driver_end(struct weir_http *client) {
  for (struct transfer *transfer = client->under_way; transfer != NULL; transfer = transfer->next)
    transfer_fail(transfer, -ECANCELED, "the client, or its run, has ended"); /* all, before libcurl is entered */
  while (client->waiting.first != NULL)
    queue_leave(client->waiting.first);
  while (client->under_way != NULL)
    transfer_stop(client->under_way);
  while (client->spare != NULL) {
    struct transfer *transfer = client->spare;
    client->spare = transfer->next;
    transfer_free(transfer);
  }
  client->spare_count = 0;
  curl_multi_cleanup(client->multi); /* closes what is kept */
  curl_easy_cleanup(client->purger);
  client->multi = NULL;
  client->purger = NULL;
  if (client->alarm != NULL)
    stop_alarm(client);
  forget_alarms(client);
  weir_timer_free(client->alarm);
  client->alarm = NULL;
  client->alarm_at = WEIR_FOREVER;
  client->soon = false;
  if (client->dead >= 0)
    close(client->dead);
  client->dead = -1;
}

static void read_messages(struct weir_http *client) {
  int left;
  for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left)) != NULL;) {
    struct transfer *transfer = NULL;
    CURLcode result = message->data.result;
    CURL *easy = message->easy_handle;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
    if (transfer != NULL)
      transfer_done(transfer, result);
    else
      curl_multi_remove_handle(client->multi, easy); /* the purger */
  }
}

static void nudge(struct weir_http *client) {
  client->stranded = false;
  for (struct transfer *transfer = client->under_way; transfer != NULL; transfer = transfer->next)
    transfer_nudge(transfer);
}

static void arm(struct weir_http *client, long milliseconds) {
  if (milliseconds < 0) {
    if (client->alarm_at != WEIR_FOREVER)
      stop_alarm(client);
    client->alarm_at = WEIR_FOREVER;
    return;
  }
  int64_t delay = (milliseconds < 1 ? 1 : milliseconds) * WEIR_MILLISECOND;
  int64_t at = weir_now() + delay;
  if (client->alarm_at != WEIR_FOREVER && client->alarm_at <= at)
    return; /* it is early, and will ask again */
  client->alarm_at = at;
  set_alarm(client, delay);
}

static void enter(struct weir_http *client, curl_socket_t fd, int events) {
  int running;
  if (curl_multi_socket_action(client->multi, fd, events, &running) == CURLM_OUT_OF_MEMORY)
    client->starved = true;
}

/* libcurl forgets to wait for a transfer's socket when it has no memory for the entry. */
static void fail_starved(struct weir_http *client) {
  for (struct transfer *transfer = client->under_way; transfer != NULL; transfer = transfer->next) {
    bool watched = transfer->connection != NULL && transfer->connection->wants != 0;
    bool waits = transfer->paused || transfer->hungry || transfer->response->failure.stage == WEIR_HTTP_QUEUED;
    if (transfer->in_multi && !watched && !waits)
      transfer_fail(transfer, -ENOMEM, "no memory to wait for the connection");
  }
  client->starved = false;
}

static void settle(void *arg) {
  struct weir_http *client = arg;
  long milliseconds = -1;
  for (int round = 0; round < SETTLE_ROUNDS; round++) {
    read_messages(client);
    if (client->stranded)
      nudge(client);
    if (!client->soon && !queue_serve(client)) {
      curl_multi_timeout(client->multi, &milliseconds);
      if (milliseconds != 0)
        break;
    }
    client->soon = false;
    enter(client, CURL_SOCKET_TIMEOUT, 0);
  }
  read_messages(client);
  if (client->starved)
    fail_starved(client);
  queue_serve(client);
  arm(client, client->soon ? 0 : milliseconds);
}

void driver_settle(struct weir_http *client) {
  settle(client);
}

void driver_act(struct weir_http *client, curl_socket_t fd, int events) {
  enter(client, fd, events);
  settle(client);
}

void driver_purge(struct weir_http *client, const struct origin *origin) {
  curl_easy_setopt(client->purger, CURLOPT_URL, (const char *)origin->name);
  if (curl_multi_add_handle(client->multi, client->purger) != CURLM_OK)
    return; /* libcurl finds the closed connection when it looks for one */
  client->soon = false;
  enter(client, CURL_SOCKET_TIMEOUT, 0);
  curl_multi_remove_handle(client->multi, client->purger);
  client->soon = true; /* the time of others may have passed unseen */
}

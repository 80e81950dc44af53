/* get.c — see get.h. */
#include "get.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER_BYTES = 64 * 1024, EVENTS_MOST = 64 };
#define SECOND INT64_C(1000000000)

struct transfer {
  CURL *easy;
  struct transfer *next; /* free */
  int64_t number;        /* of the GET */
  int64_t size;
  char body[BUFFER_BYTES];
};

struct getter {
  const struct target *target;
  CURLM *multi;
  struct curl_slist *headers;
  CURLU *url;
  int epoll;
  long timeout;           /* milliseconds that libcurl asked for; -1: none */
  int64_t count, started; /* GETs; the first to be started has number 0 */
  int64_t rate;           /* 0: each is due at once */
  int64_t began;          /* when the first was due */
  int64_t *latencies;
  int under_way;
  struct transfer *free;
  struct get_result result;
  int concurrency;
  struct transfer transfers[];
};

static int64_t clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * SECOND + now.tv_nsec;
}

/* ---- callbacks -------------------------------------------------------------------------------------------------- */

/* A body that is longer than the buffer is copied to its beginning again, as a caller would read it. */
static size_t on_body(char *data, size_t unit, size_t count, void *arg) {
  struct transfer *transfer = arg;
  size_t size = unit * count, place = (size_t)transfer->size % BUFFER_BYTES;
  size_t first = size < BUFFER_BYTES - place ? size : BUFFER_BYTES - place;
  memcpy(transfer->body + place, data, first);
  memcpy(transfer->body, data + first, size - first); /* a piece is not longer than the buffer */
  transfer->size += (int64_t)size;
  return size;
}

/* What is assigned to a socket is a mark that epoll knows it. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known) {
  struct getter *getter = arg;
  (void)easy;
  struct epoll_event event = {.data.fd = fd};
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(getter->epoll, EPOLL_CTL_DEL, fd, &event);
    return 0;
  }
  event.events = (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
  epoll_ctl(getter->epoll, known != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
  curl_multi_assign(getter->multi, fd, getter);
  return 0;
}

static int on_time(CURLM *multi, long milliseconds, void *arg) {
  struct getter *getter = arg;
  (void)multi;
  getter->timeout = milliseconds;
  return 0;
}

/* ---- the loop --------------------------------------------------------------------------------------------------- */

static void fail(struct getter *getter, const char *why) {
  getter->result.failure = why;
  getter->count = getter->started; /* no more */
}

static int64_t due(const struct getter *getter, int64_t number) {
  return getter->began + number * SECOND / getter->rate;
}

static bool next_is_due(const struct getter *getter) {
  if (getter->started == getter->count) {
    return false;
  }
  return getter->rate == 0 || due(getter, getter->started) <= clock_ns(CLOCK_MONOTONIC);
}

static void start(struct getter *getter, struct transfer *transfer) {
  transfer->number = getter->started++;
  transfer->size = 0;
  getter->under_way++;
  if (curl_multi_add_handle(getter->multi, transfer->easy) != CURLM_OK) {
    getter->under_way--;
    fail(getter, "curl_multi_add_handle failed");
  }
}

static void start_free(struct getter *getter) {
  while (getter->free != NULL && next_is_due(getter)) {
    struct transfer *transfer = getter->free;
    getter->free = transfer->next;
    start(getter, transfer);
  }
}

static void finish(struct getter *getter, CURL *easy, CURLcode code) {
  struct transfer *transfer = NULL;
  long status = 0, connected = 0;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connected);
  curl_multi_remove_handle(getter->multi, easy);
  getter->under_way--;
  getter->result.connections += connected;
  if (code != CURLE_OK) {
    fail(getter, curl_easy_strerror(code));
  } else if (status != 200 || transfer->size != getter->target->bytes) {
    fail(getter, "not status 200 with the whole body");
  } else {
    getter->result.count++;
  }
  if (getter->rate != 0) {
    getter->latencies[transfer->number] = clock_ns(CLOCK_MONOTONIC) - due(getter, transfer->number);
  }
  if (next_is_due(getter)) {
    start(getter, transfer);
  } else {
    transfer->next = getter->free;
    getter->free = transfer;
  }
}

static void read_messages(struct getter *getter) {
  int left;
  for (CURLMsg *message; (message = curl_multi_info_read(getter->multi, &left)) != NULL;) {
    finish(getter, message->easy_handle, message->data.result);
  }
}

static void act(struct getter *getter, curl_socket_t fd, int events) {
  int running;
  curl_multi_socket_action(getter->multi, fd, events, &running);
  read_messages(getter);
}

/* Until something can be read or written, libcurl's time is over, or a GET is due for which a handle is free. */
static int wait_for_events(const struct getter *getter, struct epoll_event events[EVENTS_MOST]) {
  if (getter->rate == 0 || getter->free == NULL || getter->started == getter->count) {
    return epoll_wait(getter->epoll, events, EVENTS_MOST, (int)getter->timeout);
  }
  int64_t left = due(getter, getter->started) - clock_ns(CLOCK_MONOTONIC);
  left = left < 0 ? 0 : left;
  if (getter->timeout >= 0 && getter->timeout < left / 1000000) {
    left = getter->timeout * INT64_C(1000000);
  }
  struct timespec timeout = {.tv_sec = left / SECOND, .tv_nsec = left % SECOND};
  return epoll_pwait2(getter->epoll, events, EVENTS_MOST, &timeout, NULL);
}

static void loop(struct getter *getter) {
  struct epoll_event events[EVENTS_MOST];
  for (;;) {
    start_free(getter);
    while (getter->timeout == 0) {
      getter->timeout = -1;
      act(getter, CURL_SOCKET_TIMEOUT, 0);
    }
    if (getter->under_way == 0 && getter->started == getter->count) {
      return;
    }
    int count = wait_for_events(getter, events);
    if (count < 0 && errno != EINTR) {
      fail(getter, strerror(errno));
      return;
    }
    if (count == 0 && getter->timeout > 0) {
      getter->timeout = 0;
    }
    for (int i = 0; i < count; i++) {
      unsigned ready = events[i].events;
      act(getter, events[i].data.fd,
          (ready & EPOLLIN ? CURL_CSELECT_IN : 0) | (ready & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
              (ready & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0));
    }
  }
}

struct get_result getter_run(struct getter *getter, int64_t count, int64_t rate, int64_t *latencies) {
  getter->result = (struct get_result){.ns = 0};
  getter->started = 0;
  getter->count = count;
  getter->rate = rate;
  getter->latencies = latencies;
  getter->free = NULL;
  for (int i = getter->concurrency - 1; i >= 0; i--) {
    getter->transfers[i].next = getter->free;
    getter->free = &getter->transfers[i];
  }
  int64_t used = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
  getter->began = clock_ns(CLOCK_MONOTONIC);
  loop(getter);
  getter->result.ns = clock_ns(CLOCK_MONOTONIC) - getter->began;
  getter->result.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - used;
  return getter->result;
}

/* ---- beginning and end ------------------------------------------------------------------------------------------ */

static bool prepare(struct getter *getter, struct transfer *transfer) {
  CURL *easy = transfer->easy = curl_easy_init();
  if (easy == NULL) {
    return false;
  }
  curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, getter->headers);
  if (getter->target->ca_file != NULL) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, getter->target->ca_file);
  }
  return curl_easy_setopt(easy, CURLOPT_CURLU, getter->url) == CURLE_OK;
}

static bool add_header(struct getter *getter, const char *line) {
  struct curl_slist *longer = curl_slist_append(getter->headers, line);
  getter->headers = longer != NULL ? longer : getter->headers;
  return longer != NULL;
}

struct getter *getter_new(const struct target *target, int concurrency) {
  struct getter *getter = calloc(1, sizeof(*getter) + (size_t)concurrency * sizeof(struct transfer));
  if (getter == NULL) {
    return NULL;
  }
  getter->target = target;
  getter->concurrency = concurrency;
  getter->timeout = -1;
  getter->epoll = epoll_create1(EPOLL_CLOEXEC);
  getter->multi = curl_multi_init();
  getter->url = curl_url();
  bool good = getter->epoll >= 0 && getter->multi != NULL && getter->url != NULL &&
              curl_url_set(getter->url, CURLUPART_URL, target->url, 0) == CURLUE_OK &&
              add_header(getter, PEER_USER_AGENT) && add_header(getter, "Accept-Encoding: gzip, deflate") &&
              (!target->fresh || add_header(getter, "Connection: close"));
  for (int i = 0; i < concurrency; i++) {
    good = good && prepare(getter, &getter->transfers[i]);
  }
  if (!good) {
    getter_free(getter);
    return NULL;
  }
  curl_multi_setopt(getter->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(getter->multi, CURLMOPT_SOCKETDATA, getter);
  curl_multi_setopt(getter->multi, CURLMOPT_TIMERFUNCTION, on_time);
  curl_multi_setopt(getter->multi, CURLMOPT_TIMERDATA, getter);
  curl_multi_setopt(getter->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
  curl_multi_setopt(getter->multi, CURLMOPT_MAXCONNECTS, (long)concurrency);
  return getter;
}

void getter_free(struct getter *getter) {
  for (int i = 0; i < getter->concurrency; i++) {
    curl_easy_cleanup(getter->transfers[i].easy);
  }
  curl_multi_cleanup(getter->multi);
  curl_slist_free_all(getter->headers);
  curl_url_cleanup(getter->url);
  if (getter->epoll >= 0) {
    close(getter->epoll);
  }
  free(getter);
}

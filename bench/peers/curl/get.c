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

enum { BODY_MOST = 4096, EVENTS_MOST = 64, FILE_BYTES = 1024 };

struct transfer {
  CURL *easy;
  size_t size;
  char body[BODY_MOST];
};

struct getter {
  CURLM *multi;
  struct curl_slist *headers;
  CURLU *url;
  int epoll;
  long timeout; /* milliseconds that libcurl asked for; -1: none */
  int64_t left; /* GETs to be started */
  int under_way;
  struct get_result result;
  int concurrency;
  struct transfer transfers[];
};

static int64_t clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- callbacks -------------------------------------------------------------------------------------------------- */

static size_t on_body(char *data, size_t unit, size_t count, void *arg) {
  struct transfer *transfer = arg;
  size_t size = unit * count;
  if (size > BODY_MOST - transfer->size) {
    return 0;
  }
  memcpy(transfer->body + transfer->size, data, size);
  transfer->size += size;
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
  getter->left = 0;
}

static void start(struct getter *getter, struct transfer *transfer) {
  getter->left--;
  getter->under_way++;
  transfer->size = 0;
  if (curl_multi_add_handle(getter->multi, transfer->easy) != CURLM_OK) {
    getter->under_way--;
    fail(getter, "curl_multi_add_handle failed");
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
  } else if (status != 200 || transfer->size != FILE_BYTES) {
    fail(getter, "not status 200 with a body of 1024 bytes");
  } else {
    getter->result.count++;
  }
  if (getter->left > 0) {
    start(getter, transfer);
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

static void loop(struct getter *getter) {
  struct epoll_event events[EVENTS_MOST];
  while (getter->under_way > 0) {
    while (getter->timeout == 0) {
      getter->timeout = -1;
      act(getter, CURL_SOCKET_TIMEOUT, 0);
    }
    if (getter->under_way == 0) {
      return;
    }
    int count = epoll_wait(getter->epoll, events, EVENTS_MOST, (int)getter->timeout);
    if (count < 0 && errno != EINTR) {
      fail(getter, strerror(errno));
      return;
    }
    if (count == 0) {
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

struct get_result getter_run(struct getter *getter, int64_t count) {
  getter->result = (struct get_result){.ns = 0};
  getter->left = count;
  int64_t used = clock_ns(CLOCK_PROCESS_CPUTIME_ID), began = clock_ns(CLOCK_MONOTONIC);
  for (int i = 0; i < getter->concurrency && getter->left > 0; i++) {
    start(getter, &getter->transfers[i]);
  }
  loop(getter);
  getter->result.ns = clock_ns(CLOCK_MONOTONIC) - began;
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
  return curl_easy_setopt(easy, CURLOPT_CURLU, getter->url) == CURLE_OK;
}

static bool add_header(struct getter *getter, const char *line) {
  struct curl_slist *longer = curl_slist_append(getter->headers, line);
  getter->headers = longer != NULL ? longer : getter->headers;
  return longer != NULL;
}

struct getter *getter_new(const char *url, int concurrency) {
  struct getter *getter = calloc(1, sizeof(*getter) + (size_t)concurrency * sizeof(struct transfer));
  if (getter == NULL) {
    return NULL;
  }
  getter->concurrency = concurrency;
  getter->timeout = -1;
  getter->epoll = epoll_create1(EPOLL_CLOEXEC);
  getter->multi = curl_multi_init();
  getter->url = curl_url();
  bool good = getter->epoll >= 0 && getter->multi != NULL && getter->url != NULL &&
              curl_url_set(getter->url, CURLUPART_URL, url, 0) == CURLUE_OK && add_header(getter, PEER_USER_AGENT) &&
              add_header(getter, "Accept-Encoding: gzip, deflate");
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

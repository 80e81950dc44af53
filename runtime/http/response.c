/* response.c — an answer: its head, and its body as the caller reads it. */
#include "client.h"

#include "books.h"
#include "decoder.h"
#include "failure.h"
#include "scheduler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DRAIN_MOST = 64 * 1024, RATIO_FREE = 1 << 20 };

struct weir_response *response_new(struct weir_http *client, uint32_t site) {
  struct weir_response *response = port_allocate(MEMORY_RESPONSE, sizeof *response);
  if (response == NULL)
    return NULL;
  *response = (struct weir_response){
      .client = client,
      .deadline = WEIR_FOREVER,
      .armed = WEIR_FOREVER,
      .window_left = client->config.rate_window,
      .birth = weir_run_generation,
      .site = site,
  };
  response->book =
      book_enter_shared(BOOK_RESPONSE, response, (struct book_mark){&response->stamp, &response->book_home}, 0);
  if (response->book == BOOK_NONE) {
    port_release(response);
    return NULL;
  }
  port_retain(&client->references);
  return response;
}

void response_free(struct weir_response *response) {
  struct weir_http *client = response->client;
  /* First: a simulation may end at a step of what follows, and would free it once more. */
  book_leave_shared(response->book_home, BOOK_RESPONSE, response->book, 0);
  head_free(&response->head);
  free(response->url);
  free(response->spill);
  free(response->piece);
  decoder_free(response->decoder);
  await_end(&response->caller);
  weir_context_unref(response->context);
  port_release(response);
  client_unref(client);
}

bool response_keep(struct weir_response *response, const char *data, size_t size) {
  if (response->spill == NULL && (response->spill = malloc(PIECE)) == NULL)
    return false;
  memcpy(response->spill, data, size);
  response->spill_used = 0;
  response->spill_size = size;
  return true;
}

/* ---- the head --------------------------------------------------------------------------------------------------- */

int weir_response_status(const weir_response *response) {
  return response == NULL ? 0 : response->head.status;
}

const char *weir_response_header(const weir_response *response, const char *name) {
  return response == NULL || name == NULL ? NULL : head_field(&response->head, name);
}

bool weir_response_header_at(const weir_response *response, size_t index, struct weir_header *header) {
  return response != NULL && head_field_at(&response->head, index, &header->name, &header->value);
}

const char *weir_response_url(const weir_response *response) {
  return response == NULL ? NULL : response->url;
}

const struct weir_http_failure *weir_response_failure(const weir_response *response) {
  return response == NULL ? NULL : &response->failure;
}

/* ---- waiting ---------------------------------------------------------------------------------------------------- */

static uint64_t moved(const struct weir_response *response) {
  return response->arrived + (response->transfer != NULL ? response->transfer->uploaded : 0);
}

static bool rate_counts(const struct weir_response *response) {
  enum weir_http_stage stage = response->failure.stage;
  return response->client->config.rate_window != WEIR_FOREVER && (stage == WEIR_HTTP_BODY || stage == WEIR_HTTP_SEND);
}

/* The time of a window of waiting is over. */
static int judge_rate(struct weir_response *response) {
  const struct weir_http_config *config = &response->client->config;
  uint64_t bytes = moved(response) - response->window_arrived;
  response->window_left = config->rate_window;
  response->window_arrived = moved(response);
  if (bytes >= config->minimum_rate)
    return 0;
  return failure_set(&response->failure, -ETIMEDOUT, "%llu bytes in %.3f s of waiting: the client asks for %llu",
                     (unsigned long long)bytes, (double)config->rate_window / 1e9,
                     (unsigned long long)config->minimum_rate);
}

static int late(struct weir_response *response) {
  if (weir_now() >= response->deadline)
    return failure_set(&response->failure, -ETIMEDOUT, "the time for the whole request is over");
  return failure_set(&response->failure, -ETIMEDOUT, "the time for this stage is over");
}

int response_wait(struct weir_response *response) {
  bool rated = rate_counts(response);
  int64_t begin = rated ? weir_now() : 0;
  int64_t deadline = response_deadline(response);
  if (rated && deadline - begin > response->window_left)
    deadline = begin + response->window_left;
  response->armed = deadline;
  int error = await(&response->caller, deadline, response->context);
  response->armed = WEIR_FOREVER;
  if (rated) {
    response->window_left -= weir_now() - begin;
    if (response->window_left <= 0 && judge_rate(response) != 0)
      return response->failure.error;
  }
  if (error == -ETIMEDOUT && weir_context_error(response->context) != -ETIMEDOUT)
    return weir_now() >= response_deadline(response) ? late(response) : 0; /* it may have moved on meanwhile */
  if (error != 0)
    return failure_set(&response->failure, error,
                       error == -ENOMEM ? "no memory for a channel" : "the request's context is done");
  return 0;
}

/* A server that always has something to say must not outlive the request's time, or its context. */
static int over(struct weir_response *response) {
  int error = weir_context_error(response->context);
  if (error != 0)
    return failure_set(&response->failure, error, "the request's context is done");
  return response->deadline != WEIR_FOREVER && weir_now() >= response->deadline ? late(response) : 0;
}

/* ---- the body --------------------------------------------------------------------------------------------------- */

static void resume(void *arg) {
  struct weir_response *response = arg;
  if (response->transfer != NULL)
    transfer_resume(response->transfer);
}

void response_resume(struct weir_response *response) {
  host_run(resume, response);
}

static void stop(void *arg) {
  struct weir_response *response = arg;
  if (response->transfer == NULL)
    return;
  struct weir_http *client = response->client;
  transfer_stop(response->transfer);
  driver_settle(client);
}

void response_stop(struct weir_response *response) {
  host_run(stop, response);
}

static size_t take_spill(struct weir_response *response, char *buffer, size_t size) {
  size_t left = response->spill_size - response->spill_used;
  size_t taken = left < size ? left : size;
  memcpy(buffer, response->spill + response->spill_used, taken);
  response->spill_used += taken;
  return taken;
}

/* Of the body as it arrives: > 0, 0 at its end, or the failure's error. */
static ssize_t fetch(struct weir_response *response, char *buffer, size_t size) {
  if (response->spill_used < response->spill_size)
    return (ssize_t)take_spill(response, buffer, size);
  response->into = buffer;
  response->want = size;
  response->got = 0;
  int error = 0;
  while (error == 0 && response->failure.error == 0 && response->got == 0 && response->transfer != NULL) {
    if (!response->transfer->paused)
      error = response_wait(response);
    else if ((error = over(response)) == 0)
      response_resume(response);
    if (error == 0 && response->got == 0)
      error = response->failure.error;
  }
  response->into = NULL;
  if (response->got != 0)
    return (ssize_t)response->got;
  if (response->failure.error != 0) {
    response_stop(response);
    return response->failure.error;
  }
  return 0;
}

static int check_decoded(struct weir_response *response) {
  const struct weir_http_config *config = &response->client->config;
  if (response->decoded > config->max_decoded_bytes)
    return failure_set(&response->failure, -EFBIG, "more than %llu bytes after decompression",
                       (unsigned long long)config->max_decoded_bytes);
  if (response->decoded > RATIO_FREE && response->decoded / config->max_decoded_ratio > response->arrived)
    return failure_set(&response->failure, -EFBIG, "compressed more than %u to 1", config->max_decoded_ratio);
  return 0;
}

/* The arrived pieces lie in the spill while they are decoded. */
static int fetch_piece(struct weir_response *response) {
  if (response->spill == NULL && (response->spill = malloc(PIECE)) == NULL)
    return failure_set(&response->failure, -ENOMEM, "no memory to decode the body");
  char *piece = response->spill;
  response->spill = NULL; /* what does not fit there fits nowhere: libcurl offers no more than a piece at a time */
  ssize_t got = fetch(response, piece, PIECE);
  free(response->spill);
  response->spill = piece;
  response->spill_used = 0;
  response->spill_size = got > 0 ? (size_t)got : 0;
  return got < 0 ? (int)got : got > 0;
}

static ssize_t read_decoded(struct weir_response *response, char *buffer, size_t size) {
  for (;;) {
    const char *in = response->spill == NULL ? "" : response->spill + response->spill_used;
    size_t in_size = response->spill_size - response->spill_used;
    ptrdiff_t got = decoder_run(response->decoder, &in, &in_size, buffer, size);
    response->spill_used = response->spill_size - in_size;
    if (got < 0)
      return failure_set(&response->failure, (int)got, "a damaged content coding");
    response->decoded += (uint64_t)got;
    if (check_decoded(response) != 0)
      return response->failure.error;
    if (got > 0)
      return got;
    if (in_size != 0)
      continue;
    int more = fetch_piece(response);
    if (more < 0)
      return more;
    if (more == 0)
      return decoder_ended(response->decoder) || response->arrived == 0
                 ? 0
                 : failure_set(&response->failure, -ENODATA, "the compressed stream was cut");
  }
}

static ssize_t read_body(struct weir_response *response, char *buffer, size_t size) {
  if (response->failure.error != 0)
    return response->failure.error;
  if (response->bodiless || size == 0)
    return 0;
  ssize_t got = response->decoder == NULL ? fetch(response, buffer, size) : read_decoded(response, buffer, size);
  if (got < 0)
    response_stop(response);
  return got;
}

/* Not by a task that was destroyed with its run. */
static bool being_read(const struct weir_response *response) {
  return response->reading == weir_run_generation && worker_thread() && !weir_scheduler.ending;
}

ssize_t weir_response_read(weir_response *response, void *buffer, size_t size) {
  if (response == NULL || (buffer == NULL && size != 0))
    return -EINVAL;
  if (!wait_allowed())
    return -EPERM;
  if (being_read(response))
    return -EBUSY;
  response->reading = weir_run_generation;
  struct host_visit visit;
  int error = client_enter(response->client, &visit);
  ssize_t got = error != 0 ? error : read_body(response, buffer, size < SSIZE_MAX ? size : SSIZE_MAX);
  host_visit_end(visit);
  response->reading = 0;
  return got;
}

/* ---- the end ---------------------------------------------------------------------------------------------------- */

/* What is left of a body may be here already: then its connection can be kept. */
static bool worth_draining(const struct weir_response *response) {
  const struct transfer *transfer = response->transfer;
  if (!transfer->paused || transfer->hungry || response->failure.error != 0)
    return false;
  const struct head *head = &response->head;
  return head->chunked || (head->has_length && head->length - response->arrived <= DRAIN_MOST);
}

static void end(void *arg) {
  struct weir_response *response = arg;
  if (response->transfer != NULL && worth_draining(response)) {
    response->transfer->discarding = true;
    transfer_resume(response->transfer);
  }
  stop(response);
}

int weir_response_close(weir_response *response) {
  if (response == NULL)
    return -EINVAL;
  if (being_read(response))
    return -EBUSY;
  struct host_visit visit;
  client_enter(response->client, &visit); /* also without success what is under way can be ended */
  if (response->transfer != NULL)
    host_run(end, response);
  response_free(response);
  host_visit_end(visit);
  return 0;
}

/* history.c — see history.h. The search is depth first; a state (which operations are done, what the channels hold)
 * from which nothing was found is not entered again. After Wing and Gong, "Testing and Verifying Concurrent Objects"
 * (1993), and Lowe, "Testing for Linearizability" (2017).
 */
#include "history.h"

#include "check.h"

#include <inttypes.h>
#include <weir.h>

struct history_operation *history_call(struct history *history, const struct history_operation *operation) {
  const uint32_t place = __atomic_fetch_add(&history->count, 1, __ATOMIC_SEQ_CST);
  if (place >= HISTORY_OPERATIONS)
    return NULL;
  struct history_operation *new = &history->operations[place];
  *new = *operation;
  new->called = __atomic_fetch_add(&history->clock, 1, __ATOMIC_SEQ_CST);
  return new;
}

void history_return(struct history *history, struct history_operation *operation) {
  operation->returned = __atomic_fetch_add(&history->clock, 1, __ATOMIC_SEQ_CST);
}

/* ---- naive channels ---------------------------------------------------------------------------------------------- */

struct naive {
  int64_t buffer[HISTORY_BUFFER];
  uint32_t length;
  bool closed;
};

struct state {
  uint32_t done; /* a bit an operation */
  struct naive channels[HISTORY_CHANNELS];
};

static bool ready(const struct history *history, const struct state *state, const struct history_case *one) {
  const struct naive *channel = &state->channels[one->channel];
  if (channel->closed)
    return true;
  return one->op == WEIR_OPERATION_SEND ? channel->length < history->capacity[one->channel] : channel->length > 0;
}

static bool none_ready(const struct history *history, const struct state *state,
                       const struct history_operation *operation) {
  for (int i = 0; i < operation->count; i++)
    if (ready(history, state, &operation->cases[i]))
      return false;
  return true;
}

static bool send(const struct history *history, struct state *state, const struct history_case *one, int status) {
  struct naive *channel = &state->channels[one->channel];
  if (status == -EPIPE || channel->closed)
    return status == -EPIPE && channel->closed;
  if (status != 0 || channel->length == history->capacity[one->channel])
    return false;
  channel->buffer[channel->length++] = one->value;
  return true;
}

static bool receive(struct state *state, const struct history_case *one, int status, int64_t value) {
  struct naive *channel = &state->channels[one->channel];
  if (status == -EPIPE)
    return channel->closed && channel->length == 0 && value == 0;
  if (status != 0 || channel->length == 0 || channel->buffer[0] != value)
    return false;
  memmove(channel->buffer, channel->buffer + 1, --channel->length * sizeof channel->buffer[0]);
  return true;
}

/* Lets an operation take effect alone; false when its outcome could not come of this state. */
static bool take_effect(const struct history *history, struct state *state, const struct history_operation *operation) {
  struct naive *first = &state->channels[operation->cases[0].channel];
  if (operation->kind == HISTORY_LENGTH)
    return operation->status == (int)first->length;
  if (operation->kind == HISTORY_CLOSE) {
    const bool was_closed = first->closed;
    first->closed = true;
    return operation->status == (was_closed ? -EALREADY : 0);
  }
  if (operation->chosen == HISTORY_NONE)
    return none_ready(history, state, operation);
  const struct history_case *one = &operation->cases[operation->chosen];
  return one->op == WEIR_OPERATION_SEND ? send(history, state, one, operation->status)
                                        : receive(state, one, operation->status, operation->value);
}

/* The case through which an operation went, if it can be half of a pair. */
static const struct history_case *half(const struct history *history, const struct history_operation *operation,
                                       int op) {
  if (operation->kind != HISTORY_SELECT || operation->chosen == HISTORY_NONE || operation->status != 0)
    return NULL;
  const struct history_case *one = &operation->cases[operation->chosen];
  return one->op == op && history->capacity[one->channel] == 0 ? one : NULL;
}

static bool pair(const struct history *history, const struct state *state, const struct history_operation *sender,
                 const struct history_operation *receiver) {
  const struct history_case *from = half(history, sender, WEIR_OPERATION_SEND);
  const struct history_case *to = half(history, receiver, WEIR_OPERATION_RECV);
  return from != NULL && to != NULL && from->channel == to->channel && from->value == receiver->value &&
         !state->channels[from->channel].closed;
}

/* ---- the search -------------------------------------------------------------------------------------------------- */

enum { VISITED = 1 << 16 };

struct search {
  const struct history *history;
  uint32_t all;
  uint64_t number; /* of this search: what another one has entered is none of its states */
  uint64_t visited[VISITED];
};

/* The finalizer of splitmix64, over one word after the other. */
static uint64_t mix(uint64_t hash, uint64_t word) {
  hash += word + UINT64_C(0x9e3779b97f4a7c15);
  hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
  return hash ^ hash >> 31;
}

static uint64_t hash_of(const struct search *search, const struct state *state) {
  uint64_t hash = mix(search->number << 32, state->done);
  for (int i = 0; i < HISTORY_CHANNELS; i++) {
    const struct naive *channel = &state->channels[i];
    hash = mix(hash, channel->length * 2 + channel->closed);
    for (uint32_t k = 0; k < channel->length; k++)
      hash = mix(hash, (uint64_t)channel->buffer[k]);
  }
  return hash | 1;
}

/* True the first time; a full table forgets, which costs time only. */
static bool enter(struct search *search, const struct state *state) {
  const uint64_t hash = hash_of(search, state);
  uint64_t *place = &search->visited[hash >> 48];
  if (*place == hash)
    return false;
  *place = hash;
  return true;
}

/* Nothing that is not yet done returned before it was called. */
static bool may_be_next(const struct search *search, const struct state *state, uint32_t which) {
  if (state->done & 1U << which)
    return false;
  const struct history *history = search->history;
  for (uint32_t i = 0; i < history->count; i++)
    if (!(state->done & 1U << i) && history->operations[i].returned < history->operations[which].called)
      return false;
  return true;
}

static bool explain(struct search *search, const struct state *state);

static bool explain_pairs(struct search *search, const struct state *state, uint32_t sender) {
  for (uint32_t i = 0; i < search->history->count; i++) {
    if (i == sender || !may_be_next(search, state, i))
      continue;
    if (!pair(search->history, state, &search->history->operations[sender], &search->history->operations[i]))
      continue;
    struct state next = *state;
    next.done |= 1U << sender | 1U << i;
    if (explain(search, &next))
      return true;
  }
  return false;
}

static bool explain(struct search *search, const struct state *state) {
  if (state->done == search->all)
    return true;
  if (!enter(search, state))
    return false;
  for (uint32_t i = 0; i < search->history->count; i++) {
    if (!may_be_next(search, state, i))
      continue;
    struct state next = *state;
    next.done |= 1U << i;
    if (take_effect(search->history, &next, &search->history->operations[i]) && explain(search, &next))
      return true;
    if (explain_pairs(search, state, i))
      return true;
  }
  return false;
}

bool history_linearizable(const struct history *history) {
  static struct search search;
  struct state start = {.done = 0};
  search.number++;
  search.history = history;
  search.all = history->count == 32 ? UINT32_MAX : (1U << history->count) - 1;
  return explain(&search, &start);
}

/* ---- printing ---------------------------------------------------------------------------------------------------- */

static void print_case(const struct history_operation *operation, int which, FILE *file) {
  const struct history_case *one = &operation->cases[which];
  fprintf(file, "%s%s channel %d", which == 0 ? "" : ", ", one->op == WEIR_OPERATION_SEND ? "send" : "receive",
          one->channel);
  if (one->op == WEIR_OPERATION_SEND)
    fprintf(file, " value %" PRId64, one->value);
}

void history_print(const struct history *history, FILE *file) {
  static const char *const kinds[] = {"select", "close", "len"};
  for (int i = 0; i < HISTORY_CHANNELS; i++)
    fprintf(file, "channel %d: capacity %u\n", i, history->capacity[i]);
  for (uint32_t i = 0; i < history->count; i++) {
    const struct history_operation *operation = &history->operations[i];
    fprintf(file, "  %2u … %2u  %s: ", operation->called, operation->returned, kinds[operation->kind]);
    for (int k = 0; operation->kind == HISTORY_SELECT && k < operation->count; k++)
      print_case(operation, k, file);
    if (operation->kind != HISTORY_SELECT)
      fprintf(file, "channel %d", operation->cases[0].channel);
    if (operation->kind == HISTORY_SELECT && operation->chosen == HISTORY_NONE)
      fprintf(file, " → none\n");
    else if (operation->kind == HISTORY_SELECT)
      fprintf(file, " → case %d, status %d, value %" PRId64 "\n", operation->chosen, operation->status,
              operation->value);
    else
      fprintf(file, " → %d\n", operation->status);
  }
}

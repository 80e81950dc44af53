/* ledger.c — see ledger.h. */
#include "ledger.h"

#include "books.h"
#include "run.h"
#include "simulation.h"

#include <stdio.h>
#include <string.h>

static size_t aligned(size_t bytes) {
  return (bytes + sizeof(uint64_t) - 1) & ~(sizeof(uint64_t) - 1);
}

size_t ledger_size(size_t bytes, size_t capacity) {
  return aligned(bytes) - bytes + sizeof(struct ledger) + (capacity + 1) * sizeof(uint32_t);
}

struct ledger *ledger_of(const weir_chan *c) {
  if (c->role != CHAN_PLAIN || !chan_of_simulation(c) || !port_simulated())
    return NULL;
  size_t bytes = sizeof *c + (size_t)c->capacity * c->element_size;
  return (struct ledger *)((char *)(uintptr_t)c + aligned(bytes));
}

void ledger_open(weir_chan *c) {
  struct ledger *ledger = ledger_of(c);
  if (ledger != NULL)
    *ledger = (struct ledger){0};
}

/* FNV-1a, by words: Fowler, Noll, Vo. NULL stands for zeros. */
static uint32_t hash_of(const void *value, size_t size) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (size_t done = 0; done < size; done += sizeof(uint64_t)) {
    uint64_t word = 0;
    if (value != NULL)
      memcpy(&word, (const char *)value + done, size - done < sizeof word ? size - done : sizeof word);
    hash = (hash ^ word) * UINT64_C(0x100000001b3);
    hash ^= hash >> 29;
  }
  return (uint32_t)(hash ^ hash >> 32);
}

static void violated(const weir_chan *c, const char *what, const struct ledger *ledger) {
  struct text text = {0};
  text_append(&text, "model failed: the channel made at %s:%d: %s (sent: %u, received: %u, buffered: %u of %u)",
              site_file(c->site), site_line(c->site), what, ledger->sent, ledger->received, c->length, c->capacity);
  char signature[SIGNATURE_ENTRY];
  snprintf(signature, sizeof signature, "channel %s:%d: %s", signature_file(site_file(c->site)), site_line(c->site),
           what);
  simulation_fail(WEIR_VERDICT_MODEL, signature, &text);
}

static uint32_t number_of(const struct task *task) {
  return task == NULL ? 0 : task->number;
}

static void enter(weir_chan *c, struct ledger *ledger, const void *value, const struct task *sender) {
  if (c->closed)
    violated(c, "an element is sent after it was closed", ledger);
  ledger->hashes[ledger->sent % (c->capacity + 1)] = hash_of(value, c->element_size);
  ledger->sent++;
  if (sender != NULL)
    ledger->last_sender = number_of(sender);
  if (ledger->sent - ledger->received > c->capacity + 1)
    violated(c, "more elements are under way than it can hold", ledger);
}

static void leave(weir_chan *c, struct ledger *ledger, const void *value, const struct task *receiver) {
  if (ledger->sent == ledger->received)
    violated(c, "an element is received that was not sent", ledger);
  else if (ledger->hashes[ledger->received % (c->capacity + 1)] != hash_of(value, c->element_size))
    violated(c, "an element is received that is not the next one", ledger);
  ledger->received++;
  if (receiver != NULL)
    ledger->last_receiver = number_of(receiver);
}

void ledger_push(weir_chan *c, const void *value, const struct task *sender) {
  struct ledger *ledger = ledger_of(c);
  if (ledger != NULL)
    enter(c, ledger, value, sender);
}

void ledger_pop(weir_chan *c, const void *value, const struct task *receiver) {
  struct ledger *ledger = ledger_of(c);
  if (ledger != NULL)
    leave(c, ledger, value, receiver);
}

void ledger_pass(weir_chan *c, const void *value, const struct task *sender, const struct task *receiver) {
  struct ledger *ledger = ledger_of(c);
  if (ledger == NULL)
    return;
  enter(c, ledger, value, sender);
  leave(c, ledger, value, receiver);
}

void ledger_check(weir_chan *c) {
  struct ledger *ledger = ledger_of(c);
  if (ledger != NULL && ledger->sent - ledger->received != c->length)
    violated(c, "what was sent is neither received nor buffered", ledger);
}

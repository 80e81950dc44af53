/* channel_model.h — a naive model of channels and select, told of each operation where it takes effect, and a ledger of
 * values. Everything is looked for by plain loops over few actors.
 *
 * Every operation is a select: send and receive have one case, try_ one case and WEIR_POLL. An actor announces what it
 * is about to do; the model decides at the scheduling point (channel_model_effect) whether it blocks; the actor reports
 * what came out, and the model judges. Where Go leaves a choice (which of the ready cases, which of one's own equal
 * cases) every legal outcome is accepted, and the model follows the one that was taken.
 */
#ifndef UNIT_CHANNEL_MODEL_H
#define UNIT_CHANNEL_MODEL_H

#include "simulated.h"

enum { MODEL_CHANNELS = 3, MODEL_ACTORS = 6, MODEL_CASES = 6, MODEL_BUFFER = 6, NO_CHANNEL = -1, NO_CASE = -1 };

/* Values are sender << 32 | number, so that none is sent twice; what nobody may write keeps UNTOUCHED. */
static const int64_t UNTOUCHED = INT64_C(0x5555555555555555);

struct model_case {
  int channel; /* or NO_CHANNEL: never ready */
  int op;      /* enum weir_operation */
  int64_t value;
};

enum model_state {
  MODEL_IDLE,
  MODEL_ANNOUNCED, /* on its way to its scheduling point */
  MODEL_READY,     /* one of legal goes through at once */
  MODEL_NOTHING,   /* none is ready and it may not wait */
  MODEL_BLOCKED,
  MODEL_COMPLETED, /* by another actor, through one of legal */
  MODEL_EXPIRED,
  MODEL_STATES
};

struct model_actor {
  struct task *task;
  enum model_state state;
  struct model_case cases[MODEL_CASES];
  int count;
  int64_t deadline;
  int closes; /* the channel it closes instead, or NO_CHANNEL */
  uint64_t since;
  uint32_t legal; /* a bit a case */
  int status;
  int64_t value; /* received */
};

struct model_channel {
  int64_t buffer[MODEL_BUFFER];
  uint32_t length;
  uint32_t capacity;
  bool closed;
  weir_chan *chan;
};

struct model {
  struct model_channel channels[MODEL_CHANNELS];
  struct model_actor actors[MODEL_ACTORS];
  int actor_count;
  uint64_t order; /* counts blockings: who waits longest is served first */
  uint32_t compared;
  uint64_t *judged; /* by enum model_state: how many operations ended so, over many programs */
};

/* For simulated_observe: the current task's announced operation takes effect here. */
void channel_model_effect(struct model *model);

void channel_model_announce(struct model_actor *actor, const struct model_case *cases, int count, int64_t deadline);
void channel_model_announce_close(struct model_actor *actor, int channel);

/* Judges what came out: chosen is a case or NO_CASE; value what was received, where a receive was chosen. */
void channel_model_judge(struct model *model, struct model_actor *actor, int chosen, int status, int64_t value);
void channel_model_judge_close(struct model *model, struct model_actor *actor, int result);

/* len and cap of one channel, another each time, are the model's. */
void channel_model_compare(struct model *model);

/* ---- the ledger --------------------------------------------------------------------------------------------------
 */

enum { LEDGER_SIZE = 1024 };

struct ledger {
  struct ledger_line {
    int64_t value;
    int channel;
    bool sent;
    uint32_t received;
    uint32_t dropped;
  } lines[LEDGER_SIZE];
  int count;
  int64_t newest[MODEL_CHANNELS][MODEL_ACTORS][MODEL_ACTORS]; /* by channel, receiver and sender */
};

void ledger_sent(struct ledger *ledger, int channel, int64_t value);
void ledger_received(struct ledger *ledger, int channel, int receiver, int64_t value);
void ledger_dropped(struct ledger *ledger, int channel, int64_t value);
/* Sent = received + dropped, value by value; each once; nothing that was never sent; a sender's in order. Calls
 * mismatch. */
void ledger_verify(const struct ledger *ledger);

#endif

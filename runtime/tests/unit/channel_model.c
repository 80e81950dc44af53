/* channel_model.c — see channel_model.h. */
#include "channel_model.h"

static void expire(struct model *model) {
  for (int i = 0; i < model->actor_count; i++) {
    struct model_actor *actor = &model->actors[i];
    const struct wait *wait = &actor->task->wait;
    if (actor->state != MODEL_BLOCKED || wait->state != WAIT_CLAIMED || wait->winner != NULL)
      continue;
    MODEL(weir_now() >= actor->deadline, "actor %d: expired at %" PRId64 ", before its deadline %" PRId64, i,
          weir_now(), actor->deadline);
    actor->state = MODEL_EXPIRED;
  }
}

/* The cases of a blocked actor that another's operation on that channel can meet. */
static uint32_t cases_on(const struct model_actor *actor, int channel, int op) {
  uint32_t found = 0;
  for (int i = 0; i < actor->count; i++)
    if (actor->cases[i].channel == channel && actor->cases[i].op == op)
      found |= UINT32_C(1) << i;
  return found;
}

static struct model_actor *longest_waiting(struct model *model, int channel, int op) {
  struct model_actor *first = NULL;
  for (int i = 0; i < model->actor_count; i++) {
    struct model_actor *actor = &model->actors[i];
    if (actor->state == MODEL_BLOCKED && cases_on(actor, channel, op) != 0 &&
        (first == NULL || actor->since < first->since))
      first = actor;
  }
  return first;
}

static void complete(struct model_actor *actor, uint32_t legal, int status, int64_t value) {
  actor->state = MODEL_COMPLETED;
  actor->legal = legal;
  actor->status = status;
  actor->value = value;
}

static bool ready(struct model *model, const struct model_case *one) {
  if (one->channel == NO_CHANNEL)
    return false;
  const struct model_channel *channel = &model->channels[one->channel];
  if (one->op == WEIR_OPERATION_SEND)
    return channel->closed || channel->length < channel->capacity ||
           longest_waiting(model, one->channel, WEIR_OPERATION_RECV) != NULL;
  return channel->closed || channel->length > 0 || longest_waiting(model, one->channel, WEIR_OPERATION_SEND) != NULL;
}

/* All cases of an actor that stand in one place carry one value, so that which of them was met does not matter. */
static int64_t value_on(const struct model_actor *actor, uint32_t legal) {
  return actor->cases[__builtin_ctz(legal)].value;
}

static void perform_send(struct model *model, struct model_actor *actor, const struct model_case *one) {
  struct model_channel *channel = &model->channels[one->channel];
  actor->status = channel->closed ? -EPIPE : 0;
  if (channel->closed)
    return;
  struct model_actor *receiver = longest_waiting(model, one->channel, WEIR_OPERATION_RECV);
  if (receiver != NULL)
    complete(receiver, cases_on(receiver, one->channel, WEIR_OPERATION_RECV), 0, one->value);
  else
    channel->buffer[channel->length++] = one->value;
}

static void perform_receive(struct model *model, struct model_actor *actor, const struct model_case *one) {
  struct model_channel *channel = &model->channels[one->channel];
  struct model_actor *sender = longest_waiting(model, one->channel, WEIR_OPERATION_SEND);
  if (sender != NULL) {
    const uint32_t legal = cases_on(sender, one->channel, WEIR_OPERATION_SEND);
    channel->buffer[channel->length++] = value_on(sender, legal); /* for a moment one more than the capacity */
    complete(sender, legal, 0, 0);
  }
  actor->status = channel->length == 0 ? -EPIPE : 0;
  actor->value = 0;
  if (channel->length == 0)
    return;
  actor->value = channel->buffer[0];
  channel->length--;
  for (uint32_t i = 0; i < channel->length; i++)
    channel->buffer[i] = channel->buffer[i + 1];
}

static void perform_close(struct model *model, int closing) {
  model->channels[closing].closed = true;
  for (int i = 0; i < model->actor_count; i++) {
    struct model_actor *actor = &model->actors[i];
    const uint32_t legal =
        cases_on(actor, closing, WEIR_OPERATION_SEND) | cases_on(actor, closing, WEIR_OPERATION_RECV);
    if (actor->state == MODEL_BLOCKED && legal != 0)
      complete(actor, legal, -EPIPE, 0);
  }
}

static void effect(struct model *model, struct model_actor *actor) {
  if (actor->closes != NO_CHANNEL) {
    actor->status = model->channels[actor->closes].closed ? -EALREADY : 0;
    perform_close(model, actor->closes);
    actor->state = MODEL_READY;
    return;
  }
  actor->legal = 0;
  for (int i = 0; i < actor->count; i++)
    if (ready(model, &actor->cases[i]))
      actor->legal |= UINT32_C(1) << i;
  if (actor->legal != 0)
    actor->state = MODEL_READY;
  else if (actor->deadline == WEIR_POLL)
    actor->state = MODEL_NOTHING;
  else {
    actor->state = MODEL_BLOCKED;
    actor->since = ++model->order;
  }
}

void channel_model_effect(struct model *model) {
  expire(model);
  for (int i = 0; i < model->actor_count; i++)
    if (model->actors[i].task == worker_here()->current && model->actors[i].state == MODEL_ANNOUNCED)
      effect(model, &model->actors[i]);
}

void channel_model_announce(struct model_actor *actor, const struct model_case *cases, int count, int64_t deadline) {
  memcpy(actor->cases, cases, (size_t)count * sizeof cases[0]);
  actor->count = count;
  actor->deadline = deadline;
  actor->closes = NO_CHANNEL;
  actor->state = MODEL_ANNOUNCED;
}

void channel_model_announce_close(struct model_actor *actor, int channel) {
  actor->count = 0;
  actor->closes = channel;
  actor->state = MODEL_ANNOUNCED;
}

static void judge_chosen(struct model_actor *actor, int who, int chosen, int status, int64_t value) {
  if (chosen < 0 || (actor->legal >> chosen & 1) == 0) {
    mismatch("actor %d: case %d went through, legal are %#x (status %d)", who, chosen, actor->legal, status);
    return;
  }
  MODEL(status == actor->status, "actor %d: case %d has status %d, the model %d", who, chosen, status, actor->status);
  if (actor->cases[chosen].op == WEIR_OPERATION_RECV)
    MODEL(value == actor->value, "actor %d: case %d received %" PRIx64 ", the model %" PRIx64, who, chosen, value,
          actor->value);
}

void channel_model_judge(struct model *model, struct model_actor *actor, int chosen, int status, int64_t value) {
  const int who = (int)(actor - model->actors);
  model->judged[actor->state]++;
  switch (actor->state) {
  case MODEL_READY: /* nobody else has run since: what was chosen takes effect in the model now */
    if (chosen >= 0 && chosen < actor->count && (actor->legal >> chosen & 1) != 0)
      (actor->cases[chosen].op == WEIR_OPERATION_SEND ? perform_send : perform_receive)(model, actor,
                                                                                        &actor->cases[chosen]);
    judge_chosen(actor, who, chosen, status, value);
    break;
  case MODEL_COMPLETED:
    judge_chosen(actor, who, chosen, status, value);
    break;
  case MODEL_BLOCKED: /* its deadline passed and nobody has run since */
    MODEL(chosen == NO_CASE, "actor %d: case %d went through, in the model nobody met it", who, chosen);
    MODEL(actor->deadline != WEIR_FOREVER && weir_now() >= actor->deadline,
          "actor %d: came back at %" PRId64 ", its deadline is %" PRId64, who, weir_now(), actor->deadline);
    break;
  case MODEL_NOTHING:
  case MODEL_EXPIRED:
    MODEL(chosen == NO_CASE, "actor %d: case %d went through, in the model it %s", who, chosen,
          actor->state == MODEL_NOTHING ? "finds nothing ready" : "timed out");
    break;
  case MODEL_IDLE:
  case MODEL_ANNOUNCED:
  case MODEL_STATES:
    mismatch("actor %d: came back without having passed a scheduling point", who);
  }
  actor->state = MODEL_IDLE;
}

void channel_model_judge_close(struct model *model, struct model_actor *actor, int result) {
  MODEL(actor->state == MODEL_READY && result == actor->status, "actor %d: close %d is %d, in the model %d",
        (int)(actor - model->actors), actor->closes, result, actor->status);
  actor->state = MODEL_IDLE;
}

void channel_model_compare(struct model *model) {
  const uint32_t which = model->compared++ % MODEL_CHANNELS;
  const struct model_channel *channel = &model->channels[which];
  const size_t length = weir_chan_len(channel->chan); /* a scheduling point: look at the model afterwards */
  MODEL(length == channel->length, "channel %u: len is %zu, in the model %u", which, length, channel->length);
  MODEL(weir_chan_cap(channel->chan) == channel->capacity, "channel %u: cap is not the model's %u", which,
        channel->capacity);
}

/* ---- the ledger --------------------------------------------------------------------------------------------------
 */

/* A value that was received before its sender came back is entered by its receiver. */
static struct ledger_line *line_of(struct ledger *ledger, int channel, int64_t value) {
  for (int i = 0; i < ledger->count; i++)
    if (ledger->lines[i].value == value && ledger->lines[i].channel == channel)
      return &ledger->lines[i];
  CHECK_INT(ledger->count, <, LEDGER_SIZE);
  struct ledger_line *line = &ledger->lines[ledger->count++];
  *line = (struct ledger_line){.value = value, .channel = channel};
  return line;
}

void ledger_sent(struct ledger *ledger, int channel, int64_t value) {
  struct ledger_line *line = line_of(ledger, channel, value);
  MODEL(!line->sent, "ledger: %" PRIx64 " was sent twice", value);
  line->sent = true;
}

void ledger_received(struct ledger *ledger, int channel, int receiver, int64_t value) {
  line_of(ledger, channel, value)->received++;
  const int64_t sender = value >> 32;
  if (sender < 0 || sender >= MODEL_ACTORS) {
    mismatch("ledger: %" PRIx64 " has no sender", value);
    return;
  }
  int64_t *newest = &ledger->newest[channel][receiver][sender];
  MODEL(value > *newest, "ledger: receiver %d got %" PRIx64 " from channel %d after %" PRIx64, receiver, value, channel,
        *newest);
  *newest = value;
}

void ledger_dropped(struct ledger *ledger, int channel, int64_t value) {
  line_of(ledger, channel, value)->dropped++;
}

void ledger_verify(const struct ledger *ledger) {
  for (int i = 0; i < ledger->count; i++) {
    const struct ledger_line *line = &ledger->lines[i];
    MODEL(line->received + line->dropped == line->sent,
          "ledger: %" PRIx64 " on channel %d: sent %d, received %u, dropped %u", line->value, line->channel, line->sent,
          line->received, line->dropped);
  }
}

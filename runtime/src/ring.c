/* ring.c — see ring.h. */
#include "ring.h"

struct task *ring_steal(struct ring *victim, struct ring *own) {
  uint32_t own_tail = own->tail;
  for (;;) {
    uint32_t head = __atomic_load_n(&victim->head, __ATOMIC_ACQUIRE); /* pairs with other takers' swaps */
    uint32_t tail = __atomic_load_n(&victim->tail, __ATOMIC_ACQUIRE); /* pairs with the store in ring_push */
    uint32_t count = tail - head;
    count -= count / 2;
    if (count == 0)
      return NULL;
    if (count > RING_SIZE / 2)
      continue; /* the head moved on before the tail was read */
    struct task *first = __atomic_load_n(&victim->slots[head % RING_SIZE], __ATOMIC_RELAXED);
    for (uint32_t i = 1; i < count; i++) {
      struct task *task = __atomic_load_n(&victim->slots[(head + i) % RING_SIZE], __ATOMIC_RELAXED);
      __atomic_store_n(&own->slots[(own_tail + i - 1) % RING_SIZE], task, __ATOMIC_RELAXED);
    }
    port_turn("steal");
    /* Release: the owner's next push into these slots comes after our reads (its acquire load of the head). */
    if (!__atomic_compare_exchange_n(&victim->head, &head, head + count, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
      continue;
    __atomic_store_n(&own->tail, own_tail + count - 1,
                     __ATOMIC_RELEASE); /* pairs with the load above, by other thieves */
    return first;
  }
}

/* random.h — random numbers from fixed seeds, and how many of them a build can afford. */
#ifndef UNIT_RANDOM_H
#define UNIT_RANDOM_H

#include <stdint.h>

/* Sanitizer builds do a fraction of the iterations: CMakeLists.txt says which, here and nowhere else. */
#ifndef UNIT_SCALE
#define UNIT_SCALE 1
#endif
#define SCALED(iterations) ((iterations) / UNIT_SCALE)

struct random {
  uint64_t state;
};

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014). */
static inline uint64_t random_bits(struct random *random) {
  uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

static inline uint32_t random_below(struct random *random, uint32_t bound) {
  return (uint32_t)((random_bits(random) >> 32) * bound >> 32);
}

/* Every magnitude below 2^bits is as likely as any other: 1 as often as 2^(bits - 1). */
static inline uint64_t random_magnitude(struct random *random, unsigned bits) {
  unsigned width = random_below(random, bits + 1);
  return width == 0 ? 0 : random_bits(random) >> (64 - width);
}

#endif

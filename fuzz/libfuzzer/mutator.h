/* mutator.h — the functions that libFuzzer calls, and the one of its own that it lends. */
#ifndef WEIR_FUZZ_MUTATOR_H
#define WEIR_FUZZ_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t size_most);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t size_most, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *bytes, size_t size, const uint8_t *other_bytes, size_t other_size,
                                 uint8_t *out, size_t size_most, unsigned seed);

#endif

/* fuzzer.h — a scenario as a function of bytes (input.h): what libFuzzer calls, and what replay.c calls without it.
 *
 * Whatever simulation the bytes describe, the function returns 0; a verdict other than ok is printed, with the schedule,
 * the command that replays it and a line for deduplication, and ends the process by abort, as a sanitizer would.
 *
 * With jemalloc an input after which bytes are left, time and again, is a finding too (growth.h).
 *
 * Environment:
 *   WEIR_FUZZ_TWICE=1     simulate each input twice: traces that differ are a finding of their own
 *   WEIR_FUZZ_TRACE=1     print the trace of each input
 *   WEIR_FUZZ_BLIND=1     no schedule coverage: to measure what it buys
 */
#ifndef WEIR_FUZZ_FUZZER_H
#define WEIR_FUZZ_FUZZER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What a finding is said to come from; NULL: not known. */
extern const char *fuzzer_input_name;

#endif

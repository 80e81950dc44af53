/* coverage.h — what was new about an interleaving, for a fuzzer that is fed by counters.
 *
 * A feature is a hash of lines of source, never of addresses or of numbers that grow with a run, so that it means the
 * same in every run of a program:
 *
 *   succession   two operations, one right after the other on one object, of different tasks: (send, receive), …;
 *                with the line that made the object and the lines that started the tasks
 *   switch       the same of two operations on any objects: what a task was about to do when another one went on
 *   state        an operation on a channel that is empty, between, full, or closed, or that has no buffer
 *   firing       an operation of a task right after a timer fired, with the line that made the timer: (fires, select), …
 *
 * Counters are libFuzzer's extra ones: it clears them before each input and reads them after it. Another fuzzer is fed
 * by another body of coverage_feature.
 *
 * Rejected: hashing the whole order of operations (each run is new: a corpus without end); more counters (32 KiB cost
 * more to clear and read than a short run takes).
 */
#ifndef WEIR_FUZZ_COVERAGE_H
#define WEIR_FUZZ_COVERAGE_H

#include <weir/sim.h>

void coverage_feature(uint32_t hash);

/* For struct weir_sim: the context is not used. Call coverage_begin before each simulation. */
void coverage_begin(void);
void coverage_observe(void *context, const struct weir_sim_event *event);

#endif

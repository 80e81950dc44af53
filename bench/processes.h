// bench/processes.h — one sweep, run by several processes one after the other.
//
// What differs between two runs of the same program, addresses above all, differs between processes, never between the
// repetitions of one. Each process runs the whole plan, calibrated by itself and shuffled, and writes its results; they
// become one file whose rows say which process they are of. sequence and at_seconds count on from one to the next.
//
// Rejected: a process for each repetition of each row (most of the time would go into starting peers); all processes
// at once (they would measure each other).
#ifndef BENCH_PROCESSES_H
#define BENCH_PROCESSES_H

#include "options.h"

namespace bench {

// Runs this program options.processes times with the same command line but for --processes and the output, and writes
// options.out. Returns the exit status of the sweep: that of the process that fared worst. Throws UsageError when there
// is no file to write, or its format cannot be put together.
int run_processes(const Options &options, int argc, char **argv);

} // namespace bench

#endif

// bench/serve.h — weir-bench as a peer of itself: Weir's rows by the protocol of peers/README.md.
//
// A pair is two such processes at work at the same time with one worker each: what one process with two workers is held
// against in the scaling rows. Its answer adds their rates up (count by the time that gives that sum), and overlap is
// the part of the whole time in which both were at work.
#ifndef BENCH_SERVE_H
#define BENCH_SERVE_H

#include "options.h"
#include "plan.h"

namespace bench {

// The peer that is such a pair, for open_peers: its name, and the command that starts it.
constexpr const char *pair_name = "two-processes";
std::vector<std::string> pair_command(int patience_seconds);

// Answers requests on standard input until it ends. The plan's cells are what is held.
void serve(const Plan &plan);

// The same for a pair; the plan holds its rows at two workers.
void serve_pair(const Plan &plan, int patience_seconds);

} // namespace bench

#endif

// bench/peer.h — another system that does the same work: a child process, kept alive, that answers lines.
//
//   list           one JSON line {"benchmarks": [NAMES], "version": "…"}; also accepted: a bare JSON array of names, or
//                  plain names one a line, ended by an empty line. A * in a name stands for a number. A name without
//                  /workers: is for one worker.
//   run NAME N     one JSON line {"name": …, "ns": …, "count": …, further numbers} or {"error": "…"}
//   end of input   it exits
//
// A peer may fail in any way: an answer that is none, or its end, is this run's failure and says why. A peer that ended
// or went out of step is started anew for the next run, so that one crash does not hide the other rows. A peer that
// does not answer within its patience is killed, and what it hung on is not asked again; one that hangs on three
// benchmarks is asked for nothing more. The patience is far above what any run should take: it is there so that a peer
// that hangs is named and does not hold up the sweep, not to judge one that is slow.
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "affinity.h"
#include "row.h"

#include <chrono>
#include <cstdio>
#include <optional>
#include <set>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace bench {

// What a run gave, of Weir's own rows and of a peer's. A failure says in its text which row, and what was expected.
struct Outcome {
  int64_t ns = 0;
  int64_t count = 0;
  int64_t began = 0; // of Weir's own rows: when the timed part began, on CLOCK_MONOTONIC
  std::vector<std::pair<std::string, double>> fields;
  std::string failure;
};

class Peer {
public:
  // command: a program, looked for as a shell does, and its arguments.
  Peer(std::string name, std::vector<std::string> command, int patience_seconds);
  ~Peer();
  Peer(const Peer &) = delete;
  Peer &operator=(const Peer &) = delete;

  // Starts the program and asks for its benchmarks. False: it cannot be used, and why() says why.
  bool open();
  const std::string &why() const {
    return why_;
  }

  const std::string &name() const {
    return name_;
  }
  const std::string &version() const {
    return version_;
  }

  // benchmark is a name with /workers:.
  bool holds(const std::string &benchmark) const;
  // cpu: the processor that the peer is kept on meanwhile; -1: any.
  Outcome run(const std::string &benchmark, int64_t n, int cpu = -1);

  // run in two halves, so that two peers can be at work at the same time. Every begin_run is followed by an end_run.
  void begin_run(const std::string &benchmark, int64_t n, int cpu = -1);
  Outcome end_run();

private:
  enum class Heard { line, end, nothing };

  bool start();
  void stop();
  bool say(const std::string &line);
  bool hear(std::string &reply);
  Heard read_line(std::string &line);
  bool read_list(const std::string &first_line);
  void ended();
  void hung();
  void lost(Heard heard);

  std::string name_, version_ = "unknown", why_;
  std::vector<std::string> command_;
  std::vector<std::string> benchmarks_;
  std::chrono::seconds patience_;
  std::set<std::string> hung_on_;

  std::string asked_, benchmark_; // the request under way, and the benchmark it is for
  bool begun_ = false;
  std::optional<KeptOn> kept_;
  std::chrono::steady_clock::time_point asked_at_;

  pid_t pid_ = -1;
  FILE *to_ = nullptr;
  int from_ = -1;
  std::string unread_; // what came behind the last line
};

// Whether name is pattern, in which each * stands for a number.
bool matches_pattern(const std::string &pattern, const std::string &name);

} // namespace bench

#endif

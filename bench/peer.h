// bench/peer.h — another system that does the same work: a child process, kept alive, that answers lines.
//
//   list           one JSON line {"benchmarks": [NAMES], "version": "…"}; also accepted: a bare JSON array of names, or
//                  plain names one a line, ended by an empty line. A * in a name stands for a number. A name without
//                  /workers: is for one worker.
//   run NAME N     one JSON line {"name": …, "ns": …, "count": …, further numbers} or {"error": "…"}
//   end of input   it exits
//
// A peer may fail in any way: an answer that is none, or its end, is this run's failure and says why. A peer that ended
// or went out of step is started anew for the next run, so that one crash does not hide the other rows. There is no
// time limit: a peer that thinks for long is slow, not wrong.
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "row.h"

#include <cstdio>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace bench {

// What a run gave, of Weir's own rows and of a peer's. A failure says in its text which row, and what was expected.
struct Outcome {
  int64_t ns = 0;
  int64_t count = 0;
  std::vector<std::pair<std::string, double>> fields;
  std::string failure;
};

class Peer {
public:
  Peer(std::string name, std::string program);
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
  Outcome run(const std::string &benchmark, int64_t n);

private:
  bool start();
  void stop();
  bool request(const std::string &line, std::string &reply);
  bool read_line(std::string &line);
  bool read_list(const std::string &first_line);
  void ended(const std::string &during);

  std::string name_, program_, version_ = "unknown", why_;
  std::vector<std::string> benchmarks_;
  pid_t pid_ = -1;
  FILE *to_ = nullptr, *from_ = nullptr;
};

// Whether name is pattern, in which each * stands for a number.
bool matches_pattern(const std::string &pattern, const std::string &name);

} // namespace bench

#endif

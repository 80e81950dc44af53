// bench/main.cc — weir-bench: the sweep as Google Benchmark rows.
//
// Every cell of the plan, Weir's and the peers', is a Google Benchmark with a fixed number of operations and manual
// time: the time is what the row's own clock says between start and stop, scaled to the operations asked for (a row of
// whole rounds may do more). Google Benchmark repeats, shuffles, computes the aggregates and writes. No MemoryManager
// is registered: it would run each row again with sixteen operations at most.
#include "environment.h"
#include "memory.h"
#include "options.h"
#include "peer.h"
#include "peer_list.h"
#include "plan.h"
#include "processes.h"
#include "progress.h"
#include "reporter.h"
#include "serve.h"
#include "web_server.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace bench {
namespace {

enum ExitStatus { exit_good = 0, exit_failed_rows = 1, exit_usage = 2 };

// What the rows http/… ask. Found before the peers are opened, which are told by the environment; started when a row of
// the plan needs it.
class Server {
public:
  Server() {
    web_server_find(&server_);
  }
  ~Server() {
    web_server_stop(&server_);
  }
  Server(const Server &) = delete;
  Server &operator=(const Server &) = delete;

  std::string note() const {
    return server_.note;
  }
  std::string tls_note() const {
    return server_.tls_note;
  }
  void start_for(const Plan &plan) {
    if (plan.asks_server() && !web_server_start(&server_)) {
      fprintf(stderr, "weir-bench: nginx did not start: the rows http/… will fail\n");
    }
  }

private:
  web_server server_;
};

struct Session {
  Progress progress;
  std::chrono::steady_clock::time_point begun;
  int64_t sequence = 0;
  size_t failed = 0;
};

void run_cell(benchmark::State &state, const Cell &cell, Session &session) {
  session.progress.step_begins(cell.name);
  while (state.KeepRunningBatch(cell.n)) {
    double at = std::chrono::duration<double>(std::chrono::steady_clock::now() - session.begun).count();
    int64_t sequence = session.sequence++;
    Outcome outcome = cell.run();
    if (!outcome.failure.empty()) {
      session.failed++;
      state.SkipWithError(outcome.failure.c_str());
      break;
    }
    state.SetIterationTime((double)outcome.ns / 1e9 * (double)cell.n / (double)outcome.count);
    for (const auto &[name, value] : outcome.fields) {
      state.counters[name] = value;
    }
    state.counters["count"] = (double)outcome.count;
    state.counters["sequence"] = (double)sequence;
    state.counters["at_seconds"] = at;
  }
  session.progress.step_ended(cell.seconds);
}

void refuse_slow_library() {
  if (strcmp(weir_build(), "release") != 0) {
    throw UsageError(std::string("the Weir library in this program is a \"") + weir_build() + "\" build (" +
                     weir_build_flags() +
                     "): its times would mean nothing. Build with -DCMAKE_BUILD_TYPE=Release and "
                     "without sanitizers, and run that weir-bench");
  }
}

// Peers that were built with this program may be missing: a note. One that the command line names must work.
std::vector<std::unique_ptr<Peer>> open_peers(const Options &options, Context &context) {
  std::vector<std::unique_ptr<Peer>> peers;
  auto open = [&](const PeerEntry &entry, bool required) {
    std::string given = "--peer=" + entry.name + ":" + (entry.command.empty() ? "" : entry.command[0]);
    std::string &noted = context["peer:" + entry.name];
    bool taken = !noted.empty() && noted.rfind("missing: ", 0) != 0;
    if (taken && required) {
      throw UsageError(given + ": there is another peer of that name");
    }
    auto peer = std::make_unique<Peer>(entry.name, entry.command, options.patience_seconds);
    if (!entry.command.empty() && peer->open()) {
      noted = peer->version();
      peers.push_back(std::move(peer));
      return;
    }
    std::string why = entry.command.empty() ? entry.missing : peer->why();
    if (required) {
      throw UsageError(given + ": " + why);
    }
    noted = "missing: " + why;
    fprintf(stderr, "weir-bench: without %s: %s\n", entry.name.c_str(), why.c_str());
  };
  for (const PeerEntry &entry : options.no_peers ? std::vector<PeerEntry>() : built_peers("weir-bench")) {
    open(entry, false);
  }
  std::vector<size_t> workers = workers_of(options);
  if (!options.no_peers && std::find(workers.begin(), workers.end(), 2) != workers.end()) {
    open({pair_name, pair_command(options.patience_seconds), ""}, false);
  }
  for (const auto &[name, program] : options.peers) {
    open({name, {program}, ""}, true);
  }
  return peers;
}

void check_out_file(const Options &options) {
  if (!options.out.empty() && !std::ofstream(options.out, std::ios::app)) {
    throw UsageError("--benchmark_out=" + options.out + ": cannot be written: " + strerror(errno));
  }
}

void initialize_benchmark(const Options &options, char *program) {
  std::vector<std::string> flags = options.benchmark_flags;
  std::vector<char *> arguments = {program};
  for (std::string &flag : flags) {
    arguments.push_back(flag.data());
  }
  arguments.push_back(nullptr);
  int count = (int)arguments.size() - 1;
  benchmark::Initialize(&count, arguments.data());
  if (count > 1) {
    throw UsageError(std::string(arguments[1]) +
                     ": Google Benchmark 1.7.1 has no such flag; --help lists the usual ones");
  }
}

size_t name_width(const Plan &plan) {
  size_t width = strlen("Benchmark");
  for (const Cell &cell : plan.cells()) {
    width = std::max(width, cell.name.size());
  }
  return width + strlen("_median");
}

// As many as were asked for; else five, or fewer on a machine on which the default sweep would not end in ten minutes.
int choose_repetitions(const Plan &plan, const Options &options) {
  constexpr int usual = 5, least = 3;
  constexpr double budget_seconds = 8 * 60; // leaves room for the calibration and for a wrong estimate
  if (options.repetitions || options.full || plan.seconds() * usual <= budget_seconds) {
    return options.repetitions.value_or(usual);
  }
  int repetitions = std::clamp((int)(budget_seconds / plan.seconds()), least, usual);
  fprintf(stderr,
          "weir-bench: %d repetitions instead of %d, to end in ten minutes (--benchmark_repetitions=%d insists)\n",
          repetitions, usual, usual);
  return repetitions;
}

void run_plan(const Plan &plan, const Options &options, Session &session) {
  int repetitions = choose_repetitions(plan, options);
  fprintf(stderr, "weir-bench: %zu rows, %d runs each: about %s\n", plan.cells().size(), repetitions,
          duration_text(plan.seconds() * repetitions).c_str());
  for (const Cell &cell : plan.cells()) {
    benchmark::RegisterBenchmark(cell.name.c_str(), [&](benchmark::State &state) { run_cell(state, cell, session); })
        ->Iterations(cell.n)
        ->Repetitions(repetitions)
        ->UseManualTime()
        ->Unit(benchmark::kNanosecond);
  }
  size_t width = name_width(plan);
  ExactReporter display(*benchmark::CreateDefaultDisplayReporter(), session.progress, width, options.brief);
  session.begun = std::chrono::steady_clock::now();
  session.progress.begin("running", plan.cells().size() * (size_t)repetitions, plan.seconds() * repetitions);
  if (options.out.empty()) {
    benchmark::RunSpecifiedBenchmarks(&display, ".");
  } else {
    auto inner = file_reporter(options.out_format);
    ExactReporter file(*inner, session.progress, width, false);
    benchmark::RunSpecifiedBenchmarks(&display, &file, ".");
  }
  session.progress.clear();
}

void finish_results(const Options &options) {
  struct stat status;
  std::string why;
  bool regular = !options.out.empty() && stat(options.out.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  if (regular && options.out_format == "json" && !add_context(options.out, machine_load("after"), &why)) {
    fprintf(stderr, "weir-bench: %s\n", why.c_str());
  }
}

ExitStatus sweep(int argc, char **argv) {
  Options options = parse_options(argc, argv);
  if (options.help) {
    fputs(help_text(), stdout);
    return exit_good;
  }
  refuse_slow_library();
  if (options.processes > 1 && !options.list_tests && !options.serve && !options.serve_pair) {
    return (ExitStatus)run_processes(options, argc, argv);
  }
  row_slow_down(options.self_test_slower_percent);
  row_add_work(options.self_test_work);
  signal(SIGPIPE, SIG_IGN); // a peer that ended is an answer, not our end
  Server server;
  if (server.note().rfind("missing: ", 0) == 0) {
    fprintf(stderr, "weir-bench: without the rows http/…: %s\n", server.note().c_str());
  } else if (server.tls_note().rfind("missing: ", 0) == 0) {
    fprintf(stderr, "weir-bench: without the rows http/tls/…: %s\n", server.tls_note().c_str());
  }
  if (options.serve || options.serve_pair) {
    Plan plan(options, {});
    server.start_for(plan);
    options.serve_pair ? serve_pair(plan, options.patience_seconds) : serve(plan);
    return exit_good;
  }
  if (!options.workers && workers_of(options).size() == 1) {
    fprintf(stderr, "weir-bench: one processor: no rows of two workers (--workers=1,2 insists)\n");
  }
  Context context = environment(argc, argv);
  context["timeout_ms"] = std::to_string(broadcast_timeout_ms);
  context["web_server"] = server.note();
  context["web_server_tls"] = server.tls_note();
  std::vector<std::unique_ptr<Peer>> peers = open_peers(options, context);
  Plan plan(options, peers);
  if (plan.cells().empty()) {
    throw UsageError("--benchmark_filter=" + options.filter +
                     ": no row has such a name; --benchmark_list_tests lists them");
  }
  if (options.list_tests) {
    for (const Cell &cell : plan.cells()) {
      puts(cell.name.c_str());
    }
    return exit_good;
  }
  check_out_file(options);
  server.start_for(plan);
  Memory memory(argc, argv, options.patience_seconds);
  context["memory"] = memory.open() ? "counted in a process of its own: bench/heap.h" : "missing: " + memory.why();
  if (!memory.why().empty()) {
    fprintf(stderr, "weir-bench: without bytes_per_op, bytes_live_after and bytes_peak: %s\n", memory.why().c_str());
  }
  initialize_benchmark(options, argv[0]);
  for (const auto &[key, value] : context) {
    benchmark::AddCustomContext(key, value);
  }

  Session session;
  plan.calibrate(options.target_seconds, memory, session.progress);
  run_plan(plan, options, session);
  finish_results(options);
  if (session.failed > 0) {
    fprintf(stderr, "weir-bench: %zu runs failed; their rows above say why\n", session.failed);
    return exit_failed_rows;
  }
  return exit_good;
}

} // namespace
} // namespace bench

int main(int argc, char **argv) {
  try {
    return bench::sweep(argc, argv);
  } catch (const bench::UsageError &error) {
    fprintf(stderr, "weir-bench: %s\n", error.what());
    return bench::exit_usage;
  }
}

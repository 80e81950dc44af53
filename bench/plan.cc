// bench/plan.cc — see plan.h.
#include "plan.h"

#include "watchdog.h"
#include "web_server.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <regex>
#include <sched.h>

namespace bench {
namespace {

constexpr size_t some_subscribers = 100; // where the default sweep also runs slow and exit, and the steady rows
constexpr double peer_run_seconds = 1;   // no peer's run should take longer
constexpr int probe_share = 8;           // a peer is first asked for that part of the operations

// The values of each axis, as given or as usual.
struct Axes {
  std::vector<size_t> subscribers, concurrency;
  std::vector<weir_timeout_policy> policies;
  std::vector<weir_timer_mode> modes;
  std::vector<row_load> loads;

  explicit Axes(const Options &o)
      : subscribers(o.subscribers.value_or(std::vector<size_t>{1, 10, 100, 1000, 10000})),
        concurrency(o.concurrency.value_or(o.full ? std::vector<size_t>{1, 2, 3, 8} : std::vector<size_t>{1, 8})),
        policies(o.policies.value_or(
            std::vector{WEIR_TIMEOUT_AFTER, WEIR_TIMEOUT_TIMER, WEIR_TIMEOUT_DEADLINE, WEIR_TIMEOUT_NONE})),
        modes(o.modes.value_or(std::vector{WEIR_TIMERS_CLASSIC, WEIR_TIMERS_PROMPT})),
        loads(o.loads.value_or(std::vector{ROW_LOAD_READY, ROW_LOAD_SLOW, ROW_LOAD_EXIT})) {}

  void each(const std::function<void(const row &)> &visit, int64_t timeout) const {
    for (weir_timeout_policy policy : policies) {
      for (weir_timer_mode mode : modes) {
        for (size_t subscriber_count : subscribers) {
          for (size_t publisher_count : concurrency) {
            row cell = {};
            cell.policy = policy;
            cell.mode = mode;
            cell.subscribers = subscriber_count;
            cell.concurrency = publisher_count;
            cell.timeout = timeout;
            visit(cell);
          }
        }
      }
    }
  }
};

// Slow needs a subscriber that never receives, and a send that gives up. Unless asked for, the loads beside ready are
// run at one number of subscribers only.
bool runs(const row &cell, const Options &options) {
  if (cell.load == ROW_LOAD_SLOW && (cell.policy == WEIR_TIMEOUT_NONE || cell.subscribers < 10)) {
    return false;
  }
  return cell.load == ROW_LOAD_READY || options.full || options.loads || cell.subscribers == some_subscribers;
}

void add_broadcasts(const Options &options, row_list &rows) {
  Axes axes(options);
  for (row_load load : axes.loads) {
    for (size_t capacity : options.capacities) {
      axes.each(
          [&](row cell) {
            cell.load = load;
            cell.capacity = capacity;
            if (runs(cell, options)) {
              rows_broadcast(&rows, &cell);
            }
          },
          broadcast_timeout_ms * WEIR_MILLISECOND);
    }
  }
}

void add_steady(const Options &options, row_list &rows) {
  Axes axes(options);
  axes.subscribers = options.subscribers.value_or(std::vector<size_t>{some_subscribers});
  axes.concurrency = options.concurrency.value_or(std::vector<size_t>{1});
  axes.each([&](const row &cell) { rows_steady(&rows, &cell); }, options.steady_timeout_ms * WEIR_MILLISECOND);
}

// Which rows two workers run when nobody chose: see --help.
bool runs_with_several(const row &work, const Options &options) {
  if (options.workers || options.full || options.subscribers || work.subscribers == 0) {
    return true;
  }
  bool steady = std::string(work.name).rfind("steady/", 0) == 0;
  return !steady && work.load == ROW_LOAD_READY &&
         (work.subscribers == 1 || work.subscribers == some_subscribers || work.subscribers == 10000);
}

// All rows, as often as there are numbers of workers for them.
void add_rows(const Options &options, row_list &rows) {
  row_list base = {};
  rows_task(&base);
  rows_channel(&base);
  rows_select(&base);
  rows_timer(&base);
  rows_context(&base);
  rows_workers(&base);
  rows_wake(&base);
  rows_http(&base);
  if (options.full) {
    rows_parked(&base);
  }
  add_broadcasts(options, base);
  add_steady(options, base);
  rows_scaling(&base);
  if (options.self_test_hang) {
    rows_hang(&base);
  }
  if (options.self_test_wrong_count) {
    rows_wrong_count(&base);
  }
  for (size_t i = 0; i < base.count; i++) {
    row work = base.rows[i];
    unsigned only = work.workers;
    for (size_t workers : workers_of(options)) {
      work.workers = (unsigned)workers;
      if ((only == 0 || only == workers) && (workers == 1 || runs_with_several(work, options))) {
        row_list_add(&rows, &work, "%s", base.rows[i].name);
      }
    }
  }
  row_list_free(&base);
}

// As Google Benchmark understands a filter, but on the names that it prints for us.
class Filter {
public:
  explicit Filter(const std::string &text) : negative_(!text.empty() && text[0] == '-') {
    std::string expression = negative_ ? text.substr(1) : text;
    if (expression.empty() || expression == "all") {
      expression = ".";
    }
    try {
      regex_ = std::regex(expression, std::regex::extended);
    } catch (const std::regex_error &error) {
      throw UsageError("--benchmark_filter=" + text + ": expected an extended regular expression: " + error.what());
    }
  }
  bool takes(const std::string &name) const {
    return std::regex_search(name, regex_) != negative_;
  }

private:
  bool negative_;
  std::regex regex_;
};

int64_t whole_steps(double n, int64_t step) {
  return std::max<int64_t>(1, (int64_t)std::llround(n / (double)step)) * step;
}

// What a run costs: preparations, and each operation. A run that failed leaves zeros; it will fail again, and be
// reported, when its turn comes.
struct Pace {
  double overhead = 0; // seconds
  double ns_each = 0;
};

Pace probe(const Cell &cell, int64_t n) {
  auto begun = std::chrono::steady_clock::now();
  Outcome outcome = cell.run(n);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  if (!outcome.failure.empty()) {
    return {};
  }
  return {seconds - (double)outcome.ns / 1e9, (double)outcome.ns / (double)outcome.count};
}

// Runs the row with more and more operations until it takes the target.
int64_t find_operations(const Cell &cell, double target_ns, Pace &pace) {
  int64_t step = cell.work->step;
  for (int64_t n = 0, next = step;;) {
    n = next;
    pace = probe(cell, n);
    double ns = pace.ns_each * (double)n;
    if (ns == 0 || ns >= 0.9 * target_ns) {
      return n;
    }
    next = whole_steps((double)n * std::clamp(target_ns / ns, 1.0, 100.0), step);
    if (next == n) {
      return n;
    }
  }
}

} // namespace

std::vector<size_t> workers_of(const Options &options) {
  cpu_set_t set;
  bool one_processor = sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) < 2;
  return options.workers.value_or(one_processor ? std::vector<size_t>{1} : std::vector<size_t>{1, 2});
}

std::string Cell::benchmark() const {
  return std::string(work->name) + "/workers:" + std::to_string(work->workers);
}

Outcome Cell::run(int64_t operations) const {
  Outcome outcome;
  int cpu = work->asks_server ? web_server_client_cpu() : -1;
  if (peer != nullptr) {
    outcome = peer->run(benchmark(), operations, cpu);
    if (outcome.failure.empty()) {
      char failure[ROW_FAILURE_SIZE];
      row_check_count(name.c_str(), operations, outcome.count, work->whole_rounds, failure);
      outcome.failure = failure;
    }
    return outcome;
  }
  row_result result;
  {
    Watchdog watchdog(name, patience);
    KeptOn kept(0, cpu);
    row_run(work, operations, &result);
  }
  outcome.ns = result.ns;
  outcome.count = result.count;
  for (size_t i = 0; i < result.field_count; i++) {
    outcome.fields.emplace_back(result.fields[i].name, result.fields[i].value);
  }
  outcome.fields.insert(outcome.fields.end(), memory.begin(), memory.end());
  outcome.began = result.began;
  outcome.failure = result.failure;
  return outcome;
}

Plan::Plan(const Options &options, const std::vector<std::unique_ptr<Peer>> &peers) {
  Filter filter(options.filter);
  add_rows(options, rows_);
  for (size_t i = 0; i < rows_.count; i++) {
    Group group = {{"", &rows_.rows[i], nullptr, options.patience_seconds, 0, 0, {}}, {}};
    group.weir.name = group.weir.benchmark();
    std::vector<Cell> candidates = {group.weir};
    for (const auto &peer : peers) {
      if (peer->holds(group.weir.name)) {
        candidates.push_back({group.weir.name + "/peer:" + peer->name(), group.weir.work, peer.get(), 0, 0, 0, {}});
      }
    }
    for (const Cell &cell : candidates) {
      if (filter.takes(cell.name)) {
        group.cells.push_back(cells_.size());
        cells_.push_back(cell);
      }
    }
    if (!group.cells.empty()) {
      groups_.push_back(group);
    }
  }
}

Plan::~Plan() {
  row_list_free(&rows_);
}

bool Plan::asks_server() const {
  return std::any_of(cells_.begin(), cells_.end(), [](const Cell &cell) { return cell.work->asks_server; });
}

double Plan::seconds() const {
  double sum = 0;
  for (const Cell &cell : cells_) {
    sum += cell.seconds;
  }
  return sum;
}

void Plan::calibrate(double target_seconds, Memory &memory, Progress &progress) {
  progress.begin("calibrating", groups_.size(), 0);
  for (const Group &group : groups_) {
    progress.step_begins(group.weir.name);
    double least = target_seconds == 0 ? 0 : (double)group.weir.work->ns_min;
    calibrate(group, std::max(target_seconds * 1e9, least), memory);
    progress.step_ended(0);
  }
  progress.clear();
}

void Plan::calibrate(const Group &group, double target_ns, Memory &memory) {
  Pace weir;
  int64_t step = group.weir.work->step;
  int64_t n = find_operations(group.weir, target_ns, weir);
  std::vector<Pace> paces;
  for (size_t i : group.cells) {
    const Cell &cell = cells_[i];
    paces.push_back(cell.peer == nullptr ? weir : probe(cell, whole_steps((double)n / probe_share, step)));
  }
  for (const Pace &pace : paces) {
    if (pace.ns_each * (double)n > peer_run_seconds * 1e9) {
      n = whole_steps(peer_run_seconds * 1e9 / pace.ns_each, step);
    }
  }
  for (size_t i = 0; i < paces.size(); i++) {
    Cell &cell = cells_[group.cells[i]];
    cell.n = n;
    if (cell.peer == nullptr && paces[i].ns_each > 0) {
      cell.memory = memory.count(cell.name, n, step);
    }
    cell.seconds = paces[i].overhead + paces[i].ns_each * (double)n / 1e9;
  }
}

} // namespace bench

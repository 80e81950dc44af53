// bench/options.cc — see options.h. Every option is --NAME or --NAME=VALUE; one that begins with --benchmark_ is
// Google Benchmark's. Rejected: getopt_long (it abbreviates, so that --s would be accepted until a second option begins
// with s).
#include "options.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <strings.h>

namespace bench {
namespace {

std::vector<std::string> split(const std::string &text) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

[[noreturn]] void refuse(const std::string &option, const std::string &value, const std::string &allowed) {
  throw UsageError(option + "=" + value + ": expected " + allowed);
}

size_t parse_number(const std::string &option, const std::string &text, size_t least, size_t most) {
  bool digits = !text.empty() && text.size() <= 9 && text.find_first_not_of("0123456789") == std::string::npos;
  size_t number = digits ? std::stoul(text) : 0;
  if (!digits || number < least || number > most) {
    refuse(option, text, "a number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return number;
}

template <class Value> void add_once(std::vector<Value> &values, Value value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) {
    values.push_back(value);
  }
}

std::vector<size_t> parse_numbers(const std::string &option, const std::string &value, size_t least, size_t most) {
  std::vector<size_t> numbers;
  for (const std::string &part : split(value)) {
    add_once(numbers, parse_number(option, part, least, most));
  }
  return numbers;
}

template <class Kind>
std::vector<Kind> parse_kinds(const std::string &option, const std::string &value, const std::vector<Kind> &kinds,
                              const char *(*name)(Kind)) {
  std::vector<Kind> chosen;
  std::string allowed;
  for (Kind kind : kinds) {
    allowed += (allowed.empty() ? "" : ", ") + std::string(name(kind));
  }
  for (const std::string &part : split(value)) {
    auto found = std::find_if(kinds.begin(), kinds.end(), [&](Kind kind) { return part == name(kind); });
    if (found == kinds.end()) {
      refuse(option, part, "one or several of " + allowed);
    }
    add_once(chosen, *found);
  }
  return chosen;
}

std::pair<std::string, std::string> parse_peer(const std::string &option, const std::string &value) {
  size_t colon = value.find(':');
  std::string name = value.substr(0, colon);
  if (colon == std::string::npos || colon + 1 == value.size() || name.empty() ||
      name.find_first_of("/ \t\"\\") != std::string::npos) {
    refuse(option, value, "NAME:PROGRAM, the name without a slash, a colon or a space");
  }
  return {name, value.substr(colon + 1)};
}

const std::vector<weir_timeout_policy> all_policies = {WEIR_TIMEOUT_AFTER, WEIR_TIMEOUT_TIMER, WEIR_TIMEOUT_DEADLINE,
                                                       WEIR_TIMEOUT_NONE};
const std::vector<weir_timer_mode> all_modes = {WEIR_TIMERS_CLASSIC, WEIR_TIMERS_PROMPT};
const std::vector<row_load> all_loads = {ROW_LOAD_READY, ROW_LOAD_SLOW, ROW_LOAD_EXIT};

const std::set<std::string> switches = {
    "--no-peers", "--full", "--help", "--serve", "--serve-pair", "--self-test-hang", "--self-test-wrong-count"};
const std::set<std::string> with_value = {"--subscribers",    "--concurrency", "--capacity",         "--policy",
                                          "--mode",           "--load",        "--steady-timeout",   "--workers",
                                          "--self-test-work", "--processes",   "--self-test-slower", "--peer",
                                          "--peer-timeout"};

void apply_switch(Options &options, const std::string &option) {
  options.no_peers |= option == "--no-peers";
  options.full |= option == "--full";
  options.help |= option == "--help";
  options.serve |= option == "--serve";
  options.serve_pair |= option == "--serve-pair";
  options.self_test_hang |= option == "--self-test-hang";
  options.self_test_wrong_count |= option == "--self-test-wrong-count";
}

void apply_value(Options &options, const std::string &option, const std::string &value) {
  if (option == "--subscribers") {
    options.subscribers = parse_numbers(option, value, 1, 1000000);
  } else if (option == "--concurrency") {
    options.concurrency = parse_numbers(option, value, 1, 10000);
  } else if (option == "--capacity") {
    options.capacities = parse_numbers(option, value, 0, 1000000);
  } else if (option == "--policy") {
    options.policies = parse_kinds(option, value, all_policies, row_policy_name);
  } else if (option == "--mode") {
    options.modes = parse_kinds(option, value, all_modes, row_mode_name);
  } else if (option == "--load") {
    options.loads = parse_kinds(option, value, all_loads, row_load_name);
  } else if (option == "--steady-timeout") {
    options.steady_timeout_ms = (int64_t)parse_number(option, value, 1, 600000);
  } else if (option == "--peer") {
    options.peers.push_back(parse_peer(option, value));
  } else if (option == "--processes") {
    options.processes = parse_number(option, value, 1, 1000);
  } else if (option == "--self-test-slower") {
    options.self_test_slower_percent = (unsigned)parse_number(option, value, 0, 1000);
  } else if (option == "--self-test-work") {
    options.self_test_work = (unsigned)parse_number(option, value, 0, 1000);
  } else if (option == "--peer-timeout") {
    options.patience_seconds = (int)parse_number(option, value, 1, 86400);
  } else {
    options.workers = parse_numbers(option, value, 1, 64);
  }
}

// The value Google Benchmark will see: the last one on the command line, else the environment's.
std::optional<std::string> benchmark_flag(const Options &options, const std::string &name) {
  std::optional<std::string> found;
  std::string variable = name;
  std::transform(variable.begin(), variable.end(), variable.begin(),
                 [](unsigned char c) { return (char)std::toupper(c); });
  if (const char *value = std::getenv(variable.c_str())) {
    found = value;
  }
  for (const std::string &flag : options.benchmark_flags) {
    if (flag == "--" + name) {
      found = "true";
    } else if (flag.rfind("--" + name + "=", 0) == 0) {
      found = flag.substr(name.size() + 3);
    }
  }
  return found;
}

std::string parse_format(const Options &options, const std::string &name, const std::string &fallback) {
  std::string format = benchmark_flag(options, name).value_or(fallback);
  if (format != "console" && format != "json" && format != "csv") {
    refuse("--" + name, format, "console, json or csv");
  }
  return format;
}

void read_benchmark_flags(Options &options) {
  if (auto value = benchmark_flag(options, "benchmark_min_time")) {
    char *end = nullptr;
    options.target_seconds = std::strtod(value->c_str(), &end);
    if (value->empty() || *end != '\0' || !(options.target_seconds >= 0 && options.target_seconds <= 1000)) {
      refuse("--benchmark_min_time", *value, "seconds from 0 to 1000, a plain number such as 0.02");
    }
  }
  if (auto value = benchmark_flag(options, "benchmark_repetitions")) {
    options.repetitions = (int)parse_number("--benchmark_repetitions", *value, 1, 1000000);
  }
  if (auto value = benchmark_flag(options, "benchmark_list_tests")) {
    const char *text = value->c_str();
    options.list_tests = strcasecmp(text, "false") != 0 && strcasecmp(text, "no") != 0 && *value != "0";
  }
  options.filter = benchmark_flag(options, "benchmark_filter").value_or("");
  options.out = benchmark_flag(options, "benchmark_out").value_or("");
  options.format = parse_format(options, "benchmark_format", "console");
  options.out_format = parse_format(options, "benchmark_out_format", "json");

  options.brief = options.format == "console" && !benchmark_flag(options, "benchmark_display_aggregates_only");

  // What the sweep does unless told otherwise; first, so that a flag of the user's comes later and wins.
  for (const char *usual : {"benchmark_enable_random_interleaving=true", "benchmark_display_aggregates_only=true"}) {
    std::string flag = usual;
    if (!benchmark_flag(options, flag.substr(0, flag.find('=')))) {
      options.benchmark_flags.insert(options.benchmark_flags.begin(), "--" + flag);
    }
  }
}

} // namespace

Options parse_options(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; i++) {
    std::string argument = argv[i];
    size_t equals = argument.find('=');
    std::string name = argument.substr(0, equals);
    if (name.rfind("--benchmark_", 0) == 0 || name == "--v") {
      options.benchmark_flags.push_back(argument);
      continue;
    }
    bool has_value = equals != std::string::npos;
    if (switches.count(name) != 0 && !has_value) {
      apply_switch(options, name);
    } else if (with_value.count(name) != 0 && has_value) {
      apply_value(options, name, argument.substr(equals + 1));
    } else if (switches.count(name) != 0) {
      throw UsageError(argument + ": " + name + " takes no value");
    } else if (with_value.count(name) != 0) {
      throw UsageError(name + ": a value is missing; write " + name + "=VALUE (--help shows which)");
    } else {
      throw UsageError(argument + ": no such option; --help lists them");
    }
  }
  read_benchmark_flags(options);
  if (options.patience_seconds == 0) { // a steady row lasts for some thirty timeouts
    constexpr int64_t usual_seconds = 120, steady_timeouts = 40;
    options.patience_seconds = (int)(usual_seconds + steady_timeouts * options.steady_timeout_ms / 1000);
  }
  return options;
}

const char *help_text() {
  return R"(weir-bench: the sweep of Weir's benchmarks, side by side with other systems doing the same work.

  weir-bench --benchmark_out=results.json      the default sweep, at most ten minutes on two cores
  weir-bench --benchmark_filter='^channel/'    only some rows
  weir-bench --subscribers=100,1000 --policy=after,deadline --benchmark_filter='^broadcast/'

Axes of the broadcast and steady rows (values separated by commas; the other rows are chosen by --benchmark_filter):
  --subscribers=N,...      default 1,10,100,1000,10000   (steady: 100)
  --concurrency=N,...      publishers; default 1,8       (steady: 1)
  --policy=P,...           after, timer, deadline, none  default all
  --mode=M,...             classic, prompt               default both
  --load=L,...             ready, slow, exit             default ready everywhere, slow and exit at 100 subscribers
  --capacity=N,...         of a subscriber's channel; default 1
  --steady-timeout=MS      timeout of the steady rows; default 5
  --full                   the whole grid: concurrency 1,2,3,8, every load, and a million parked tasks (5 GB)

Every row is run with each number of workers (Go: GOMAXPROCS):
  --workers=N,...          default 1,2, or 1 where this process may use one processor only. By default two workers run
                           all rows but, of the broadcasts, load ready at 1, 100 and 10000 subscribers only and no
                           steady rows; --workers, --subscribers or --full bring them all

  --processes=N            run the sweep N times, each time in a process of its own, into one file: what differs between
                           processes does not show in the repetitions of one. To compare with a baseline, use 5 or more

Peers: programs that list benchmarks and run them on request (README.md in bench/peers).
  --peer=NAME:PROGRAM      adds one; may be repeated. Those in peers/peers.txt beside this program are always asked
  --no-peers               leaves those out
  --peer-timeout=SECONDS   default 120, and forty steady timeouts. A peer that has not answered a request by then is
                           killed and that run fails; it is not asked for that row again, and after three such rows
                           for nothing. A row of Weir's own that takes so long ends the sweep, with its name
  --serve                  be a peer: answer the protocol's requests with Weir's own rows

Google Benchmark's flags work as usual; here they mean:
  --benchmark_min_time=SECONDS    how long a run should take on Weir; default 0.02. The number of operations found on
                                  Weir's row is then given to every peer, fewer when a peer would need over a second
  --benchmark_repetitions=N       default 5 (at least 3 when the default sweep would take over ten minutes), in
                                  random order unless --benchmark_enable_random_interleaving=false
  --benchmark_display_aggregates_only=false      the console shows every repetition, not only median and variation;
                                  files always hold everything
  --benchmark_filter=REGEX  --benchmark_list_tests  --benchmark_out=FILE  --benchmark_out_format=json|csv|console
  --benchmark_format=console|json|csv

Exit status: 0; 1 when a row failed (its work count was wrong, or a peer failed); 2 when the command line means nothing or
the library is not a release build.
)";
}

} // namespace bench

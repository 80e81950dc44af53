// bench/growth/main.cc — weir-curves: the seed's curves, Weir beside the Go peers, as JSON.
//
// For each policy, mode and timeout what is alive is read again and again while a broadcast delivers messages. The shape
// is what matters: under `after` in classic mode it is a line up to the timeout, and only then a plateau.
//
// The file, of which reports/ draws a picture (a reader ignores what it does not know):
//   schema    "weir-growth-1"
//   context   strings: version, command, date, processor, …
//   curves    [{system, version, policy, mode, timeout_ns, subscribers, concurrency, failure (optional),
//             points: [{messages, seconds, live_bytes, before_collection, pending, abandoned}]}]
//             live_bytes: Weir's own count; Go: HeapAlloc after two collections. Both less what was alive before.
//             before_collection: HeapAlloc before these; null for Weir, which has none.
//             pending, abandoned: timers. Weir counts them; Go's are told by the objects that are alive.
//   verdicts  [{what weir_growth_print_json prints of the same messages; policy, mode, timeout_ns}]: Weir's
//
// A peer is started anew for each curve, and ended with it: timers of one would be alive in the next. Its row is
// growth/policy:P/mode:M/subscribers:S/concurrency:C/timeout_ms:T/pace_ms:M; n is the number of messages; the points come
// as fields NAME@INDEX.
#include "../environment.h"
#include "../peer.h"
#include "../peer_list.h"
#include "curve.h"

#include <jansson.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace bench {
namespace {

constexpr int64_t messages_usual = 1000000, messages_least = 20000, messages_most = 100000000;
constexpr size_t subscribers = 100, concurrency = 1;
constexpr int peer_patience_seconds = 120;

// 5 ms and 60 s need no pace: the messages take many of the one, and fewer than one of the other.
struct Timeout {
  int64_t ms, pace_ms;
};
constexpr Timeout usual_timeouts[] = {{5, 1}, {1000, 4000}, {60000, 1}};
constexpr weir_timeout_policy policies[] = {WEIR_TIMEOUT_AFTER, WEIR_TIMEOUT_TIMER, WEIR_TIMEOUT_DEADLINE,
                                            WEIR_TIMEOUT_NONE};
constexpr weir_timer_mode modes[] = {WEIR_TIMERS_CLASSIC, WEIR_TIMERS_PROMPT};

struct Options {
  std::string file;
  int64_t messages = messages_usual;
  std::vector<Timeout> timeouts = {std::begin(usual_timeouts), std::end(usual_timeouts)};
  bool peers = true;
};

struct Cell {
  weir_timeout_policy policy;
  weir_timer_mode mode;
  Timeout timeout;

  std::string name() const {
    return std::string("growth/policy:") + row_policy_name(policy) + "/mode:" + row_mode_name(mode) +
           "/subscribers:" + std::to_string(subscribers) + "/concurrency:" + std::to_string(concurrency) +
           "/timeout_ms:" + std::to_string(timeout.ms) + "/pace_ms:" + std::to_string(timeout.pace_ms);
  }
};

struct JsonFree {
  void operator()(json_t *value) const {
    json_decref(value);
  }
};
using Json = std::unique_ptr<json_t, JsonFree>;

[[noreturn]] void refuse(const std::string &what) {
  fprintf(stderr, "weir-curves: %s\n", what.c_str());
  exit(2);
}

// ---- curves -----------------------------------------------------------------------------------------------------------

void set_cell(json_t *object, const Cell &cell) {
  json_object_set_new(object, "policy", json_string(row_policy_name(cell.policy)));
  json_object_set_new(object, "mode", json_string(row_mode_name(cell.mode)));
  json_object_set_new(object, "timeout_ns", json_integer(cell.timeout.ms * WEIR_MILLISECOND));
}

json_t *new_curve(const Cell &cell, const std::string &system, const std::string &version) {
  json_t *curve = json_object();
  json_object_set_new(curve, "system", json_string(system.c_str()));
  json_object_set_new(curve, "version", json_string(version.c_str()));
  set_cell(curve, cell);
  json_object_set_new(curve, "subscribers", json_integer((json_int_t)subscribers));
  json_object_set_new(curve, "concurrency", json_integer((json_int_t)concurrency));
  json_object_set_new(curve, "points", json_array());
  return curve;
}

void fail(json_t *curve, const std::string &why) {
  json_object_set_new(curve, "failure", json_string(why.c_str()));
}

json_t *weir_points(const curve &measured) {
  json_t *points = json_array();
  for (size_t i = 0; i < measured.point_count; i++) {
    const curve_point &point = measured.points[i];
    json_array_append_new(points, json_pack("{s:I, s:f, s:I, s:n, s:I, s:I}", "messages", (json_int_t)point.messages,
                                            "seconds", (double)point.ns / 1e9, "live_bytes",
                                            (json_int_t)point.live_bytes, "before_collection", "pending",
                                            (json_int_t)point.pending, "abandoned", (json_int_t)point.abandoned));
  }
  return points;
}

json_t *verdict_of(const Cell &cell, const weir_growth_report &report) {
  char *text = nullptr;
  size_t size = 0;
  FILE *stream = open_memstream(&text, &size);
  if (stream == nullptr || weir_growth_print_json(&report, cell.name().c_str(), stream) != 0 || fclose(stream) != 0) {
    refuse("no memory for a verdict");
  }
  json_t *verdict = json_loadb(text, size, 0, nullptr);
  free(text);
  set_cell(verdict, cell);
  json_object_set_new(verdict, "system", json_string("weir"));
  return verdict;
}

// False: it failed.
bool measure_weir(const Cell &cell, const Options &options, json_t *curves, json_t *verdicts) {
  curve measured = {};
  measured.policy = cell.policy;
  measured.mode = cell.mode;
  measured.timeout = cell.timeout.ms * WEIR_MILLISECOND;
  measured.pace = cell.timeout.pace_ms * WEIR_MILLISECOND;
  measured.subscribers = subscribers;
  measured.concurrency = concurrency;
  measured.messages = options.messages;
  int error = curve_run(&measured);
  json_t *curve = new_curve(cell, "weir", weir_version());
  json_array_append_new(curves, curve);
  if (error != 0) {
    fail(curve, std::string("the run ended with ") + strerror(-error));
    return false;
  }
  json_object_set_new(curve, "points", weir_points(measured));
  json_array_append_new(verdicts, verdict_of(cell, measured.growth));
  weir_growth_report_free(&measured.growth);
  return true;
}

// The points among the fields of an answer; NAME@INDEX in the order of the indices.
json_t *peer_points(const Outcome &outcome) {
  json_t *points = json_array();
  for (const auto &[name, value] : outcome.fields) {
    size_t at = name.find('@');
    size_t index = at == std::string::npos ? SIZE_MAX : strtoul(name.c_str() + at + 1, nullptr, 10);
    while (index < 10000 && json_array_size(points) <= index) {
      json_array_append_new(points, json_object());
    }
    if (json_t *point = json_array_get(points, index)) {
      json_object_set_new(point, name.substr(0, at).c_str(), json_real(value));
    }
  }
  return points;
}

bool measure_peer(const Cell &cell, const Options &options, const PeerEntry &entry, json_t *curves) {
  Peer peer(entry.name, entry.command, peer_patience_seconds);
  std::string benchmark = cell.name() + "/workers:1";
  if (!peer.open()) {
    fprintf(stderr, "weir-curves: without %s: %s\n", entry.name.c_str(), peer.why().c_str());
    return false;
  }
  if (!peer.holds(benchmark)) {
    return true;
  }
  Outcome outcome = peer.run(benchmark, options.messages);
  json_t *curve = new_curve(cell, peer.name(), peer.version());
  json_array_append_new(curves, curve);
  if (!outcome.failure.empty()) {
    fail(curve, outcome.failure);
    return false;
  }
  json_object_set_new(curve, "points", peer_points(outcome));
  return true;
}

// ---- the whole --------------------------------------------------------------------------------------------------------

json_t *new_context(int argc, char **argv) {
  json_t *context = json_object();
  for (const auto &[key, value] : environment(argc, argv)) {
    json_object_set_new(context, key.c_str(), json_string(value.c_str()));
  }
  char date[32];
  time_t now = time(nullptr);
  strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
  json_object_set_new(context, "date", json_string(date));
  json_object_set_new(context, "version", json_string(weir_version()));
  return context;
}

// How many curves failed.
size_t measure_all(const Options &options, json_t *curves, json_t *verdicts) {
  std::vector<PeerEntry> peers = options.peers ? built_peers("weir-curves") : std::vector<PeerEntry>();
  size_t failed = 0;
  for (weir_timeout_policy policy : policies) {
    for (weir_timer_mode mode : modes) {
      for (const Timeout &timeout : options.timeouts) {
        Cell cell = {policy, mode, timeout};
        fprintf(stderr, "weir-curves: %s\n", cell.name().c_str());
        failed += !measure_weir(cell, options, curves, verdicts);
        for (const PeerEntry &peer : peers) {
          failed += !peer.command.empty() && !measure_peer(cell, options, peer, curves);
        }
      }
    }
  }
  return failed;
}

const char help[] =
    "usage: weir-curves [options] -o FILE\n"
    "Reads what is alive while a broadcast delivers messages, for each timeout policy, timer mode and timeout (5 ms, 1 "
    "s,\n"
    "60 s), in Weir and in the Go peers that were built with it, and writes the curves and Weir's verdicts as JSON.\n"
    "  -o FILE         where to\n"
    "  --timeouts=T,…  some of 5, 1000 and 60000 milliseconds (default: all)\n"
    "  --messages=N    of each curve (default: 1000000; at least 20000)\n"
    "  --no-peers      Weir alone\n"
    "exit status: 0 written, 1 written, and some curves failed (they say why), 2 usage\n";

std::vector<Timeout> parse_timeouts(const std::string &argument) {
  std::vector<Timeout> chosen;
  std::istringstream list(argument.substr(argument.find('=') + 1) + ",");
  for (std::string part; std::getline(list, part, ',');) {
    auto found = std::find_if(std::begin(usual_timeouts), std::end(usual_timeouts),
                              [&](const Timeout &timeout) { return part == std::to_string(timeout.ms); });
    if (found == std::end(usual_timeouts)) {
      refuse(argument + ": expected some of 5, 1000 and 60000");
    }
    chosen.push_back(*found);
  }
  return chosen;
}

Options parse(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; i++) {
    std::string argument = argv[i];
    if (argument == "--help") {
      fputs(help, stdout);
      exit(0);
    } else if (argument == "-o" && i + 1 < argc) {
      options.file = argv[++i];
    } else if (argument == "--no-peers") {
      options.peers = false;
    } else if (argument.rfind("--timeouts=", 0) == 0) {
      options.timeouts = parse_timeouts(argument);
    } else if (argument.rfind("--messages=", 0) == 0) {
      char *end = nullptr;
      const char *value = argv[i] + strlen("--messages=");
      options.messages = strtoll(value, &end, 10);
      if (end == value || *end != '\0' || options.messages < messages_least || options.messages > messages_most) {
        refuse(argument + ": expected a whole number from 20000 to 100000000");
      }
    } else {
      refuse(argument + ": no such option, or its value is missing; --help lists them");
    }
  }
  if (options.file.empty()) {
    refuse("-o FILE is missing: where the curves are to be written; --help says more");
  }
  return options;
}

int run(int argc, char **argv) {
  Options options = parse(argc, argv);
  FILE *file = fopen(options.file.c_str(), "w");
  if (file == nullptr) {
    refuse("-o " + options.file + ": " + strerror(errno));
  }
  signal(SIGPIPE, SIG_IGN); // a peer that ended is an answer, not our end
  json_t *curves = json_array(), *verdicts = json_array();
  Json whole(json_pack("{s:s, s:o, s:o, s:o}", "schema", "weir-growth-1", "context", new_context(argc, argv), "curves",
                       curves, "verdicts", verdicts));
  size_t failed = measure_all(options, curves, verdicts);
  bool written = json_dumpf(whole.get(), file, JSON_INDENT(1) | JSON_PRESERVE_ORDER) == 0;
  if (fclose(file) != 0 || !written) {
    refuse("-o " + options.file + ": could not be written");
  }
  if (failed > 0) {
    fprintf(stderr, "weir-curves: %zu curves failed; %s says why\n", failed, options.file.c_str());
  }
  return failed > 0 ? 1 : 0;
}

} // namespace
} // namespace bench

int main(int argc, char **argv) {
  return bench::run(argc, argv);
}

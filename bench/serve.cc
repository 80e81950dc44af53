// bench/serve.cc — see serve.h.
#include "serve.h"

#include <algorithm>
#include <csignal>
#include <functional>
#include <iostream>
#include <jansson.h>
#include <sstream>
#include <sys/prctl.h>
#include <unistd.h>
#include <weir.h>

namespace bench {
namespace {

// An error as JSON can hold it, whatever bytes the request had.
std::string plain(const std::string &text) {
  constexpr size_t most = 400;
  std::string shown = text.substr(0, most);
  std::replace_if(
      shown.begin(), shown.end(), [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
  return shown;
}

void answer(json_t *object) {
  char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17));
  std::cout << (text == nullptr ? "{\"error\": \"the answer cannot be written\"}" : text) << std::endl;
  free(text);
  json_decref(object);
}

void answer_error(const std::string &text) {
  answer(json_pack("{s:s}", "error", plain(text).c_str()));
}

void answer_list(const Plan &plan) {
  json_t *names = json_array();
  for (const Cell &cell : plan.cells()) {
    json_array_append_new(names, json_string(cell.name.c_str()));
  }
  answer(json_pack("{s:o, s:s}", "benchmarks", names, "version", weir_version()));
}

void answer_outcome(const std::string &name, const Outcome &outcome) {
  if (!outcome.failure.empty()) {
    answer_error(outcome.failure);
    return;
  }
  json_t *object = json_pack("{s:s, s:I, s:I, s:s}", "name", name.c_str(), "ns", (json_int_t)outcome.ns, "count",
                             (json_int_t)outcome.count, "version", weir_version());
  for (const auto &[field, value] : outcome.fields) {
    json_object_set_new(object, field.c_str(), json_real(value));
  }
  if (outcome.began > 0) {
    json_object_set_new(object, "began", json_integer(outcome.began));
  }
  answer(object);
}

int64_t positive_number(const std::string &text) {
  bool digits = !text.empty() && text.size() <= 15 && text.find_first_not_of("0123456789") == std::string::npos;
  return digits ? std::stoll(text) : 0;
}

using Run = std::function<Outcome(const Cell &cell, int64_t n)>;

void answer_run(const Plan &plan, const std::string &name, const std::string &number, const Run &run) {
  int64_t n = positive_number(number);
  auto cell = std::find_if(plan.cells().begin(), plan.cells().end(), [&](const Cell &c) { return c.name == name; });
  if (n < 1) {
    answer_error("run " + name + ": '" + number + "' is not a positive number of operations");
  } else if (cell == plan.cells().end()) {
    answer_error(name + ": weir-bench holds no such benchmark: ask it to list");
  } else {
    answer_outcome(name, run(*cell, n));
  }
}

void answer_requests(const Plan &plan, const Run &run) {
  prctl(PR_SET_PDEATHSIG, SIGKILL); // also in the middle of a run: who asked is gone
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) {
      words.push_back(word);
    }
    if (words.size() == 1 && words[0] == "list") {
      answer_list(plan);
    } else if (words.size() == 3 && words[0] == "run") {
      answer_run(plan, words[1], words[2], run);
    } else {
      answer_error("not a request, say list, or run NAME N: '" + line + "'");
    }
  }
}

std::string own_program() {
  char self[4096];
  ssize_t length = readlink("/proc/self/exe", self, sizeof(self));
  return std::string(self, length > 0 ? (size_t)length : 0);
}

double field(const Outcome &outcome, const std::string &name) {
  for (const auto &[key, value] : outcome.fields) {
    if (key == name) {
      return value;
    }
  }
  return 0;
}

Outcome added_up(const Outcome &first, const Outcome &second) {
  Outcome sum;
  sum.failure = first.failure.empty() ? second.failure : first.failure;
  if (!sum.failure.empty()) {
    return sum;
  }
  double rate = (double)first.count / (double)first.ns + (double)second.count / (double)second.ns;
  sum.count = first.count + second.count;
  sum.ns = std::max<int64_t>(1, (int64_t)((double)sum.count / rate));
  double began[] = {field(first, "began"), field(second, "began")};
  double ended[] = {began[0] + (double)first.ns, began[1] + (double)second.ns};
  double both = std::min(ended[0], ended[1]) - std::max(began[0], began[1]);
  double whole = std::max(ended[0], ended[1]) - std::min(began[0], began[1]);
  sum.fields.emplace_back("overlap", std::max(0.0, both / whole));
  return sum;
}

} // namespace

std::vector<std::string> pair_command(int patience_seconds) {
  // The pair loses its patience first, so that it can say which of the two hangs.
  return {own_program(),
          "--serve-pair",
          "--no-peers",
          "--workers=2",
          "--benchmark_filter=^scaling/",
          "--peer-timeout=" + std::to_string(std::max(1, patience_seconds * 3 / 4))};
}

void serve(const Plan &plan) {
  answer_requests(plan, [](const Cell &cell, int64_t n) { return cell.run(n); });
}

void serve_pair(const Plan &plan, int patience_seconds) {
  std::vector<std::string> command = {own_program(),
                                      "--serve",
                                      "--no-peers",
                                      "--workers=1",
                                      "--benchmark_filter=^scaling/",
                                      "--peer-timeout=" + std::to_string(std::max(1, patience_seconds * 3 / 4))};
  Peer first("first", command, patience_seconds), second("second", command, patience_seconds);
  answer_requests(plan, [&](const Cell &cell, int64_t n) {
    std::string alone = std::string(cell.work->name) + "/workers:1";
    first.begin_run(alone, n - n / 2);
    second.begin_run(alone, std::max<int64_t>(1, n / 2));
    Outcome one = first.end_run(), other = second.end_run();
    return added_up(one, other);
  });
}

} // namespace bench

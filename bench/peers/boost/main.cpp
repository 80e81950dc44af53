// The Boost.Fiber peer of weir-bench: the benchmarks of ../README.md in the words of Boost.Fiber.
//
// This file speaks the protocol: one request a line on standard input, one JSON line a request on standard output, the end
// of input ends the program with 0. Everything runs on the one thread of the default scheduler (round robin).
#include "row.hpp"

#include <algorithm>
#include <boost/version.hpp>
#include <charconv>
#include <exception>
#include <iostream>
#include <sstream>

namespace {

const std::string version =
    "boost " + std::to_string(BOOST_VERSION / 100000) + "." + std::to_string(BOOST_VERSION / 100 % 1000);
constexpr std::int64_t warm_up_most = 1000;

std::string quoted(const std::string &text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c < 0x20 || c > 0x7e) { // a request may hold anything; no name does
      result += '?';
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string failure(const std::string &message) {
  return "{\"error\":" + quoted(message) + "}";
}

std::string list() {
  std::string names;
  for (const peer::row &row : peer::rows())
    names += (names.empty() ? "" : ",") + quoted(row.pattern);
  return "{\"benchmarks\":[" + names + "],\"version\":" + quoted(version) + "}";
}

// Warms up with a tenth of the work and then does it.
std::string run(const std::string &name, std::int64_t n) {
  peer::numbers numbers;
  const peer::row *row = peer::find(name, numbers);
  if (row == nullptr)
    return failure(name + ": this peer (" + version + ") holds no such benchmark: ask it to list");
  try {
    row->run(numbers, std::min(n / 10 + 1, warm_up_most));
    const peer::outcome done = row->run(numbers, n);
    std::string reply = "{\"name\":" + quoted(name) + ",\"ns\":" + std::to_string(done.elapsed.count()) +
                        ",\"count\":" + std::to_string(done.count) + ",\"version\":" + quoted(version);
    for (const auto &[field, value] : done.fields)
      reply += "," + quoted(field) + ":" + std::to_string(value);
    return reply + "}";
  } catch (const std::exception &error) {
    return failure(name + ": " + error.what());
  }
}

std::string handle(const std::string &line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;)
    words.push_back(word);
  if (words.size() == 1 && words[0] == "list")
    return list();
  if (words.size() == 3 && words[0] == "run") {
    const char *end = words[2].data() + words[2].size();
    std::int64_t n = 0;
    const auto parsed = std::from_chars(words[2].data(), end, n);
    if (parsed.ec != std::errc() || parsed.ptr != end || n < 1)
      return failure("run " + words[1] + ": \"" + words[2] + "\" is not a positive number of operations");
    return run(words[1], n);
  }
  return failure("\"" + line + "\" is not a request: say list, or run NAME N");
}

} // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);)
    if (!(std::cout << handle(line) << std::endl)) {
      std::cerr << "peer: cannot answer on standard output\n";
      return 1;
    }
  return 0;
}

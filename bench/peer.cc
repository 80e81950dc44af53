// bench/peer.cc — see peer.h.
#include "peer.h"

#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <jansson.h>
#include <memory>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace bench {
namespace {

struct JsonFree {
  void operator()(json_t *value) const {
    json_decref(value);
  }
};
using Json = std::unique_ptr<json_t, JsonFree>;

Json parse(const std::string &text) {
  return Json(json_loadb(text.data(), text.size(), 0, nullptr));
}

std::string quoted(const std::string &text) {
  constexpr size_t most = 60;
  std::string shown;
  for (char c : text.substr(0, most)) {
    shown += std::isprint((unsigned char)c) ? c : '?';
  }
  return "'" + shown + (text.size() > most ? "…'" : "'");
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) {
    return std::string("was ended by signal ") + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) +
           ")";
  }
  return "ended with exit status " + std::to_string(WEXITSTATUS(status));
}

constexpr const char *workers_mark = "/workers:";

} // namespace

bool matches_pattern(const std::string &pattern, const std::string &name) {
  size_t at = 0;
  for (char c : pattern) {
    if (c != '*') {
      if (at == name.size() || name[at++] != c) {
        return false;
      }
      continue;
    }
    size_t first = at;
    while (at < name.size() && std::isdigit((unsigned char)name[at])) {
      at++;
    }
    if (at == first) {
      return false;
    }
  }
  return at == name.size();
}

Peer::Peer(std::string name, std::vector<std::string> command, int patience_seconds)
    : name_(std::move(name)), command_(std::move(command)), patience_(patience_seconds) {}

Peer::~Peer() {
  stop();
}

bool Peer::start() {
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
    why_ = "peer " + name_ + ": no pipe: " + strerror(errno);
    return false;
  }
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
  posix_spawnattr_t attributes; // we ignore SIGPIPE; the peer should not
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::vector<char *> arguments;
  for (std::string &word : command_) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  int error = posix_spawnp(&pid_, arguments[0], &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  close(in[0]);
  close(out[1]);
  to_ = fdopen(in[1], "w");
  from_ = out[0];
  unread_.clear();
  if (error != 0) {
    pid_ = -1;
    stop();
    why_ = "peer " + name_ + ": cannot start " + command_[0] + ": " + strerror(error);
  }
  return error == 0;
}

// Its input ends, so it should too; one that does not within two seconds is killed.
void Peer::stop() {
  if (to_ != nullptr) {
    fclose(to_);
    to_ = nullptr;
  }
  if (from_ >= 0) {
    close(from_);
    from_ = -1;
  }
  for (int wait = 0; pid_ > 0; wait++) {
    if (waitpid(pid_, nullptr, WNOHANG) != 0) {
      pid_ = -1;
    } else if (wait == 200) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
      pid_ = -1;
    } else {
      usleep(10000);
    }
  }
}

void Peer::ended() {
  int status = 0;
  std::string how = "closed its output";
  // Its output is at an end: it has exited or is about to, unless it closed the stream by itself; stop() sees to that.
  for (int wait = 0; wait < 100; wait++) {
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      how = how_it_ended(status);
      break;
    }
    usleep(10000);
  }
  why_ = "peer " + name_ + " " + how + " when asked: " + asked_;
  stop();
}

void Peer::hung() {
  why_ = "peer " + name_ + " did not answer within " + std::to_string(patience_.count()) +
         " s (--peer-timeout) and was killed, when asked: " + asked_;
  hung_on_.insert(benchmark_);
  kill(pid_, SIGKILL);
  stop();
  fprintf(stderr, "weir-bench: %s\n", why_.c_str()); // a person who waits wants to know it now
}

void Peer::lost(Heard heard) {
  if (heard == Heard::nothing) {
    hung();
  } else {
    ended();
  }
}

// A line, unless the peer ends or the patience with what it was asked is over.
Peer::Heard Peer::read_line(std::string &line) {
  for (;;) {
    size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return Heard::line;
    }
    auto left = std::chrono::ceil<std::chrono::milliseconds>(asked_at_ + patience_ - std::chrono::steady_clock::now());
    pollfd ready = {from_, POLLIN, 0};
    int events = left.count() <= 0 ? 0 : poll(&ready, 1, (int)left.count());
    if (events == 0) {
      return Heard::nothing;
    }
    char buffer[4096];
    ssize_t length = events < 0 ? -1 : read(from_, buffer, sizeof(buffer));
    if (length > 0) {
      unread_.append(buffer, (size_t)length);
    } else if (length == 0 || errno != EINTR) {
      line = unread_; // a last line without its end
      unread_.clear();
      return line.empty() ? Heard::end : Heard::line;
    }
  }
}

bool Peer::say(const std::string &line) {
  asked_ = line;
  asked_at_ = std::chrono::steady_clock::now();
  fputs((line + "\n").c_str(), to_);
  if (fflush(to_) != 0) {
    ended();
    return false;
  }
  return true;
}

bool Peer::hear(std::string &reply) {
  Heard heard = read_line(reply);
  if (heard != Heard::line) {
    lost(heard);
  }
  return heard == Heard::line;
}

bool Peer::read_list(const std::string &first_line) {
  std::string garbage = "peer " + name_ + ": its answer to list is no list: " + quoted(first_line);
  if (first_line.find_first_of("{[") == 0) {
    Json answer = parse(first_line);
    json_t *names = json_is_array(answer.get()) ? answer.get() : json_object_get(answer.get(), "benchmarks");
    if (!json_is_array(names)) {
      why_ = garbage;
      return false;
    }
    size_t index;
    json_t *name;
    json_array_foreach(names, index, name) {
      benchmarks_.push_back(json_is_string(name) ? json_string_value(name) : "");
    }
    if (const char *version = json_string_value(json_object_get(answer.get(), "version"))) {
      version_ = version;
    }
  } else {
    for (std::string line = first_line; !line.empty();) {
      if (line.find('/') == std::string::npos || line.find_first_of(" \t") != std::string::npos) {
        why_ = garbage;
        return false;
      }
      benchmarks_.push_back(line);
      if (!hear(line)) {
        return false;
      }
    }
  }
  for (std::string &name : benchmarks_) {
    if (name.find(workers_mark) == std::string::npos) {
      name += std::string(workers_mark) + "1";
    }
  }
  return true;
}

bool Peer::open() {
  std::string reply;
  if (!start() || !say("list") || !hear(reply)) {
    return false;
  }
  bool listed = read_list(reply);
  if (!listed) {
    stop();
  }
  return listed;
}

bool Peer::holds(const std::string &benchmark) const {
  for (const std::string &pattern : benchmarks_) {
    if (matches_pattern(pattern, benchmark)) {
      return true;
    }
  }
  return false;
}

Outcome Peer::run(const std::string &benchmark, int64_t n, int cpu) {
  begin_run(benchmark, n, cpu);
  return end_run();
}

void Peer::begin_run(const std::string &benchmark, int64_t n, int cpu) {
  constexpr size_t hangs_most = 3;
  benchmark_ = benchmark;
  begun_ = false;
  if (hung_on_.count(benchmark) != 0 || hung_on_.size() >= hangs_most) {
    why_ = "peer " + name_ + " is not asked again: it did not answer within " + std::to_string(patience_.count()) +
           " s (--peer-timeout) " +
           (hung_on_.count(benchmark) != 0 ? "before" : "for " + std::to_string(hangs_most) + " benchmarks");
    return;
  }
  if (pid_ <= 0 && !start()) {
    return;
  }
  kept_.emplace(pid_, cpu);
  begun_ = say("run " + benchmark + " " + std::to_string(n));
}

Outcome Peer::end_run() {
  Outcome outcome;
  std::string reply;
  const std::string &benchmark = benchmark_;
  bool heard = begun_ && hear(reply);
  kept_.reset();
  if (!heard) {
    outcome.failure = benchmark + ": " + why_;
    return outcome;
  }
  Json answer = parse(reply);
  if (const char *error = json_string_value(json_object_get(answer.get(), "error"))) {
    outcome.failure = benchmark + ": peer " + name_ + " says: " + error;
    return outcome;
  }
  json_t *ns = json_object_get(answer.get(), "ns"), *count = json_object_get(answer.get(), "count");
  if (!json_is_integer(ns) || !json_is_integer(count) || json_integer_value(ns) <= 0) {
    outcome.failure = benchmark + ": peer " + name_ + " answered " + quoted(reply) +
                      ", expected one line of JSON with whole numbers ns > 0 and count";
    stop(); // what it says next might belong to this answer
    return outcome;
  }
  outcome.ns = json_integer_value(ns);
  outcome.count = json_integer_value(count);
  const char *key;
  json_t *value;
  json_object_foreach(answer.get(), key, value) {
    if (json_is_number(value) && value != ns && value != count) {
      outcome.fields.emplace_back(key, json_number_value(value));
    }
  }
  return outcome;
}

} // namespace bench

// bench/processes.cc — see processes.h.
#include "processes.h"

#include "environment.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <jansson.h>
#include <memory>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace bench {
namespace {

struct Release {
  void operator()(json_t *value) const {
    json_decref(value);
  }
};
using Json = std::unique_ptr<json_t, Release>;

bool begins(const std::string &text, const char *with) {
  return text.rfind(with, 0) == 0;
}

// This program's command line for one of the processes.
std::vector<std::string> command_of_one(int argc, char **argv, const std::string &out) {
  char self[4096];
  ssize_t length = readlink("/proc/self/exe", self, sizeof(self));
  std::vector<std::string> command = {length > 0 ? std::string(self, (size_t)length) : argv[0]};
  for (int i = 1; i < argc; i++) {
    std::string argument = argv[i];
    if (!begins(argument, "--processes=") && !begins(argument, "--benchmark_out")) {
      command.push_back(argument);
    }
  }
  command.push_back("--benchmark_out=" + out);
  command.push_back("--benchmark_out_format=json");
  return command;
}

// The exit status; 1 for a process that was ended by a signal.
int run(std::vector<std::string> command) {
  std::vector<char *> arguments;
  arguments.reserve(command.size() + 1);
  for (std::string &word : command) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  pid_t pid;
  int error = posix_spawn(&pid, arguments[0], nullptr, nullptr, arguments.data(), environ);
  if (error != 0) {
    fprintf(stderr, "weir-bench: cannot be started anew: %s\n", strerror(error));
    return 1;
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

// The file as it grows, process by process.
class Gathered {
public:
  // Adds the repetitions in `file`; the first file's context stays.
  bool add(const std::string &file, size_t process, double at_seconds) {
    json_error_t error;
    Json results(json_load_file(file.c_str(), 0, &error));
    json_t *context = json_object_get(results.get(), "context");
    json_t *rows = json_object_get(results.get(), "benchmarks");
    if (!json_is_object(context) || !json_is_array(rows)) {
      fprintf(stderr, "weir-bench: %s: cannot be read back: %s\n", file.c_str(),
              results == nullptr ? error.text : "it holds no results");
      return false;
    }
    if (all_ == nullptr) {
      all_.reset(json_pack("{s:O, s:[]}", "context", context, "benchmarks"));
    }
    for (const char *last : {"load_after", "steal_after"}) {
      json_object_set(json_object_get(all_.get(), "context"), last, json_object_get(context, last));
    }
    size_t position;
    json_t *row;
    json_int_t next = sequence_;
    json_array_foreach(rows, position, row) {
      const char *type = json_string_value(json_object_get(row, "run_type"));
      if (type == nullptr || strcmp(type, "iteration") != 0) {
        continue;
      }
      json_object_set_new(row, "process", json_integer((json_int_t)process));
      if (json_t *sequence = json_object_get(row, "sequence")) {
        json_int_t own = sequence_ + (json_int_t)json_number_value(sequence);
        next = std::max(next, own + 1);
        json_object_set_new(row, "sequence", json_integer(own));
      }
      json_int_t repetitions = json_integer_value(json_object_get(row, "repetitions"));
      json_int_t index = json_integer_value(json_object_get(row, "repetition_index"));
      json_object_set_new(row, "repetition_index", json_integer(index + ((json_int_t)process - 1) * repetitions));
      if (json_t *at = json_object_get(row, "at_seconds")) {
        json_object_set_new(row, "at_seconds", json_real(at_seconds + json_number_value(at)));
      }
      json_array_append(json_object_get(all_.get(), "benchmarks"), row);
    }
    sequence_ = next;
    return true;
  }

  bool write(const std::string &file, const Context &fields) {
    for (const auto &[key, value] : fields) {
      json_object_set_new(json_object_get(all_.get(), "context"), key.c_str(), json_string(value.c_str()));
    }
    std::string fresh = file + ".new";
    return json_dump_file(all_.get(), fresh.c_str(), JSON_INDENT(2) | JSON_REAL_PRECISION(17)) == 0 &&
           rename(fresh.c_str(), file.c_str()) == 0;
  }

private:
  Json all_;
  json_int_t sequence_ = 0;
};

} // namespace

int run_processes(const Options &options, int argc, char **argv) {
  if (options.out.empty() || options.out_format != "json") {
    throw UsageError("--processes=" + std::to_string(options.processes) +
                     ": what several processes measure is put together in a file; add --benchmark_out=FILE, in the "
                     "format json");
  }
  auto begun = std::chrono::steady_clock::now();
  Gathered gathered;
  int worst = 0;
  for (size_t process = 1; process <= options.processes; process++) {
    double at = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    std::string part = options.out + "." + std::to_string(process);
    fprintf(stderr, "weir-bench: process %zu of %zu\n", process, options.processes);
    int status = run(command_of_one(argc, argv, part));
    bool added = status <= 1 && gathered.add(part, process, at);
    unlink(part.c_str());
    if (!added) {
      return std::max(status, 1);
    }
    worst = std::max(worst, status);
  }
  if (!gathered.write(options.out,
                      {{"command", quoted_command(argc, argv)}, {"processes", std::to_string(options.processes)}})) {
    fprintf(stderr, "weir-bench: %s: cannot be written\n", options.out.c_str());
    return 1;
  }
  return worst;
}

} // namespace bench

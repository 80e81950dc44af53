// bench/environment.cc — see environment.h.
#include "environment.h"

#include "weir_git.h"

#include <cstdio>
#include <dlfcn.h>
#include <fstream>
#include <gnu/libc-version.h>
#include <jansson.h>
#include <sched.h>
#include <sstream>
#include <sys/utsname.h>
#include <unistd.h>
#include <weir.h>

namespace bench {
namespace {

constexpr const char *not_visible = "not visible";

std::string first_line(const std::string &path) {
  std::ifstream file(path);
  std::string line;
  return std::getline(file, line) && !line.empty() ? line : not_visible;
}

// The value behind "key   : value" in a file of such lines.
std::string value_of(const std::string &path, const std::string &key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    size_t colon = line.find(": ");
    if (line.rfind(key, 0) == 0 && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return not_visible;
}

std::string usable_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) {
    return not_visible;
  }
  return std::to_string(CPU_COUNT(&set));
}

std::string smt() {
  std::string active = first_line("/sys/devices/system/cpu/smt/active");
  return active == "1" ? "on" : active == "0" ? "off" : not_visible;
}

std::string aslr() {
  std::string level = first_line("/proc/sys/kernel/randomize_va_space");
  return level == "0" ? "off" : level == "1" ? "without the heap" : level == "2" ? "full" : not_visible;
}

std::string kernel() {
  utsname name;
  return uname(&name) == 0 ? std::string(name.sysname) + " " + name.release + " " + name.machine : not_visible;
}

// A limit of the control group this process is in, or of the root's when its own shows none.
std::string cgroup_limit(const std::string &file) {
  std::ifstream groups("/proc/self/cgroup");
  std::string own;
  for (std::string line; std::getline(groups, line);) {
    if (line.rfind("0::", 0) == 0) {
      own = line.substr(3);
    }
  }
  std::string limit = first_line("/sys/fs/cgroup" + own + "/" + file);
  if (limit == not_visible) {
    limit = first_line("/sys/fs/cgroup/" + file);
  }
  return limit.rfind("max", 0) == 0 ? "no limit" : limit;
}

std::string allocator() {
  using Control = int (*)(const char *, void *, size_t *, void *, size_t);
  // jemalloc answers to mallctl whether it was linked or preloaded.
  if (auto control = reinterpret_cast<Control>(dlsym(RTLD_DEFAULT, "mallctl"))) {
    const char *version = "";
    size_t size = sizeof(version);
    control("version", &version, &size, nullptr, 0);
    return std::string("jemalloc ") + version;
  }
  return std::string("glibc ") + gnu_get_libc_version() + " malloc";
}

std::string compiler() {
#ifdef __clang__
  return __VERSION__;
#else
  return std::string("gcc ") + __VERSION__;
#endif
}

// Processor time that the hypervisor gave to others, summed over the processors since the machine started.
std::string stolen_seconds() {
  std::istringstream line(first_line("/proc/stat"));
  std::string word;
  for (int field = 0; field <= 8; field++) {
    line >> word;
  }
  if (!line) {
    return not_visible;
  }
  char text[32];
  snprintf(text, sizeof(text), "%.2f s", std::stod(word) / (double)sysconf(_SC_CLK_TCK));
  return text;
}

std::string load_average() {
  std::istringstream line(first_line("/proc/loadavg"));
  std::string one, five, fifteen;
  line >> one >> five >> fifteen;
  return line ? one + " " + five + " " + fifteen : not_visible;
}

} // namespace

std::string quoted_command(int argc, char **argv) {
  std::string command;
  for (int i = 0; i < argc; i++) {
    std::string word = argv[i];
    bool plain = word.find_first_of(" \t\n'\"\\$&|;<>()*?[]#~`!{}") == std::string::npos && !word.empty();
    if (!plain) {
      std::string quoted = "'";
      for (char c : word) {
        quoted += c == '\'' ? "'\\''" : std::string(1, c);
      }
      word = quoted + "'";
    }
    command += (i == 0 ? "" : " ") + word;
  }
  return command;
}

Context machine_load(const std::string &when) {
  return {{"load_" + when, load_average()}, {"steal_" + when, stolen_seconds()}};
}

Context environment(int argc, char **argv) {
  Context context = {
      {"weir_schema", "1"},
      {"weir_version", weir_version()},
      {"weir_build", weir_build()},
      {"weir_build_flags", weir_build_flags()},
      {"weir_git", BENCH_WEIR_GIT},
      {"command", quoted_command(argc, argv)},
      {"seed", "work: fixed in each row; order of the runs: drawn by std::random_device, recorded as sequence"},
      {"cpu_model", value_of("/proc/cpuinfo", "model name")},
      {"cores", usable_cores()},
      {"smt", smt()},
      {"governor", first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")},
      {"aslr", aslr()},
      {"kernel", kernel()},
      {"cgroup_cpu", cgroup_limit("cpu.max")},
      {"cgroup_memory", cgroup_limit("memory.max")},
      {"allocator", allocator()},
      {"libbenchmark", BENCH_LIBRARY_VERSION},
      {"compiler", compiler()},
  };
  context.merge(machine_load("before"));
  return context;
}

bool add_context(const std::string &file, const Context &fields, std::string *why) {
  json_error_t error;
  json_t *results = json_load_file(file.c_str(), 0, &error);
  json_t *context = json_object_get(results, "context");
  bool added = json_is_object(context);
  if (!added) {
    *why = file + ": the results cannot be read back: " + (results == nullptr ? error.text : "they have no context");
  }
  for (const auto &[key, value] : fields) {
    if (added) {
      json_object_set_new(context, key.c_str(), json_string(value.c_str()));
    }
  }
  std::string fresh = file + ".new";
  if (added && (json_dump_file(results, fresh.c_str(), JSON_INDENT(2) | JSON_REAL_PRECISION(17)) != 0 ||
                rename(fresh.c_str(), file.c_str()) != 0)) {
    *why = file + ": cannot be written anew with what is known at the end; it stays as it is";
    added = false;
  }
  json_decref(results);
  return added;
}

} // namespace bench

// bench/environment.h — what the figures were made on and with: the custom context of the results.
#ifndef BENCH_ENVIRONMENT_H
#define BENCH_ENVIRONMENT_H

#include <map>
#include <string>

namespace bench {

using Context = std::map<std::string, std::string>;

// A command line as a shell would take it.
std::string quoted_command(int argc, char **argv);

// Everything that is known before the first run. What cannot be seen says so.
Context environment(int argc, char **argv);

// load_ and steal_ with that ending: before, or after.
Context machine_load(const std::string &when);

// Puts more fields into the context of a results file in JSON; every other byte of information stays. False: *why says
// why.
bool add_context(const std::string &file, const Context &fields, std::string *why);

} // namespace bench

#endif

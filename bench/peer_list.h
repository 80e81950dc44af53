// bench/peer_list.h — which peers were built with the program that runs.
#ifndef BENCH_PEER_LIST_H
#define BENCH_PEER_LIST_H

#include <string>
#include <vector>

namespace bench {

// A peer as it is to be opened.
struct PeerEntry {
  std::string name;
  std::vector<std::string> command; // none: it was not built
  std::string missing;              // why
};

// Those that peers/peers.txt beside this program lists, a line each: NAME<TAB>PROGRAM, a program without a leading
// slash seen from there, or NAME<TAB><TAB>WHY for one that could not be built. Without the file: none, and a note on
// standard error in the name of who asks.
std::vector<PeerEntry> built_peers(const char *who);

} // namespace bench

#endif

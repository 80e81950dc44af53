// bench/peer_list.cc — see peer_list.h.
#include "peer_list.h"

#include <cstdio>
#include <fstream>
#include <unistd.h>

namespace bench {

std::vector<PeerEntry> built_peers(const char *who) {
  char self[4096];
  ssize_t length = readlink("/proc/self/exe", self, sizeof(self));
  std::string folder(self, length > 0 ? (size_t)length : 0);
  folder = folder.substr(0, folder.rfind('/')) + "/peers/";
  std::vector<PeerEntry> peers;
  std::ifstream file(folder + "peers.txt");
  if (!file) {
    fprintf(stderr, "%s: no peers were built with this program: there is no %speers.txt\n", who, folder.c_str());
  }
  for (std::string line; std::getline(file, line);) {
    size_t tab = line.find('\t');
    if (tab == std::string::npos || tab + 1 == line.size()) {
      continue;
    }
    std::string name = line.substr(0, tab), program = line.substr(tab + 1);
    if (program[0] == '\t') {
      peers.push_back({name, {}, program.substr(1)});
    } else {
      peers.push_back({name, {program[0] == '/' ? program : folder + program}, ""});
    }
  }
  return peers;
}

} // namespace bench

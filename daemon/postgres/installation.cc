#include "postgres/installation.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/subprocess.h"
#include "base/text.h"

namespace lockstep {
namespace {

std::vector<std::string> ReleasesNewestFirst(const std::string& root) {
  std::vector<std::string> releases;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(root, missing)) {
    releases.push_back(entry.path().filename().string());
  }
  std::sort(releases.begin(), releases.end(),
            [](const std::string& a, const std::string& b) { return NaturalLess(b, a); });
  return releases;
}

}  // namespace

std::optional<std::string> FindPostgresProgram(const std::string& name, const std::string& root) {
  for (const std::string& release : ReleasesNewestFirst(root)) {
    if (auto path = FindProgram(root + "/" + release + "/bin/" + name)) return path;
  }
  return FindProgram(name);
}

}  // namespace lockstep

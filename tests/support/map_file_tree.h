// A folder in memory: each name has bytes, or a reason why it cannot be read.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/file_tree.h"

namespace lockstep {

// Thread: any, one at a time.
class MapFileTree : public FileTree {
 public:
  MapFileTree() = default;
  explicit MapFileTree(std::map<std::string, FileContent> files) : files_(std::move(files)) {}

  void Put(const std::string& name, FileContent content) { files_[name] = std::move(content); }
  // A pair of which only `up` and `down` matter.
  void PutPair(const std::string& stem, std::string up, std::string down) {
    Put(stem + ".up.sql", std::move(up));
    Put(stem + ".down.sql", std::move(down));
  }
  void Remove(const std::string& name) { files_.erase(name); }

  std::vector<std::string> List() override {
    std::vector<std::string> names;
    for (const auto& [name, content] : files_) names.push_back(name);
    return names;
  }

  FileContent Read(const std::string& name) override {
    ++reads_[name];
    const auto file = files_.find(name);
    if (file == files_.end()) return FileProblem{"unreadable", "cannot be read: no such file", ""};
    return file->second;
  }

  std::string PathOf(const std::string& name) const override { return "migrations/" + name; }

  int ReadsOf(const std::string& name) const {
    const auto reads = reads_.find(name);
    return reads == reads_.end() ? 0 : reads->second;
  }

 private:
  std::map<std::string, FileContent> files_;
  std::map<std::string, int> reads_;
};

}  // namespace lockstep

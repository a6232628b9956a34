#include "core/file_pairs.h"

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "core/migration_file.h"

namespace lockstep {
namespace {

constexpr std::size_t kMostNameBytes = 200;

bool LooksLikeSql(const std::string& name) {
  return name.size() >= 4 && EqualIgnoringCase(name.substr(name.size() - 4), ".sql");
}

class Collector {
 public:
  Collector(FileTree& files, Diagnostics& diagnostics) : files_(files), diagnostics_(diagnostics) {}

  FilePairs Collect() {
    std::vector<std::string> readable;
    for (const std::string& name : files_.List()) {
      // README.md, .gitkeep, an editor's leftovers: nobody's business here.
      if (name.starts_with('.') || !LooksLikeSql(name)) continue;
      found_.push_back(Place(name));
      if (!found_.back().odd) readable.push_back(name);
    }
    std::vector<FileContent> contents = files_.ReadAll(readable);
    auto content = contents.begin();
    for (const Found& found : found_) {
      if (found.odd) {
        ReportOddName(found.name, *found.odd);
      } else {
        Take(found, std::move(*content++));
      }
    }
    return std::move(pairs_);
  }

 private:
  struct Found {
    std::string name;
    std::optional<std::string> odd;           // why nobody reads it
    std::optional<MigrationFileName> parsed;  // nothing: none of a migration's names
    HalfFile* half = nullptr;                 // of pairs_, whose elements stay where they are
  };

  Found Place(const std::string& name) {
    Found found{.name = name, .odd = WhyOdd(name), .parsed = ParseFileName(name)};
    if (found.parsed) {
      found.half = &HalfOf(*found.parsed);
      found.half->present = true;
    }
    return found;
  }

  void Take(const Found& found, FileContent content) {
    if (const auto* problem = std::get_if<FileProblem>(&content)) {
      Report(found.name, problem->code, problem->message, problem->hint);
    } else if (!found.parsed) {
      ReportStray(found.name);
    } else {
      found.half->file =
          ParseMigrationFile(*found.parsed, files_.PathOf(found.name),
                             std::move(std::get<std::string>(content)), diagnostics_);
    }
  }

  // The names come in an order that is most often that of the pairs.
  HalfFile& HalfOf(const MigrationFileName& name) {
    FilePair& pair = pairs_.try_emplace(pairs_.end(), name.stem)->second;
    return name.half == Half::kUp ? pair.up : pair.down;
  }

  static std::optional<std::string> WhyOdd(const std::string& name) {
    if (name.size() > kMostNameBytes) {
      return fmt::format("has {} bytes, more than {}", name.size(), kMostNameBytes);
    }
    if (!IsPlain(name)) return "holds a control character or is not UTF-8";
    return std::nullopt;
  }

  void ReportOddName(const std::string& name, const std::string& reason) {
    Report(name, "odd-name", "the file's name " + reason, "rename the file");
  }

  void ReportStray(const std::string& name) {
    const std::string stem = name.substr(0, name.size() - 4);
    Report(name, "stray-sql", "a migration's file ends in \".up.sql\" or \".down.sql\"",
           fmt::format("rename it to \"{0}.up.sql\" or \"{0}.down.sql\", or move it out of the "
                       "folder",
                       stem));
  }

  void Report(const std::string& name, std::string code, std::string message, std::string hint) {
    diagnostics_.push_back({.code = std::move(code),
                            .file = files_.PathOf(name),
                            .message = std::move(message),
                            .hint = std::move(hint)});
  }

  FileTree& files_;
  Diagnostics& diagnostics_;
  FilePairs pairs_;
  std::vector<Found> found_;
};

}  // namespace

FilePairs CollectFilePairs(FileTree& files, Diagnostics& diagnostics) {
  return Collector(files, diagnostics).Collect();
}

}  // namespace lockstep

#include "core/file_pairs.h"

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

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
    for (const std::string& name : files_.List()) {
      // README.md, .gitkeep, an editor's leftovers: nobody's business here.
      if (!name.starts_with('.') && LooksLikeSql(name)) Take(name);
    }
    return std::move(pairs_);
  }

 private:
  void Take(const std::string& name) {
    const auto parsed = ParseFileName(name);
    HalfFile* half = parsed ? &HalfOf(*parsed) : nullptr;
    if (half) half->present = true;
    if (const auto reason = WhyOdd(name)) return ReportOddName(name, *reason);
    FileContent content = files_.Read(name);
    if (const auto* problem = std::get_if<FileProblem>(&content)) {
      Report(name, problem->code, problem->message, problem->hint);
    } else if (!half) {
      ReportStray(name);
    } else {
      half->file = ParseMigrationFile(*parsed, files_.PathOf(name),
                                      std::move(std::get<std::string>(content)), diagnostics_);
    }
  }

  HalfFile& HalfOf(const MigrationFileName& name) {
    FilePair& pair = pairs_[name.stem];
    return name.half == Half::kUp ? pair.up : pair.down;
  }

  static std::optional<std::string> WhyOdd(const std::string& name) {
    if (name.size() > kMostNameBytes) {
      return fmt::format("has {} bytes, more than {}", name.size(), kMostNameBytes);
    }
    if (Escaped(name) != name) return "holds a control character or is not UTF-8";
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
};

}  // namespace

FilePairs CollectFilePairs(FileTree& files, Diagnostics& diagnostics) {
  return Collector(files, diagnostics).Collect();
}

}  // namespace lockstep

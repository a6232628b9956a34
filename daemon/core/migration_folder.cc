#include "core/migration_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <unordered_map>
#include <utility>
#include <variant>

#include "base/text.h"
#include "core/migration_file.h"

namespace lockstep {
namespace {

constexpr std::size_t kMostNameBytes = 200;

// A half is in the folder without having been read: what is missing because of it is no fault of
// its own.
struct HalfFile {
  bool present = false;
  std::optional<MigrationFile> file;
};

struct Pair {
  HalfFile up;
  HalfFile down;
};

struct NaturalOrder {
  bool operator()(const std::string& a, const std::string& b) const { return NaturalLess(a, b); }
};

using Pairs = std::map<std::string, Pair, NaturalOrder>;  // by stem

Diagnostic MakeError(std::string code, std::string file, int line, std::string message,
                     std::string hint) {
  Diagnostic diagnostic;
  diagnostic.code = std::move(code);
  diagnostic.file = std::move(file);
  diagnostic.line = line;
  diagnostic.message = std::move(message);
  diagnostic.hint = std::move(hint);
  return diagnostic;
}

// Right for a new project; else somebody named the wrong folder.
Diagnostic NothingThere(std::string folder) {
  Diagnostic diagnostic =
      MakeError("empty-folder", std::move(folder), 0, "there is no migration in this folder",
                "name another one with --dir, or write the first migration: "
                "`lockstep new NAME`");
  diagnostic.severity = Severity::kWarning;
  return diagnostic;
}

bool LooksLikeSql(const std::string& name) {
  return name.size() >= 4 && EqualIgnoringCase(name.substr(name.size() - 4), ".sql");
}

// Reads the files of a folder and sorts them into pairs.
class Collector {
 public:
  Collector(FileTree& files, Diagnostics& diagnostics) : files_(files), diagnostics_(diagnostics) {}

  Pairs Collect() {
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
    Pair& pair = pairs_[name.stem];
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
    diagnostics_.push_back(
        MakeError(std::move(code), files_.PathOf(name), 0, std::move(message), std::move(hint)));
  }

  FileTree& files_;
  Diagnostics& diagnostics_;
  Pairs pairs_;
};

// The two files of one migration, once both halves that are there could be read.
class Joiner {
 public:
  Joiner(const std::string& stem, Pair& pair, Diagnostics& diagnostics)
      : stem_(stem), pair_(pair), diagnostics_(diagnostics) {}

  // `default_parents`: what the migration revises when its header does not say. Nothing when there
  // is no up file to go by.
  std::optional<Migration> MakeMigration(std::vector<std::string> default_parents) {
    if (!pair_.up.present) ReportMissingUp();
    if (!pair_.up.file) return std::nullopt;
    MigrationFile& up = *pair_.up.file;
    Migration migration;
    migration.revision = up.revision.value_or(up.name.revision);
    migration.parents = up.parents ? *up.parents : std::move(default_parents);
    migration.description = up.description.value_or("");
    migration.irreversible = up.irreversible;
    CheckDown(migration);
    migration.up = std::move(up.script);
    if (pair_.down.file) migration.down = std::move(pair_.down.file->script);
    return migration;
  }

 private:
  void ReportMissingUp() {
    if (!pair_.down.file) return;
    diagnostics_.push_back(
        MakeError("missing-up", pair_.down.file->script.file, 0,
                  fmt::format("\"{}\" has a down file and no up file", stem_),
                  fmt::format("write \"{}.up.sql\", or remove the down file", stem_)));
  }

  void CheckDown(const Migration& migration) {
    const MigrationFile& up = *pair_.up.file;
    if (!pair_.down.present && !up.irreversible) return ReportMissingDown(up);
    if (pair_.down.present && up.irreversible) return ReportDownOfIrreversible(up);
    if (pair_.down.file) CompareHeaders(migration, *pair_.down.file);
  }

  void ReportMissingDown(const MigrationFile& up) {
    diagnostics_.push_back(MakeError(
        "missing-down", up.script.file, 0, fmt::format("\"{}\" has no down file", stem_),
        fmt::format("write \"{}.down.sql\", or say in the up file's header why there is none: "
                    "\"-- irreversible: reason\"",
                    stem_)));
  }

  void ReportDownOfIrreversible(const MigrationFile& up) {
    diagnostics_.push_back(
        MakeError("irreversible-with-down", up.script.file, up.irreversible_line,
                  fmt::format("\"{}\" is called irreversible and has a down file", stem_),
                  fmt::format("remove \"{}.down.sql\", or the key \"irreversible\"", stem_)));
  }

  // The down file may repeat what the up file says about both, in the same words only.
  void CompareHeaders(const Migration& migration, const MigrationFile& down) {
    if (down.revision && *down.revision != migration.revision) {
      ReportMismatch("revision", down.revision_line, *down.revision, migration.revision);
    }
    if (down.parents && !SameMembers(*down.parents, migration.parents)) {
      ReportMismatch("revises", down.revises_line, ParentsText(*down.parents),
                     ParentsText(migration.parents));
    }
    if (down.description && *down.description != migration.description) {
      ReportMismatch("description", down.description_line, *down.description,
                     migration.description);
    }
    if (down.irreversible) {
      ReportMismatch("irreversible", down.irreversible_line, *down.irreversible, "");
    }
  }

  static bool SameMembers(std::vector<std::string> a, std::vector<std::string> b) {
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    return a == b;
  }

  static std::string ParentsText(const std::vector<std::string>& parents) {
    return parents.empty() ? "none" : Join(parents, ", ");
  }

  void ReportMismatch(std::string_view key, int line, std::string_view down_value,
                      std::string_view up_value) {
    const std::string up_says = up_value.empty() ? "has none" : fmt::format("has \"{}\"", up_value);
    diagnostics_.push_back(
        MakeError("header-mismatch", pair_.down.file->script.file, line,
                  fmt::format("{} is \"{}\" here, and the up file {}", key, down_value, up_says),
                  fmt::format("the up file counts: remove \"{}\" from the down file", key)));
  }

  const std::string& stem_;
  Pair& pair_;
  Diagnostics& diagnostics_;
};

// The lines that the graph and the pairs found fault with, for those diagnostics that name one.
class SourceLines {
 public:
  explicit SourceLines(const std::vector<Migration>& migrations) {
    for (const Migration& migration : migrations) {
      texts_[migration.up.file] = migration.up.text;
      if (migration.down) texts_[migration.down->file] = migration.down->text;
    }
  }

  void AddTo(Diagnostic& diagnostic) const {
    const auto text = texts_.find(diagnostic.file);
    if (text != texts_.end()) diagnostic.source_line = LineOf(text->second, diagnostic.line);
  }

 private:
  static std::string LineOf(std::string_view text, int line) {
    for (; line > 1; --line) {
      const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
      text.remove_prefix(
          std::min(end + (text.substr(end).starts_with("\r\n") ? 2 : 1), text.size()));
    }
    return std::string(text.substr(0, text.find_first_of("\r\n")));
  }

  std::unordered_map<std::string_view, std::string_view> texts_;
};

void AddSourceLines(const std::vector<Migration>& migrations, Diagnostics& diagnostics) {
  const auto wants_line = [](const Diagnostic& diagnostic) {
    return diagnostic.line > 0 && diagnostic.source_line.empty();
  };
  if (std::none_of(diagnostics.begin(), diagnostics.end(), wants_line)) return;
  const SourceLines lines(migrations);
  for (Diagnostic& diagnostic : diagnostics) {
    if (wants_line(diagnostic)) lines.AddTo(diagnostic);
  }
}

// Where the header says what the graph may find fault with.
int LineOfParents(const Pair& pair) {
  if (!pair.up.file) return 0;
  return pair.up.file->revises_line > 0 ? pair.up.file->revises_line : pair.up.file->revision_line;
}

RevisionGraph MakeGraph(const std::vector<RevisionNode>& nodes, bool complete,
                        Diagnostics& diagnostics) {
  Diagnostics faults;
  RevisionGraph graph = RevisionGraph::Make(nodes, faults);
  // The parent that is missing may be in the very file that could not be read.
  if (!complete) {
    std::erase_if(faults, [](const Diagnostic& fault) { return fault.code == "missing-parent"; });
  }
  std::move(faults.begin(), faults.end(), std::back_inserter(diagnostics));
  return graph;
}

std::map<std::string, std::size_t, std::less<>> IndexOf(const std::vector<Migration>& migrations) {
  std::map<std::string, std::size_t, std::less<>> by_revision;
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    by_revision.emplace(migrations[i].revision, i);
  }
  return by_revision;
}

// REQUIRES: `order` holds each migration's revision once.
std::vector<Migration> InOrder(std::vector<Migration> migrations,
                               const std::vector<std::string>& order) {
  const auto by_revision = IndexOf(migrations);
  std::vector<Migration> ordered;
  ordered.reserve(migrations.size());
  for (const std::string& revision : order) {
    ordered.push_back(std::move(migrations[by_revision.at(revision)]));
  }
  return ordered;
}

}  // namespace

MigrationFolder MigrationFolder::Load(FileTree& files) {
  MigrationFolder folder;
  Pairs pairs = Collector(files, folder.diagnostics_).Collect();
  std::vector<RevisionNode> nodes;
  std::vector<std::string> previous;  // the parent of a file that names none
  bool complete = true;
  for (auto& [stem, pair] : pairs) {
    const int line = LineOfParents(pair);
    auto migration = Joiner(stem, pair, folder.diagnostics_).MakeMigration(previous);
    if (!migration) {
      complete = false;
      continue;
    }
    previous = {migration->revision};
    nodes.push_back({migration->revision, migration->parents, migration->up.file, line});
    folder.migrations_.push_back(std::move(*migration));
  }
  if (pairs.empty() && folder.diagnostics_.empty()) {
    folder.diagnostics_.push_back(NothingThere(files.PathOf("")));
  }
  folder.graph_ = MakeGraph(nodes, complete, folder.diagnostics_);
  AddSourceLines(folder.migrations_, folder.diagnostics_);
  if (folder.graph_.order().size() == folder.migrations_.size()) {
    folder.migrations_ = InOrder(std::move(folder.migrations_), folder.graph_.order());
  }
  folder.by_revision_ = IndexOf(folder.migrations_);
  return folder;
}

const Migration* MigrationFolder::Find(std::string_view revision) const {
  const auto found = by_revision_.find(revision);
  return found == by_revision_.end() ? nullptr : &migrations_[found->second];
}

}  // namespace lockstep

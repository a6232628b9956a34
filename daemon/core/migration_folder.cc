#include "core/migration_folder.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "core/file_pair.h"
#include "core/file_pairs.h"

namespace lockstep {
namespace {

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

// Right for a new project; else somebody named the wrong folder.
Diagnostic NothingThere(const FileTree& files) {
  const std::string path = files.PathOf("");
  return {.code = "empty-folder",
          .severity = Severity::kWarning,
          .file = path.substr(0, path.find_last_not_of('/') + 1),
          .message = "there is no migration in this folder",
          .hint =
              "name another one with --dir, or write the first migration: "
              "`lockstep new NAME`"};
}

// Where the header says what the graph may find fault with.
int LineOfParents(const FilePair& pair) {
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
  if (std::ranges::equal(migrations, order, {}, &Migration::revision)) return migrations;
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
  FilePairs pairs = CollectFilePairs(files, folder.diagnostics_);
  std::vector<RevisionNode> nodes;
  nodes.reserve(pairs.size());
  folder.migrations_.reserve(pairs.size());
  std::vector<std::string> previous;  // the parent of a file that names none
  bool complete = true;
  for (auto& [stem, pair] : pairs) {
    const int line = LineOfParents(pair);
    auto migration = JoinPair(stem, pair, previous, folder.diagnostics_);
    if (!migration) {
      complete = false;
      continue;
    }
    previous = {migration->revision};
    nodes.push_back({migration->revision, migration->parents, migration->up.file, line});
    folder.migrations_.push_back(std::move(*migration));
  }
  if (pairs.empty() && folder.diagnostics_.empty()) {
    folder.diagnostics_.push_back(NothingThere(files));
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

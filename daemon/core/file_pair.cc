#include "core/file_pair.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace lockstep {
namespace {

class Joiner {
 public:
  Joiner(const std::string& stem, FilePair& pair, Diagnostics& diagnostics)
      : stem_(stem), pair_(pair), diagnostics_(diagnostics) {}

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
        {.code = "missing-up",
         .file = pair_.down.file->script.file,
         .message = fmt::format("\"{}\" has a down file and no up file", stem_),
         .hint = fmt::format("write \"{}.up.sql\", or remove the down file", stem_)});
  }

  void CheckDown(const Migration& migration) {
    const MigrationFile& up = *pair_.up.file;
    if (!pair_.down.present && !up.irreversible) return ReportMissingDown(up);
    if (pair_.down.present && up.irreversible) return ReportDownOfIrreversible(up);
    if (pair_.down.file) CompareHeaders(migration, *pair_.down.file);
  }

  void ReportMissingDown(const MigrationFile& up) {
    diagnostics_.push_back(
        {.code = "missing-down",
         .file = up.script.file,
         .message = fmt::format("\"{}\" has no down file", stem_),
         .hint = fmt::format("write \"{}.down.sql\", or say in the up file's header why there is "
                             "none: \"-- irreversible: reason\"",
                             stem_)});
  }

  void ReportDownOfIrreversible(const MigrationFile& up) {
    diagnostics_.push_back(
        {.code = "irreversible-with-down",
         .file = up.script.file,
         .line = up.irreversible_line,
         .message = fmt::format("\"{}\" is called irreversible and has a down file", stem_),
         .hint = fmt::format("remove \"{}.down.sql\", or the key \"irreversible\"", stem_)});
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
        {.code = "header-mismatch",
         .file = pair_.down.file->script.file,
         .line = line,
         .message = fmt::format("{} is \"{}\" here, and the up file {}", key, down_value, up_says),
         .hint = fmt::format("the up file counts: remove \"{}\" from the down file", key)});
  }

  const std::string& stem_;
  FilePair& pair_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::optional<Migration> JoinPair(const std::string& stem, FilePair& pair,
                                  std::vector<std::string> default_parents,
                                  Diagnostics& diagnostics) {
  return Joiner(stem, pair, diagnostics).MakeMigration(std::move(default_parents));
}

}  // namespace lockstep

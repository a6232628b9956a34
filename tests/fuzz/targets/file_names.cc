// The input is a folder: a line is a file's name, and behind a tab what it revises.
#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "core/migration_file.h"
#include "core/migration_folder.h"
#include "fuzz/oracle.h"
#include "fuzz/targets.h"
#include "support/map_file_tree.h"

namespace lockstep {
namespace {

constexpr std::size_t kMostFiles = 64;

std::string_view EndOf(Half half) { return half == Half::kUp ? ".up.sql" : ".down.sql"; }

void HoldName(const std::string& name) {
  const auto parsed = ParseFileName(name);
  if (!parsed) return;
  Hold(parsed->stem + std::string(EndOf(parsed->half)) == name, "a name is its stem and its end",
       name);
  Hold(!parsed->stem.empty() && parsed->stem.starts_with(parsed->revision),
       "the revision is the beginning of the stem", name);
}

MapFileTree FolderIn(std::string_view input) {
  MapFileTree files;
  std::size_t count = 0;
  while (!input.empty() && count++ < kMostFiles) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string line(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
    const std::size_t tab = std::min(line.find('\t'), line.size());
    const std::string name = line.substr(0, tab);
    if (name.empty() || Holds(name, "/") || Holds(name, std::string_view("\0", 1))) continue;
    HoldName(name);
    files.Put(name, tab < line.size() ? "-- revises: " + line.substr(tab + 1) + "\nselect 1;\n"
                                      : std::string("select 1;\n"));
  }
  return files;
}

void HoldOrder(const MigrationFolder& folder) {
  std::set<std::string, std::less<>> before;
  for (const Migration& migration : folder.migrations()) {
    for (const std::string& parent : migration.parents) {
      Hold(before.contains(parent), "parents come first", migration.revision);
    }
    Hold(before.insert(migration.revision).second, "a revision is there once", migration.revision);
    Hold(folder.Find(migration.revision) == &migration, "a revision is found by its name");
  }
}

// Every migration comes from two files of the folder, and of those each makes one.
void HoldPairs(MapFileTree& files, const MigrationFolder& folder) {
  std::multiset<std::string> used;
  for (const Migration& migration : folder.migrations()) {
    used.insert(migration.up.file);
    if (migration.down) used.insert(migration.down->file);
  }
  std::multiset<std::string> there;
  for (const std::string& name : files.List()) {
    Hold(files.ReadsOf(name) <= 1, "a file is read once", name);
    // What is hidden belongs to nobody.
    if (ParseFileName(name) && !name.starts_with('.')) there.insert(files.PathOf(name));
  }
  Hold(std::ranges::includes(there, used), "a migration's files are those of the folder");
  if (folder.ok()) Hold(used == there, "a folder without faults has no file that does not count");
}

// Whatever natural order is, sorting needs it strict.
void HoldNaturalOrder(const std::vector<std::string>& names) {
  for (std::size_t i = 0; i + 1 < names.size() && i < 16; ++i) {
    Hold(!NaturalLess(names[i], names[i]), "no name is before itself", names[i]);
    Hold(!(NaturalLess(names[i], names[i + 1]) && NaturalLess(names[i + 1], names[i])),
         "of two names one is first", names[i]);
    Hold(names[i] == names[i + 1] || NaturalLess(names[i], names[i + 1]) ||
             NaturalLess(names[i + 1], names[i]),
         "different names have an order", names[i]);
  }
}

}  // namespace

void FuzzFileNames(std::string_view input) {
  MapFileTree files = FolderIn(input);
  HoldNaturalOrder(files.List());
  const MigrationFolder folder = MigrationFolder::Load(files);
  HoldPairs(files, folder);
  if (folder.ok()) HoldOrder(folder);
}

}  // namespace lockstep

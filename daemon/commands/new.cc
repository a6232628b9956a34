#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <random>
#include <system_error>

#include "base/error.h"
#include "base/text.h"
#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/goal_argument.h"
#include "commands/target_access.h"
#include "core/migration_file.h"

namespace lockstep {
namespace {

constexpr int kRevisionDigits = 12;  // as Alembic's
constexpr std::size_t kSlugLength = 40;

std::string RandomRevision() {
  std::random_device random;
  std::uniform_int_distribution<std::size_t> digit(0, 15);
  std::string revision;
  for (int i = 0; i < kRevisionDigits; ++i) revision += "0123456789abcdef"[digit(random)];
  return revision;
}

std::string NameOfFile(const Migration& migration) {
  return std::filesystem::path(migration.up.file).filename().string();
}

// Whether some file leaves its parent to the order of names. A name that is random would come
// between them.
bool IsOrderedByName(const MigrationFolder& folder) {
  return std::ranges::any_of(folder.migrations(), [](const Migration& migration) {
    const std::optional<MigrationFileName> name = ParseFileName(NameOfFile(migration));
    Diagnostics ignored;
    return name &&
           !ParseMigrationFile(*name, migration.up.file, migration.up.text.str(), ignored).parents;
  });
}

// The name that sorts last, up to its first "_" or ".".
std::string LastNumber(const MigrationFolder& folder) {
  std::string last;
  for (const Migration& migration : folder.migrations()) {
    if (NaturalLess(last, NameOfFile(migration))) last = NameOfFile(migration);
  }
  return last.substr(0, last.find_first_of("_."));
}

// "0008" after "0007", "1000" after "999". Nothing when it is not a number.
std::optional<std::string> NumberAfter(const std::string& number) {
  long long value = 0;
  const char* const end = number.data() + number.size();
  const auto [stop, problem] = std::from_chars(number.data(), end, value);
  if (problem != std::errc() || stop != end || value < 0) return std::nullopt;
  const std::string next = std::to_string(value + 1);
  return std::string(number.size() - std::min(next.size(), number.size()), '0') + next;
}

std::string NewRevision(const MigrationFolder& folder) {
  if (!IsOrderedByName(folder)) return RandomRevision();
  const std::string last = LastNumber(folder);
  std::optional<std::string> next = NumberAfter(last);
  while (next && folder.Find(*next) != nullptr) next = NumberAfter(*next);
  if (next) return *next;
  throw Error(ErrorCode::kUsage,
              "the names of this folder's files give their order, and \"" + last +
                  "\", the last of them, has no number after which to continue",
              "give each file a \"-- revises:\" line, or write the new pair by hand");
}

// "Add the user's role" becomes "add_the_user_s_role".
std::string SlugOf(const std::string& name) {
  std::string slug;
  for (const char c : ToLower(name)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain) slug += c;
    if (!plain && !slug.empty() && slug.back() != '_') slug += '_';
    if (slug.size() == kSlugLength) break;
  }
  if (slug.ends_with('_')) slug.pop_back();
  return slug;
}

void RequireName(const std::string& name) {
  const bool one_line = std::none_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (one_line && !SlugOf(name).empty() && !FirstInvalidUtf8(name)) return;
  throw Error(ErrorCode::kUsage, "\"" + Escaped(name) + "\" cannot name a migration",
              "use one line with at least one of a-z and 0-9, such as \"add user role\"");
}

std::vector<std::string> ParentsFrom(const MigrationFolder& folder, const CommandRequest& request) {
  std::vector<std::string> parents;
  for (const std::string& text : SplitTrimmed(request.Get("revises"), ',')) {
    if (text != "none") parents.push_back(RevisionFrom(folder, History(), text));
  }
  if (request.Has("revises")) return parents;
  parents = folder.graph().Heads();
  if (parents.size() < 2) return parents;
  throw Error(
      ErrorCode::kUsage, "the folder has several heads: " + Join(parents, ", "),
      "continue one with --revises REVISION, or merge them: --revises " + Join(parents, ","));
}

// What is wanted, before it is text.
struct NewMigration {
  std::string revision;
  std::vector<std::string> parents;
  std::string description;
  std::string irreversible;  // the reason; empty: there is a way back
  bool transactional = true;
};

std::string HeaderOf(const NewMigration& migration) {
  const std::string parents = migration.parents.empty() ? "none" : Join(migration.parents, ", ");
  std::string header = "-- revision: " + migration.revision + "\n-- revises: " + parents +
                       "\n-- description: " + migration.description + "\n";
  if (!migration.transactional) header += "-- transaction: off\n";
  if (!migration.irreversible.empty())
    header += "-- irreversible: " + migration.irreversible + "\n";
  return header + "\n";
}

std::string DownHeaderOf(const NewMigration& migration) {
  std::string header = "-- revision: " + migration.revision + "\n";
  if (!migration.transactional) header += "-- transaction: off\n";
  return header + "\n";
}

[[noreturn]] void ThrowUnwritten(const std::string& path, int problem) {
  throw Error(ErrorCode::kFileWrite,
              "cannot write \"" + path + "\": " + std::generic_category().message(problem));
}

// Never over a file that is there.
void WriteNewFile(const std::string& path, const std::string& text) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (descriptor < 0) ThrowUnwritten(path, errno);
  const ssize_t written = write(descriptor, text.data(), text.size());
  const int problem = written < 0 ? errno : ENOSPC;
  const bool whole = close(descriptor) == 0 && written == static_cast<ssize_t>(text.size());
  if (whole) return;
  std::remove(path.c_str());
  ThrowUnwritten(path, problem);
}

void WritePair(const std::string& up, const std::string& down, const NewMigration& migration) {
  WriteNewFile(up, HeaderOf(migration));
  if (down.empty()) return;
  try {
    WriteNewFile(down, DownHeaderOf(migration));
  } catch (const Error&) {
    std::remove(up.c_str());
    throw;
  }
}

void MakeFolder(const std::string& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) ThrowUnwritten(folder, problem.value());
}

NewMigration MakeNew(const MigrationFolder& folder, const CommandRequest& request) {
  return {.revision = NewRevision(folder),
          .parents = ParentsFrom(folder, request),
          .description = std::string(Trim(request.arguments.front())),
          .irreversible = request.Get("irreversible"),
          .transactional = !request.Has("no-transaction")};
}

}  // namespace

CommandAnswer RunNew(const CommandContext& context, const CommandRequest& request) {
  const std::string& name = request.arguments.front();
  RequireName(name);
  MakeFolder(context.settings.folder);
  const MigrationFolder folder = LoadFolder(context.settings);
  if (auto refusal = RefuseFolder(folder)) return *refusal;
  const NewMigration migration = MakeNew(folder, request);
  const std::string stem = context.settings.folder + "/" + migration.revision + "_" + SlugOf(name);
  const std::string up = stem + ".up.sql";
  const std::string down = migration.irreversible.empty() ? stem + ".down.sql" : "";
  WritePair(up, down, migration);
  return {json::object{{"revision", migration.revision},
                       {"parents", ToJson(migration.parents)},
                       {"description", migration.description},
                       {"up", up},
                       {"down", TextOrNull(down)},
                       {"message", "write its SQL, then see what it would do"},
                       {"next", "lockstep plan"}}};
}

}  // namespace lockstep

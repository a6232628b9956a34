#include "engine/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "postgres/installation.h"
#include "postgres/server_verification.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

// A large database takes hours; who wants less stops the run.
constexpr auto kLongestDump = std::chrono::hours(7 * 24);
constexpr std::size_t kLongestComplaint = 2000;

using Variables = std::vector<std::pair<std::string, std::string>>;

[[noreturn]] void CannotWrite(const std::string& path, int error) {
  throw Error(
      ErrorCode::kFileWrite,
      "the backup '" + path + "' cannot be written: " + std::generic_category().message(error),
      "make room or give the right to write, then run the command again");
}

// Letters, digits, "_" and "." as they are, the rest as %XX: one name for one database, without "/"
// and without the "-" that separates the parts of a backup's name.
std::string Encode(std::string_view name) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) != 0 || c == '_' || (c == '.' && !encoded.empty());
    encoded += plain ? std::string{c} : std::string{'%', digits[byte >> 4], digits[byte & 15]};
  }
  return encoded;
}

// "20261122T182038Z"
std::string CompactTime(WallTime time) {
  std::string text = ToIso8601(time);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

// Only the last folder is closed to others: those above it may not be ours alone.
void MakeDirectory(const fs::path& directory) {
  std::error_code error;
  if (fs::is_directory(directory, error)) return;
  fs::create_directories(directory.parent_path(), error);
  if (::mkdir(directory.c_str(), 0700) != 0) CannotWrite(directory.string(), errno);
}

// Without a "/" at its end.
fs::path CleanPath(const std::string& directory) {
  const fs::path path = fs::absolute(directory).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

void Sync(const std::string& path, int flags) {
  const Descriptor file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file.open() || ::fsync(file.get()) != 0) CannotWrite(path, errno);
}

// The dump under its temporary name; removed unless it was kept.
class DraftFile {
 public:
  explicit DraftFile(std::string path) : final_(std::move(path)), path_(final_ + ".XXXXXX") {
    // Mode 0600 from the start; pg_dump writes into the file that is there.
    const Descriptor file(::mkostemp(path_.data(), O_CLOEXEC));
    if (!file.open()) CannotWrite(final_, errno);
  }
  ~DraftFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  DraftFile(const DraftFile&) = delete;
  DraftFile& operator=(const DraftFile&) = delete;

  const std::string& path() const { return path_; }

  void Keep() {
    Sync(path_, O_WRONLY);
    if (::rename(path_.c_str(), final_.c_str()) != 0) CannotWrite(final_, errno);
    path_.clear();
    Sync(fs::path(final_).parent_path().string(), O_RDONLY | O_DIRECTORY);
  }

 private:
  std::string final_;
  std::string path_;
};

bool IsSecret(std::string_view keyword) {
  return keyword == "password" || keyword == "sslpassword";
}

// Every other user of the machine can read it: it holds no secret.
std::string ConnectionArgument(const ConnectionUrl& url, const std::string& database) {
  std::string argument;
  const ConnectionUrl full = url.With("dbname", database);
  for (const auto& [keyword, value] : full.options()) {
    if (IsSecret(keyword)) continue;
    argument += keyword + "='";
    for (const char c : value)
      argument += (c == '\'' || c == '\\') ? std::string{'\\', c} : std::string{c};
    argument += "' ";
  }
  return argument;
}

// What libpq took from our own environment for the session holds for pg_dump too.
Variables PostgresVariables(const ConnectionUrl& url) {
  Variables variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto sign = text.find('=');
    if (!text.starts_with("PG") || sign == std::string_view::npos) continue;
    variables.emplace_back(text.substr(0, sign), text.substr(sign + 1));
  }
  const std::string password = url.Get("password");
  if (!password.empty()) variables.emplace_back("PGPASSWORD", password);
  return variables;
}

void ReplaceAll(std::string& text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

// The program's own words, for our message.
std::string Complaint(const SubprocessResult& result, const Variables& variables) {
  std::string text = result.error_output;
  for (const auto& [name, value] : variables) {
    if (name == "PGPASSWORD" && !value.empty()) ReplaceAll(text, value, "***");
  }
  text = Escaped(Trim(RedactSecrets(text)));
  if (text.empty()) text = "exit code " + std::to_string(result.exit_code);
  return text.size() > kLongestComplaint ? text.substr(0, kLongestComplaint) + "..." : text;
}

std::string HintFor(const std::string& complaint) {
  if (complaint.find("server version mismatch") == std::string::npos) return {};
  return "install the client programs of the server's release, or name their pg_dump in the "
         "settings";
}

void RunTool(SubprocessRequest request, const std::string& database, std::stop_token stop) {
  request.timeout = kLongestDump;
  const SubprocessResult result = RunSubprocess(request, stop);
  if (result.stopped) {
    throw Error(ErrorCode::kStopped, "the backup of '" + database + "' was stopped");
  }
  if (result.ok()) return;
  const std::string complaint = Complaint(result, request.environment);
  throw Error(
      ErrorCode::kSubprocess,
      "the backup of '" + database + "' failed in '" + request.command.front() + "': " + complaint,
      HintFor(complaint));
}

std::string FindTool(const std::string& name) {
  if (const auto path = FindPostgresProgram(name)) return *path;
  throw Error(ErrorCode::kSubprocess, "'" + name + "' is not installed",
              "install the package 'postgresql-client'");
}

std::string RestoreToolFor(const std::string& dump_tool) {
  const std::string beside = (fs::path(dump_tool).parent_path() / "pg_restore").string();
  return FindProgram(beside) ? beside : FindTool("pg_restore");
}

void Dump(const std::string& tool, const std::string& file, const ConnectionUrl& url,
          const std::string& database, std::stop_token stop) {
  SubprocessRequest request;
  request.command = {tool,
                     "--format=custom",
                     "--no-password",
                     "--file",
                     file,
                     "--dbname",
                     ConnectionArgument(ResolveVerification(url).url, database)};
  request.environment = PostgresVariables(url);
  RunTool(std::move(request), database, stop);
}

void CheckArchive(const std::string& tool, const std::string& file, const std::string& database,
                  std::stop_token stop) {
  SubprocessRequest request;
  request.command = {tool, "--list", file};
  RunTool(std::move(request), database, stop);
}

// The names begin with the time, after what is the same for all, so they sort by age.
std::vector<fs::path> BackupsOf(const fs::path& directory, const std::string& encoded_database) {
  const std::regex rest(R"(-\d{8}T\d{6}Z-[^-]+\.dump)");
  std::vector<fs::path> backups;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(directory, unreadable)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(encoded_database)) continue;
    if (std::regex_match(name.substr(encoded_database.size()), rest)) backups.push_back(entry);
  }
  if (unreadable) CannotWrite(directory.string(), unreadable.value());
  std::sort(backups.begin(), backups.end());
  return backups;
}

void Prune(const fs::path& directory, const std::string& encoded_database, std::size_t keep) {
  const std::vector<fs::path> backups = BackupsOf(directory, encoded_database);
  for (std::size_t i = 0; i + keep < backups.size(); ++i) {
    if (::unlink(backups[i].c_str()) == 0 || errno == ENOENT) continue;
    throw Error(ErrorCode::kFileWrite,
                "the old backup '" + backups[i].string() +
                    "' cannot be removed: " + std::generic_category().message(errno),
                "the new backup is complete; remove the old one by hand");
  }
}

long long SizeOf(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_size : 0;
}

}  // namespace

BackupResult MakeBackup(const BackupSettings& settings, const ConnectionUrl& url,
                        const std::string& database, const std::string& revision, WallTime now,
                        std::stop_token stop) {
  const std::string dump_tool = settings.program.empty() ? FindTool("pg_dump") : settings.program;
  const std::string restore_tool = RestoreToolFor(dump_tool);
  const fs::path directory = CleanPath(settings.directory);
  MakeDirectory(directory);
  const std::string name = Encode(database) + "-" + CompactTime(now) + "-" +
                           (revision.empty() ? "base" : Encode(revision)) + ".dump";
  const std::string path = (directory / name).string();
  if (SizeOf(path) > 0) CannotWrite(path, EEXIST);
  DraftFile draft(path);
  Dump(dump_tool, draft.path(), url, database, stop);
  CheckArchive(restore_tool, draft.path(), database, stop);
  draft.Keep();
  if (settings.keep > 0)
    Prune(directory, Encode(database), static_cast<std::size_t>(settings.keep));
  return {path, SizeOf(path)};
}

}  // namespace lockstep

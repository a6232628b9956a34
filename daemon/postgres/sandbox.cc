#include "postgres/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <sstream>
#include <system_error>
#include <vector>

#include "base/child_process.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "postgres/installation.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr char kMarker[] = "lockstep-sandbox";
constexpr char kMarkerText[] =
    "Made by Lockstep as a throw-away; stopping it deletes this folder.\n";
constexpr char kInstall[] = "install the package 'postgresql'";
// sun_path has 108 bytes, one of them for the end; unix(7).
constexpr std::size_t kLongestSocketPath = 107;
constexpr int kPortAttempts = 5;
constexpr auto kStartLimit = std::chrono::seconds(60);
constexpr auto kStopLimit = std::chrono::seconds(10);
constexpr auto kBetweenLooks = std::chrono::milliseconds(20);

std::string Reason(int error) { return std::generic_category().message(error); }

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return std::move(text).str();
}

std::string Hex(std::size_t bytes) {
  std::random_device random;
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < 2 * bytes; ++i) text += digits[random() % 16];
  return text;
}

// The user that the server runs as: ourselves, unless we are root.
std::optional<unsigned> ServerUser() {
  if (::geteuid() != 0) return std::nullopt;
  for (const char* name : {"postgres", "nobody"}) {
    if (const passwd* user = ::getpwnam(name)) return user->pw_uid;
  }
  throw Error(ErrorCode::kSubprocess,
              "PostgreSQL refuses to run as root, and there is no user 'postgres' or 'nobody'",
              "run as an ordinary user, or create the user 'postgres'");
}

// Where a Sandbox keeps its things.
struct Layout {
  std::string directory;

  std::string data() const { return directory + "/data"; }
  std::string log() const { return directory + "/log"; }
  std::string marker() const { return directory + "/" + kMarker; }
  std::string password_file() const { return directory + "/password"; }
  bool socket_fits() const {
    return directory.size() + std::string("/.s.PGSQL.65535.lock").size() <= kLongestSocketPath;
  }
};

[[noreturn]] void CannotWrite(const std::string& path, int error) {
  throw Error(ErrorCode::kFileWrite, "'" + path + "' cannot be written: " + Reason(error));
}

void GiveTo(const std::optional<unsigned>& user, const std::string& path) {
  if (user && ::chown(path.c_str(), *user, static_cast<gid_t>(-1)) != 0) CannotWrite(path, errno);
}

void WriteSecret(const std::string& path, const std::string& text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.open()) CannotWrite(path, errno);
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    CannotWrite(path, errno);
  }
}

// Root's own temporary folder may be closed to the server's user, so root takes /tmp.
std::string NewTemporaryDirectory() {
  const fs::path parent = ::geteuid() == 0 ? fs::path("/tmp") : fs::temp_directory_path();
  std::string path = (parent / "lockstep-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) CannotWrite(path, errno);
  return path;
}

std::string UseDirectory(const std::string& wanted) {
  const std::string path = fs::absolute(wanted).lexically_normal().string();
  if (::mkdir(path.c_str(), 0700) == 0) return path;
  if (errno != EEXIST) CannotWrite(path, errno);
  std::error_code error;
  if (!fs::is_empty(path, error) || error) {
    throw Error(ErrorCode::kUsage, "the sandbox's directory '" + path + "' is not empty",
                "name one that does not exist");
  }
  return path;
}

// The marker comes first: from then on the directory is ours to delete.
std::string MakeDirectory(const SandboxOptions& options, const std::optional<unsigned>& user) {
  const Layout layout{options.directory.empty() ? NewTemporaryDirectory()
                                                : UseDirectory(options.directory)};
  WriteSecret(layout.marker(), kMarkerText);
  GiveTo(user, layout.directory);
  return layout.directory;
}

std::string Program(const std::string& name, const std::string& bin_dir) {
  const auto path = bin_dir.empty() ? FindPostgresProgram(name) : FindProgram(bin_dir + "/" + name);
  if (path) return *path;
  const std::string where = bin_dir.empty() ? "on this machine" : "in '" + bin_dir + "'";
  throw Error(ErrorCode::kSubprocess, "PostgreSQL's '" + name + "' was not found " + where,
              kInstall);
}

// The time zone is named since the search for the machine's own takes long.
const std::vector<std::pair<std::string, std::string>> kEnvironment = {{"LANG", "C.UTF-8"},
                                                                       {"TZ", "UTC"}};

void InitializeData(const Layout& layout, const std::string& initdb, const std::string& password,
                    const std::optional<unsigned>& user) {
  WriteSecret(layout.password_file(), password + "\n");
  GiveTo(user, layout.password_file());
  SubprocessRequest request;
  request.command = {initdb,
                     "--no-sync",
                     "--auth=scram-sha-256",
                     "--username",
                     "postgres",
                     "--pwfile",
                     layout.password_file(),
                     "--encoding=UTF8",
                     "--locale=C.UTF-8",
                     "--pgdata",
                     layout.data()};
  request.environment = kEnvironment;
  request.run_as_uid = user;
  request.working_directory = layout.directory;
  const SubprocessResult result = RunSubprocess(request);
  fs::remove(layout.password_file());
  if (result.ok()) return;
  throw Error(ErrorCode::kSubprocess,
              "initdb failed for the sandbox in '" + layout.directory +
                  "': " + Escaped(Trim(result.error_output)),
              kInstall);
}

// A port that is free now. Somebody may take it before the server does: then it says so, and
// another one is tried.
int FreePort() {
  const Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(probe.get(), generic, size) != 0 || ::getsockname(probe.get(), generic, &size) != 0) {
    throw Error(ErrorCode::kSubprocess, "no loopback port is free: " + Reason(errno));
  }
  return ntohs(address.sin_port);
}

std::string QuotedDirectory(const std::string& directory) {
  std::string quoted = "\"";
  for (const char c : directory) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::vector<std::string> ServerCommand(const Layout& layout, const std::string& postgres,
                                       int port) {
  std::vector<std::string> command = {postgres, "-D", layout.data(), "-p", std::to_string(port)};
  const std::vector<std::string> settings = {
      "listen_addresses=127.0.0.1",
      "unix_socket_directories=" +
          (layout.socket_fits() ? QuotedDirectory(layout.directory) : std::string()),
      "wal_level=replica",
      "fsync=off",
      "synchronous_commit=off",
      "full_page_writes=off",
      "max_connections=200",
      "max_prepared_transactions=10",
      "shared_buffers=32MB",
      "logging_collector=off",
  };
  for (const std::string& setting : settings) command.insert(command.end(), {"-c", setting});
  return command;
}

std::unique_ptr<ChildProcess> Launch(const Layout& layout, const std::string& postgres, int port,
                                     const std::optional<unsigned>& user, bool survives) {
  const Descriptor log(
      ::open(layout.log().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  if (!log.open()) CannotWrite(layout.log(), errno);
  GiveTo(user, layout.log());
  ChildRequest request;
  request.command = ServerCommand(layout, postgres, port);
  request.environment = kEnvironment;
  request.run_as_uid = user;
  request.working_directory = layout.directory;
  request.streams = {-1, log.get(), log.get()};
  request.survives = survives;
  request.death_signal = SIGQUIT;  // an immediate shutdown: there is nothing to save
  return std::make_unique<ChildProcess>(request);
}

// postmaster.pid as PostgreSQL's miscadmin.h describes it: line 1 is the process, line 8 its state,
// padded with spaces.
std::vector<std::string> ReadPidFile(const Layout& layout) {
  std::ifstream file(layout.data() + "/postmaster.pid");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.emplace_back(Trim(line));
  return lines;
}

bool IsReady(const Layout& layout, pid_t server) {
  const std::vector<std::string> lines = ReadPidFile(layout);
  return lines.size() >= 8 && lines[0] == std::to_string(server) && lines[7] == "ready";
}

void StopServer(ChildProcess& server) {
  server.Signal(SIGQUIT);
  if (!server.WaitFor(kStopLimit)) server.Signal(SIGKILL);
  server.Reap();
}

enum class Start { kReady, kPortTaken };

[[noreturn]] void FailToStart(const Layout& layout, const std::string& how) {
  throw Error(ErrorCode::kSubprocess, "the sandbox's server in '" + layout.directory + "' " + how +
                                          ": " + Escaped(Trim(ReadAll(layout.log()))));
}

Start AwaitReady(const Layout& layout, ChildProcess& server) {
  const SystemClock clock;
  const SteadyTime deadline = clock.Now() + kStartLimit;
  while (!server.WaitFor(kBetweenLooks)) {
    if (IsReady(layout, server.pid())) return Start::kReady;
    if (clock.Now() > deadline) {
      StopServer(server);
      FailToStart(layout, "was not ready in time");
    }
  }
  if (ReadAll(layout.log()).find("could not bind") != std::string::npos) return Start::kPortTaken;
  FailToStart(layout, "ended at once");
}

struct StartedServer {
  std::unique_ptr<ChildProcess> process;
  int port = 0;
};

StartedServer StartOnFreePort(const Layout& layout, const std::string& postgres,
                              const std::optional<unsigned>& user, bool survives) {
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    const int port = FreePort();
    auto server = Launch(layout, postgres, port, user, survives);
    if (AwaitReady(layout, *server) == Start::kReady) return {std::move(server), port};
  }
  FailToStart(layout, "found every port taken");
}

// Whatever cannot be deleted stays: it is temporary, and there is nobody to tell.
void RemoveDirectory(const std::string& directory) {
  std::error_code ignored;
  fs::remove_all(directory, ignored);
}

// The process that the data directory names, if it still is that directory's server: a PostgreSQL
// server stands in its data directory.
std::optional<pid_t> FindServer(const Layout& layout) {
  const std::vector<std::string> lines = ReadPidFile(layout);
  if (lines.empty()) return std::nullopt;
  pid_t pid = 0;
  const std::string& text = lines.front();
  if (std::from_chars(text.data(), text.data() + text.size(), pid).ec != std::errc() || pid <= 1) {
    return std::nullopt;
  }
  std::error_code error;
  const fs::path stands_in = fs::read_symlink("/proc/" + text + "/cwd", error);
  if (error || stands_in != fs::canonical(layout.data(), error)) return std::nullopt;
  return pid;
}

bool WaitForEnd(const Descriptor& process) {
  pollfd ended{process.get(), POLLIN, 0};
  const auto limit = std::chrono::milliseconds(kStopLimit).count();
  return ::poll(&ended, 1, static_cast<int>(limit)) > 0;
}

bool SignalProcess(const Descriptor& process, int signal) {
  return ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) == 0;
}

bool StopStranger(const Layout& layout) {
  const auto pid = FindServer(layout);
  if (!pid) return false;
  const Descriptor process = OpenProcess(*pid);
  if (!process.open()) return false;
  if (!SignalProcess(process, SIGQUIT)) {
    throw Error(ErrorCode::kPermission, "the sandbox's server in '" + layout.directory +
                                            "' cannot be stopped: " + Reason(errno));
  }
  if (!WaitForEnd(process)) {
    SignalProcess(process, SIGKILL);
    WaitForEnd(process);
  }
  return true;
}

}  // namespace

Sandbox::Sandbox(const SandboxOptions& options) : remove_(options.remove), detach_(options.detach) {
  const std::string initdb = Program("initdb", options.bin_dir);
  const std::string postgres = Program("postgres", options.bin_dir);
  const std::optional<unsigned> user = ServerUser();
  directory_ = MakeDirectory(options, user);
  try {
    const Layout layout{directory_};
    const std::string password = Hex(16);
    InitializeData(layout, initdb, password, user);
    StartedServer started = StartOnFreePort(layout, postgres, user, detach_);
    server_ = std::move(started.process);
    url_text_ = "postgresql://postgres:" + password + "@127.0.0.1:" + std::to_string(started.port) +
                "/postgres";
    url_ = ConnectionUrl::Parse(url_text_);
  } catch (...) {
    if (server_) StopServer(*server_);
    RemoveDirectory(directory_);
    throw;
  }
}

Sandbox::~Sandbox() {
  if (detach_) {
    server_->Release();
    return;
  }
  StopServer(*server_);
  if (remove_) RemoveDirectory(directory_);
}

bool StopSandbox(const std::string& directory) {
  if (!fs::exists(directory)) return false;
  const Layout layout{directory};
  if (!fs::exists(layout.marker())) {
    throw Error(ErrorCode::kUsage, "'" + directory + "' was not made by a sandbox",
                "stop its server with pg_ctl, if it has one");
  }
  const bool ran = StopStranger(layout);
  RemoveDirectory(directory);
  return ran;
}

}  // namespace lockstep

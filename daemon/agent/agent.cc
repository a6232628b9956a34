#include "agent/agent.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <cstring>
#include <utility>

#include "agent/events.h"
#include "base/error.h"
#include "base/fail_point.h"
#include "base/text.h"
#include "base/version.h"
#include "commands/exit_code.h"
#include "core/duration.h"

namespace lockstep {
namespace {

constexpr std::chrono::seconds kTickInterval{1};
constexpr std::chrono::seconds kMoreTime{30};  // asked of systemd while something is under way

AgentFacts FactsOf(const AgentSettings& settings, const Clock& clock) {
  AgentFacts facts;
  char host[256] = {};
  if (gethostname(host, sizeof host - 1) == 0) facts.host = host;
  facts.pid = getpid();
  facts.started_at = clock.WallNow();
  facts.started_steady = clock.Now();
  facts.config = settings.file;
  return facts;
}

constexpr const char* kStopsNow = "the agent is stopping";

ReloadResult RefusalOf(const std::exception& problem) {
  const auto* error = dynamic_cast<const Error*>(&problem);
  return {problem.what(), error == nullptr ? "this is a bug; please report it" : error->hint(), {}};
}

// Where the process may open few descriptors, fewer clients are let in, so that a flood of them
// leaves enough for the work: sessions, files, hooks, the log. Each that is let in may stand beside
// one that is being refused.
HttpLimits LimitsByDescriptors() {
  constexpr rlim_t kForTheWork = 32;
  constexpr rlim_t kFewest = 4;
  HttpLimits limits;
  rlimit allowed{};
  if (getrlimit(RLIMIT_NOFILE, &allowed) != 0) return limits;
  const rlim_t left = allowed.rlim_cur > kForTheWork ? (allowed.rlim_cur - kForTheWork) / 2 : 0;
  const int clients = static_cast<int>(std::clamp<rlim_t>(left, kFewest, limits.connections));
  limits.connections = clients;
  // As the defaults: by TCP three of four, each uid every second one.
  limits.connections_tcp = std::min(limits.connections_tcp, clients * 3 / 4);
  limits.connections_per_uid = std::min(limits.connections_per_uid, clients / 2);
  return limits;
}

}  // namespace

Agent::Agent(AgentSettings settings, std::function<AgentSettings()> load, Clock& clock)
    : settings_(std::make_shared<const AgentSettings>(std::move(settings))),
      load_(std::move(load)),
      clock_(clock),
      facts_(FactsOf(*settings_, clock)),
      allowed_(ResolveAllowed(settings_->allow_users, settings_->allow_groups)),
      metrics_(clock),
      journal_(clock, [this] { OnChange(); }),
      api_(*this, clock),
      server_(MakeServer()),
      signals_(io_, [this](const ReceivedSignal& signal) { OnSignal(signal); }),
      tick_(io_),
      watchdog_(io_),
      waiting_(io_),
      grace_(io_) {
  OpenDoors();
  for (const TargetSettings& target : settings_->targets) BeginTarget(target);
}

Agent::~Agent() {
  if (reloading_.joinable()) reloading_.join();
  targets_.clear();
}

int Agent::Run() {
  LogEvent(event::kAgentStarted, "lockstepd " + std::string(Version()) + " has started",
           {{"pid", std::int64_t{facts_.pid}}, {"config", facts_.config}});
  tick_.expires_after(kTickInterval);
  Tick();
  KeepWatchdog();
  TellSystemd();
  io_.run();
  LogEvent(event::kAgentStopped, "lockstepd has ended");
  return 0;
}

// ---- Doors --------------------------------------------------------------------------------------

HttpServer Agent::MakeServer() {
  const auto handler = [this](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    api_.Answer(request, reply);
    ServeChange();
  };
  const auto problem = [](int status, std::string_view detail) {
    return ToResponse({.status = status, .detail = std::string(detail)});
  };
  HttpEvents events;
  events.on_answer = [this](int status, double seconds, const HttpRequest& request) {
    metrics_.OnHttpAnswer(Api::HandlerOf(request), status, seconds);
  };
  events.on_refused = [this](std::string_view why) { metrics_.OnHttpRefused(why); };
  events.on_error = [](std::string_view what, const HttpRequest& request) {
    LogEvent(event::kRequestFailed,
             request.method + " " + Escaped(request.path) + ": " + std::string(what));
  };
  return HttpServer(io_, LimitsByDescriptors(), handler, problem, std::move(events));
}

// What systemd hands us takes the place of what the settings name.
void Agent::OpenDoors() {
  bool has_unix = false;
  bool has_tcp = false;
  for (InheritedSocket& inherited : TakeInheritedSockets()) {
    (inherited.is_unix ? has_unix : has_tcp) = true;
    server_.Accept(std::move(inherited.descriptor), inherited.is_unix ? Door::kSocket : Door::kTcp);
    LogEvent(event::kListening, "listens on a socket of systemd's");
  }
  if (!has_unix && settings_->socket != "off") {
    control_socket_ = std::make_unique<ControlSocket>(
        ControlSocketOptions{settings_->socket, settings_->socket_mode, settings_->socket_group});
    server_.Accept(control_socket_->TakeListening(), Door::kSocket);
    LogEvent(event::kListening, "listens on \"" + settings_->socket + "\"");
  }
  if (!has_tcp && settings_->listen != "off") {
    server_.Listen(settings_->listen);
    LogEvent(event::kListening, "listens on http://" + Join(server_.addresses(), ", http://"));
  }
}

// ---- Targets ------------------------------------------------------------------------------------

void Agent::BeginTarget(const TargetSettings& settings) {
  Target target;
  const WorkerTools tools{clock_, journal_, metrics_, [this] { OnChange(); }};
  target.worker =
      std::make_unique<TargetWorker>(std::make_shared<const TargetSettings>(settings), tools);
  WatchFolder(target, settings);
  targets_.emplace(settings.name, std::move(target));
}

void Agent::WatchFolder(Target& target, const TargetSettings& settings) {
  if (target.watch && target.folder == settings.settings.folder) return;
  target.folder = settings.settings.folder;
  TargetWorker* worker = target.worker.get();
  target.watch =
      std::make_unique<FolderWatch>(io_, target.folder, [worker] { worker->OnFolderChange(); });
}

// Its run may take its time; the event loop does not wait for it.
void Agent::EndTarget(const std::string& name) {
  const auto found = targets_.find(name);
  found->second.worker->RequestEnd();
  found->second.watch.reset();
  leaving_.push_back(std::move(found->second));
  targets_.erase(found);
}

AgentFacts Agent::Facts() const {
  AgentFacts facts = facts_;
  facts.stopping = stopping_;
  return facts;
}

std::vector<std::string> Agent::Targets() const {
  std::vector<std::string> names;
  for (const auto& [name, target] : targets_) names.push_back(name);
  return names;
}

std::shared_ptr<const TargetStatus> Agent::StatusOf(std::string_view target) const {
  const auto found = targets_.find(target);
  return found == targets_.end() ? nullptr : found->second.worker->status();
}

void Agent::Wake(std::string_view target) {
  if (const auto found = targets_.find(target); found != targets_.end()) {
    metrics_.ForTarget(found->first).OnTrigger(NameOf(RunSource::kApi));
    found->second.worker->Wake();
  }
}

void Agent::Refresh(std::string_view target) {
  if (const auto found = targets_.find(target); found != targets_.end()) {
    found->second.worker->Refresh();
  }
}

void Agent::Pause(std::string_view target, bool pause) {
  if (const auto found = targets_.find(target); found != targets_.end()) {
    found->second.worker->Pause(pause);
  }
}

// ---- Signals ------------------------------------------------------------------------------------

void Agent::OnSignal(const ReceivedSignal& signal) {
  LogEvent(event::kSignalReceived, "SIG" + std::string(sigabbrev_np(signal.number)),
           {{"peer_pid", std::int64_t{signal.sender_pid}},
            {"peer_uid", std::int64_t{signal.sender_uid}}});
  switch (signal.number) {
    case SIGQUIT:
      // Whatever is under way is rolled back by the server once our connection has gone.
      StopLog();
      std::_Exit(128 + SIGQUIT);
    case SIGHUP:
      return Reload([](const ReloadResult&) {});
    case SIGUSR1:
      return TriggerAll();
    case SIGUSR2:
      return DumpState();
    default:
      return OnStopSignal();
  }
}

void Agent::TriggerAll() {
  for (auto& [name, target] : targets_) target.worker->Trigger(RunSource::kSignal);
}

void Agent::DumpState() const {
  LogEvent(event::kStateDump, json::serialize(api_.StatusDocument()));
}

void Agent::OnStopSignal() {
  if (!stopping_) return Stop();
  CancelNow();
}

// ---- Reload -------------------------------------------------------------------------------------

// Files are read by a thread of their own, since the event loop waits for nothing. Who asks while
// one is under way gets that one's answer.
void Agent::Reload(std::function<void(const ReloadResult&)> then) {
  if (stopping_) return then({kStopsNow, "", {}});
  reload_listeners_.push_back(std::move(then));
  if (reload_listeners_.size() > 1) return;
  systemd_.Reloading();
  if (reloading_.joinable()) reloading_.join();
  reloading_ = std::thread([this] { Load(); });
}

// Users and groups may be looked up over a network.
void Agent::Load() {
  try {
    FailPoint("reload");
    Loaded loaded{.settings = load_(), .allowed = {}};
    loaded.allowed = ResolveAllowed(loaded.settings.allow_users, loaded.settings.allow_groups);
    boost::asio::post(io_, [this, loaded = std::move(loaded)] { OnLoaded(loaded); });
  } catch (const std::exception& error) {
    boost::asio::post(io_, [this, result = RefusalOf(error)] { EndReload(result); });
  }
}

void Agent::OnLoaded(Loaded loaded) {
  if (stopping_) return EndReload({kStopsNow, "", {}});
  try {
    EndReload(Use(std::move(loaded)));
  } catch (const std::exception& error) {
    EndReload(RefusalOf(error));
  }
}

// A worker of a target that has gone may still be busy with its last run. Another one beside it, of
// the same name, would take that run for its own.
void Agent::RequireGoneAreGone(const AgentSettings& settings) const {
  for (const TargetSettings& target : settings.targets) {
    const bool leaves = std::ranges::any_of(
        leaving_, [&](const Target& one) { return one.worker->status()->name == target.name; });
    if (!leaves) continue;
    throw Error(ErrorCode::kBadSettings,
                "target \"" + target.name + "\" was taken out, and its last run is still under way",
                "reload again when it has ended: GET /api/v1/runs shows it");
  }
}

ReloadResult Agent::Use(Loaded loaded) {
  AgentSettings& settings = loaded.settings;
  RequireGoneAreGone(settings);
  allowed_ = std::move(loaded.allowed);
  ReloadResult result;
  if (settings.listen != settings_->listen) result.restart_needed.emplace_back("listen");
  const bool same_socket = settings.socket == settings_->socket &&
                           settings.socket_mode == settings_->socket_mode &&
                           settings.socket_group == settings_->socket_group;
  if (!same_socket) result.restart_needed.emplace_back("socket");
  if (settings.log_format != settings_->log_format)
    result.restart_needed.emplace_back("log.format");
  if (settings.log_level != settings_->log_level) SetLogLevel(settings.log_level);
  std::vector<std::string> gone = Targets();
  for (const TargetSettings& target : settings.targets) {
    std::erase(gone, target.name);
    const auto known = targets_.find(target.name);
    if (known == targets_.end()) {
      BeginTarget(target);
      continue;
    }
    known->second.worker->UseFromNowOn(std::make_shared<const TargetSettings>(target));
    WatchFolder(known->second, target);
  }
  for (const std::string& name : gone) EndTarget(name);
  facts_.config = settings.file;
  settings_ = std::make_shared<const AgentSettings>(std::move(settings));
  return result;
}

void Agent::EndReload(const ReloadResult& result) {
  if (stopping_) {
    for (const auto& listener : std::exchange(reload_listeners_, {})) listener(result);
    return;
  }
  metrics_.OnReload(result.problem.empty());
  facts_.config_problem = result.problem;
  if (result.problem.empty()) {
    LogEvent(event::kSettingsReloaded, "the settings were read again");
  } else {
    LogFields fields;
    if (!result.hint.empty()) fields.emplace_back("hint", result.hint);
    LogEvent(event::kSettingsRefused, result.problem, fields);
  }
  for (const auto& listener : std::exchange(reload_listeners_, {})) listener(result);
  if (told_ready_) systemd_.Ready();
  TellSystemd();
}

// ---- Changes and clocks -------------------------------------------------------------------------

// However much changes at once, the loop is woken once.
void Agent::OnChange() {
  if (change_posted_.exchange(true)) return;
  boost::asio::post(io_, [this] {
    change_posted_ = false;
    ServeChange();
    TellSystemd();
    std::erase_if(leaving_, [](const Target& target) { return target.worker->has_ended(); });
    if (stopping_ && !left_ && HasEnded()) Leave();
  });
}

void Agent::ServeChange() {
  const auto next = api_.ServeWaiting();
  if (!next) return;
  waiting_.expires_at(*next);
  waiting_.async_wait([this](const boost::system::error_code& problem) {
    if (!problem) ServeChange();
  });
}

bool Agent::AllReady() const {
  return std::ranges::all_of(targets_, [this](const auto& one) {
    return ReadinessOf(*one.second.worker->status(), clock_.Now()).ready;
  });
}

bool Agent::WorksOnARun() const {
  return std::ranges::any_of(
      targets_, [](const auto& one) { return one.second.worker->status()->run.has_value(); });
}

// Of all targets, those that leave too.
bool Agent::HoldsAMigrationLock() const {
  const auto leads = [](const Target& target) {
    const auto status = target.worker->status();
    return status->run && status->run->leader;
  };
  return std::ranges::any_of(leaving_, leads) ||
         std::ranges::any_of(targets_, [&](const auto& one) { return leads(one.second); });
}

std::string Agent::Doing() const {
  if (stopping_) return "stopping";
  std::vector<std::string> doing;
  for (const auto& [name, target] : targets_) {
    const auto status = target.worker->status();
    std::string sentence = status->doing;
    if (status->run && status->run->leader) {
      sentence = "applies " + status->run->revision + " (" + std::to_string(status->run->step) +
                 " of " + std::to_string(status->run->steps) + ")";
    } else if (status->run && !status->run->holder.empty()) {
      sentence = "stands by; leader: " + status->run->holder;
    }
    doing.push_back(targets_.size() == 1 ? sentence : name + ": " + sentence);
  }
  return Join(doing, "; ");
}

void Agent::TellSystemd() {
  // A run changes something thousands of times a second: the sentence is made for somebody only.
  if (systemd_.is_heard()) systemd_.Status(Doing());
  if (told_ready_ || stopping_) return;
  if (settings_->notify_ready == ReadyWhen::kMigrated && !AllReady()) return;
  told_ready_ = true;
  systemd_.Ready();
}

// How late the loop comes to a timer is how long it was held up. While systemd waits for us and
// a run is under way, or the stop is, it is asked for more time: a start that comes to nothing ends
// by TimeoutStartSec, instead of never.
void Agent::Tick() {
  tick_.async_wait([this](const boost::system::error_code& problem) {
    if (problem || left_) return;
    const auto late = std::chrono::steady_clock::now() - tick_.expiry();
    metrics_.OnEventLoopLag(ToSeconds(late));
    if (stopping_ || (!told_ready_ && WorksOnARun())) systemd_.ExtendTimeout(kMoreTime);
    tick_.expires_after(kTickInterval);
    Tick();
  });
}

void Agent::KeepWatchdog() {
  const auto interval = systemd_.watchdog_interval();
  if (!interval) return;
  systemd_.Watchdog();
  watchdog_.expires_after(*interval);
  watchdog_.async_wait([this](const boost::system::error_code& problem) {
    if (!problem && !left_) KeepWatchdog();
  });
}

// ---- The end ------------------------------------------------------------------------------------

void Agent::Stop() {
  stopping_ = true;
  LogEvent(event::kAgentStopping,
           "stops: a migration that runs is finished, within " + ToText(settings_->shutdown_grace));
  systemd_.Stopping();
  systemd_.Status("stopping");
  api_.RefuseChanges();
  // In this order: a run that is begun now stands in the journal, or its thread has heard of the
  // end.
  for (auto& [name, target] : targets_) target.worker->RequestEnd();
  journal_.RequestStopOfAll(false);
  CancelAfterGrace();
}

void Agent::CancelAfterGrace() {
  grace_.expires_after(
      std::chrono::duration_cast<std::chrono::milliseconds>(settings_->shutdown_grace));
  grace_.async_wait([this](const boost::system::error_code& problem) {
    if (!problem && !cancelled_) CancelNow();
  });
}

// A network that swallows everything keeps even a cancel from arriving; nobody waits for that.
void Agent::CancelNow() {
  constexpr std::chrono::seconds kForRollingBack{10};
  constexpr std::chrono::seconds kForNothing{1};
  if (std::exchange(cancelled_, true)) return;
  journal_.RequestStopOfAll(true);
  grace_.expires_after(HoldsAMigrationLock() ? kForRollingBack : kForNothing);
  grace_.async_wait([this](const boost::system::error_code& problem) {
    if (!problem && !left_) LeaveWithoutWaiting();
  });
}

void Agent::LeaveWithoutWaiting() {
  const bool lost = HoldsAMigrationLock();
  LogEvent(event::kAgentLeaves, lost ? "leaves while a run is under way: it could not be cancelled"
                                     : "leaves while a connection is being waited for");
  control_socket_.reset();
  StopLog();
  std::_Exit(lost ? static_cast<int>(ExitCode::kTemporary) : 0);
}

bool Agent::HasEnded() const {
  return leaving_.empty() && std::ranges::all_of(targets_, [](const auto& one) {
           return one.second.worker->has_ended();
         });
}

// Takes all work from the loop, which then ends by itself once the last answer has been sent.
void Agent::Leave() {
  constexpr std::chrono::milliseconds kLastAnswers{1'000};
  left_ = true;
  api_.Stop();
  server_.Stop(kLastAnswers);
  signals_.Stop();
  for (auto* timer : {&tick_, &watchdog_, &waiting_, &grace_}) timer->cancel();
  targets_.clear();
}

}  // namespace lockstep

// The agent: builds the rooms, and carries signals, requests and clocks to them.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/api.h"
#include "agent/control_socket.h"
#include "agent/folder_watch.h"
#include "agent/http_server.h"
#include "agent/metrics.h"
#include "agent/signals.h"
#include "agent/systemd.h"
#include "agent/target_worker.h"
#include "commands/agent_settings.h"

namespace lockstep {

// Thread: io, which is the one that calls Run; destructors included.
class Agent : private AgentControl {
 public:
  // `load` reads the settings again, for a reload. Throws Error for sockets that cannot be had.
  Agent(AgentSettings settings, std::function<AgentSettings()> load, Clock& clock);
  ~Agent() override;
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Until it is told to stop. Returns the exit code.
  int Run();

 private:
  struct Target {
    std::unique_ptr<TargetWorker> worker;
    std::unique_ptr<FolderWatch> watch;
    std::string folder;
  };
  using SharedSettings = std::shared_ptr<const AgentSettings>;

  // AgentControl
  AgentFacts Facts() const override;
  std::vector<std::string> Targets() const override;
  std::shared_ptr<const TargetStatus> StatusOf(std::string_view target) const override;
  RunJournal& Journal() override { return journal_; }
  void Wake(std::string_view target) override;
  void Refresh(std::string_view target) override;
  void Pause(std::string_view target, bool pause) override;
  void Reload(std::function<void(const ReloadResult&)> then) override;
  AllowedCallers Allowed() const override { return allowed_; }
  std::string Exposition() const override { return metrics_.Exposition(); }

  // Doors
  void OpenDoors();
  HttpServer MakeServer();

  // Targets
  void BeginTarget(const TargetSettings& settings);
  void WatchFolder(Target& target, const TargetSettings& settings);
  void EndTarget(const std::string& name);

  // Signals
  void OnSignal(const ReceivedSignal& signal);
  void OnStopSignal();
  void TriggerAll();
  void DumpState() const;

  // Reload
  struct Loaded {
    AgentSettings settings;
    AllowedCallers allowed;
  };
  void Load();  // on a thread of its own
  void OnLoaded(Loaded loaded);
  ReloadResult Use(Loaded loaded);
  void RequireGoneAreGone(const AgentSettings& settings) const;
  void EndReload(const ReloadResult& result);

  // Changes and clocks
  void OnChange();  // called by any thread
  void ServeChange();
  void TellSystemd();
  bool AllReady() const;
  bool WorksOnARun() const;
  bool HoldsAMigrationLock() const;
  std::string Doing() const;
  void Tick();
  void KeepWatchdog();

  // The end
  void Stop();
  void CancelAfterGrace();
  void CancelNow();
  void LeaveWithoutWaiting();
  void Leave();
  bool HasEnded() const;

  SharedSettings settings_;
  std::function<AgentSettings()> load_;
  Clock& clock_;
  AgentFacts facts_;
  AllowedCallers allowed_;
  boost::asio::io_context io_;
  std::atomic<bool> change_posted_ = false;
  Systemd systemd_;
  Metrics metrics_;
  RunJournal journal_;
  Api api_;
  HttpServer server_;
  std::unique_ptr<ControlSocket> control_socket_;
  Signals signals_;
  boost::asio::steady_timer tick_;  // the event loop's lag
  boost::asio::steady_timer watchdog_;
  boost::asio::steady_timer waiting_;  // for those who wait for an answer
  boost::asio::steady_timer grace_;
  std::vector<std::function<void(const ReloadResult&)>> reload_listeners_;
  std::thread reloading_;
  bool stopping_ = false;
  bool cancelled_ = false;
  bool told_ready_ = false;
  bool left_ = false;  // no timer is set again
  // Last: their threads use the above.
  std::map<std::string, Target, std::less<>> targets_;
  std::vector<Target> leaving_;  // no longer configured; their runs are still under way
};

}  // namespace lockstep

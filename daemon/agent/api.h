// What the agent answers: one table of paths, for the Unix socket and TCP alike. docs/api.md is the
// page of it.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/api_documents.h"
#include "agent/authorization.h"
#include "agent/http_server.h"
#include "agent/problem.h"
#include "agent/run_journal.h"
#include "agent/target_status.h"

namespace lockstep {

struct ReloadResult {
  std::string problem, hint;                // empty: the new settings are in force
  std::vector<std::string> restart_needed;  // settings that count from the next start on
};

// What the API may ask of the agent. None of it waits. Thread: io.
class AgentControl {
 public:
  virtual ~AgentControl() = default;
  virtual AgentFacts Facts() const = 0;
  virtual std::vector<std::string> Targets() const = 0;
  // Null: there is no such target.
  virtual std::shared_ptr<const TargetStatus> StatusOf(std::string_view target) const = 0;
  virtual RunJournal& Journal() = 0;
  // There is a run for it in the journal, or one to be ended.
  virtual void Wake(std::string_view target) = 0;
  // Somebody waits for a fresh picture of it.
  virtual void Refresh(std::string_view target) = 0;
  virtual void Pause(std::string_view target, bool pause) = 0;
  // `then` is called later, on the io thread.
  virtual void Reload(std::function<void(const ReloadResult&)> then) = 0;
  virtual AllowedCallers Allowed() const = 0;
  virtual std::string Exposition() const = 0;
};

class ApiWaiting;

// Thread: io.
class Api {
 public:
  Api(AgentControl& agent, const Clock& clock);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  void Answer(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply);
  // The name under which a request is counted: its path's, never a client's text.
  static std::string HandlerOf(const HttpRequest& request);

  // Something has changed: those who wait for it are answered. Returns when to look again at the
  // latest, for their time-outs; nothing when nobody waits.
  std::optional<SteadyTime> ServeWaiting();
  // From now on no change is taken.
  void RefuseChanges() { stopping_ = true; }
  // No answer is kept waiting any longer.
  void Stop();

  // What /api/v1/status answers.
  json::object StatusDocument() const;

 private:
  struct Route;
  using Reply = std::shared_ptr<HttpReply>;

  static const std::vector<Route>& Routes();
  static const Route* FindRoute(const HttpRequest& request);
  // A handler's answer; nothing when it comes later.
  using Later = std::optional<HttpResponse>;

  Later Ping(const HttpRequest&, const Reply&);
  Later Health(const HttpRequest&, const Reply&);
  Later ReadinessAnswer(const HttpRequest&, const Reply&);
  Later Version(const HttpRequest&, const Reply&);
  Later Metrics(const HttpRequest&, const Reply&);
  Later Page(const HttpRequest&, const Reply&);
  Later OpenApi(const HttpRequest&, const Reply&);
  Later Status(const HttpRequest&, const Reply&);
  Later History(const HttpRequest&, const Reply&);
  Later Plan(const HttpRequest&, const Reply&);
  Later Blockers(const HttpRequest&, const Reply&);
  Later Wait(const HttpRequest&, const Reply&);
  Later ListRuns(const HttpRequest&, const Reply&);
  Later ShowRun(const HttpRequest&, const Reply&);
  Later RunEventStream(const HttpRequest&, const Reply&);
  Later BeginRun(const HttpRequest&, const Reply&);
  Later EndRun(const HttpRequest&, const Reply&);
  Later PauseTargets(const HttpRequest&, const Reply&);
  Later ResumeTargets(const HttpRequest&, const Reply&);
  Later Reload(const HttpRequest&, const Reply&);
  Later SetLevel(const HttpRequest&, const Reply&);

  // Of all that are named, and each of them.
  struct ReadinessAmong {
    Readiness all;
    json::array targets;
  };
  ReadinessAmong ReadinessOfTargets(const std::vector<std::string>& names,
                                    std::string_view revision) const;
  HttpResponse SetPaused(const HttpRequest& request, bool pause);
  HttpResponse SightDocument(const HttpRequest& request, json::object DatabaseSight::*document);

  AgentControl& agent_;
  const Clock& clock_;
  std::list<std::unique_ptr<ApiWaiting>> waiting_;
  bool stopping_ = false;
};

}  // namespace lockstep

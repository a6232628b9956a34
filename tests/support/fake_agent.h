// What stands on either side of the API in a test: an agent with nothing behind it, and a client.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/api.h"

namespace lockstep {

// An answer as the client gets it.
class RecordedReply : public HttpReply {
 public:
  void Send(HttpResponse response) override { sent = std::move(response); }
  void Begin(HttpResponse head) override { sent = std::move(head); }
  void Write(std::string piece) override { sent->body += piece; }
  void End() override { ended = true; }
  bool gone() const override { return left; }

  std::optional<HttpResponse> sent;
  bool ended = false;
  bool left = false;
};

// An agent with nothing behind it: one target "shop", and what was asked of it.
class FakeAgent : public AgentControl {
 public:
  explicit FakeAgent(const Clock& clock) : clock_(clock), journal_(clock, [] {}) {
    facts.host = "web-1";
    facts.started_steady = clock.Now();
    Add("shop");
  }

  void Add(const std::string& name) {
    TargetStatus status;
    status.name = name;
    status.doing = "up to date";
    statuses[name] = status;
  }
  // The database was looked at just now, and had `pending`.
  void Look(const std::vector<std::string>& pending, const std::vector<std::string>& failed = {}) {
    DatabaseSight sight;
    sight.applied = {"a"};
    sight.pending = pending;
    sight.failed = failed;
    sight.status = {{"command", "status"}, {"last_error", {{"revision", "b"}}}};
    sight.history = {{"command", "history"}, {"schema_version", 1}};
    sight.plan = {{"command", "plan"}, {"schema_version", 1}};
    sight.blocker_document = {{"command", "blockers"}, {"schema_version", 1}};
    TargetStatus& status = statuses["shop"];
    status.reachable = true;
    status.looked_steady = clock_.Now();
    status.sight = std::make_shared<const DatabaseSight>(std::move(sight));
  }

  AgentFacts Facts() const override { return facts; }
  std::vector<std::string> Targets() const override {
    std::vector<std::string> names;
    for (const auto& [name, status] : statuses) names.push_back(name);
    return names;
  }
  std::shared_ptr<const TargetStatus> StatusOf(std::string_view target) const override {
    const auto found = statuses.find(std::string(target));
    if (found == statuses.end()) return nullptr;
    return std::make_shared<const TargetStatus>(found->second);
  }
  RunJournal& Journal() override { return journal_; }
  void Wake(std::string_view target) override { woken.emplace_back(target); }
  void Refresh(std::string_view) override { ++refreshed; }
  void Pause(std::string_view target, bool pause) override {
    statuses[std::string(target)].paused = pause;
  }
  void Reload(std::function<void(const ReloadResult&)> then) override { then(reload); }
  AllowedCallers Allowed() const override { return allowed; }
  std::string Exposition() const override { return "lockstep_up 1\n"; }

  AgentFacts facts;
  std::map<std::string, TargetStatus> statuses;
  std::vector<std::string> woken;
  int refreshed = 0;
  ReloadResult reload;
  AllowedCallers allowed;

 private:
  const Clock& clock_;
  RunJournal journal_;
};

}  // namespace lockstep

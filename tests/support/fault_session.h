// A session whose connection is lost at a chosen call, before the server did its work or after.
#pragma once

#include <memory>

#include "postgres/session.h"

namespace lockstep {

enum class FaultMoment { kBeforeEffect, kAfterEffect };

// Counts the calls of all sessions that share it; the fault comes once.
struct FaultPlan {
  int call = 0;  // which Send or Query, from 1, loses the connection; 0: none, only count
  FaultMoment moment = FaultMoment::kBeforeEffect;
  int calls = 0;  // made so far
  bool happened() const { return call > 0 && calls >= call; }
};

// Closes the real connection at the planned call and throws kConnectionLost there and at every
// later use, as a real session does. Thread: run.
class FaultSession : public Session {
 public:
  FaultSession(std::unique_ptr<Session> real, std::shared_ptr<FaultPlan> plan);

  Reply Send(const std::string& sql, Keep keep,
             std::optional<std::chrono::milliseconds> deadline) override;
  Rows Query(std::string_view sql, const std::vector<SqlValue>& parameters) override;
  std::shared_ptr<Canceller> MakeCanceller() override;
  int backend_pid() const override { return backend_pid_; }
  int server_version() const override { return server_version_; }
  void OnNotice(std::function<void(const Notice&)> handler) override;

 private:
  template <typename Call>
  auto WithFault(const Call& call);
  [[noreturn]] void Lose();

  std::unique_ptr<Session> real_;  // nothing once it is lost
  std::shared_ptr<FaultPlan> plan_;
  int backend_pid_;
  int server_version_;
};

// Opens sessions by `real` that all follow one plan.
SessionFactory WithFaults(SessionFactory real, std::shared_ptr<FaultPlan> plan);

}  // namespace lockstep

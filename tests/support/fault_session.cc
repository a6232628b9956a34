#include "support/fault_session.h"

#include <utility>

#include "base/error.h"

namespace lockstep {
namespace {

class NothingToCancel : public Canceller {
 public:
  void Cancel() noexcept override {}
};

}  // namespace

FaultSession::FaultSession(std::unique_ptr<Session> real, std::shared_ptr<FaultPlan> plan)
    : real_(std::move(real)),
      plan_(std::move(plan)),
      backend_pid_(real_->backend_pid()),
      server_version_(real_->server_version()) {}

void FaultSession::Lose() {
  real_.reset();
  throw Error(ErrorCode::kConnectionLost, "the connection was lost as the test planned");
}

template <typename Call>
auto FaultSession::WithFault(const Call& call) {
  if (real_ == nullptr) Lose();
  const bool now = ++plan_->calls == plan_->call;
  if (now && plan_->moment == FaultMoment::kBeforeEffect) Lose();
  auto answer = call();
  if (now) Lose();
  return answer;
}

Reply FaultSession::Send(const std::string& sql, Keep keep,
                         std::optional<std::chrono::milliseconds> deadline) {
  return WithFault([&] { return real_->Send(sql, keep, deadline); });
}

Rows FaultSession::Query(std::string_view sql, const std::vector<SqlValue>& parameters) {
  return WithFault([&] { return real_->Query(sql, parameters); });
}

std::shared_ptr<Canceller> FaultSession::MakeCanceller() {
  if (real_ == nullptr) return std::make_shared<NothingToCancel>();
  return real_->MakeCanceller();
}

void FaultSession::OnNotice(std::function<void(const Notice&)> handler) {
  if (real_ != nullptr) real_->OnNotice(std::move(handler));
}

SessionFactory WithFaults(SessionFactory real, std::shared_ptr<FaultPlan> plan) {
  return [real = std::move(real), plan = std::move(plan)](const SessionOptions& options) {
    OpenedSession opened = real(options);
    opened.session = std::make_unique<FaultSession>(std::move(opened.session), plan);
    return opened;
  };
}

}  // namespace lockstep

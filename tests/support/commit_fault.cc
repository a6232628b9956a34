#include "support/commit_fault.h"

#include "base/text.h"

namespace lockstep {
namespace {

// Alone, or at the head of more.
bool IsCommit(const WireMessage& message) {
  return message.type == 'Q' && ToLower(message.body.substr(0, 6)) == "commit";
}

class CommitFaultPolicy : public WirePolicy {
 public:
  explicit CommitFaultPolicy(std::shared_ptr<CommitFaultPlan> plan) : plan_(std::move(plan)) {}

  WireVerdict OnRequest(const WireMessage& message) override {
    if (!IsCommit(message) || !plan_->IsNext()) return WireVerdict::kPass;
    if (plan_->fault() == CommitFault::kCutBefore) return WireVerdict::kCut;
    swallowing_ = true;
    return WireVerdict::kPass;
  }

  // The end of the answer says that the server has done its work.
  WireVerdict OnAnswer(const WireMessage& message) override {
    if (!swallowing_) return WireVerdict::kPass;
    return message.type == 'Z' ? WireVerdict::kCut : WireVerdict::kDrop;
  }

 private:
  std::shared_ptr<CommitFaultPlan> plan_;
  bool swallowing_ = false;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, CommitFault fault) {
  return out << (fault == CommitFault::kCutBefore ? "NotCommitted" : "Committed");
}

bool CommitFaultPlan::IsNext() {
  const std::lock_guard guard(mutex_);
  return ++seen_ == commit_;
}

bool CommitFaultPlan::happened() const {
  const std::lock_guard guard(mutex_);
  return seen_ >= commit_;
}

WirePolicyFactory WithCommitFault(std::shared_ptr<CommitFaultPlan> plan) {
  return [plan = std::move(plan)] { return std::make_unique<CommitFaultPolicy>(plan); };
}

}  // namespace lockstep

// How a run is asked to end: in order, or now.
#pragma once

#include <stop_token>

namespace lockstep {

// What a run looks at. Both tokens may be empty: then nobody can stop it.
struct StopTokens {
  std::stop_token after_current;  // finish the migration that runs; take no new one; do not wait
  std::stop_token now;            // cancel and roll back
};

// What a signal handler's thread or a request holds. Thread: any.
class StopSource {
 public:
  // A request to stop at once is also one to take no new work.
  void RequestAfterCurrent() { after_current_.request_stop(); }
  void RequestNow() {
    after_current_.request_stop();
    now_.request_stop();
  }
  bool requested() const { return after_current_.stop_requested(); }
  StopTokens tokens() const { return {after_current_.get_token(), now_.get_token()}; }

 private:
  std::stop_source after_current_;
  std::stop_source now_;
};

}  // namespace lockstep

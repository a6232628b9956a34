// The world broke: the one exception type, with a code that does not change and a word on retrying.
//
// What the user's files have wrong is a Diagnostic, and what PostgreSQL refuses is an outcome;
// neither is thrown. Few places catch an Error: the programs' main, the run thread, one HTTP
// request.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace lockstep {

enum class ErrorCode {
  kUsage,           // the command line asks for something impossible
  kBadSettings,     // a setting, a configuration file or a database URL cannot be used
  kUnreachable,     // no connection to the database
  kConnectionLost,  // the connection ended while it was in use; the server rolls back
  kInDoubt,         // the connection ended during COMMIT: only the history knows
  kFenced,          // another run has taken over; ours must look again
  kPermission,      // the database or the file system refuses this role
  kPooler,          // a pooler that does not keep sessions stands in the path
  kStandby,         // the server is in recovery
  kReadOnly,        // the session may not write
  kOldPrimary,      // the server has stayed behind, or is not the only one that takes changes
  kNewerFormat,     // the bookkeeping was made by a newer release
  kDamaged,         // the bookkeeping is not as the runs left it
  kSql,             // a statement of our own was refused
  kFileRead,        // a file or folder cannot be read
  kFileWrite,       // a file cannot be written
  kSubprocess,      // a program could not be started or failed
  kBusy,            // somebody else has what we need; later it may be free
  kStopped,         // stopped on request
  kInternal,        // our bug
};

// The code's stable name, as logs and JSON show it: "connection_lost".
std::string_view NameOf(ErrorCode code);

// What may be done after an error.
enum class Retry {
  kNever,
  kNewSession,    // from the beginning, in a new session
  kLater,         // when the world has changed
  kAfterLooking,  // only after the history was read again: it may have happened
};

// Thread: any.
class Error : public std::runtime_error {
 public:
  // `message`: what happened, to which thing; `hint`: what to do next, may be empty. Neither may
  // hold a secret.
  Error(ErrorCode code, std::string message, std::string hint = {}, std::string sqlstate = {});

  ErrorCode code() const { return code_; }
  Retry retry() const;
  const std::string& hint() const { return hint_; }
  // PostgreSQL's five characters; empty when no server said it.
  const std::string& sqlstate() const { return sqlstate_; }

 private:
  ErrorCode code_;
  std::string hint_;
  std::string sqlstate_;
};

}  // namespace lockstep

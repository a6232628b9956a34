#include "base/error.h"

#include <utility>

namespace lockstep {

std::string_view NameOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return "usage";
    case ErrorCode::kBadSettings:
      return "bad_settings";
    case ErrorCode::kUnreachable:
      return "unreachable";
    case ErrorCode::kConnectionLost:
      return "connection_lost";
    case ErrorCode::kInDoubt:
      return "in_doubt";
    case ErrorCode::kFenced:
      return "fenced";
    case ErrorCode::kPermission:
      return "permission";
    case ErrorCode::kPooler:
      return "pooler";
    case ErrorCode::kStandby:
      return "standby";
    case ErrorCode::kReadOnly:
      return "read_only";
    case ErrorCode::kOldPrimary:
      return "old_primary";
    case ErrorCode::kNewerFormat:
      return "newer_format";
    case ErrorCode::kDamaged:
      return "damaged";
    case ErrorCode::kSql:
      return "sql";
    case ErrorCode::kFileRead:
      return "file_read";
    case ErrorCode::kFileWrite:
      return "file_write";
    case ErrorCode::kSubprocess:
      return "subprocess";
    case ErrorCode::kBusy:
      return "busy";
    case ErrorCode::kStopped:
      return "stopped";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

Error::Error(ErrorCode code, std::string message, std::string hint, std::string sqlstate)
    : std::runtime_error(message),
      code_(code),
      hint_(std::move(hint)),
      sqlstate_(std::move(sqlstate)) {}

Retry Error::retry() const {
  switch (code_) {
    case ErrorCode::kConnectionLost:
      return Retry::kNewSession;
    case ErrorCode::kInDoubt:
    case ErrorCode::kFenced:
      return Retry::kAfterLooking;
    case ErrorCode::kUnreachable:
    case ErrorCode::kStandby:
    case ErrorCode::kReadOnly:
    case ErrorCode::kOldPrimary:
    case ErrorCode::kFileRead:
    case ErrorCode::kFileWrite:
    case ErrorCode::kBusy:
      return Retry::kLater;
    default:
      return Retry::kNever;
  }
}

}  // namespace lockstep

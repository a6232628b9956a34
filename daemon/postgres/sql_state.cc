#include "postgres/sql_state.h"

namespace lockstep::sql_state {

bool IsWorthRetrying(std::string_view state) {
  return state == kLockNotAvailable || state == kDeadlockDetected || state == kSerializationFailure;
}

bool IsLostRace(std::string_view state) {
  return state == kFenced || state == kNotAsPlanned || state == kParentNotAsPlanned;
}

bool IsConnectionEnd(std::string_view state) {
  return state.starts_with("08") || state == "57P01" || state == "57P02" || state == "57P03" ||
         state == "57P05" || state == "25P03";
}

ErrorCode CodeOf(std::string_view state) {
  if (IsConnectionEnd(state)) return ErrorCode::kConnectionLost;
  // 42501 on an object; class 28: the role or its password is not accepted.
  if (state == kInsufficientPrivilege || state.starts_with("28")) return ErrorCode::kPermission;
  if (state == kReadOnlyTransaction) return ErrorCode::kReadOnly;
  if (state == "3D000") return ErrorCode::kBadSettings;
  return ErrorCode::kSql;
}

}  // namespace lockstep::sql_state

// The few SQLSTATEs on which the program decides anything, in one table.
//
// Source: PostgreSQL's appendix A, "PostgreSQL Error Codes". Class LS is our own, raised by the
// functions in postgres/bookkeeping.
#pragma once

#include <string_view>

#include "base/error.h"

namespace lockstep::sql_state {

inline constexpr std::string_view kLockNotAvailable = "55P03";
inline constexpr std::string_view kDeadlockDetected = "40P01";
inline constexpr std::string_view kSerializationFailure = "40001";
inline constexpr std::string_view kQueryCancelled = "57014";
inline constexpr std::string_view kInsufficientPrivilege = "42501";
inline constexpr std::string_view kUndefinedTable = "42P01";
inline constexpr std::string_view kUndefinedSchema = "3F000";
inline constexpr std::string_view kReadOnlyTransaction = "25006";
inline constexpr std::string_view kDiskFull = "53100";

inline constexpr std::string_view kFenced = "LS001";        // another run has taken over
inline constexpr std::string_view kNotAsPlanned = "LS002";  // the revision's state has changed
inline constexpr std::string_view kParentNotAsPlanned = "LS003";
inline constexpr std::string_view kTransactionEnded = "LS004";  // the body ended our transaction
inline constexpr std::string_view kLockLost = "LS005";
inline constexpr std::string_view kRoleChanged = "LS006";
inline constexpr std::string_view kHistoryRowMissing = "LS007";

// A whole transaction that failed so may be tried again as it is.
bool IsWorthRetrying(std::string_view state);

// The other run won: leave quietly and look again.
bool IsLostRace(std::string_view state);

// The server ended the session or refused one: classes 08 and 57P.
bool IsConnectionEnd(std::string_view state);

// What a refused statement of our own, or a refused connection, is as an Error.
ErrorCode CodeOf(std::string_view state);

}  // namespace lockstep::sql_state

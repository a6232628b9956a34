#include "base/error.h"

#include <gtest/gtest.h>

#include <set>

namespace lockstep {
namespace {

TEST(Error, CarriesMessageHintAndSqlstate) {
  const Error error(ErrorCode::kSql, "refused", "ask again", "42501");
  EXPECT_STREQ(error.what(), "refused");
  EXPECT_EQ(error.code(), ErrorCode::kSql);
  EXPECT_EQ(error.hint(), "ask again");
  EXPECT_EQ(error.sqlstate(), "42501");
}

TEST(Error, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    names.insert(NameOf(static_cast<ErrorCode>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorCode::kInternal) + 1);
  EXPECT_EQ(NameOf(ErrorCode::kConnectionLost), "connection_lost");
}

TEST(Error, ACommitInDoubtIsOnlyRetriedAfterLooking) {
  EXPECT_EQ(Error(ErrorCode::kInDoubt, "").retry(), Retry::kAfterLooking);
}

TEST(Error, ALostConnectionWantsANewSession) {
  EXPECT_EQ(Error(ErrorCode::kConnectionLost, "").retry(), Retry::kNewSession);
}

TEST(Error, WhatTheWorldMayMendIsTriedLater) {
  for (const ErrorCode code :
       {ErrorCode::kUnreachable, ErrorCode::kBusy, ErrorCode::kStandby, ErrorCode::kReadOnly,
        ErrorCode::kOldPrimary, ErrorCode::kFileRead}) {
    EXPECT_EQ(Error(code, "").retry(), Retry::kLater) << NameOf(code);
  }
}

TEST(Error, WhatTheUserMustMendIsNeverRetried) {
  for (const ErrorCode code : {ErrorCode::kUsage, ErrorCode::kBadSettings, ErrorCode::kPermission,
                               ErrorCode::kPooler, ErrorCode::kSql, ErrorCode::kInternal}) {
    EXPECT_EQ(Error(code, "").retry(), Retry::kNever) << NameOf(code);
  }
}

}  // namespace
}  // namespace lockstep

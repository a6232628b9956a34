#include "commands/exit_code.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(ExitCode, FollowsTheManualForEveryError) {
  const std::vector<std::pair<ErrorCode, int>> table = {
      {ErrorCode::kUsage, 2},        {ErrorCode::kBadSettings, 78},
      {ErrorCode::kUnreachable, 69}, {ErrorCode::kConnectionLost, 69},
      {ErrorCode::kInDoubt, 69},     {ErrorCode::kPermission, 77},
      {ErrorCode::kPooler, 78},      {ErrorCode::kStandby, 78},
      {ErrorCode::kReadOnly, 78},    {ErrorCode::kOldPrimary, 78},
      {ErrorCode::kNewerFormat, 78}, {ErrorCode::kDamaged, 78},
      {ErrorCode::kSql, 1},          {ErrorCode::kFileRead, 74},
      {ErrorCode::kFileWrite, 73},   {ErrorCode::kSubprocess, 1},
      {ErrorCode::kBusy, 75},        {ErrorCode::kStopped, 75},
      {ErrorCode::kFenced, 75},      {ErrorCode::kInternal, 70}};
  for (const auto& [code, exit_code] : table) {
    EXPECT_EQ(static_cast<int>(ExitCodeOf(code)), exit_code) << NameOf(code);
  }
}

TEST(ExitCode, FollowsTheManualForEveryRun) {
  const std::vector<std::pair<RunState, int>> table = {
      {RunState::kDone, 0},     {RunState::kNothingToDo, 0}, {RunState::kInvalid, 65},
      {RunState::kUnknown, 65}, {RunState::kDeferred, 75},   {RunState::kStopped, 75},
      {RunState::kBusy, 75}};
  for (const auto& [state, exit_code] : table) {
    RunReport report;
    report.state = state;
    EXPECT_EQ(static_cast<int>(ExitCodeOf(report)), exit_code) << NameOf(state);
  }
}

TEST(ExitCode, TellsAFailedMigrationFromAFailedHook) {
  RunReport report;
  report.state = RunState::kFailed;
  EXPECT_EQ(ExitCodeOf(report), ExitCode::kOther);
  report.steps.push_back({.revision = "a", .result = Applied{}});
  EXPECT_EQ(ExitCodeOf(report), ExitCode::kOther);
  report.steps.push_back({.revision = "b", .result = Failed{}});
  EXPECT_EQ(ExitCodeOf(report), ExitCode::kBadMigration);
}

}  // namespace
}  // namespace lockstep

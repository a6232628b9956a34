#include "commands/run_events.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lockstep {
namespace {

class StillClock : public Clock {
 public:
  SteadyTime Now() const override { return {}; }
  WallTime WallNow() const override {
    return WallTime(std::chrono::milliseconds(1'795'371'638'007));
  }
  bool SleepUntil(SteadyTime, std::stop_token) override { return false; }
};

// What a writer wrote.
struct Written {
  std::string Of(std::size_t index) const { return json::serialize(events.at(index)); }

  std::vector<json::object> events;
  StillClock clock;
  RunEventWriter writer{clock, [this](json::object event) { events.push_back(std::move(event)); }};
};

Step SomeStep() {
  Step step;
  step.revision = "4c876238cdeb";
  step.direction = Direction::kDown;
  step.description = "otp fields";
  step.reason = "pending";
  step.script.file = "migrations/a.down.sql";
  step.script.text = "select 'secret'";
  step.script.transactional = false;
  return step;
}

Blocker SomeBlocker() {
  Blocker blocker;
  blocker.pid = 4711;
  blocker.user = "app";
  blocker.state = "idle in transaction";
  blocker.transaction_age_seconds = 12;
  blocker.mode = "ACCESS SHARE";
  blocker.relation = "public.orders";
  blocker.lock_type = "relation";
  blocker.query = "select dblink('postgresql://app:hunter2@db/shop')";
  blocker.kind = BlockerKind::kIdleInTransaction;
  return blocker;
}

SqlError SomeError() {
  return {.sqlstate = "55P03",
          .message = "canceling statement due to lock timeout",
          .detail = "d",
          .hint = "h",
          .context = "c",
          .schema = "public",
          .table = "orders",
          .column = "total",
          .constraint = "orders_check"};
}

SqlFailure SomeFailure() {
  return {.error = SomeError(),
          .file = "migrations/a.up.sql",
          .line = 12,
          .column = 8,
          .source_line = "alter table orders",
          .statement = "ALTER TABLE"};
}

Diagnostic SomeDiagnostic() {
  return {.code = "changed-file",
          .severity = Severity::kWarning,
          .file = "migrations/a.up.sql",
          .line = 3,
          .column = 4,
          .message = "the file has changed",
          .hint = "lockstep repair",
          .source_line = "select 1"};
}

void EndSteps(RunObserver& observer) {
  const std::vector<StepResult> results = {
      Applied{}, Failed{SomeFailure()}, Deferred{SomeFailure(), {SomeBlocker(), SomeBlocker()}},
      Stopped{}, Unknown{"CREATE INDEX", "migrations/a.up.sql", 7}};
  for (const StepResult& result : results) {
    StepReport report{.revision = "4c876238cdeb", .direction = Direction::kDown};
    report.result = result;
    report.duration_seconds = 1.5;
    report.lock_wait_seconds = 0.25;
    report.attempts = 3;
    observer.OnStepEnd(SomeStep(), report);
  }
}

constexpr RunState kStates[] = {RunState::kDone,   RunState::kNothingToDo, RunState::kInvalid,
                                RunState::kFailed, RunState::kDeferred,    RunState::kStopped,
                                RunState::kBusy,   RunState::kUnknown};

// Everything that a run can tell, in every shape.
void TellAll(RunObserver& observer) {
  observer.OnDiagnostics({SomeDiagnostic(), {.code = "newer-syntax", .severity = Severity::kNote}});
  LockHolder holder{.pid = 12, .application_name = "lockstep/upgrade", .user = "app"};
  observer.OnWaitingForMigrationLock(holder, 2.5);
  holder.query_age_seconds = 0.5;
  observer.OnWaitingForMigrationLock(holder, 3);
  observer.OnMigrationLock(3.5);
  observer.OnPlan({Direction::kDown, {SomeStep(), SomeStep()}, {"ahead"}, {SomeDiagnostic()}});
  observer.OnBackup("/var/backups/a.dump", 123'456'789'012);
  observer.OnStepBegin(SomeStep(), 2, 7);
  observer.OnStatement(SomeStep(), 1, 2, "CREATE INDEX CONCURRENTLY");
  observer.OnStatementProgress({.phase = "building index", .fraction = 0.5});
  observer.OnStatementProgress({.blocker_pid = 4711, .blocker = "pid 4711"});
  observer.OnBlocked(SomeStep(), {SomeBlocker()});
  observer.OnRetry(SomeStep(), SomeError(), 1.25);
  EndSteps(observer);
  observer.OnNotice({"WARNING", "01000", "careful"});
  observer.OnReconnect("the connection was lost");
  observer.OnMessage("three standbys are behind");
  for (const RunState state : kStates) observer.OnRunEnd({.state = state});
}

std::vector<std::string> Texts(const std::vector<json::object>& events) {
  std::vector<std::string> texts;
  for (const json::object& event : events) texts.push_back(json::serialize(event));
  return texts;
}

TEST(RunEvents, SayWhatHappenedAndWhen) {
  Written written;
  written.writer.OnStepBegin(SomeStep(), 2, 7);
  EXPECT_EQ(written.Of(0),
            R"({"event":"step_begin","at":"2026-11-22T18:20:38.007Z",)"
            R"("revision":"4c876238cdeb","direction":"down","description":"otp fields",)"
            R"("transactional":false,"step":3,"steps":7})");
  written.writer.OnRunEnd({.state = RunState::kDeferred});
  EXPECT_EQ(written.Of(1),
            R"({"event":"run_end","at":"2026-11-22T18:20:38.007Z","state":"deferred"})");
}

TEST(RunEvents, TellNoScriptAndNoPasswordOfAnotherSession) {
  Written written;
  TellAll(written.writer);
  for (std::size_t i = 0; i < written.events.size(); ++i) {
    EXPECT_EQ(written.Of(i).find("hunter2"), std::string::npos) << written.Of(i);
    EXPECT_EQ(written.Of(i).find("secret"), std::string::npos) << written.Of(i);
  }
}

TEST(RunEvents, ReplayedIntoAnotherWriterAreTheSame) {
  Written first, second;
  TellAll(first.writer);
  for (const std::string& line : Texts(first.events)) {
    ReplayRunEvent(json::parse(line).as_object(), second.writer);
  }
  EXPECT_EQ(Texts(second.events), Texts(first.events));
}

TEST(RunEvents, WhatANewerAgentTellsIsPassedOver) {
  Written written;
  for (const char* event : {R"({})", R"({"event":"telepathy"})", R"({"event":7})",
                            R"({"event":"step_end","outcome":"sublimated"})",
                            R"({"event":"run_end","state":"enlightened"})"}) {
    ReplayRunEvent(json::parse(event).as_object(), written.writer);
  }
  EXPECT_TRUE(written.events.empty());
  ReplayRunEvent(json::parse(R"({"event":"message","message":"m","mood":1})").as_object(),
                 written.writer);
  EXPECT_EQ(written.events.size(), 1U);
}

TEST(RunEvents, StepsThatCannotBeAreNotReplayed) {
  Written written;
  for (const char* numbers : {R"("step":0,"steps":1)", R"("step":2,"steps":1)", R"("steps":1)",
                              R"("step":-1,"steps":1)", R"("step":0.5,"steps":1)"}) {
    const std::string event = std::string(R"({"event":"step_begin",)") + numbers + "}";
    ReplayRunEvent(json::parse(event).as_object(), written.writer);
  }
  EXPECT_TRUE(written.events.empty());
}

// A listener takes it that somebody is in the way when it is told so.
TEST(RunEvents, BlockersThatCannotBeReadAreLeftOut) {
  Written written;
  ReplayRunEvent(json::parse(R"({"event":"blocked","blockers":[]})").as_object(), written.writer);
  ReplayRunEvent(json::parse(R"({"event":"blocked","blockers":[1,{"pid":"x"}]})").as_object(),
                 written.writer);
  EXPECT_TRUE(written.events.empty());
  json::array blockers = {nullptr, ToJson(SomeBlocker())};
  ReplayRunEvent({{"event", "blocked"}, {"blockers", blockers}}, written.writer);
  ASSERT_EQ(written.events.size(), 1U);
  EXPECT_EQ(written.events.at(0).at("blockers").as_array().size(), 1U);
}

// Every event with every fact at every depth gone, or something else than it was.
void ReplayBroken(const json::object& whole, const std::function<void(const json::object&)>& replay,
                  const json::value& instead) {
  for (const auto& fact : whole) {
    if (fact.key() == "event") continue;
    json::object changed = whole;
    changed[fact.key()] = instead;
    replay(changed);
    if (fact.value().is_object()) {
      ReplayBroken(
          fact.value().get_object(),
          [&](const json::object& inner) {
            changed[fact.key()] = inner;
            replay(changed);
          },
          instead);
    }
    if (fact.value().is_array() && !fact.value().get_array().empty() &&
        fact.value().get_array().front().is_object()) {
      ReplayBroken(
          fact.value().get_array().front().get_object(),
          [&](const json::object& inner) {
            changed[fact.key()] = json::array{inner};
            replay(changed);
          },
          instead);
    }
  }
}

TEST(RunEvents, NothingHostileIsThrownOutOfTheReplay) {
  Written written, replayed;
  TellAll(written.writer);
  const std::vector<json::value> instead = {nullptr,
                                            true,
                                            -1,
                                            1e300,
                                            -1e300,
                                            0.5,
                                            std::uint64_t{18'446'744'073'709'551'615U},
                                            "\x1b[2J",
                                            json::array{},
                                            json::array{nullptr, 1, json::array{}, json::object{}},
                                            json::object{}};
  for (const json::object& event : written.events) {
    for (const json::value& value : instead) {
      ReplayBroken(
          event,
          [&](const json::object& broken) {
            EXPECT_NO_THROW(ReplayRunEvent(broken, replayed.writer)) << json::serialize(broken);
          },
          value);
    }
  }
  EXPECT_GT(replayed.events.size(), 1000U);
}

}  // namespace
}  // namespace lockstep

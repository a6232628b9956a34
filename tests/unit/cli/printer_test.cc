#include "cli/printer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/all_commands.h"

namespace lockstep {
namespace {

using testing::HasSubstr;
using testing::Not;

CommandAnswer Answer(const std::string& document, ExitCode code = ExitCode::kDone) {
  return {json::parse(document).as_object(), code};
}

PrintedAnswer Printed(const std::string& document, ExitCode code = ExitCode::kDone,
                      const PrintOptions& options = {}) {
  return Print(Answer(document, code), options);
}

std::string Data(const std::string& document) { return Printed(document).data; }

std::string VerboseData(const std::string& document) {
  return Printed(document, ExitCode::kDone, {.verbose = true}).data;
}

constexpr char kMigrations[] = R"([
  {"revision": "68db6a7fba94", "parents": [], "description": "initial", "state": "applied",
   "applied_at": "2026-11-22T18:20:38Z", "duration_seconds": 0.03, "lock_wait_seconds": 0.5,
   "attempts": 2, "checksum": "abc", "kind": "applied",
   "applied_by": {"role": "app", "host": "web1", "pid": 42, "version": "0.1.0"},
   "backup_path": "/b/x.dump", "file": "m/1.up.sql", "down_file": "m/1.down.sql",
   "transactional": true, "irreversible": null, "is_head": false, "is_current": true,
   "is_branch_point": true, "is_merge": false, "failure": null},
  {"revision": "db82de06f57d", "parents": ["68db6a7fba94"], "description": "user role",
   "state": "failed", "applied_at": null, "duration_seconds": null, "lock_wait_seconds": null,
   "attempts": null, "checksum": "def", "kind": null, "applied_by": null, "backup_path": null,
   "file": "m/2.up.sql", "down_file": null, "transactional": true, "irreversible": "data is gone",
   "is_head": true, "is_current": false, "is_branch_point": false, "is_merge": false,
   "failure": {"revision": "db82de06f57d", "outcome": "failed", "sqlstate": "42703",
               "message": "column \"nope\" does not exist", "file": "m/2.up.sql", "line": 12,
               "column": 8, "blockers": []}}])";

std::string With(const std::string& before, const std::string& after) {
  return before + kMigrations + after;
}

TEST(Printer, HistoryIsATable) {
  EXPECT_EQ(
      Data(With(R"({"command": "history", "migrations": )", "}")),
      "68db6a7fba94  applied  2026-11-22 18:20:38  0.03 s  initial    (current) (branchpoint)\n"
      "db82de06f57d  failed                                user role  (head)\n");
}

TEST(Printer, HistoryWithoutADatabaseHasNoStates) {
  EXPECT_EQ(Data(R"({"command": "history", "migrations": [
              {"revision": "a", "description": "x", "state": "unknown", "is_head": true}]})"),
            "a  x  (head)\n");
}

TEST(Printer, VerboseHistoryHasAlembicsBlocks) {
  EXPECT_EQ(VerboseData(With(R"({"command": "history", "migrations": )", "}")),
            R"(Rev: 68db6a7fba94 (current) (branchpoint)
Parent: <base>
Path: m/1.up.sql
Down path: m/1.down.sql
State: applied
Applied: 2026-11-22 18:20:38
By: app from web1 (pid 42, lockstep 0.1.0)
Took: 0.03 s
Waited: 0.5 s for locks, 2 attempts
Checksum: abc
Backup: /b/x.dump

    initial

Rev: db82de06f57d (head)
Parent: 68db6a7fba94
Path: m/2.up.sql
Irreversible: data is gone
State: failed
Checksum: def

    user role

m/2.up.sql:12:8: error: column "nope" does not exist [42703]
)");
}

TEST(Printer, AStampedMigrationShowsThatItNeverRan) {
  EXPECT_EQ(Data(R"({"command": "history", "migrations": [
              {"revision": "a", "description": "x", "state": "applied", "kind": "stamped",
               "applied_at": "2026-11-22T18:20:38Z", "duration_seconds": 0}]})"),
            "a  applied  2026-11-22 18:20:38 (stamped)  x\n");
}

TEST(Printer, CurrentShowsWhereTheDatabaseStandsAndSaysTheRest) {
  const auto printed = Printed(R"({"command": "current", "revisions": ["a"], "state": "pending",
      "pending": 5, "entries": [{"revision": "a", "description": "x", "state": "applied",
      "is_current": true}], "failures": [], "message": "5 migrations are pending",
      "next": "lockstep upgrade", "diagnostics": []})");
  EXPECT_EQ(printed.data, "a  applied  x  (current)\n");
  EXPECT_EQ(printed.messages, "5 migrations are pending\nnext: lockstep upgrade\n");
}

TEST(Printer, HeadsAreMigrations) {
  EXPECT_EQ(Data(R"({"command": "heads", "heads": ["a"], "migrations": [
              {"revision": "a", "description": "x", "state": "unknown", "is_head": true}]})"),
            "a  x  (head)\n");
}

TEST(Printer, BranchesShowWhereLinesPartAndMeet) {
  EXPECT_EQ(Data(R"({"command": "branches",
      "branches": [{"revision": "a", "description": "root",
                    "children": [{"revision": "b", "description": "left"},
                                 {"revision": "c", "description": ""}]}],
      "merges": [{"revision": "d", "description": "again", "parents": ["b", "c"]}]})"),
            "a  root  (branchpoint)\n  -> b  left\n  -> c\n"
            "d  again  (mergepoint)\n  <- b\n  <- c\n");
}

TEST(Printer, ShowHasStatementsAndScripts) {
  const auto data = Data(R"({"command": "show",
      "migration": {"revision": "a", "parents": [], "description": "x", "state": "pending"},
      "children": ["b", "c"], "up": "create table t ();\n\tselect 1;\n", "down": "drop table t;",
      "stored_down": "drop table t cascade;",
      "statements": [{"kind": "CREATE TABLE", "lock_class": "E", "line": 1, "column": 1}]})");
  EXPECT_EQ(data, R"(Rev: a
Parent: <base>
State: pending

    x

Revised by: b, c

statements
  1:1  E  CREATE TABLE

up
create table t ();
	select 1;

down
drop table t;

down, as stored in the database
drop table t cascade;
)");
}

TEST(Printer, AStoredScriptLikeTheFilesIsNotRepeated) {
  EXPECT_THAT(Data(R"({"command": "show", "migration": {"revision": "a"}, "down": "x",
                       "stored_down": "x"})"),
              Not(HasSubstr("as stored")));
}

constexpr char kPlan[] = R"({"command": "plan", "direction": "up", "goal": "head", "steps": [
    {"revision": "a", "description": "x", "reason": "pending", "transactional": true,
     "file": "m/a.up.sql", "stored": false, "statements": [
       {"kind": "ALTER TABLE", "lock_class": "A", "line": 5, "column": 1},
       {"kind": "UPDATE", "lock_class": "D", "line": 12, "column": 3}]},
    {"revision": "b", "description": "y", "reason": "pending; after a", "transactional": false,
     "file": null, "stored": true, "statements": []}], "sql": null})";

TEST(Printer, APlanShowsEachStepWithItsReasonAndStatements) {
  EXPECT_EQ(Data(kPlan),
            "1. a  x\n"
            "   pending\n"
            "   m/a.up.sql:5:1   A  ALTER TABLE\n"
            "   m/a.up.sql:12:3  D  UPDATE\n"
            "2. b  y\n"
            "   pending; after a; outside a transaction\n"
            "A: instant but strong; D: data\n");
}

TEST(Printer, APlanNamesTheRelationsOfEachModeAndOfManyTheFirst) {
  EXPECT_THAT(Data(R"({"command": "plan", "steps": [{"revision": "a", "file": "f", "statements": [
                {"kind": "DROP TABLE", "lock_class": "A", "line": 1, "column": 1, "locks": [
                  {"relation": "public.t", "mode": "SHARE"},
                  {"relation": "public.p", "mode": "ACCESS EXCLUSIVE"},
                  {"relation": "public.p1", "mode": "ACCESS EXCLUSIVE"},
                  {"relation": "public.p2", "mode": "ACCESS EXCLUSIVE"},
                  {"relation": "public.p3", "mode": "ACCESS EXCLUSIVE"},
                  {"relation": "public.p4", "mode": "ACCESS EXCLUSIVE"},
                  {"relation": "public.p5", "mode": "ACCESS EXCLUSIVE"}]}]}]})"),
              HasSubstr("DROP TABLE  ACCESS EXCLUSIVE on public.p, public.p1, public.p2, "
                        "public.p3, and 2 more; SHARE on public.t\n"));
}

TEST(Printer, APlansScriptIsPrintedAloneAndByteForByte) {
  const char document[] =
      R"({"command": "plan", "steps": [{"revision": "a"}], "sql": "a\r\n\u001bb"})";
  EXPECT_EQ(Data(document),
            "a\r\n\x1b"
            "b");
  EXPECT_EQ(Printed(document, ExitCode::kDone, {.quiet = true}).data,
            "a\r\n\x1b"
            "b");
  EXPECT_EQ(Printed(document, ExitCode::kDone, {.data_to_terminal = true}).data, "a\n\\x1bb\n");
}

TEST(Printer, AnUpgradeListsWhatItDidAndWhereItStands) {
  const auto printed = Printed(R"({"command": "upgrade", "state": "done", "direction": "up",
      "run_id": "u", "applied": [
        {"revision": "68db6a7fba94", "description": "initial", "duration_seconds": 0.03,
         "lock_wait_seconds": 0.01, "attempts": 1},
        {"revision": "db82", "description": "role", "duration_seconds": 2,
         "lock_wait_seconds": 1.5, "attempts": 3}],
      "rolled_back": [], "not_run": [], "heads": ["db82"], "backup": {"path": "/b/x.dump"},
      "error": null, "message": "2 migrations applied", "next": null, "diagnostics": []})");
  EXPECT_EQ(printed.data,
            "backup   /b/x.dump\n"
            "applied  68db6a7fba94  initial (0.03 s)\n"
            "applied  db82          role (2 s, 1.5 s waited for locks, 3 attempts)\n"
            "the database is at db82\n");
  EXPECT_EQ(printed.messages, "2 migrations applied\n");
}

TEST(Printer, ARollbackToBaseSaysSo) {
  EXPECT_EQ(Data(R"({"command": "downgrade", "state": "done", "run_id": "u", "heads": [],
              "rolled_back": [{"revision": "a", "description": "x", "duration_seconds": 1}]})"),
            "rolled back  a  x (1 s)\nthe database is at base\n");
}

constexpr char kFailedRun[] = R"({"command": "upgrade", "state": "failed", "run_id": "u",
    "applied": [{"revision": "a", "description": "x", "duration_seconds": 1}],
    "not_run": ["c"], "heads": ["a"], "message": "a migration failed", "next": "lockstep show b",
    "diagnostics": [],
    "error": {"revision": "b", "direction": "up", "outcome": "failed", "sqlstate": "42703",
      "message": "column \"nope\" does not exist", "detail": "some detail", "hint": "some hint",
      "context": "line one\nline two", "file": "migrations/x.up.sql", "line": 12, "column": 8,
      "source_line": "select nope from t;", "blockers": []}})";

TEST(Printer, AFailureReadsLikeACompilersError) {
  const auto printed = Printed(kFailedRun, ExitCode::kBadMigration);
  EXPECT_EQ(printed.data,
            "applied  a  x (1 s)\n"
            "failed   b\n"
            "not run  c\n"
            "the database is at a\n");
  EXPECT_EQ(printed.messages,
            R"(migrations/x.up.sql:12:8: error: column "nope" does not exist [42703]
  select nope from t;
         ^
DETAIL: some detail
HINT: some hint
CONTEXT: line one
line two
a migration failed
next: lockstep show b
)");
}

TEST(Printer, ADeferredRunNamesTheBlockers) {
  const auto printed = Printed(R"({"command": "upgrade", "state": "deferred", "run_id": "u",
      "heads": ["a"], "error": {"revision": "b", "outcome": "deferred", "sqlstate": "55P03",
      "message": "lock timeout", "blockers": ["pid 7, idle in transaction for 3 min"]}})",
                               ExitCode::kTemporary);
  EXPECT_EQ(printed.data, "deferred  b\nthe database is at a\n");
  EXPECT_EQ(printed.messages,
            "error: lock timeout [55P03]\nblocked by: pid 7, idle in transaction for 3 min\n");
}

TEST(Printer, ADoubtThatTheServerHasSettledIsNotToldTwice) {
  const std::string place = R"("file": "m/a.up.sql", "line": 2, "column": 3, )";
  const std::string note = R"({"severity": "note", "message": "a doubt", )";
  const auto printed = Printed(
      R"({"command": "upgrade", "state": "failed", "diagnostics": [)" + note + place +
          R"("code": "newer-syntax"}, )" + note +
          R"("file": "m/b.up.sql", "line": 2, "column": 3, "code": "newer-syntax"}], "error": {)" +
          place + R"("revision": "a", "outcome": "failed", "message": "no"}})",
      ExitCode::kBadMigration);
  EXPECT_EQ(printed.messages,
            "m/b.up.sql:2:3: note: a doubt [newer-syntax]\nm/a.up.sql:2:3: error: no\n");
}

TEST(Printer, AnAttemptOfThePastSaysWhatItWasAndWhen) {
  EXPECT_EQ(Data(R"({"command": "current", "failures": [{"revision": "b", "direction": "down",
                     "outcome": "failed", "finished_at": "2026-11-22T18:20:38Z",
                     "message": "no"}]})"),
            "the rollback of b failed at 2026-11-22 18:20:38:\nerror: no\n");
}

TEST(Printer, AStopThatSomebodyAskedForIsNoError) {
  const auto printed = Printed(R"({"command": "upgrade", "state": "stopped", "run_id": "u",
      "applied": [{"revision": "a", "description": "", "duration_seconds": 1}], "heads": ["a"],
      "message": "stopped on request", "next": "lockstep upgrade head"})",
                               ExitCode::kTemporary);
  EXPECT_EQ(printed.data, "applied  a  (1 s)\nthe database is at a\n");
  EXPECT_EQ(printed.messages, "stopped on request\nnext: lockstep upgrade head\n");
}

TEST(Printer, ABusyLockIsAnErrorThatNamesTheHolderAndClaimsNoState) {
  const auto printed = Printed(R"({"command": "upgrade", "state": "busy", "run_id": null,
      "heads": [], "busy_holder": "pid 4711", "error": null, "next": "lockstep lock show",
      "message": "the migration lock was not free in time; nothing was done"})",
                               ExitCode::kTemporary);
  EXPECT_EQ(printed.data, "busy  pid 4711\n");
  EXPECT_EQ(printed.messages,
            "error: the migration lock was not free in time; nothing was done\n"
            "next: lockstep lock show\n");
}

constexpr char kInvalid[] = R"({"command": "status", "target": null,
    "message": "the migrations have errors", "next": null, "diagnostics": [
      {"severity": "warning", "code": "odd-name", "file": "m/x.sql", "line": 0, "column": 0,
       "message": "is not read", "hint": null, "source_line": null},
      {"severity": "error", "code": "unknown-key", "file": "m/1.up.sql", "line": 2, "column": 4,
       "message": "unknown key 'revison'", "hint": "did you mean 'revision'?",
       "source_line": "-- revison: 1"}]})";

TEST(Printer, ErrorsInFilesAreAllShownAndNothingElseIsClaimed) {
  const auto printed = Printed(kInvalid, ExitCode::kBadMigration);
  EXPECT_EQ(printed.data, "");
  EXPECT_EQ(printed.messages, R"(m/x.sql: warning: is not read [odd-name]
m/1.up.sql:2:4: error: unknown key 'revison' [unknown-key]
  -- revison: 1
     ^
  hint: did you mean 'revision'?
the migrations have errors
)");
}

TEST(Printer, QuietPrintsErrorsOnly) {
  const PrintOptions quiet{.quiet = true};
  EXPECT_THAT(Printed(kInvalid, ExitCode::kBadMigration, quiet).messages,
              Not(HasSubstr("odd-name")));
  EXPECT_THAT(Printed(kInvalid, ExitCode::kBadMigration, quiet).messages, HasSubstr("unknown-key"));
  EXPECT_EQ(Printed(kFailedRun, ExitCode::kBadMigration, quiet).data, "");
  EXPECT_THAT(Printed(kFailedRun, ExitCode::kBadMigration, quiet).messages, HasSubstr("42703"));
  const auto good = Printed(R"({"command": "stamp", "stamped": ["a"], "heads": ["a"],
                                "message": "done", "next": "x"})",
                            ExitCode::kDone, quiet);
  EXPECT_EQ(good.data + good.messages, "");
}

TEST(Printer, AnErrorDocumentIsItsMessageAndHint) {
  const auto printed = Printed(R"({"command": "upgrade", "schema_version": 1, "error":
      {"code": "unreachable", "message": "no connection to 'db'", "hint": "start it",
       "sqlstate": "08006"}})",
                               ExitCode::kUnreachable);
  EXPECT_EQ(printed.data, "");
  EXPECT_EQ(printed.messages, "error: no connection to 'db' [08006]\n  hint: start it\n");
}

TEST(Printer, AnErrorOfSeveralLinesKeepsThem) {
  EXPECT_EQ(Printed(R"({"command": "current", "error": {"code": "unreachable",
      "message": "refused\n\tIs it running?\u001b", "hint": "start it", "sqlstate": null}})",
                    ExitCode::kUnreachable)
                .messages,
            "error: refused\n\tIs it running?\\x1b\n  hint: start it\n");
}

TEST(Printer, PendingIsNotAnError) {
  EXPECT_EQ(
      Printed(R"({"command": "plan", "steps": [], "message": "1 pending"})", ExitCode::kPending)
          .messages,
      "1 pending\n");
}

TEST(Printer, JsonIsTheWholeDocumentOnStandardOutput) {
  const auto printed = Printed(R"({"command":"heads","error":{"code":"usage"}})", ExitCode::kUsage,
                               {.json = true, .quiet = true});
  EXPECT_EQ(printed.data,
            "{\n  \"command\": \"heads\",\n  \"error\": {\n    \"code\": \"usage\"\n  }\n}\n");
  EXPECT_EQ(printed.messages, "");
}

TEST(Printer, StampListsBothWays) {
  EXPECT_EQ(Data(R"({"command": "stamp", "stamped": ["b"], "unstamped": ["c"], "heads": ["b"]})"),
            "unstamped  c\nstamped    b\nthe database is at b\n");
}

constexpr char kVerify[] = R"({"command": "verify", "ok": false, "steps": [
      {"action": "apply", "revision": "a", "ok": true, "duration_seconds": 0.5, "message": null},
      {"action": "roll back", "revision": "a", "ok": false, "duration_seconds": 1,
       "message": "differs"}],
    "differences": [{"revision": "a", "what": "extra", "object": "index i", "before": null,
                     "after": "btree on x", "text": "index i is left over"}],
    "migrations": [{"revision": "a", "description": "x", "state": "applied"}], "error": null})";

TEST(Printer, VerifyShowsStepsDifferencesAndHistory) {
  EXPECT_EQ(Data(kVerify),
            "ok      apply      a  0.5 s\n"
            "FAILED  roll back  a  1 s    differs\n"
            "differs  a  index i is left over\n"
            "\nhistory\na  applied  x\n");
  EXPECT_THAT(VerboseData(kVerify), HasSubstr("after:  btree on x\n"));
}

TEST(Printer, StatusIsOnePage) {
  EXPECT_EQ(
      Data(R"json({"command": "status", "target": "postgresql://app@db/shop", "state": "pending",
      "revisions": ["a"], "heads": ["c"], "pending": 2, "pending_revisions": ["b", "c"],
      "ahead": [], "agent": null,
      "run": {"revision": "b", "application_name": "x", "pid": 7, "running_seconds": 3},
      "lock": {"held": true, "holder": {"pid": 7, "text": "pid 7 (lockstep/upgrade/b)"}},
      "blockers": [{"pid": 9, "text": "pid 9 keeps pid 7 waiting", "query": "select 1"}],
      "victims": [],
      "last_error": {"revision": "b", "outcome": "deferred", "message": null, "blockers": []},
      "last_change": {"revision": "a", "kind": "applied", "applied_at": "2026-11-22T18:20:38Z"},
      "bookkeeping": {"schema": "lockstep", "format": 1, "newest_format": 2},
      "alembic": {"table": "public.alembic_version", "heads": ["a"]},
      "server": {"version": "15.18", "database": "shop", "user": "app", "in_recovery": true,
                 "read_only": false, "through_pooler": true, "sees_all_activity": true,
                 "verified": false, "tls": "not verified (sslmode=prefer)"}})json"),
      R"(target          postgresql://app@db/shop
server          PostgreSQL 15.18, database shop, user app, a standby, through a pooler
tls             not verified (sslmode=prefer)
state           pending
at              a
heads           c
pending         2: b, c
migration lock  held by pid 7 (lockstep/upgrade/b)
runs            b, pid 7, for 3 s
last change     a applied 2026-11-22 18:20:38
bookkeeping     schema lockstep, format 1 (this program makes 2)
alembic         public.alembic_version says a
who blocks us
  pid 9 keeps pid 7 waiting
error: the migration 'b' is deferred
)");
}

TEST(Printer, BlockersShowQueriesWhenAsked) {
  const char document[] = R"({"command": "blockers",
      "blockers": [{"pid": 9, "text": "pid 9 blocks", "query": "select\n1"}],
      "victims": [{"pid": 5, "text": null, "query": null}]})";
  EXPECT_EQ(Data(document), "who blocks us\n  pid 9 blocks\nwhom we block\n  pid 5\n");
  EXPECT_THAT(VerboseData(document), HasSubstr("    select\\n1\n"));
}

TEST(Printer, TheLockIsHeldOrFree) {
  EXPECT_EQ(Data(R"({"command": "lock show", "held": false, "key": null, "holder": null})"),
            "free\n");
  EXPECT_EQ(Data(R"({"command": "lock show", "held": true, "holder": {"text": "pid 7"}})"),
            "held by pid 7\n");
  EXPECT_THAT(Data(R"({"command": "lock show", "held": true, "holder": null})"),
              HasSubstr("may not see"));
}

TEST(Printer, WaitSaysHowItEnded) {
  EXPECT_EQ(Data(R"({"command": "wait", "goal": "head", "state": "timeout",
                     "waiting_for": ["b", "c"], "waited_seconds": 30, "failure": null})"),
            "timeout      head  (30 s)\nwaiting for  b\nwaiting for  c\n");
}

TEST(Printer, AWaitThatFailedSaysWhyOnce) {
  const auto printed = Printed(R"({"command": "wait", "goal": "head", "state": "failed",
      "waiting_for": ["b"], "waited_seconds": 1, "message": "revision b failed",
      "failure": {"revision": "b", "outcome": "failed", "sqlstate": "42703", "message": "no",
                  "file": "m/b.up.sql", "line": 3, "column": 1}})",
                               ExitCode::kBadMigration);
  EXPECT_EQ(printed.data, "failed       head  (1 s)\nwaiting for  b\n");
  EXPECT_EQ(printed.messages, "m/b.up.sql:3:1: error: no [42703]\nrevision b failed\n");
}

TEST(Printer, SmallAnswers) {
  EXPECT_EQ(Data(R"({"command": "new", "up": "m/a.up.sql", "down": null})"), "m/a.up.sql\n");
  EXPECT_EQ(Data(R"({"command": "resolve", "revision": "a", "as": "not_applied", "statement": 3})"),
            "a: statement 3 is recorded as not applied\n");
  EXPECT_EQ(Data(R"({"command": "adopt alembic", "table": "public.alembic_version",
                     "alembic_heads": ["b"], "adopted": ["a", "b"], "heads": ["b"]})"),
            "adopted  a\nadopted  b\npublic.alembic_version says b\n");
  EXPECT_EQ(Data(R"({"command": "init", "schema": "lockstep", "format_before": 1, "format": 2,
                     "grants": "grant usage;\n"})"),
            "schema lockstep, format 2 (was 1)\ngrant usage;\n");
  EXPECT_EQ(Data(R"({"command": "sandbox", "url": "postgresql://x", "detached": true})"),
            "postgresql://x\n");
  EXPECT_EQ(Data(R"({"command": "sandbox", "url": "postgresql://x", "detached": false})"), "");
  EXPECT_EQ(Data(R"({"command": "completion", "script": "complete\n"})"), "complete\n");
}

TEST(Printer, RepairShowsBothChecksumsAndTheDifferenceWhenAsked) {
  const char document[] = R"({"command": "repair", "repaired": true, "repairs": [{"revision": "a",
      "up": {"recorded": "0123456789abcdef", "folder": "f123456789abcdef", "changed": true},
      "down": {"recorded": null, "folder": "f", "changed": true, "difference": "-a\n+b\n"},
      "parents": {"recorded": [], "folder": ["z"], "changed": true}}]})";
  EXPECT_EQ(Data(document),
            "changed  a  up       0123456789ab -> f123456789ab\n"
            "changed  a  down     none -> f\n"
            "changed  a  parents  base -> z\n");
  EXPECT_THAT(VerboseData(document), testing::EndsWith("-a\n+b\n"));
}

TEST(Printer, ColoursFollowTheStateAndGoWhereTheyAreWanted) {
  const auto printed = Printed(kFailedRun, ExitCode::kBadMigration, {.color_data = true});
  EXPECT_THAT(printed.data, HasSubstr("\x1b[31mfailed\x1b[0m"));
  EXPECT_THAT(printed.messages, Not(HasSubstr("\x1b")));
  EXPECT_THAT(Printed(kFailedRun, ExitCode::kBadMigration, {.color_messages = true}).messages,
              HasSubstr("12:8: \x1b[31merror:\x1b[0m column"));
}

// Every text of a document, replaced by one that would clear the screen.
void Poison(json::value& value) {
  if (auto* text = value.if_string()) *text = "\x1b[2J";
  if (auto* list = value.if_array()) {
    for (auto& member : *list) Poison(member);
  }
  if (auto* object = value.if_object()) {
    for (auto& member : *object) {
      if (member.key() != "command") Poison(member.value());
    }
  }
}

TEST(Printer, NoTextOfADocumentCanSteerTheTerminal) {
  for (const std::string& document :
       {With(R"({"command": "history", "migrations": )", "}"), std::string(kPlan),
        std::string(kFailedRun), std::string(kInvalid), std::string(kVerify)}) {
    json::value poisoned = json::parse(document);
    Poison(poisoned);
    for (const bool verbose : {false, true}) {
      const auto printed = Print({poisoned.as_object(), ExitCode::kBadMigration},
                                 {.verbose = verbose, .data_to_terminal = true});
      EXPECT_THAT(printed.data + printed.messages, Not(HasSubstr("\x1b")));
    }
  }
}

TEST(Printer, EveryCommandPrintsEvenADocumentWithoutItsKeys) {
  for (const auto& command : AllCommands()) {
    EXPECT_NO_THROW(Print({json::object{{"command", command.name}}, ExitCode::kDone}, {}));
  }
}

}  // namespace
}  // namespace lockstep

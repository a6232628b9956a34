#include "agent/status_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "agent/html.h"
#include "base/document.h"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// ---- Documents ---------------------------------------------------------------------------------

// Every key of docs/api.md and docs/json.md that the page may meet, each text another one.
constexpr std::string_view kStatus = R"({
  "agent": {"version": "0.1.7", "pid": 4711, "host": "web-1", "started_at": "2026-11-22T18:20:38Z",
    "uptime_seconds": 200.2, "ready": false, "reason": "agent reason", "config": "/etc/lockstep.toml",
    "config_problem": "config problem", "log_level": "debug"},
  "targets": [{"name": "shop", "database": "postgresql://app@db/shop", "doing": "target doing",
    "paused": true, "reachable": false, "problem": "target problem", "ready": false,
    "reason": "target reason", "as_of": "2026-11-22T18:20:40Z", "age_seconds": 75,
    "status": {"target": "postgresql://app@db/shop", "message": "status message", "next": null,
      "diagnostics": [{"severity": "warning", "code": "a-code", "file": "a.up.sql", "line": 3,
        "column": 7, "message": "diagnostic message", "hint": "diagnostic hint",
        "source_line": "diagnostic source"}],
      "state": "failed", "revisions": ["r-at"], "heads": ["r-head"], "pending": 2,
      "pending_revisions": ["r-pending1", "r-pending2"], "ahead": ["r-ahead"], "agent": null,
      "run": {"revision": "r-holder", "pid": 4321, "running_seconds": 61},
      "lock": {"held": true, "holder": {"text": "holder text"}},
      "blockers": [{"pid": 901, "gid": null, "revision": "r-blocked", "kind": "active",
        "transaction_seconds": 125, "wait_seconds": null, "mode": "SHARE", "queued": false,
        "relation": "public.blocked", "lock_type": null, "query": "select blocker",
        "text": "blocker text"}],
      "victims": [{"pid": 902, "gid": "prepared-gid", "revision": null, "kind": "ddl",
        "transaction_seconds": null, "wait_seconds": 7200, "mode": "EXCLUSIVE", "queued": true,
        "relation": null, "lock_type": "tuple", "query": "select victim", "text": "victim text"}],
      "last_error": {"revision": "r-error", "direction": "down", "outcome": "failed",
        "finished_at": "2026-11-22T18:19:01Z", "duration_seconds": 81, "lock_wait_seconds": 82,
        "attempts": 83, "sqlstate": "42703", "message": "error message", "detail": "error detail",
        "hint": "error hint", "file": "error.down.sql", "line": 12, "column": 8,
        "host": "error-host", "pid": 84, "version": "error-version",
        "blockers": ["error blocker"]},
      "last_change": {"revision": "r-change", "kind": "stamped",
        "applied_at": "2026-11-22T18:19:02Z"},
      "bookkeeping": {"schema": "books", "format": 2, "newest_format": 9},
      "alembic": {"table": "public.alembic_version", "heads": ["r-alembic"]},
      "server": {"version": "15.18", "database": "shopdb", "user": "shopuser", "in_recovery": true,
        "read_only": true, "through_pooler": true, "sees_all_activity": false,
        "verified": false, "tls": "how it is verified"}},
    "run": {"id": "run-active", "target": "shop", "command": "upgrade", "goal": "goal-active",
      "source": "api", "caller": "caller-active", "state": "running", "stopping": true,
      "created_at": "2026-11-22T18:23:01Z", "started_at": "2026-11-22T18:23:02Z", "ended_at": null,
      "progress": {"leader": true, "holder": null, "step": 2, "steps": 4, "revision": "r-running",
        "description": "progress description", "statement": "CREATE INDEX",
        "phase": "progress phase", "fraction": 0.42, "blockers": ["progress blocker"],
        "step_began_at": "2026-11-22T18:23:48Z"},
      "exit_code": null, "document": null},
    "runs": [{"id": "run-ended", "target": "shop", "command": "downgrade", "goal": "goal-ended",
      "source": "signal", "caller": "caller-ended", "state": "ended", "stopping": false,
      "created_at": "2026-11-22T18:21:01Z", "started_at": "2026-11-22T18:21:02Z",
      "ended_at": "2026-11-22T18:22:05Z", "progress": null, "exit_code": 65,
      "document": {"state": "deferred", "message": "run message", "next": "run next",
        "applied": [{"revision": "r-applied"}], "rolled_back": [{"revision": "r-rolled"}],
        "not_run": ["r-notrun"], "busy_holder": "busy holder", "backup": {"path": "/run-backup"},
        "diagnostics": [{"severity": "error", "code": "run-code", "file": null, "line": 0,
          "column": 0, "message": "run diagnostic", "hint": null, "source_line": null}],
        "error": {"revision": "r-failure", "direction": "up", "outcome": "deferred",
          "sqlstate": "55P03", "message": "failure message", "detail": "failure detail",
          "hint": "failure hint", "context": "failure context", "file": "failure.up.sql",
          "line": 4, "column": 5, "source_line": "failure source", "statement": "ALTER TABLE",
          "schema": "failure-schema", "table": "failure-table",
          "constraint": "failure-constraint", "blockers": ["failure blocker"]}}}]}]})";

constexpr std::string_view kHistory = R"({"migrations": [
  {"revision": "r-one", "parents": ["r-parent"], "description": "first description",
    "state": "changed", "applied_at": "2026-11-20T01:02:03Z", "duration_seconds": 301,
    "lock_wait_seconds": 302, "attempts": 303, "kind": "adopted",
    "applied_by": {"role": "a-role", "host": "a-host", "pid": 7, "version": "a-version"},
    "backup_path": "/a-backup", "transactional": false, "irreversible": "irreversible reason",
    "is_head": false, "is_current": true, "is_branch_point": true, "is_merge": false,
    "failure": null},
  {"revision": "r-two", "parents": ["r-one"], "description": "second description",
    "state": "deferred", "applied_at": null, "duration_seconds": null, "lock_wait_seconds": null,
    "attempts": null, "kind": null, "applied_by": null, "backup_path": null,
    "transactional": true, "irreversible": null, "is_head": true, "is_current": false,
    "is_branch_point": false, "is_merge": true,
    "failure": {"revision": "r-two", "direction": "up", "outcome": "deferred",
      "finished_at": "2026-11-20T01:02:04Z", "message": "attempt message"}}]})";

struct Sample {
  json::object status;
  json::array histories;
};

Sample Full() { return {json::parse(kStatus).as_object(), json::array{json::parse(kHistory)}}; }

std::string PageOf(const Sample& sample) { return StatusPage(sample.status, sample.histories); }

json::object& TargetOf(Sample& sample) {
  return sample.status.at("targets").as_array().at(0).as_object();
}

json::array& MigrationsOf(Sample& sample) {
  return sample.histories.at(0).as_object().at("migrations").as_array();
}

// Calls for each value inside that is not a container, with its key.
using Visit = std::function<void(std::string_view key, json::value& value)>;

void ForEachValue(std::string_view key, json::value& value, const Visit& visit) {
  if (value.is_object()) {
    for (auto& member : value.get_object()) ForEachValue(member.key(), member.value(), visit);
  } else if (value.is_array()) {
    for (json::value& item : value.get_array()) ForEachValue(key, item, visit);
  } else {
    visit(key, value);
  }
}

// Those of status and histories.
void ForEachValue(Sample& sample, const Visit& visit) {
  json::value status = sample.status;
  json::value histories = sample.histories;
  ForEachValue("", status, visit);
  ForEachValue("", histories, visit);
  sample = {status.as_object(), histories.as_array()};
}

// Words that the page tells in its own.
const std::set<std::string_view> kOwnWords = {"kind", "severity", "source", "direction", "target"};

bool IsTime(std::string_view key) { return key.ends_with("_at") || key == "as_of"; }

// What the page shows of a text: a time without its letters.
std::string Shown(std::string_view key, std::string_view text) {
  if (key == "state" || key == "outcome" || IsTime(key)) {
    std::string words(text.substr(0, IsTime(key) ? text.find('Z') : text.size()));
    std::ranges::replace(words, IsTime(key) ? 'T' : '_', ' ');
    return words;
  }
  return std::string(text);
}

// ---- The page's form ---------------------------------------------------------------------------

// Takes the file's own style and script out: they are no nest of elements.
std::string WithoutRawTexts(std::string page) {
  for (const std::string_view name : {"style", "script"}) {
    const std::size_t begin = page.find("<" + std::string(name) + ">");
    const std::size_t end = page.find("</" + std::string(name) + ">", begin);
    page.erase(begin, end + name.size() + 3 - begin);
  }
  return page;
}

constexpr std::array<std::string_view, 2> kWithoutEnd = {"meta", "link"};

// The first fault of the nesting; "" for none.
std::string NestingFault(const std::string& page) {
  std::vector<std::string> open;
  std::string_view rest = page;
  rest.remove_prefix(rest.find("<html"));
  for (;;) {
    const std::size_t begin = rest.find('<');
    if (rest.substr(0, begin).find('>') != std::string_view::npos) return "a stray >";
    if (begin == std::string_view::npos) break;
    const std::size_t end = rest.find('>', begin);
    std::string_view tag = rest.substr(begin + 1, end - begin - 1);
    rest.remove_prefix(end + 1);
    const bool ends = tag.starts_with('/');
    if (ends) tag.remove_prefix(1);
    const std::string name(tag.substr(0, tag.find(' ')));
    if (ends) {
      if (open.empty() || open.back() != name) return "</" + name + "> ends something else";
      open.pop_back();
    } else if (std::ranges::find(kWithoutEnd, name) == kWithoutEnd.end()) {
      open.push_back(name);
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> has no end";
}

std::string FaultOf(const Sample& sample) { return NestingFault(WithoutRawTexts(PageOf(sample))); }

std::string Between(std::string_view page, std::string_view begin, std::string_view end) {
  const std::size_t from = page.find(begin) + begin.size();
  return std::string(page.substr(from, page.find(end, from) - from));
}

std::size_t CountOf(std::string_view page, std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = page.find(text); at != std::string_view::npos;
       at = page.find(text, at + 1)) {
    ++count;
  }
  return count;
}

// What a reader sees in <main>, without the elements.
std::string TextOf(const Sample& sample) {
  std::string text;
  bool inside = false;
  for (const char c : Between(PageOf(sample), "<body>", "<script>")) {
    if (c == '<') inside = true;
    if (!inside) text += c;
    if (c == '>') inside = false;
  }
  return text;
}

// ---- Tests -------------------------------------------------------------------------------------

TEST(StatusPage, ShowsEveryTextOfItsDocuments) {
  Sample sample = Full();
  const std::string text = TextOf(sample);
  ForEachValue(sample, [&](std::string_view key, const json::value& value) {
    if (!value.is_string() || kOwnWords.contains(key)) return;
    EXPECT_THAT(text, HasSubstr(Html(Shown(key, value.get_string())).source())) << key;
  });
}

TEST(StatusPage, ShowsFiguresInWords) {
  const std::string text = TextOf(Full());
  for (const std::string_view figure : {"4711",
                                        "3 min 20 s",
                                        "1 min 15 s ago",
                                        "a.up.sql:3:7",
                                        "2: r-pending1",
                                        "pid 4321, for 1 min 1 s",
                                        "2 min 5 s",
                                        "2 h",
                                        "83 attempts, 1 min 21 s, of it 1 min 22 s for table locks",
                                        "pid 84",
                                        "error.down.sql:12:8",
                                        "format 2, this agent makes 9",
                                        "step 2 of 4",
                                        "42 %",
                                        "10 s ago",
                                        "56 s ago",
                                        "1 min 3 s",
                                        "65",
                                        "5 min 1 s",
                                        "303 attempts, 5 min 2 s for table locks",
                                        "queued for EXCLUSIVE",
                                        "a standby, read-only, through a pooler",
                                        "how it is verified",
                                        "a stop was requested"}) {
    EXPECT_THAT(text, HasSubstr(figure));
  }
  EXPECT_THAT(PageOf(Full()), HasSubstr("value=\"355\""));
}

TEST(StatusPage, WhatBeganAndEndedInOneSecondTookLess) {
  Sample sample = Full();
  json::object& run = TargetOf(sample).at("runs").as_array().at(0).as_object();
  run["ended_at"] = run.at("started_at");
  EXPECT_THAT(TextOf(sample), HasSubstr("under 1 s"));
}

TEST(StatusPage, HostileTextsAreEscapedWhereverTheyStand) {
  constexpr std::string_view kCanary = "<script>alert(1)</script>\"'&{{main}}";
  Sample sample = Full();
  const std::size_t scripts = CountOf(PageOf(sample), "<script");
  ForEachValue(sample, [&](std::string_view, json::value& value) {
    if (value.is_string()) value = std::string(value.get_string()) + std::string(kCanary);
  });
  const std::string page = PageOf(sample);
  EXPECT_EQ(CountOf(page, "<script"), scripts);
  const std::size_t canaries = CountOf(page, Html(kCanary).source());
  EXPECT_GT(canaries, 80U);
  EXPECT_EQ(CountOf(page, "alert(1)"), canaries) << "each of them whole";
  EXPECT_EQ(FaultOf(sample), "");
}

TEST(StatusPage, IsWellNested) { EXPECT_EQ(FaultOf(Full()), ""); }

// How many values there are, and the sample with the one of that number replaced.
Sample WithReplaced(std::size_t number, const json::value& replacement, std::size_t& count) {
  Sample sample = Full();
  count = 0;
  ForEachValue(sample, [&](std::string_view, json::value& value) {
    if (count++ == number) value = replacement;
  });
  return sample;
}

TEST(StatusPage, AnyValueMayBeNullOrOfAnotherKind) {
  const json::array replacements = {
      nullptr, "text", -1, 1e300, true, json::array{1, nullptr}, json::object{{"a", 1}}};
  for (const json::value& replacement : replacements) {
    std::size_t count = 1;
    for (std::size_t number = 0; number < count; ++number) {
      const Sample sample = WithReplaced(number, replacement, count);
      ASSERT_EQ(FaultOf(sample), "") << number << " " << json::serialize(replacement);
    }
    EXPECT_GT(count, 150U);
  }
}

TEST(StatusPage, AnyPartMayBeMissing) {
  for (const std::string_view key : {"status", "run", "runs", "as_of", "name"}) {
    Sample without = Full();
    TargetOf(without).erase(key);
    EXPECT_EQ(FaultOf(without), "") << key;
    TargetOf(without)[key] = nullptr;
    EXPECT_EQ(FaultOf(without), "") << key;
  }
  EXPECT_EQ(FaultOf({}), "");
  EXPECT_EQ(FaultOf({Full().status, {}}), "");
  EXPECT_EQ(FaultOf({Full().status, json::array{nullptr}}), "");
}

TEST(StatusPage, SaysWhyTheDatabaseWasNotReachedYet) {
  Sample sample = Full();
  TargetOf(sample)["status"] = nullptr;
  TargetOf(sample)["as_of"] = nullptr;
  TargetOf(sample)["age_seconds"] = nullptr;
  TargetOf(sample)["run"] = nullptr;
  sample.histories = {nullptr};
  EXPECT_THAT(TextOf(sample),
              AllOf(HasSubstr("the database was not reached yet: target problem"),
                    HasSubstr("shown once the database was reached"), HasSubstr("unreachable")));
}

TEST(StatusPage, SaysSinceWhenItIsBlind) {
  EXPECT_THAT(TextOf(Full()),
              AllOf(HasSubstr("the database cannot be reached: target problem"),
                    HasSubstr("what stands below was seen at 2026-11-22 18:20:40")));
}

TEST(StatusPage, SaysWhoLeadsWhileThisAgentWaits) {
  Sample sample = Full();
  json::object& run = TargetOf(sample).at("run").as_object();
  run["state"] = "waiting";
  json::object& progress = run.at("progress").as_object();
  progress["leader"] = false;
  progress["holder"] = "the other one";
  progress["step"] = 0;
  EXPECT_THAT(TextOf(sample),
              HasSubstr("upgrade goal-active is waiting: another replica leads: the "
                        "migration lock is held by the other one"));
  TargetOf(sample)["run"] = nullptr;
  EXPECT_THAT(TextOf(sample), HasSubstr("another replica leads: holder text"));
}

TEST(StatusPage, NamesTheNextCommandUnlessARunIsActive) {
  Sample sample = Full();
  TargetOf(sample).at("status").as_object()["next"] = "lockstep resolve r-two";
  EXPECT_THAT(TextOf(sample), Not(HasSubstr("lockstep resolve r-two")));
  TargetOf(sample)["run"] = nullptr;
  EXPECT_THAT(TextOf(sample), HasSubstr("next: lockstep resolve r-two"));
}

TEST(StatusPage, WhatIsAnnouncedHasNoMovingFigures) {
  const std::string now = Between(PageOf(Full()), "aria-live=\"polite\"", "</p>");
  EXPECT_THAT(now, HasSubstr("step 2 of 4"));
  EXPECT_THAT(now, Not(HasSubstr("%")));
}

TEST(StatusPage, ListsTargetsOnceThereAreSeveral) {
  Sample sample = Full();
  EXPECT_THAT(PageOf(sample), Not(HasSubstr("id=\"overview\"")));
  json::object second = TargetOf(sample);
  second["name"] = "a b";
  sample.status.at("targets").as_array().push_back(std::move(second));
  const std::string page = PageOf(sample);
  EXPECT_THAT(page, AllOf(HasSubstr("2 targets"), HasSubstr("href=\"#target-a.20b\""),
                          HasSubstr("id=\"target-a.20b\"")));
}

TEST(StatusPage, TheTitleNamesWhatIsMostUrgent) {
  Sample sample = Full();
  json::object& good = TargetOf(sample);
  good["run"] = nullptr;
  good["reachable"] = true;
  good["problem"] = nullptr;
  good.at("status").as_object()["state"] = "at_head";
  EXPECT_THAT(PageOf(sample), HasSubstr("<title>✓ at head: shop · Lockstep on web-1</title>"));
  json::object failed = good;
  failed["name"] = "mail";
  failed.at("status").as_object()["state"] = "failed";
  sample.status.at("targets").as_array().push_back(std::move(failed));
  EXPECT_THAT(PageOf(sample), HasSubstr("<title>✗ failed: mail · Lockstep on web-1</title>"));
}

// ---- The line of revisions ---------------------------------------------------------------------

Sample WithLine(std::size_t length) {
  Sample sample = Full();
  json::array migrations;
  for (std::size_t i = 1; i <= length; ++i) {
    migrations.push_back(json::object{{"revision", "rev" + std::to_string(i)},
                                      {"state", "applied"},
                                      {"parents", json::array{"rev" + std::to_string(i - 1)}}});
  }
  MigrationsOf(sample) = std::move(migrations);
  return sample;
}

void SetState(Sample& sample, std::size_t number, std::string_view state) {
  MigrationsOf(sample).at(number - 1).as_object()["state"] = state;
}

std::string RowOf(std::string_view revision) {
  return "id=\"target-shop-revision-" + std::string(revision) + "\"";
}

TEST(StatusPage, ShowsTheNewestRevisionsFirst) {
  const std::string page = PageOf(WithLine(3));
  EXPECT_LT(page.find(RowOf("rev3")), page.find(RowOf("rev1")));
  EXPECT_THAT(page, Not(HasSubstr("left out")));
}

TEST(StatusPage, LeavesOldRevisionsOutAndSaysHowMany) {
  const std::string page = PageOf(WithLine(312));
  EXPECT_EQ(CountOf(page, "-revision-"), 50U);
  EXPECT_THAT(page, AllOf(HasSubstr(RowOf("rev263")), Not(HasSubstr(RowOf("rev262"))),
                          HasSubstr("262 revisions are left out here: 262 applied"),
                          HasSubstr("312 revisions")));
}

TEST(StatusPage, NeverLeavesOutWhatSomebodyHasToLookAt) {
  Sample sample = WithLine(200);
  for (std::size_t i = 20; i <= 200; ++i) SetState(sample, i, "pending");
  SetState(sample, 5, "changed");
  SetState(sample, 19, "failed");
  const std::string page = PageOf(sample);
  EXPECT_THAT(page,
              AllOf(HasSubstr(RowOf("rev5")), HasSubstr(RowOf("rev19")), HasSubstr(RowOf("rev20")),
                    HasSubstr("130 revisions are left out here: 130 pending"),
                    HasSubstr("4 revisions are left out here: 4 applied")));
}

TEST(StatusPage, IsBoundedHoweverMuchIsWrong) {
  Sample sample = WithLine(3000);
  for (std::size_t i = 1; i <= 3000; ++i) SetState(sample, i, "changed");
  EXPECT_EQ(CountOf(PageOf(sample), "-revision-"), 100U);
}

TEST(StatusPage, NamesParentsOnlyWhereTheLineIsNotStraight) {
  Sample sample = WithLine(4);
  MigrationsOf(sample).at(3).as_object()["parents"] = json::array{"rev2", "rev3"};
  const std::string text = TextOf(sample);
  EXPECT_THAT(text, HasSubstr("revises rev2, rev3"));
  EXPECT_THAT(text, Not(HasSubstr("revises rev2rev")));
  EXPECT_EQ(CountOf(text, "revises "), 2U) << "the merge, and the first, whose parent is not there";
}

// ---- Policy ------------------------------------------------------------------------------------

std::string SourceOf(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int length = 0;
  EVP_Digest(text.data(), text.size(), hash.data(), &length, EVP_sha256(), nullptr);
  std::array<unsigned char, 64> base64{};
  const int written = EVP_EncodeBlock(base64.data(), hash.data(), static_cast<int>(length));
  return "'sha256-" + std::string(base64.begin(), base64.begin() + written) + "'";
}

TEST(StatusPage, ThePolicyAllowsThePagesOwnStyleAndScriptAndNoOther) {
  const std::string page = PageOf(Full());
  const std::string policy = StatusPagePolicy();
  EXPECT_THAT(
      policy,
      AllOf(HasSubstr("default-src 'none';"), HasSubstr("connect-src 'self';"),
            HasSubstr("style-src " + SourceOf(Between(page, "<style>", "</style>")) + ";"),
            HasSubstr("script-src " + SourceOf(Between(page, "<script>", "</script>")) + ";"),
            Not(HasSubstr("unsafe"))));
}

}  // namespace
}  // namespace lockstep

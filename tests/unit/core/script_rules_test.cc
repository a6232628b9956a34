#include "core/script_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Script ScriptOf(std::string text, bool transactional) {
  Script script;
  script.file = "0001_a.up.sql";
  script.text = std::move(text);
  script.transactional = transactional;
  return script;
}

Diagnostics Inside(std::string text) {
  return CheckScript(ScriptOf(std::move(text), true)).diagnostics;
}

Diagnostics Outside(std::string text) {
  return CheckScript(ScriptOf(std::move(text), false)).diagnostics;
}

std::vector<std::string> Codes(const Diagnostics& diagnostics) {
  std::vector<std::string> codes;
  for (const Diagnostic& diagnostic : diagnostics) codes.push_back(diagnostic.code);
  return codes;
}

Diagnostic Only(const Diagnostics& diagnostics) {
  EXPECT_EQ(diagnostics.size(), 1U);
  return diagnostics.empty() ? Diagnostic{} : diagnostics.front();
}

TEST(ScriptRules, AnOrdinaryMigrationIsFine) {
  const SplitScript script = CheckScript(
      ScriptOf("-- description: x\ncreate table t (a int);\nsavepoint s;\nset local a.b = 'c';\n"
               "rollback to s;\nrefresh materialized view concurrently v;",
               true));
  EXPECT_THAT(script.diagnostics, IsEmpty());
  EXPECT_EQ(script.statements.size(), 5U);
}

TEST(ScriptRules, ADiagnosticHasItsPlaceItsLineAndARemedy) {
  const Diagnostic diagnostic =
      Only(Inside("select '\xC3\xA4';\r\nselect '\xC3\xA4'; /* x */ commit;\r\n"));
  EXPECT_EQ(diagnostic.code, "transaction-control");
  EXPECT_EQ(diagnostic.severity, Severity::kError);
  EXPECT_EQ(diagnostic.file, "0001_a.up.sql");
  EXPECT_EQ(diagnostic.line, 2);
  EXPECT_EQ(diagnostic.column, 21);
  EXPECT_EQ(diagnostic.source_line, "select '\xC3\xA4'; /* x */ commit;");
  EXPECT_THAT(diagnostic.message, HasSubstr("\"COMMIT\""));
  EXPECT_THAT(diagnostic.hint, HasSubstr("remove it"));
}

TEST(ScriptRules, WhatBreaksTheRunIsRefusedInBothKindsOfScript) {
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"begin", "transaction-control"},
      {"start transaction", "transaction-control"},
      {"end", "transaction-control"},
      {"rollback", "transaction-control"},
      {"prepare transaction 'a'", "transaction-control"},
      {"commit prepared 'a'", "transaction-control"},
      {"set transaction read only", "transaction-control"},
      {"set role r", "set-role"},
      {"set local role r", "set-role"},
      {"reset role", "set-role"},
      // Quotes keep the letters' case, and to the server a setting's does not matter.
      {"set \"ROLE\" = r", "set-role"},
      {"set \"Session_Authorization\" to r", "set-role"},
      {"set \"TRANSACTION_READ_ONLY\" = on", "transaction-control"},
      {"set standard_conforming_strings = off", "string-syntax"},
      {"set local \"Standard_Conforming_Strings\" to 'off'", "string-syntax"},
      {"set standard_conforming_strings = 0", "string-syntax"},
      {"set session authorization r", "set-role"},
      {"discard all", "discard"},
      {"reset all", "discard"},
      {"select pg_advisory_unlock_all()", "advisory-unlock"},
      {"do $$begin perform pg_advisory_unlock(1); end$$", "advisory-unlock"}};
  for (const auto& [sql, code] : refused) {
    for (const Diagnostics& diagnostics : {Inside(sql), Outside(sql)}) {
      const Diagnostic diagnostic = Only(diagnostics);
      EXPECT_EQ(diagnostic.code, code) << sql;
      EXPECT_EQ(diagnostic.severity, Severity::kError) << sql;
      EXPECT_THAT(diagnostic.hint, Not(IsEmpty())) << sql;
    }
  }
}

TEST(ScriptRules, ARoutineThatUnlocksIsOnlyWarnedOf) {
  const Diagnostic diagnostic = Only(
      Inside("create function f() returns bool language sql as 'select pg_advisory_unlock(1)'"));
  EXPECT_EQ(diagnostic.code, "advisory-unlock");
  EXPECT_EQ(diagnostic.severity, Severity::kWarning);
}

TEST(ScriptRules, WhatIsConcurrentNeedsTransactionOff) {
  for (const char* sql :
       {"create index concurrently i on t (a)", "drop index concurrently i",
        "reindex table concurrently t", "alter table t detach partition p concurrently"}) {
    const Diagnostic diagnostic = Only(Inside(sql));
    EXPECT_EQ(diagnostic.code, "concurrently-in-transaction") << sql;
    EXPECT_THAT(diagnostic.hint, HasSubstr("\"-- transaction: off\"")) << sql;
    EXPECT_THAT(Outside(sql), IsEmpty()) << sql;
  }
}

TEST(ScriptRules, WhatRefusesTransactionsNeedsTransactionOff) {
  for (const char* sql : {"vacuum t", "create database d", "alter system set a = 1", "cluster"}) {
    const Diagnostic diagnostic = Only(Inside(sql));
    EXPECT_EQ(diagnostic.code, "needs-no-transaction") << sql;
    EXPECT_THAT(diagnostic.hint, HasSubstr("\"-- transaction: off\"")) << sql;
    EXPECT_THAT(Outside(sql), IsEmpty()) << sql;
  }
}

TEST(ScriptRules, AConcurrentIndexIsNamedAndWithoutIfNotExists) {
  EXPECT_EQ(Only(Outside("create index concurrently on t (a)")).code, "concurrent-index-unnamed");
  const Diagnostic exists = Only(Outside("create index concurrently if not exists i on t (a)"));
  EXPECT_EQ(exists.code, "concurrent-index-if-not-exists");
  EXPECT_THAT(exists.message, HasSubstr("INVALID"));
  EXPECT_THAT(Outside("create index if not exists i on t (a)"), IsEmpty());
}

TEST(ScriptRules, ASessionSettingIsAWarningThatNamesItsLocalForm) {
  const Diagnostic inside = Only(Inside("set work_mem = '1GB'"));
  EXPECT_EQ(inside.code, "session-setting");
  EXPECT_EQ(inside.severity, Severity::kWarning);
  EXPECT_THAT(inside.hint, HasSubstr("SET LOCAL work_mem"));
  EXPECT_THAT(Codes(Inside("reset work_mem")), ElementsAre("session-setting"));
}

// As pg_dump writes it at the top of its scripts.
TEST(ScriptRules, StringsThatConformMayBeSaidToConform) {
  for (const char* sql :
       {"set standard_conforming_strings = on", "set standard_conforming_strings to default"}) {
    EXPECT_THAT(Codes(Inside(sql)), ElementsAre("session-setting")) << sql;
  }
  EXPECT_THAT(Inside("set local standard_conforming_strings = on"), IsEmpty());
}

TEST(ScriptRules, WithoutATransactionResetIsTheRemedy) {
  const Diagnostic outside = Only(Outside("set work_mem = '1GB'; select 1; reset work_mem"));
  EXPECT_THAT(outside.hint, HasSubstr("RESET work_mem"));
  EXPECT_EQ(outside.line, 1);
  EXPECT_EQ(outside.column, 1);
}

TEST(ScriptRules, AnEmptyScriptIsAWarning) {
  const Diagnostic diagnostic = Only(Inside("-- description: nothing\n;\n"));
  EXPECT_EQ(diagnostic.code, "empty-script");
  EXPECT_EQ(diagnostic.severity, Severity::kWarning);
  EXPECT_EQ(diagnostic.line, 0);
  EXPECT_EQ(Only(Inside("")).code, "empty-script");
  EXPECT_THAT(Codes(Inside("\\i other.sql")), ElementsAre("psql-command"));
}

TEST(ScriptRules, VariablesMayKeepTheGrammarFromKnowingTheScript) {
  Script script = ScriptOf("create schema ${NAME};\ncommit;", true);
  EXPECT_THAT(Codes(CheckScript(script).diagnostics),
              ElementsAre("newer-syntax", "transaction-control"));
  script.variables = true;
  EXPECT_THAT(Codes(CheckScript(script).diagnostics), ElementsAre("transaction-control"));
}

TEST(ScriptRules, AllFaultsAreReportedInTheOrderOfTheirPlaces) {
  EXPECT_THAT(Codes(Inside("begin; vacuum;\nset role r;\n\\c x\ncopy t from stdin;\n1\n\\.\nend")),
              ElementsAre("transaction-control", "needs-no-transaction", "set-role", "psql-command",
                          "copy-from-stdin", "transaction-control"));
  EXPECT_THAT(Codes(Outside("create index concurrently if not exists on t (a); commit")),
              testing::Contains("transaction-control"));
}

}  // namespace
}  // namespace lockstep

// The splitter beside psql: a script's pieces, run one by one, do what psql does with the whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>

#include "core/script_rules.h"
#include "fuzz/psql_effect.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

// ---- Scripts that are made up ----------------------------------------------------------------

// What a script is made of: statements that lexers stumble over. They are cheap, and tell the same
// whenever they run.
const std::vector<std::string>& Statements() {
  static const std::vector<std::string> statements = {
      "insert into t values (1, 'a;b')",
      "insert into t values (2, 'it''s'), (3, E'a\\';b'), (4, e'\\\\')",
      "insert into t values (6, $$a;b$$), (7, $x$ $y$ ; $y$ ; $$ $x$)",
      "insert into t values (8, U&'\\0061;' /* ; */), (9, N'x;')",
      "select a, b from t order by a",
      "select count(*) as \"a;b\" from t -- trailing; words\n",
      "select 1 /* /* ; */ ; */ + 2 */* ; */ 3 as \"quo\"\"te;d\"",
      "select 'x'::text || $$;$$ as \"--\", 3 --; \n - -4 as \"/*\"",
      "update t set b = b || ';' where a = 1",
      "create table if not exists u (\"end\" int, atomic int, \"begin\" text default ';')",
      "create or replace function f(a int) returns int language sql begin atomic select 1; "
      "select case when a > 1 then 2 else case a when 1 then 3 end end as \"end\"; end",
      "create or replace procedure p() begin atomic insert into t values (10, ';'); end",
      "create or replace function g() returns int language sql return 1 + 1",
      "create or replace function h() returns text language plpgsql as $body$ begin\n"
      "  if true then return 'a;b'; end if;\n  -- end;\n  return $q$;$q$; end $body$",
      "call p()",
      "select f(3), g(), h()",
      "do $$ begin raise notice 'a;b'; end $$",
      "do $do$ begin execute $$insert into t values (11, 'x;')$$; end; $do$ language plpgsql",
      "create rule r as on insert to u do also (insert into t values (12, ';'); delete from u "
      "where false)",
      "insert into u values (1, 2)",
      "create view v as select a as case_, b as end_ from t where b <> ';'",
      "begin",
      "commit",
      "rollback",
      "savepoint s",
      "rollback to s",
      "set local search_path = public, pg_catalog",
      "select selec from nowhere",
      "selec 1",
      "insert into t values (13, 'ä;ö€'), (14, '\xf0\x9f\x98\x80')",
      "select 1 +",
      "select (1",
      "select 1)",
      "values ('a'), ($$b$$)",
      "with d as (delete from t where a = 2 returning *) select count(*) from d",
      "copy (select 1) to '/nowhere/at/all'",
      "explain (costs off) select ';'",
      "create table t (c int)",
      "select 1 as a$b$c, 2 as \"$$\"",
      "select json_array(1, 2)"};
  return statements;
}

const std::vector<std::string>& Gaps() {
  static const std::vector<std::string> gaps = {
      ";\n",   ";",       ";;\n",     " ; ",     ";\n-- a; b\n",  "; /* a; /* b; */ c; */ ",
      ";\r\n", ";\n\n\n", ";--\n;\n", "\n;\t\n", ";\n/* 'x */\n", "; -- $$ \" ' E'\n"};
  return gaps;
}

class ScriptMaker {
 public:
  explicit ScriptMaker(unsigned seed) : random_(seed) {}

  std::string Make() {
    std::string script = "create table t (a int, b text);\n";
    for (std::size_t left = 2 + Below(8); left > 0; --left) {
      script += Broken(Pick(Statements())) + Pick(Gaps());
    }
    return script + "\n;\n";
  }

 private:
  std::size_t Below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }
  const std::string& Pick(const std::vector<std::string>& among) {
    return among[Below(among.size())];
  }

  // One in ten has something at a place where it does not belong.
  std::string Broken(std::string statement) {
    static const std::vector<std::string> kOdd = {"(",    ")",     " x ",    "''", "$$;$$", "/**/",
                                                  "--\n", " end ", " case ", "1",  "\"\"",  "E''"};
    if (Below(10) == 0) statement.insert(Below(statement.size() + 1), Pick(kOdd));
    return statement;
  }

  std::mt19937 random_;
};

// ---- Scripts that are there ------------------------------------------------------------------

// As psql reads it, and we: a byte order mark is none of the script.
std::string ScriptIn(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string script{std::istreambuf_iterator<char>(file), {}};
  if (script.starts_with("\xEF\xBB\xBF")) script.erase(0, 3);
  return script + "\n;\n";
}

// psql lexes line by line and does without the grammar; here the server says that it is wrong. It
// takes "x.end" for the end of a BEGIN ATOMIC, and forgets at a line's end that a literal that goes
// on has escapes.
bool PsqlIsWrong(const std::string& name) {
  return name == "case_in_atomic.sql" || name == "escape_string.sql";
}

// What the second run would see differently, or both wait for; and what only psql understands.
bool IsRepeatable(const std::string& script) {
  for (const char* word : {"role", "database", "tablespace", "pg_sleep", "now()", "random", "pid()",
                           "txid", "clock_", "alter system", "advisory", "concurrently", "vacuum",
                           "current_timestamp", "generate_series", "repeat("}) {
    if (script.find(word) != std::string::npos) return false;
  }
  return script.find('\0') == std::string::npos;
}

std::set<std::string> CollectedScripts() {
  const fs::path tests = fs::path(LOCKSTEP_SOURCE_DIR) / "tests";
  std::set<std::string> scripts;
  for (const fs::path& folder : {tests / "scenarios", tests / "fuzz" / "corpus" / "splitter"}) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.path().extension() != ".sql") continue;
      const std::string script = ScriptIn(entry.path());
      if (IsRepeatable(script) && !PsqlIsWrong(entry.path().filename())) scripts.insert(script);
    }
  }
  return scripts;
}

// ---- The tests -------------------------------------------------------------------------------

class SplitAgainstServer : public ::testing::Test {
 protected:
  // Says whether the script could be compared: one with faults is never run.
  bool Compare(const std::string& script) {
    const SplitScript split = SplitStatements(script, "x.sql");
    if (HasErrors(split.diagnostics)) return false;
    EXPECT_EQ(RunPieces(database_, script, split.statements), RunWhole(database_, script))
        << script;
    return true;
  }

  TestDatabase database_;
};

TEST_F(SplitAgainstServer, MadeUpScripts) {
  constexpr int kScripts = 150;
  ScriptMaker maker(20240607);
  int compared = 0;
  for (int i = 0; i < kScripts && !HasFailure(); ++i) {
    SCOPED_TRACE("script " + std::to_string(i));
    compared += Compare(maker.Make()) ? 1 : 0;
  }
  EXPECT_TRUE(HasFailure() || compared > kScripts * 3 / 4) << compared;
}

TEST_F(SplitAgainstServer, CollectedScripts) {
  int compared = 0;
  for (const std::string& script : CollectedScripts()) compared += Compare(script) ? 1 : 0;
  EXPECT_GT(compared, 50);
}

// What psql would do with these is no statement's doing, so they are refused.
TEST_F(SplitAgainstServer, WhatOnlyPsqlUnderstandsIsRefused) {
  for (const char* script : {"copy t from stdin;\n1\n\\.\n", "copy t to stdout;", "\\i x.sql\n",
                             "select 1 \\g\n", "select 1 \\; select 2;"}) {
    EXPECT_TRUE(HasErrors(SplitStatements(script, "x.sql").diagnostics)) << script;
  }
}

}  // namespace
}  // namespace lockstep

#include "core/statement_kind.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace lockstep {
namespace {

using Trait = StatementTrait;

std::string LetterFor(std::string_view sql) {
  return std::string(LetterOf(ClassifyStatement(sql).lock_class));
}

std::string NameFor(std::string_view sql) { return ClassifyStatement(sql).name; }
Trait TraitOf(std::string_view sql) { return ClassifyStatement(sql).trait; }
bool Unlocks(std::string_view sql) { return ClassifyStatement(sql).unlocks_advisory; }

struct Named {
  std::string_view letter;
  std::string_view name;
  std::string_view sql;
};

// At least one statement for each node of the grammar.
constexpr Named kNamed[] = {
    {"A", "ALTER COLLATION", "alter collation c refresh version"},
    {"A", "ALTER DATABASE", "alter database d refresh collation version"},
    {"A", "ALTER DATABASE", "alter database d set a = 1"},
    {"A", "ALTER DATABASE", "alter database d connection limit 1"},
    {"A", "ALTER DEFAULT PRIVILEGES", "alter default privileges grant select on tables to r"},
    {"A", "ALTER DOMAIN", "alter domain d drop not null"},
    {"A", "ALTER EVENT TRIGGER", "alter event trigger e disable"},
    {"A", "ALTER EXTENSION", "alter extension e add table t"},
    {"A", "ALTER EXTENSION", "alter extension e update"},
    {"A", "ALTER FOREIGN DATA WRAPPER", "alter foreign data wrapper f no handler"},
    {"A", "ALTER SERVER", "alter server s version '1'"},
    {"A", "ALTER FUNCTION", "alter function f() stable"},
    {"A", "ALTER PROCEDURE", "alter procedure p() depends on extension e"},
    {"A", "ALTER MATERIALIZED VIEW", "alter materialized view v set schema s"},
    {"A", "ALTER OPERATOR FAMILY",
     "alter operator family f using btree add function 1 (int, int) g(int, int)"},
    {"A", "ALTER OPERATOR", "alter operator + (int, int) set (restrict = none)"},
    {"A", "ALTER SCHEMA", "alter schema s owner to r"},
    {"A", "ALTER POLICY", "alter policy p on t using (true)"},
    {"A", "ALTER PUBLICATION", "alter publication p add table t"},
    {"A", "ALTER ROLE", "alter role r set a = 1"},
    {"A", "ALTER ROLE", "alter role r login"},
    {"A", "ALTER SEQUENCE", "alter sequence s restart"},
    {"A", "ALTER STATISTICS", "alter statistics s set statistics 1"},
    {"A", "ALTER SUBSCRIPTION", "alter subscription s disable"},
    {"A", "ALTER SYSTEM", "alter system set a = 1"},
    {"A", "ALTER TEXT SEARCH CONFIGURATION",
     "alter text search configuration c add mapping for word with d"},
    {"A", "ALTER TEXT SEARCH DICTIONARY", "alter text search dictionary d (a = 1)"},
    {"C", "ALTER TABLE", "alter table all in tablespace a set tablespace b"},
    {"A", "ALTER TABLESPACE", "alter tablespace a set (seq_page_cost = 1)"},
    {"A", "ALTER TABLE", "alter table t drop column c"},
    {"A", "ALTER INDEX", "alter index i set (fillfactor = 90)"},
    {"A", "ALTER TYPE", "alter type t add attribute a int"},
    {"A", "ALTER TYPE", "alter type t set (receive = f)"},
    {"A", "ALTER TYPE", "alter type t rename value 'a' to 'b'"},
    {"A", "ALTER USER MAPPING", "alter user mapping for r server s options (a 'b')"},
    {"A", "ALTER TABLE", "alter table t rename to u"},
    {"A", "ALTER TABLE", "alter table t rename column a to b"},
    {"A", "ALTER VIEW", "alter view t rename column a to b"},
    {"A", "ALTER TABLE", "alter table t rename constraint a to b"},
    {"A", "ALTER DOMAIN", "alter domain d rename constraint a to b"},
    {"A", "ALTER TYPE", "alter type t rename attribute a to b"},
    {"A", "ALTER SERVER", "alter server s rename to t"},
    {"A", "ALTER FOREIGN DATA WRAPPER", "alter foreign data wrapper s rename to t"},
    {"D", "CALL", "call p(1)"},
    {"A", "CHECKPOINT", "checkpoint"},
    {"D", "CLOSE", "close c"},
    {"A", "COMMENT", "comment on table t is 'x'"},
    {"E", "CREATE TYPE", "create type t as (a int)"},
    {"A", "SET CONSTRAINTS", "set constraints all deferred"},
    {"D", "COPY", "copy t from '/x'"},
    {"E", "CREATE ACCESS METHOD", "create access method a type index handler h"},
    {"E", "CREATE CAST", "create cast (int as text) without function"},
    {"E", "CREATE CONVERSION", "create conversion c for 'UTF8' to 'LATIN1' from f"},
    {"E", "CREATE DOMAIN", "create domain d as int"},
    {"E", "CREATE TYPE", "create type t as enum ('a')"},
    {"A", "CREATE EVENT TRIGGER",
     "create event trigger e on ddl_command_start execute function f()"},
    {"E", "CREATE EXTENSION", "create extension e"},
    {"E", "CREATE FOREIGN DATA WRAPPER", "create foreign data wrapper f"},
    {"E", "CREATE SERVER", "create server s foreign data wrapper f"},
    {"E", "CREATE FOREIGN TABLE", "create foreign table t (a int) server s"},
    {"E", "CREATE FUNCTION", "create function f() returns int as 'select 1' language sql"},
    {"E", "CREATE PROCEDURE", "create procedure p() begin atomic select 1; end"},
    {"E", "CREATE OPERATOR CLASS",
     "create operator class c for type int using btree as storage int"},
    {"E", "CREATE OPERATOR FAMILY", "create operator family f using btree"},
    {"E", "CREATE LANGUAGE", "create language l handler h"},
    {"A", "CREATE POLICY", "create policy p on t"},
    {"A", "CREATE PUBLICATION", "create publication p for table t"},
    {"E", "CREATE TYPE", "create type t as range (subtype = int)"},
    {"E", "CREATE ROLE", "create user u"},
    {"E", "CREATE SCHEMA", "create schema s"},
    {"E", "CREATE SEQUENCE", "create sequence s"},
    {"A", "CREATE STATISTICS", "create statistics s on a, b from t"},
    {"E", "CREATE TABLE", "create table t (a int)"},
    {"E", "CREATE SUBSCRIPTION", "create subscription s connection 'x' publication p"},
    {"E", "CREATE TABLE AS", "create table t as select 1"},
    {"E", "CREATE MATERIALIZED VIEW", "create materialized view v as select 1"},
    {"E", "CREATE TABLESPACE", "create tablespace t location '/x'"},
    {"E", "CREATE TRANSFORM",
     "create transform for int language sql (from sql with function f(internal))"},
    {"A", "CREATE TRIGGER", "create trigger g after insert on t execute function f()"},
    {"E", "CREATE USER MAPPING", "create user mapping for r server s"},
    {"E", "CREATE DATABASE", "create database d"},
    {"A", "DEALLOCATE", "deallocate p"},
    {"D", "DECLARE CURSOR", "declare c cursor for select 1"},
    {"E", "CREATE AGGREGATE", "create aggregate a(int) (sfunc = f, stype = int)"},
    {"E", "CREATE OPERATOR", "create operator + (function = f, leftarg = int)"},
    {"E", "CREATE TEXT SEARCH DICTIONARY", "create text search dictionary d (template = t)"},
    {"A", "DISCARD TEMP", "discard temp"},
    {"D", "DO", "do 'begin end'"},
    {"A", "DROP OWNED", "drop owned by r"},
    {"A", "DROP ROLE", "drop role r"},
    {"A", "DROP TABLE", "drop table t"},
    {"A", "DROP INDEX", "drop index i"},
    {"A", "DROP MATERIALIZED VIEW", "drop materialized view v"},
    {"A", "DROP SUBSCRIPTION", "drop subscription s"},
    {"A", "DROP TABLESPACE", "drop tablespace t"},
    {"A", "DROP USER MAPPING", "drop user mapping for r server s"},
    {"A", "DROP DATABASE", "drop database d"},
    {"D", "EXECUTE", "execute p"},
    {"D", "EXPLAIN", "explain select 1"},
    {"D", "FETCH", "fetch c"},
    {"D", "MOVE", "move c"},
    {"A", "GRANT ROLE", "grant r to s"},
    {"A", "REVOKE ROLE", "revoke r from s"},
    {"A", "GRANT", "grant select on t to r"},
    {"A", "REVOKE", "revoke select on t from r"},
    {"E", "IMPORT FOREIGN SCHEMA", "import foreign schema a from server s into b"},
    {"A", "LISTEN", "listen c"},
    {"A", "LOAD", "load 'x'"},
    {"A", "LOCK TABLE", "lock t"},
    {"A", "NOTIFY", "notify c"},
    {"D", "PREPARE", "prepare p as select 1"},
    {"A", "REASSIGN OWNED", "reassign owned by r to s"},
    {"A", "CREATE RULE", "create rule r as on insert to t do nothing"},
    {"A", "SECURITY LABEL", "security label on table t is 'x'"},
    {"D", "SELECT", "(select 1)"},
    {"A", "TRUNCATE TABLE", "truncate t"},
    {"A", "UNLISTEN", "unlisten c"},
    {"A", "SET", "set local a = 1"},
    {"A", "SHOW", "show a"},
    {"E", "CREATE VIEW", "create view v as select 1"},
    {"A", "CREATE VIEW", "create or replace view v as select 1"},
    {"D", "SELECT", "select 1"},
    {"D", "SELECT", "values (1)"},
    {"D", "SELECT", "table t"},
    {"D", "INSERT", "/* why */ Insert into t values (1)"},
    {"D", "UPDATE", "update t set a = 1"},
    {"D", "DELETE", "delete from t"},
    {"D", "MERGE", "merge into t using u on true when matched then delete"},
    {"D", "INSERT", "with a as (select 1), b as (delete from c) insert into t select 1"},
    {"D", "SELECT", "with recursive a(b) as (select (update_x)) select 1"},
    {"A", "UNKNOWN", "unheard of"},
    {"A", "UNKNOWN", ""},
};

TEST(StatementKind, NamesAndClassesEachStatementOfTheGrammar) {
  for (const Named& named : kNamed) {
    EXPECT_EQ(NameFor(named.sql), named.name) << named.sql;
    EXPECT_EQ(LetterFor(named.sql), named.letter) << named.sql;
  }
}

constexpr std::pair<std::string_view, std::string_view> kClasses[] = {
    // Indexes and storage.
    {"C", "create index on t (a)"},
    {"C", "create unique index i on only t (a)"},
    {"B", "create index concurrently i on t (a)"},
    {"B", "drop index concurrently i"},
    {"C", "reindex table t"},
    {"B", "reindex table concurrently t"},
    {"B", "reindex (verbose, concurrently on) index i"},
    {"C", "reindex (concurrently off) index i"},
    {"C", "cluster t using i"},
    {"C", "refresh materialized view v"},
    {"B", "refresh materialized view concurrently v"},
    {"B", "vacuum t"},
    {"B", "analyze t"},
    {"C", "vacuum full t"},
    {"C", "vacuum (full, analyze) t"},
    {"B", "vacuum (full false) t"},
    {"B", "vacuum (full 0) t"},
    {"C", "vacuum (full 1) t"},
    {"C", "alter table t set logged"},
    {"C", "alter table t set unlogged"},
    {"C", "alter table t set tablespace s"},
    {"C", "alter index i set tablespace s"},
    {"C", "alter materialized view v set access method heap"},
    // Columns.
    {"A", "alter table t add a int"},
    {"A", "alter table t add a int not null default 1 + 1"},
    {"A", "alter table t add a timestamptz default now()"},
    {"A", "alter table t add a timestamptz default current_timestamp"},
    {"A", "alter table t add a text default upper(pg_catalog.lower('A'))"},
    {"C", "alter table t add a timestamptz default clock_timestamp()"},
    {"C", "alter table t add a uuid default gen_random_uuid()"},
    {"C", "alter table t add a text default upper(mine())"},
    {"C", "alter table t add a timestamptz default app.now()"},
    {"C", "alter table t add a int default case when random() > 1 then 1 end"},
    {"C", "alter table t add a serial"},
    {"C", "alter table t add a bigserial"},
    {"C", "alter table t add a smallserial"},
    {"C", "alter table t add a int generated by default as identity"},
    {"C", "alter table t add a int generated always as (b + 1) stored"},
    {"C", "alter table t add a int check (a > 0)"},
    {"C", "alter table t add a int unique"},
    {"C", "alter table t add a int primary key"},
    {"A", "alter table t add a int references u"},
    {"C", "alter table t add a int default 1 references u"},
    {"C", "alter table t add a int, alter b type bigint"},
    {"C", "alter table t alter b type bigint"},
    {"A", "alter type t alter attribute b type bigint"},
    {"A", "alter foreign table t alter b type bigint"},
    {"C", "alter table t alter b set not null"},
    {"A", "alter table t alter b drop not null"},
    {"A", "alter table t alter b set default gen_random_uuid()"},
    {"A", "alter table t alter b set statistics 5"},
    // Constraints.
    {"C", "alter table t add check (a > 0)"},
    {"A", "alter table t add check (a > 0) not valid"},
    {"C", "alter table t add foreign key (a) references u"},
    {"A", "alter table t add foreign key (a) references u not valid"},
    {"C", "alter table t add unique (a)"},
    {"A", "alter table t add unique using index i"},
    {"C", "alter table t add primary key (a)"},
    {"A", "alter table t add primary key using index i"},
    {"C", "alter table t add exclude using gist (a with =)"},
    {"B", "alter table t validate constraint c"},
    {"B", "alter table t validate constraint c, validate constraint d"},
    {"A", "alter table t validate constraint c, drop column d"},
    {"A", "alter table t drop constraint c"},
    {"C", "alter domain d add check (value > 0)"},
    {"A", "alter domain d add check (value > 0) not valid"},
    {"C", "alter domain d validate constraint c"},
    {"C", "alter domain d set not null"},
    // Partitions and new tables.
    {"B", "alter table t detach partition p concurrently"},
    {"A", "alter table t detach partition p"},
    {"A", "alter table t detach partition p finalize"},
    {"C", "alter table t attach partition p default"},
    {"A", "create table t (a int references u)"},
    {"A", "create table t (a int, foreign key (a) references u)"},
    {"A", "create table t (a int references s.t)"},
    {"E", "create table s.t (a int primary key, b int references s.t)"},
    {"E", "create table t (a int check (a > 0) unique, like u)"},
    {"E", "create table t (a int) partition by list (a)"},
    {"A", "create table t partition of u default"},
    {"A", "create table t () inherits (u)"},
    {"A", "create foreign table t () inherits (u) server s"},
};

TEST(StatementKind, ClassFollowsWhatTheStatementDoesUnderItsLock) {
  for (const auto& [letter, sql] : kClasses) EXPECT_EQ(LetterFor(sql), letter) << sql;
}

constexpr std::tuple<Trait, std::string_view, std::string_view> kTraits[] = {
    {Trait::kTransactionControl, "BEGIN", "begin"},
    {Trait::kTransactionControl, "START TRANSACTION", "start transaction read only"},
    {Trait::kTransactionControl, "COMMIT", "commit and chain"},
    {Trait::kTransactionControl, "COMMIT", "end"},
    {Trait::kTransactionControl, "ROLLBACK", "rollback"},
    {Trait::kTransactionControl, "ROLLBACK", "abort"},
    {Trait::kTransactionControl, "PREPARE TRANSACTION", "prepare transaction 'a'"},
    {Trait::kTransactionControl, "COMMIT PREPARED", "commit prepared 'a'"},
    {Trait::kTransactionControl, "ROLLBACK PREPARED", "rollback prepared 'a'"},
    {Trait::kTransactionControl, "SET TRANSACTION", "set transaction read only"},
    {Trait::kTransactionControl, "SET TRANSACTION", "set local transaction_read_only = on"},
    {Trait::kTransactionControl, "SET TRANSACTION", "set transaction snapshot 'a'"},
    {Trait::kTransactionControl, "SET SESSION CHARACTERISTICS",
     "set session characteristics as transaction read only"},
    {Trait::kNone, "SAVEPOINT", "savepoint a"},
    {Trait::kNone, "ROLLBACK TO", "rollback to a"},
    {Trait::kNone, "RELEASE", "release a"},
    {Trait::kSetRole, "SET ROLE", "set role r"},
    {Trait::kSetRole, "SET ROLE", "set local role r"},
    {Trait::kSetRole, "RESET ROLE", "reset role"},
    {Trait::kSetRole, "SET SESSION AUTHORIZATION", "set session authorization default"},
    {Trait::kSetRole, "RESET SESSION AUTHORIZATION", "reset session authorization"},
    {Trait::kDiscard, "DISCARD ALL", "discard all"},
    {Trait::kDiscard, "DISCARD PLANS", "discard plans"},
    {Trait::kDiscard, "RESET ALL", "reset all"},
    {Trait::kStringSyntax, "SET", "set standard_conforming_strings = off"},
    {Trait::kSessionSetting, "SET", "set standard_conforming_strings = on"},
    {Trait::kSessionSetting, "SET", "set search_path = a"},
    {Trait::kSessionSetting, "SET", "set session search_path to default"},
    {Trait::kSessionSetting, "SET", "set time zone 'UTC'"},
    {Trait::kSessionSetting, "RESET", "reset search_path"},
    {Trait::kNone, "SET", "set local search_path = a"},
    {Trait::kCopyStdin, "COPY FROM STDIN", "copy t from stdin"},
    {Trait::kCopyStdin, "COPY TO STDOUT", "copy (select 1) to stdout"},
    {Trait::kNone, "COPY", "copy t from program 'cat'"},
    {Trait::kNeedsNoTransaction, "VACUUM", "vacuum"},
    {Trait::kNone, "ANALYZE", "analyze"},
    {Trait::kNeedsNoTransaction, "CREATE DATABASE", "create database d"},
    {Trait::kNeedsNoTransaction, "DROP DATABASE", "drop database d"},
    {Trait::kNeedsNoTransaction, "ALTER DATABASE", "alter database d set tablespace t"},
    {Trait::kNone, "ALTER DATABASE", "alter database d owner to r"},
    {Trait::kNeedsNoTransaction, "CREATE TABLESPACE", "create tablespace t location '/x'"},
    {Trait::kNeedsNoTransaction, "DROP TABLESPACE", "drop tablespace t"},
    {Trait::kNeedsNoTransaction, "ALTER SYSTEM", "alter system reset all"},
    {Trait::kNeedsNoTransaction, "CLUSTER", "cluster"},
    {Trait::kNone, "CLUSTER", "cluster t"},
    {Trait::kNeedsNoTransaction, "REINDEX", "reindex database d"},
    {Trait::kNeedsNoTransaction, "REINDEX", "reindex schema s"},
    {Trait::kNone, "REINDEX", "reindex index i"},
    {Trait::kNone, "REINDEX", "reindex table t"},
    {Trait::kNone, "REFRESH MATERIALIZED VIEW CONCURRENTLY",
     "refresh materialized view concurrently v"},
    {Trait::kNeedsNoTransaction, "CREATE SUBSCRIPTION",
     "create subscription s connection '' publication p"},
    {Trait::kNone, "CREATE SUBSCRIPTION",
     "create subscription s connection '' publication p with (connect = false)"},
    {Trait::kNone, "CREATE SUBSCRIPTION",
     "create subscription s connection '' publication p with (create_slot = off)"},
    {Trait::kNeedsNoTransaction, "ALTER SUBSCRIPTION", "alter subscription s refresh publication"},
    {Trait::kNeedsNoTransaction, "ALTER SUBSCRIPTION", "alter subscription s set publication p"},
    {Trait::kNone, "ALTER SUBSCRIPTION",
     "alter subscription s set publication p with (refresh = false)"},
    {Trait::kNone, "ALTER TABLE", "alter table t validate constraint c, add d int"},
    {Trait::kNone, "ALTER TYPE", "alter type t rename value 'a' to 'b'"},
};

TEST(StatementKind, FindsWhatBreaksARun) {
  for (const auto& [trait, name, sql] : kTraits) {
    EXPECT_EQ(TraitOf(sql), trait) << sql;
    EXPECT_EQ(NameFor(sql), name) << sql;
  }
}

void ExpectNames(std::string_view sql, Trait trait, std::string_view schema,
                 std::string_view relation, std::string_view object) {
  const StatementKind kind = ClassifyStatement(sql);
  EXPECT_EQ(kind.trait, trait) << sql;
  EXPECT_EQ(kind.schema, schema) << sql;
  EXPECT_EQ(kind.relation, relation) << sql;
  EXPECT_EQ(kind.object, object) << sql;
}

TEST(StatementKind, NamesWhatARecoveryLooksFor) {
  ExpectNames("create index concurrently \"I\" on s.t (a)", Trait::kCreateIndexConcurrently, "s",
              "t", "I");
  ExpectNames("create index concurrently on t (a)", Trait::kCreateIndexConcurrently, "", "t", "");
  ExpectNames("drop index concurrently if exists s.i", Trait::kDropIndexConcurrently, "s", "", "i");
  ExpectNames("reindex index concurrently s.i", Trait::kReindexConcurrently, "s", "", "i");
  ExpectNames("reindex table concurrently s.t", Trait::kReindexConcurrently, "s", "t", "");
  ExpectNames("reindex schema concurrently s", Trait::kReindexConcurrently, "s", "", "");
  ExpectNames("alter table s.t detach partition s.p concurrently", Trait::kDetachConcurrently, "s",
              "t", "p");
  ExpectNames("alter table only s.t validate constraint c", Trait::kValidateConstraint, "s", "t",
              "c");
  ExpectNames("alter type s.e add value 'it''s'", Trait::kAddEnumValue, "s", "e", "it's");
  ExpectNames("set work_mem = 1", Trait::kSessionSetting, "", "", "work_mem");
}

TEST(StatementKind, TellsIfNotExists) {
  EXPECT_TRUE(ClassifyStatement("create index concurrently if not exists i on t(a)").if_not_exists);
  EXPECT_TRUE(ClassifyStatement("create table if not exists t ()").if_not_exists);
  EXPECT_TRUE(ClassifyStatement("alter type e add value if not exists 'a'").if_not_exists);
  EXPECT_FALSE(ClassifyStatement("create index concurrently i on t(a)").if_not_exists);
  EXPECT_FALSE(ClassifyStatement("alter type e add value 'a'").if_not_exists);
}

// Faults: D19.
TEST(StatementKind, FindsAdvisoryUnlocksWhereverTheyCouldRun) {
  EXPECT_TRUE(Unlocks("select pg_advisory_unlock(1)"));
  EXPECT_TRUE(Unlocks("select PG_Catalog.PG_Advisory_Unlock_All()"));
  EXPECT_TRUE(Unlocks("select \"pg_advisory_unlock_shared\"(1)"));
  EXPECT_TRUE(Unlocks("insert into t select pg_advisory_unlock(1)"));
  EXPECT_TRUE(Unlocks("unheard of pg_advisory_unlock(1)"));
  EXPECT_TRUE(Unlocks("do $x$pg_advisory_unlock(1)$x$"));
  EXPECT_TRUE(Unlocks("do $$begin -- a ' quote\n perform pg_advisory_unlock(1); end$$"));
  EXPECT_TRUE(Unlocks("do $$begin execute 'select pg_advisory_unlock_all()'; end$$"));
  EXPECT_TRUE(Unlocks("do E'begin perform pg_advisory_unlock(1); end'"));
  EXPECT_TRUE(
      Unlocks("create function f() returns int begin atomic select "
              "pg_advisory_unlock(1); end"));
}

TEST(StatementKind, ACommentOrALongerNameIsNoUnlock) {
  EXPECT_FALSE(Unlocks("select 1 -- pg_advisory_unlock(1)"));
  EXPECT_FALSE(Unlocks("select /* pg_advisory_unlock(1) */ pg_advisory_xact_lock(1)"));
  EXPECT_FALSE(Unlocks("do $$begin -- pg_advisory_unlock(1)\n end$$"));
  EXPECT_FALSE(Unlocks("select my_pg_advisory_unlock(1)"));
  EXPECT_FALSE(Unlocks("select pg_advisory_unlocked(1)"));
}

std::string CommentInQuotes(int depth) {
  std::string text = "-- pg_advisory_unlock\n";
  for (int i = 0; i < depth; ++i) {
    const std::string tag = "$q" + std::to_string(i) + "$";
    text = tag + text + tag;
  }
  return "do " + text;
}

// Each missing end is a body in a body, and they could exhaust the stack.
TEST(StatementKind, LooksOnlySoDeepAndThenSuspectsTheWorst) {
  EXPECT_FALSE(Unlocks(CommentInQuotes(5)));
  EXPECT_TRUE(Unlocks(CommentInQuotes(12)));
  std::string quotes = "select '";
  for (int i = 0; i < 20000; ++i) quotes += "''";
  EXPECT_TRUE(Unlocks(quotes + " pg_advisory_unlock(1)"));
}

TEST(StatementKind, ALongBodyIsNoHindrance) {
  const std::string body(200 * 1024, 'x');
  EXPECT_EQ(NameFor("create function f() returns int language plpgsql as $$" + body + "$$"),
            "CREATE FUNCTION");
  EXPECT_EQ(NameFor("comment on /* " + body + " */ table t is '" + body + "'"), "COMMENT");
}

// A chain of operators nests as deeply as it is long, in the parser's output and in its JSON.
TEST(StatementKind, AnEndlessExpressionIsUnknownAndNoCrash) {
  for (const int terms : {20000, 300000}) {
    std::string view = "create view v as select 1";
    for (int i = 0; i < terms; ++i) view += "+1";
    EXPECT_EQ(NameFor(view), "UNKNOWN") << terms;
  }
}

}  // namespace
}  // namespace lockstep

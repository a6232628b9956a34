#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "base/error.h"
#include "postgres/quoting.h"
#include "postgres/schema_fingerprint.h"
#include "postgres/schema_queries.h"
#include "support/test_database.h"

namespace lockstep {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::SizeIs;
using What = SchemaDifference::What;

SchemaFingerprint Read(const TestDatabase& db) {
  return ReadSchemaFingerprint(*db.Open().session, "lockstep", "public.alembic_version");
}

std::vector<std::string> ObjectsOf(const std::vector<SchemaDifference>& differences) {
  std::vector<std::string> objects;
  for (const SchemaDifference& difference : differences) objects.push_back(difference.object);
  return objects;
}

// What a forgetful rollback leaves, found and named. `$R` is a role of the test's own.
struct Change {
  std::string name;
  std::string create;  // in schema s, which is there
  std::string change;
  std::string undo;                  // of the change
  std::vector<std::string> objects;  // that differ after the change; sorted
  std::string drop;                  // of what is not in schema s
};

std::string WithRole(std::string text, const std::string& role) {
  for (auto at = text.find("$R"); at != std::string::npos; at = text.find("$R")) {
    text.replace(at, 2, role);
  }
  return text;
}

// A session's own search path is empty, so that the scripts name everything with its schema.
void Execute(Session& session, const std::string& script) {
  const Reply reply = session.Send(script);
  ASSERT_TRUE(reply.ok()) << reply.error->message << " in: " << script;
}

void Check(Session& session, const std::string& role, const Change& given) {
  SCOPED_TRACE(given.name);
  const auto read = [&] { return ReadSchemaFingerprint(session, "lockstep", ""); };
  const SchemaFingerprint empty = read();
  Execute(session, "create schema s; " + WithRole(given.create, role));
  const SchemaFingerprint before = read();
  Execute(session, WithRole(given.change, role));
  std::vector<std::string> expected;
  for (const std::string& object : given.objects) expected.push_back(WithRole(object, role));
  EXPECT_THAT(ObjectsOf(Compare(before, read())), ElementsAreArray(expected));
  Execute(session, WithRole(given.undo, role));
  EXPECT_THAT(Compare(before, read()), IsEmpty()) << "undone";
  Execute(session, WithRole(given.drop, role) + "; drop schema s cascade");
  EXPECT_THAT(Compare(empty, read()), IsEmpty()) << "dropped";
}

// One database for all of a group: each change leaves nothing.
void CheckAll(const std::vector<Change>& changes) {
  TestDatabase db;
  const std::string role = db.CreateRole("other", "secret");
  const OpenedSession opened = db.Open();
  for (const Change& change : changes) Check(*opened.session, role, change);
}

constexpr const char* kTable = "create table s.t (a int, b text);";
constexpr const char* kFunction =
    "create function s.f(a int) returns int language sql as 'select a';";
constexpr const char* kTriggerFunction =
    "create function s.g() returns trigger language plpgsql as 'begin return null; end';"
    "create table s.t (a int, b text);";
constexpr const char* kWrapper =
    "create foreign data wrapper w; create server v foreign data wrapper w;";
constexpr const char* kDropWrapper = "drop foreign data wrapper w cascade";

TEST(SchemaFingerprintTest, NoticesTables) {
  CheckAll({
      {"schema", "", "create schema other", "drop schema other", {"schema other"}, ""},
      {"schema_owner",
       "",
       "alter schema s owner to $R",
       "alter schema s owner to current_user",
       {"schema s"},
       ""},
      {"table", "", "create table s.t ()", "drop table s.t", {"table s.t"}, ""},
      {"table_owner",
       kTable,
       "alter table s.t owner to $R",
       "alter table s.t owner to current_user",
       {"table s.t"},
       ""},
      {"unlogged",
       kTable,
       "alter table s.t set unlogged",
       "alter table s.t set logged",
       {"table s.t"},
       ""},
      {"table_option",
       kTable,
       "alter table s.t set (fillfactor = 70)",
       "alter table s.t reset (fillfactor)",
       {"table s.t"},
       ""},
      {"toast_option",
       kTable,
       "alter table s.t set (toast.autovacuum_enabled = off)",
       "alter table s.t reset (toast.autovacuum_enabled)",
       {"table s.t"},
       ""},
      {"row_security",
       kTable,
       "alter table s.t enable row level security",
       "alter table s.t disable row level security",
       {"table s.t"},
       ""},
      {"forced_row_security",
       kTable,
       "alter table s.t force row level security",
       "alter table s.t no force row level security",
       {"table s.t"},
       ""},
      {"replica_identity",
       kTable,
       "alter table s.t replica identity full",
       "alter table s.t replica identity default",
       {"table s.t"},
       ""},
      {"inheritance",
       "create table s.p (a int); create table s.t (a int);",
       "alter table s.t inherit s.p",
       "alter table s.t no inherit s.p",
       {"column s.t.a", "table s.t"},
       ""},
      {"typed_table",
       "create type s.y as (a int); create table s.t (a int);",
       "alter table s.t of s.y",
       "alter table s.t not of",
       {"table s.t"},
       ""},
      {"partition_bound",
       "create table s.p (a int) partition by list (a);"
       "create table s.t partition of s.p for values in (1);",
       "alter table s.p detach partition s.t; alter table s.p attach partition s.t for values in "
       "(2)",
       "alter table s.p detach partition s.t; alter table s.p attach partition s.t for values in "
       "(1)",
       {"table s.t"},
       ""},
      {"partition_key",
       "create table s.t (a int, b int) partition by list (a)",
       "drop table s.t; create table s.t (a int, b int) partition by list (b)",
       "drop table s.t; create table s.t (a int, b int) partition by list (a)",
       {"table s.t"},
       ""},
  });
}

TEST(SchemaFingerprintTest, NoticesColumns) {
  CheckAll({
      {"column",
       kTable,
       "alter table s.t add c int",
       "alter table s.t drop c",
       {"column s.t.c"},
       ""},
      {"column_type",
       kTable,
       "alter table s.t alter b type varchar(9)",
       "alter table s.t alter b type text",
       {"column s.t.b"},
       ""},
      {"column_order",
       "create table s.t (b int, a int, c text)",
       "alter table s.t drop b, add b int",
       "drop table s.t; create table s.t (b int, a int, c text)",
       {"column s.t.a", "column s.t.b", "column s.t.c"},
       ""},
      {"not_null",
       kTable,
       "alter table s.t alter a set not null",
       "alter table s.t alter a drop not null",
       {"column s.t.a"},
       ""},
      {"default",
       kTable,
       "alter table s.t alter a set default 7",
       "alter table s.t alter a drop default",
       {"column s.t.a"},
       ""},
      {"view_column_default",
       "create view s.v as select 1 as a",
       "alter view s.v alter a set default 7",
       "alter view s.v alter a drop default",
       {"column s.v.a"},
       ""},
      {"generated",
       "create table s.t (a int, b int generated always as (a + 1) stored)",
       "alter table s.t alter b drop expression",
       "alter table s.t drop b, add b int generated always as (a + 1) stored",
       {"column s.t.b"},
       ""},
      {"identity",
       "create table s.t (a int generated always as identity)",
       "alter table s.t alter a set generated by default",
       "alter table s.t alter a set generated always",
       {"column s.t.a"},
       ""},
      {"collate",
       kTable,
       "alter table s.t alter b type text collate \"C\"",
       "alter table s.t alter b type text collate \"default\"",
       {"column s.t.b"},
       ""},
      {"storage",
       kTable,
       "alter table s.t alter b set storage external",
       "alter table s.t alter b set storage extended",
       {"column s.t.b"},
       ""},
      {"compression",
       kTable,
       "alter table s.t alter b set compression pglz",
       "alter table s.t alter b set compression default",
       {"compression of s.t.b"},
       ""},
      {"column_statistics",
       kTable,
       "alter table s.t alter b set statistics 50",
       "alter table s.t alter b set statistics -1",
       {"column s.t.b"},
       ""},
      {"column_option",
       kTable,
       "alter table s.t alter b set (n_distinct = 5)",
       "alter table s.t alter b reset (n_distinct)",
       {"column s.t.b"},
       ""},
      {"composite",
       "create type s.y as (a int, b text)",
       "alter type s.y alter attribute a type text",
       "alter type s.y alter attribute a type int",
       {"column s.y.a"},
       ""},
  });
}

TEST(SchemaFingerprintTest, NoticesConstraintsAndIndexes) {
  CheckAll({
      {"check",
       kTable,
       "alter table s.t add constraint k check (a > 0)",
       "alter table s.t drop constraint k",
       {"constraint s.t.k"},
       ""},
      {"not_valid",
       "create table s.t (a int);"
       "alter table s.t add constraint k check (a > 0) not valid;",
       "alter table s.t validate constraint k",
       "alter table s.t drop constraint k, add constraint k check (a > 0) not valid",
       {"constraint s.t.k"},
       ""},
      {"foreign_key",
       "create table s.p (a int primary key);"
       "create table s.t (a int constraint k references s.p on delete cascade);",
       "alter table s.t drop constraint k, add constraint k foreign key (a) references s.p",
       "alter table s.t drop constraint k,"
       " add constraint k foreign key (a) references s.p on delete cascade",
       {"constraint s.t.k"},
       ""},
      {"foreign_key_triggers",
       "create table s.p (a int primary key); create table s.t (a int constraint k references "
       "s.p);",
       "alter table s.t disable trigger all",
       "alter table s.t enable trigger all",
       {"constraint s.t.k"},
       ""},
      {"deferrable",
       "create table s.t (a int constraint k unique deferrable)",
       "alter table s.t drop constraint k,"
       " add constraint k unique (a) deferrable initially deferred",
       "alter table s.t drop constraint k, add constraint k unique (a) deferrable",
       {"constraint s.t.k"},
       ""},
      {"exclusion",
       kTable,
       "alter table s.t add constraint k exclude (a with =)",
       "alter table s.t drop constraint k",
       {"constraint s.t.k", "index s.t.k"},
       ""},
      {"index", kTable, "create index i on s.t (a)", "drop index s.i", {"index s.t.i"}, ""},
      {"index_columns",
       "create table s.t (a int, b int); create index i on s.t (a, b);",
       "drop index s.i; create index i on s.t (b, a)",
       "drop index s.i; create index i on s.t (a, b)",
       {"index s.t.i"},
       ""},
      {"index_predicate",
       "create table s.t (a int); create index i on s.t (a) where a > 0;",
       "drop index s.i; create index i on s.t (a)",
       "drop index s.i; create index i on s.t (a) where a > 0",
       {"index s.t.i"},
       ""},
      {"clustered",
       "create table s.t (a int); create index i on s.t (a);",
       "alter table s.t cluster on i",
       "alter table s.t set without cluster",
       {"index s.t.i"},
       ""},
      {"index_statistics",
       "create table s.t (a int); create index i on s.t ((a + 1));",
       "alter index s.i alter 1 set statistics 50",
       "alter index s.i alter 1 set statistics -1",
       {"index s.t.i"},
       ""},
      {"invalid_index",
       "create table s.t (a int); create index i on s.t (a);",
       "set allow_system_table_mods = on;"
       "update pg_index set indisvalid = false where indexrelid = 's.i'::regclass",
       "set allow_system_table_mods = on;"
       "update pg_index set indisvalid = true where indexrelid = 's.i'::regclass",
       {"index s.t.i"},
       ""},
      {"attached_index",
       "create table s.p (a int) partition by list (a);"
       "create table s.t partition of s.p default; create index i on s.t (a);"
       "create index j on only s.p (a);",
       "alter index s.j attach partition s.i",
       "drop index s.j; create index i on s.t (a); create index j on only s.p (a)",
       {"index s.p.j", "index s.t.i"},
       ""},
  });
}

TEST(SchemaFingerprintTest, NoticesTypesAndSequences) {
  CheckAll({
      {"enum_label",
       "create type s.e as enum ('a', 'c')",
       "alter type s.e add value 'b' before 'c'",
       "drop type s.e; create type s.e as enum ('a', 'c')",
       {"type s.e"},
       ""},
      {"enum_order",
       "create type s.e as enum ('a', 'b')",
       "drop type s.e; create type s.e as enum ('b', 'a')",
       "drop type s.e; create type s.e as enum ('a', 'b')",
       {"type s.e"},
       ""},
      {"domain",
       "create domain s.d as int",
       "alter domain s.d set default 3",
       "alter domain s.d drop default",
       {"domain s.d"},
       ""},
      {"domain_not_null",
       "create domain s.d as int",
       "alter domain s.d set not null",
       "alter domain s.d drop not null",
       {"domain s.d"},
       ""},
      {"domain_check",
       "create domain s.d as int",
       "alter domain s.d add constraint k check (value > 0)",
       "alter domain s.d drop constraint k",
       {"constraint s.d.k"},
       ""},
      {"range",
       "create type s.r as range (subtype = float8)",
       "drop type s.r; create type s.r as range (subtype = float8, subtype_diff = float8mi)",
       "drop type s.r; create type s.r as range (subtype = float8)",
       {"type s.r"},
       ""},
      {"base_type",
       "create type s.y;"
       "create function s.i(cstring) returns s.y language internal immutable strict as 'textin';"
       "create function s.o(s.y) returns cstring language internal immutable strict as 'textout';"
       "create type s.y (input = s.i, output = s.o, like = text);",
       "alter type s.y set (storage = external)",
       "alter type s.y set (storage = extended)",
       {"type s.y"},
       ""},
      {"shell_type", "", "create type s.y", "drop type s.y", {"type s.y"}, ""},
      {"sequence",
       "create sequence s.q",
       "alter sequence s.q increment 2",
       "alter sequence s.q increment 1",
       {"sequence s.q"},
       ""},
      {"sequence_owner",
       "create sequence s.q; create table s.t (a int);",
       "alter sequence s.q owned by s.t.a",
       "alter sequence s.q owned by none",
       {"sequence s.q"},
       ""},
  });
}

TEST(SchemaFingerprintTest, NoticesRoutinesAndOperators) {
  CheckAll({
      {"function_body",
       kFunction,
       "create or replace function s.f(a int) returns int language sql as 'select a + 1'",
       "create or replace function s.f(a int) returns int language sql as 'select a'",
       {"function s.f(integer)"},
       ""},
      {"function_attributes",
       kFunction,
       "alter function s.f immutable security definer",
       "alter function s.f volatile security invoker",
       {"function s.f(integer)"},
       ""},
      {"overload",
       kFunction,
       "create function s.f(a text) returns int language sql as 'select 1'",
       "drop function s.f(text)",
       {"function s.f(text)"},
       ""},
      {"function_setting",
       kFunction,
       "alter function s.f set search_path = s",
       "alter function s.f reset search_path",
       {"function s.f(integer)"},
       ""},
      {"procedure",
       "create procedure s.p() language sql as 'select 1'",
       "create or replace procedure s.p() language sql as 'select 2'",
       "create or replace procedure s.p() language sql as 'select 1'",
       {"procedure s.p()"},
       ""},
      {"aggregate",
       "create aggregate s.a(int) (sfunc = int4pl, stype = int, initcond = '0')",
       "create or replace aggregate s.a(int) (sfunc = int4pl, stype = int, initcond = '1')",
       "create or replace aggregate s.a(int) (sfunc = int4pl, stype = int, initcond = '0')",
       {"aggregate s.a(integer)"},
       ""},
      {"operator",
       "create operator s.=== (leftarg = int, rightarg = int, function = int4eq)",
       "alter operator s.=== (int, int) set (restrict = eqsel)",
       "alter operator s.=== (int, int) set (restrict = none)",
       {"operator s.===(integer,integer)"},
       ""},
      {"operator_family",
       "create operator family s.o using btree",
       "alter operator family s.o using btree add function 1 (int, int) btint4cmp(int, int)",
       "alter operator family s.o using btree drop function 1 (int, int)",
       {"operator family s.o USING btree"},
       ""},
      {"operator_class",
       "create operator family s.o using btree",
       "create operator class s.c for type int using btree family s.o as function 1 btint4cmp(int, "
       "int)",
       "drop operator class s.c using btree",
       {"operator class s.c USING btree", "operator family s.o USING btree"},
       ""},
  });
}

TEST(SchemaFingerprintTest, NoticesTriggersViewsAndPolicies) {
  CheckAll({
      {"trigger",
       kTriggerFunction,
       "create trigger r after insert on s.t execute function s.g()",
       "drop trigger r on s.t",
       {"trigger s.t.r"},
       ""},
      {"trigger_state",
       std::string(kTriggerFunction) +
           "create trigger r after insert on s.t execute function s.g();",
       "alter table s.t disable trigger r",
       "alter table s.t enable trigger r",
       {"trigger s.t.r"},
       ""},
      {"event_trigger",
       "create function s.h() returns event_trigger language plpgsql as 'begin end';"
       "create event trigger e on sql_drop execute function s.h();",
       "alter event trigger e disable",
       "alter event trigger e enable",
       {"event trigger e"},
       "drop event trigger e"},
      {"rule",
       kTable,
       "create rule u as on delete to s.t do instead nothing",
       "drop rule u on s.t",
       {"rule s.t.u"},
       ""},
      {"view",
       "create table s.t (a int, b int); create view s.v as select a from s.t;",
       "create or replace view s.v as select b as a from s.t",
       "create or replace view s.v as select a from s.t",
       {"view s.v"},
       ""},
      {"view_option",
       "create view s.v as select 1 as a",
       "alter view s.v set (security_barrier)",
       "alter view s.v reset (security_barrier)",
       {"view s.v"},
       ""},
      {"materialized_view",
       "create materialized view s.m as select 1 as a",
       "refresh materialized view s.m with no data",
       "refresh materialized view s.m",
       {"materialized view s.m"},
       ""},
      {"policy",
       std::string(kTable) + "create policy p on s.t to $R using (a > 0);",
       "alter policy p on s.t using (a > 1)",
       "alter policy p on s.t using (a > 0)",
       {"policy s.t.p"},
       ""},
      {"policy_roles",
       std::string(kTable) + "create policy p on s.t using (a > 0);",
       "alter policy p on s.t to $R",
       "alter policy p on s.t to public",
       {"policy s.t.p"},
       ""},
  });
}

TEST(SchemaFingerprintTest, NoticesWhatBelongsToTheDatabase) {
  CheckAll({
      {"publication",
       "create publication p",
       "alter publication p set (publish = 'insert')",
       "alter publication p set (publish = 'insert, update, delete, truncate')",
       {"publication p"},
       "drop publication p"},
      {"published_table",
       std::string(kTable) + "create publication p;",
       "alter publication p add table s.t (a) where (a > 0)",
       "alter publication p drop table s.t",
       {"publication filter p.s.t", "publication table p.s.t"},
       "drop publication p"},
      {"published_schema",
       "create publication p",
       "alter publication p add tables in schema s",
       "alter publication p drop tables in schema s",
       {"publication schema p.s"},
       "drop publication p"},
      {"subscription",
       "create subscription b connection 'dbname=x' publication p with (connect = false)",
       "alter subscription b set (synchronous_commit = on)",
       "alter subscription b set (synchronous_commit = off)",
       {"subscription b"},
       "alter subscription b set (slot_name = none); drop subscription b"},
      {"statistics",
       std::string(kTable) + "create statistics s.x (ndistinct) on a, b from s.t;",
       "alter statistics s.x set statistics 50",
       "alter statistics s.x set statistics -1",
       {"statistics s.x"},
       ""},
      {"extension",
       "",
       "create extension citext schema s",
       "drop extension citext",
       {"comment on extension citext", "extension citext"},
       ""},
      {"cast",
       "create type s.y as (a int)",
       "create cast (s.y as int) with inout",
       "drop cast (s.y as int)",
       {"cast (s.y AS integer)"},
       ""},
      {"collation",
       "create collation s.c (provider = libc, locale = 'C')",
       "drop collation s.c; create collation s.c (provider = libc, locale = 'POSIX')",
       "drop collation s.c; create collation s.c (provider = libc, locale = 'C')",
       {"collation s.c for UTF8"},
       ""},
      {"conversion",
       "",
       "create conversion s.c for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8",
       "drop conversion s.c",
       {"conversion s.c"},
       ""},
      {"text_search_configuration",
       "create text search configuration s.c (copy = simple)",
       "alter text search configuration s.c alter mapping for word with english_stem",
       "alter text search configuration s.c alter mapping for word with simple",
       {"text search configuration s.c"},
       ""},
      {"text_search_dictionary",
       "create text search dictionary s.d (template = simple)",
       "alter text search dictionary s.d (accept = false)",
       "alter text search dictionary s.d (accept)",
       {"text search dictionary s.d"},
       ""},
      {"text_search_parser",
       "",
       "create text search parser s.p (start = prsd_start, gettoken = prsd_nexttoken,"
       " end = prsd_end, lextypes = prsd_lextype)",
       "drop text search parser s.p",
       {"text search parser s.p"},
       ""},
      {"text_search_template",
       "",
       "create text search template s.m (lexize = dsimple_lexize)",
       "drop text search template s.m",
       {"text search template s.m"},
       ""},
      {"foreign_data_wrapper",
       kWrapper,
       "alter foreign data wrapper w options (add k 'v')",
       "alter foreign data wrapper w options (drop k)",
       {"foreign data wrapper w"},
       kDropWrapper},
      {"foreign_server",
       kWrapper,
       "alter server v options (add host 'h')",
       "alter server v options (drop host)",
       {"foreign server v"},
       kDropWrapper},
      {"foreign_table",
       std::string(kWrapper) + "create foreign table s.t (a int) server v options (k 'v');",
       "alter foreign table s.t options (set k 'w')",
       "alter foreign table s.t options (set k 'v')",
       {"foreign table s.t"},
       kDropWrapper},
      {"user_mapping",
       std::string(kWrapper) + "create user mapping for public server v options (password 'one');",
       "alter user mapping for public server v options (set password 'two')",
       "alter user mapping for public server v options (set password 'one')",
       {"user mapping public on v"},
       kDropWrapper},
      {"default_privileges",
       "",
       "alter default privileges in schema s grant select on tables to $R",
       "alter default privileges in schema s revoke select on tables from $R",
       {"default privileges of postgres in schema s on tables"},
       ""},
      {"language",
       "create language l handler plpgsql_call_handler",
       "create or replace language l handler plpgsql_call_handler validator plpgsql_validator",
       "drop language l; create language l handler plpgsql_call_handler",
       {"language l"},
       "drop language l"},
      {"transform",
       "create function s.i(internal) returns internal language internal immutable as "
       "'generate_series_int4_support'",
       "create transform for int language sql (from sql with function s.i(internal))",
       "drop transform for int language sql",
       {"transform for integer on language sql"},
       ""},
      {"access_method",
       "",
       "create access method m type index handler bthandler",
       "drop access method m",
       {"access method m"},
       ""},
      {"database_setting",
       "",
       "do $$ begin execute format('alter database %I set work_mem = 8192', current_database()); "
       "end "
       "$$",
       "do $$ begin execute format('alter database %I reset work_mem', current_database()); end $$",
       {"setting work_mem of the database"},
       ""},
  });
}

TEST(SchemaFingerprintTest, NoticesCommentsAndGrants) {
  CheckAll({
      {"comment",
       kTable,
       "comment on column s.t.a is 'x'",
       "comment on column s.t.a is null",
       {"comment on table column s.t.a"},
       ""},
      {"comment_on_constraint",
       "create table s.t (a int constraint k check (a > 0))",
       "comment on constraint k on s.t is 'x'",
       "comment on constraint k on s.t is null",
       {"comment on table constraint k on s.t"},
       ""},
      {"grant_on_table",
       kTable,
       "grant select on s.t to $R",
       "revoke select on s.t from $R",
       {"grant of select on table s.t to $R"},
       ""},
      {"grant_option",
       std::string(kTable) + "grant select on s.t to $R;",
       "grant select on s.t to $R with grant option",
       "revoke grant option for select on s.t from $R",
       {"grant of select on table s.t to $R"},
       ""},
      {"grant_on_column",
       kTable,
       "grant update (a) on s.t to $R",
       "revoke update (a) on s.t from $R",
       {"grant of update on table column s.t.a to $R"},
       ""},
      {"grant_on_sequence",
       "create sequence s.q",
       "grant usage on sequence s.q to $R",
       "revoke usage on sequence s.q from $R",
       {"grant of usage on sequence s.q to $R"},
       ""},
      {"grant_on_schema",
       "",
       "grant usage on schema s to $R",
       "revoke usage on schema s from $R",
       {"grant of usage on schema s to $R"},
       ""},
      {"revoked_from_public",
       kFunction,
       "revoke execute on function s.f from public",
       "grant execute on function s.f to public",
       {"revocation of execute on function s.f(integer) from public"},
       ""},
      {"revoked_from_owner",
       kTable,
       "revoke delete on s.t from current_user",
       "grant delete on s.t to current_user",
       {"revocation of delete on table s.t from postgres"},
       ""},
      {"grant_on_type",
       "create domain s.d as int",
       "grant usage on domain s.d to $R",
       "revoke usage on domain s.d from $R",
       {"grant of usage on type s.d to $R"},
       ""},
      {"grant_on_language",
       "",
       "grant usage on language plpgsql to $R",
       "revoke usage on language plpgsql from $R",
       {"grant of usage on language plpgsql to $R"},
       ""},
      {"grant_on_server",
       kWrapper,
       "grant usage on foreign server v to $R",
       "revoke usage on foreign server v from $R",
       {"grant of usage on server v to $R"},
       kDropWrapper},
      {"grant_on_wrapper",
       kWrapper,
       "grant usage on foreign data wrapper w to $R",
       "revoke usage on foreign data wrapper w from $R",
       {"grant of usage on foreign-data wrapper w to $R"},
       kDropWrapper},
      {"grant_on_built_in",
       "",
       "grant execute on function pg_catalog.pg_read_file(text) to $R",
       "revoke execute on function pg_catalog.pg_read_file(text) from $R",
       {"grant of execute on function pg_catalog.pg_read_file(pg_catalog.text) to $R"},
       ""},
      {"grant_on_extension_member",
       "create extension citext schema s",
       "revoke execute on function s.citext(boolean) from public",
       "grant execute on function s.citext(boolean) to public",
       {"revocation of execute on function s.citext(boolean) from public"},
       ""},
      // Every name with all that could break out of a literal, an identifier or a line.
      {"odd_names",
       "create table s.\"it's \"\"a\"\"\n$$; \\ é\" (a int)",
       "alter table s.\"it's \"\"a\"\"\n$$; \\ é\" add \"b'\" int;"
       "grant select on s.\"it's \"\"a\"\"\n$$; \\ é\" to $R",
       "alter table s.\"it's \"\"a\"\"\n$$; \\ é\" drop \"b'\";"
       "revoke select on s.\"it's \"\"a\"\"\n$$; \\ é\" from $R",
       {"column s.\"it's \"\"a\"\"\n$$; \\ é\".\"b'\"",
        "grant of select on table s.\"it's \"\"a\"\"\n$$; \\ é\" to $R"},
       ""},
  });
}

TEST(SchemaFingerprintTest, SaysWhatAColumnIs) {
  TestDatabase db;
  db.Sql(
      "create type userrole as enum ('client', 'admin');"
      "create table users (id int, role userrole not null default 'client')");
  EXPECT_EQ(Read(db)["column public.users.role"],
            "2 public.userrole not null default 'client'::public.userrole");
}

TEST(SchemaFingerprintTest, IgnoresWhatIsNoSchema) {
  TestDatabase db;
  db.Sql("create table t (a serial primary key, b int); create index i on t (b)");
  const SchemaFingerprint before = Read(db);
  db.Sql(
      "insert into t (b) select g from generate_series(1, 1000) g; delete from t where a < 500;"
      "analyze t; select nextval('t_a_seq'); select setval('t_a_seq', 7777)");
  db.Sql("alter table t add gone int; alter table t drop gone");
  db.Sql("create temporary table elsewhere (a int)");
  EXPECT_THAT(ObjectsOf(Compare(before, Read(db))), IsEmpty());
  db.Sql(
      "drop table t; create table t (a serial primary key, gone int, b int);"
      "alter table t drop gone; create index i on t (b)");
  EXPECT_THAT(ObjectsOf(Compare(before, Read(db))), IsEmpty()) << "other OIDs, other numbers";
}

TEST(SchemaFingerprintTest, IsTheSameInWhateverSettings) {
  TestDatabase db;
  db.Sql(
      "create type e as enum ('x'); create table t (k e default 'x', a timestamptz default "
      "'2020-01-31 12:00Z', b interval default '25 hours',"
      " c bytea default '\\x00ff', d float8 default 0.1::float8 / 3)");
  const OpenedSession opened = db.Open();
  const auto read = [&] {
    return ReadSchemaFingerprint(*opened.session, "lockstep", "public.alembic_version");
  };
  const SchemaFingerprint before = read();
  ASSERT_TRUE(opened.session
                  ->Send("set search_path = public; set datestyle = 'SQL, DMY';"
                         "set intervalstyle = iso_8601; set timezone = 'Asia/Tokyo';"
                         "set bytea_output = escape; set quote_all_identifiers = on;"
                         "set extra_float_digits = 0")
                  .ok());
  EXPECT_THAT(ObjectsOf(Compare(before, read())), IsEmpty());
  EXPECT_EQ(opened.session->Query("show search_path").Text(0, 0), "public");
}

TEST(SchemaFingerprintTest, LeavesOurOwnBookkeepingOut) {
  TestDatabase db;
  const SchemaFingerprint before = Read(db);
  db.Sql(
      "create schema lockstep; comment on schema lockstep is 'x';"
      "create table lockstep.history (a serial constraint k primary key);"
      "comment on constraint k on lockstep.history is 'x';"
      "comment on column lockstep.history.a is 'x';"
      "create function lockstep.f() returns int language sql as 'select 1';"
      "comment on function lockstep.f() is 'x'; grant all on lockstep.history to public;"
      "revoke execute on function lockstep.f() from public;"
      "create table alembic_version (version_num text constraint v primary key);"
      "comment on table alembic_version is 'x'; grant select on alembic_version to public");
  EXPECT_THAT(ObjectsOf(Compare(before, Read(db))), IsEmpty());
}

TEST(SchemaFingerprintTest, SkipsExactlyTheTableThatItIsTold) {
  TestDatabase db;
  db.Sql("create table alembic_version (a int); create table other (a int)");
  const OpenedSession opened = db.Open();
  const auto all = ReadSchemaFingerprint(*opened.session, "lockstep", "");
  EXPECT_THAT(all, Contains(Key("table public.alembic_version")));
  const auto some = ReadSchemaFingerprint(*opened.session, "lockstep", "public.alembic_version");
  EXPECT_THAT(some, Not(Contains(Key("table public.alembic_version"))));
  EXPECT_THAT(some, Contains(Key("table public.other")));
}

// `$N` in a script is a name with all that could break out of a literal, an identifier or a line.
TEST(SchemaFingerprintTest, TellsObjectsOfAllKindsApartByWhateverNames) {
  TestDatabase db;
  const std::string name = "it's \"a\".b\n$$; \\ %I é\u2028";
  const std::string quoted = QuoteIdentifier(name);
  const std::string role = db.CreateRole(name, "secret");
  const SchemaFingerprint before = Read(db);
  std::string script =
      "create schema $N; set search_path = $N;"
      "create type $N as enum ('$N');"
      "create domain \"$D\" as int constraint $N check (value > 0);"
      "create table t ($N int constraint $N check ($N > 0), b text default '');"
      "create index i on t ($N); create statistics $N on $N, b from t;"
      "create function $N($N int) returns int language sql as 'select 1';"
      "create aggregate a(int) (sfunc = int4pl, stype = int);"
      "create function g() returns trigger language plpgsql as 'begin return null; end';"
      "create trigger $N after insert on t execute function g();"
      "create rule $N as on delete to t do instead nothing; create view v as select $N from t;"
      "create policy $N on t to $R; create sequence q owned by t.$N;"
      "create foreign data wrapper $N; create server $N foreign data wrapper $N;"
      "create user mapping for $R server $N; create publication $N for table t ($N);"
      "create collation $N (provider = libc, locale = 'C');"
      "create text search configuration $N (copy = simple);"
      "comment on constraint $N on t is 'x'; comment on column t.$N is 'x';"
      "grant select ($N) on t to $R; grant usage on schema $N to $R;"
      "alter default privileges for role $R in schema $N grant select on tables to public;"
      "alter table t add c $N default null";
  const auto replace = [&](const std::string& mark, const std::string& text) {
    for (auto at = script.find(mark); at != std::string::npos; at = script.find(mark, at)) {
      script.replace(at, mark.size(), text);
      at += text.size();
    }
  };
  replace("'$N'", QuoteLiteral(name));
  replace("$N", quoted);
  replace("$R", QuoteIdentifier(role));
  db.Sql(script);
  const SchemaFingerprint made = Read(db);
  EXPECT_THAT(made, Contains(Key("index " + quoted + ".t.i")));
  EXPECT_THAT(made, Contains(Key("trigger " + quoted + ".t." + quoted)));
  EXPECT_THAT(made, Contains(Key("function " + quoted + "." + quoted + "(integer)")));
  EXPECT_THAT(made, Contains(Key("grant of select on table column " + quoted + ".t." + quoted +
                                 " to " + QuoteIdentifier(role))));
  for (const SchemaDifference& difference : Compare(before, made)) {
    EXPECT_THAT(ToText(difference), Not(HasSubstr("\n")));
  }
  db.Sql("drop schema " + quoted + " cascade; drop foreign data wrapper " + quoted +
         " cascade; drop publication " + quoted);
  EXPECT_THAT(ObjectsOf(Compare(before, Read(db))), IsEmpty());
}

TEST(SchemaFingerprintTest, TakesOddNamesOfWhatToSkip) {
  TestDatabase db;
  const SchemaFingerprint before = Read(db);
  const std::string schema = "o'dd \\ \"s\n:skip_table";
  db.Sql("create schema " + QuoteIdentifier(schema) + "; create table " + QuoteIdentifier(schema) +
         ".t (a int); create table \"al'em\\\" (a int)");
  EXPECT_THAT(Compare(before, ReadSchemaFingerprint(*db.Open().session, schema, "public.al'em\\")),
              IsEmpty());
}

TEST(SchemaFingerprintTest, IsNotMisledByTemporaryObjectsOfTheSession) {
  TestDatabase db;
  const OpenedSession opened = db.Open();
  const auto read = [&] { return ReadSchemaFingerprint(*opened.session, "lockstep", ""); };
  const SchemaFingerprint before = read();
  ASSERT_TRUE(opened.session
                  ->Send("create temporary table pg_class (oid int);"
                         "create domain pg_temp.text as int; create domain pg_temp.oid as int;"
                         "create temporary table ours (oid int)")
                  .ok());
  EXPECT_THAT(ObjectsOf(Compare(before, read())), IsEmpty());
}

TEST(SchemaFingerprintTest, CanBeReadByOneWhoOwnsNothing) {
  TestDatabase db;
  db.Sql(
      "create table t (a int); create foreign data wrapper w;"
      "create server v foreign data wrapper w;"
      "create user mapping for current_user server v options (password 'canary')");
  const std::string role = db.CreateRole("plain", "secret");
  const OpenedSession opened = OpenSession(db.UrlAs(role, "secret"), {});
  EXPECT_THAT(ReadSchemaFingerprint(*opened.session, "lockstep", ""),
              Contains(Key("table public.t")));
}

// Makes an object of each kind that can hold a secret.
void MakeSecretive(const TestDatabase& db, const std::string& secret) {
  const std::string value = "'" + secret + "'";
  db.Sql("create foreign data wrapper w options (api_token " + value +
         "); create server v foreign data wrapper w options (host 'h', password " + value +
         "); create foreign table t () server v options (secret_key " + value +
         "); create user mapping for public server v options (user 'u', password " + value +
         "); alter database " + QuoteIdentifier(db.name()) + " set app.jwt_secret = " + value);
}

// The option's own name is shown, and of its value that it is another now.
TEST(SchemaFingerprintTest, HoldsNoPassword) {
  TestDatabase db;
  MakeSecretive(db, "canary-one");
  const SchemaFingerprint before = Read(db);
  db.Sql("drop foreign data wrapper w cascade");
  MakeSecretive(db, "canary-two");
  const SchemaFingerprint after = Read(db);
  for (const auto& [object, definition] : after) {
    EXPECT_THAT(object + definition, Not(HasSubstr("canary")));
  }
  EXPECT_THAT(ObjectsOf(Compare(before, after)),
              ElementsAre("foreign data wrapper w", "foreign server v", "foreign table public.t",
                          "setting app.jwt_secret of the database", "user mapping public on v"));
  EXPECT_THAT(after.at("foreign server v"), HasSubstr("host='h' password=digest "));
}

TEST(SchemaFingerprintTest, DoesNotAskHowASubscriptionConnects) {
  EXPECT_THAT(SchemaMessage(150000, "lockstep", ""), Not(HasSubstr("subconninfo")));
}

// No label provider is installed here, so the row is written as one would.
TEST(SchemaFingerprintTest, SeesSecurityLabels) {
  TestDatabase db;
  db.Sql("create table t (a int)");
  const SchemaFingerprint before = Read(db);
  db.Sql(
      "set allow_system_table_mods = on; insert into pg_seclabel"
      " values ('t'::regclass, 'pg_class'::regclass, 1, 'dummy', 'secret')");
  EXPECT_THAT(ObjectsOf(Compare(before, Read(db))),
              ElementsAre("security label dummy on table column public.t.a"));
}

TEST(SchemaFingerprintTest, RefusesToReadInsideSomebodysTransaction) {
  TestDatabase db;
  const OpenedSession opened = db.Open();
  opened.session->Send("begin; select 1");
  EXPECT_THROW(ReadSchemaFingerprint(*opened.session, "lockstep", ""), Error);
}

TEST(SchemaFingerprintTest, AsksOlderServersOnlyWhatTheyKnow) {
  EXPECT_THAT(SchemaMessage(130000, "lockstep", ""), Not(HasSubstr("attcompression")));
  EXPECT_THAT(SchemaMessage(140000, "lockstep", ""), Not(HasSubstr("pg_publication_namespace")));
  EXPECT_THAT(SchemaMessage(150000, "lockstep", ""), HasSubstr("pg_publication_namespace"));
}

TEST(CompareTest, TellsMissingExtraAndChanged) {
  const SchemaFingerprint before = {{"a", "1"}, {"b", "1"}, {"c", "1"}};
  const SchemaFingerprint after = {{"b", "1"}, {"c", "2"}, {"d", "1"}};
  EXPECT_THAT(Compare(before, after), ElementsAre(SchemaDifference{What::kMissing, "a", "1", ""},
                                                  SchemaDifference{What::kChanged, "c", "1", "2"},
                                                  SchemaDifference{What::kExtra, "d", "", "1"}));
}

TEST(CompareTest, FindsNothingBetweenEquals) {
  EXPECT_THAT(Compare({{"a", "1"}}, {{"a", "1"}}), IsEmpty());
  EXPECT_THAT(Compare({}, {}), IsEmpty());
}

TEST(DifferenceToTextTest, IsASentence) {
  const std::string index = "index public.users.ix";
  EXPECT_EQ(ToText({What::kExtra, index, "", "x"}), index + " is left over");
  EXPECT_EQ(ToText({What::kMissing, index, "x", ""}), index + " is missing");
  EXPECT_EQ(ToText({What::kChanged, index, "x", "y"}), index + " was 'x' and is now 'y'");
}

TEST(DifferenceToTextTest, IsOneLineWhateverTheName) {
  EXPECT_EQ(ToText({What::kExtra, "table s.\"a\n\x1b[1mb\"", "", ""}),
            "table s.\"a\\n\\x1b[1mb\" is left over");
  EXPECT_THAT(ToText({What::kChanged, "f", "a\nb", "a\nc"}), Not(HasSubstr("\n")));
}

TEST(DifferenceToTextTest, ShowsOfLongDefinitionsThePlaceWhereTheyDiffer) {
  std::string common;
  for (int i = 0; i < 500; ++i) common += "é";
  const std::string text =
      ToText({What::kChanged, "f", common + "one" + common, common + "two" + common});
  EXPECT_THAT(text, HasSubstr("one"));
  EXPECT_THAT(text, HasSubstr("two"));
  EXPECT_THAT(text, Not(HasSubstr("\\x"))) << "no character is cut in two";
  EXPECT_LT(text.size(), 500U);
}

TEST(SchemaQueriesTest, EachHasItsOwnKind) {
  SchemaFingerprint kinds;
  for (const SchemaQuery& query : SchemaQueries()) kinds.emplace(query.kind, "");
  EXPECT_THAT(kinds, SizeIs(SchemaQueries().size()));
}

}  // namespace
}  // namespace lockstep

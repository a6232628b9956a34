// What the rules say about a statement, against what the server says it does: at DEBUG1 it reports
// each table that it rewrites or reads, and each index that it builds.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/statement_splitter.h"
#include "postgres/lock_targets.h"
#include "support/test_database.h"

namespace lockstep {
namespace {

// One row for each table that has any; every type that the cases change from.
constexpr const char* kTables = R"(
  create domain free as text;
  create domain twenty as varchar(20);
  create domain checked as text check (value <> '');
  create domain over_checked as checked;
  create domain required as text not null default 'x';
  create table t (
    id int not null,
    v varchar(10), vi varchar(10), vc varchar(10), vp varchar(10), vcoll varchar(10) collate "C",
    c char(10), tx text, n numeric(10,2), ni numeric(10,2), nn numeric, vb bit varying(8), b bit(8),
    ts timestamp, tsi timestamp, tz timestamptz, ts3 timestamp(3), tm time(3), iv interval,
    i int, a varchar(10)[], f free, d twenty, net cidr, x xml,
    proved int, disproved int, joined int, alternative int, nullable int,
    constraint vc check (vc <> 'no'),
    constraint proved check (proved is not null),
    constraint disproved check (disproved > 0),
    constraint joined check (joined > 0 and joined is not null),
    constraint alternative check (alternative > 0 or alternative is not null));
  create index vi on t (vi); create index ni on t (ni); create index tsi on t (tsi);
  create index vp on t (id) where vp <> ''; create index vcoll on t (vcoll);
  create unique index key_id on t (id); create unique index key_proved on t (proved);
  create unique index key_nullable on t (nullable);
  insert into t (id, v, proved, disproved, joined, alternative, nullable)
  values (1, 'a', 1, 1, 1, 1, 1);
  create function steady() returns int immutable language plpgsql as 'begin return 1; end';
  create function fickle() returns int language plpgsql as 'begin return 1; end';
  create table child (id int not null, v varchar(10), nullable int);
  insert into child values (1, 'a', 1);
  create table list (id int, v text) partition by list (id);
  create table list_1 partition of list for values in (1);
  create table list_rest partition of list default;
  insert into list values (1, 'a'), (9, 'z');
  create table bare (id int, v text); insert into bare values (2, 'b');
  create table proven (id int, v text, check (id is not null and id = 2));
  insert into proven values (2, 'b');
  create table ranged (id int, v text) partition by list (id);
  create table none (id int, v text);
)";

class LongWorkRulesTest : public ::testing::Test {
 protected:
  LongWorkRulesTest() { database_.Sql(kTables); }

  // Whether the server says that it reads, rewrites or builds anything. Toast tables come empty,
  // with an index.
  bool ServerWorks(const std::string& sql) {
    const auto session = database_.Open().session;
    bool works = false;
    session->OnNotice([&works](const Notice& notice) {
      const std::string& message = notice.message;
      const bool reports =
          message.starts_with("rewriting table") || message.starts_with("verifying table") ||
          message.starts_with("validating foreign key") || message.starts_with("building index");
      works = works || (reports && message.find("pg_toast") == std::string::npos);
    });
    const Reply reply =
        session->Send("set search_path = public; set client_min_messages = debug1; begin; " + sql);
    EXPECT_TRUE(reply.ok()) << reply.error->message;
    return works;
  }

  bool RulesSayLong(const std::string& sql) {
    const auto session = database_.Open().session;
    const SplitScript split = SplitStatements(sql, "test");
    return !FindStatementLocks(*session, {.search_path = "public", .role = ""}, split.statements)
                .at(0)
                .long_work.empty();
  }

  void ExpectAgreement(const std::vector<std::string>& statements) {
    for (const std::string& sql : statements) {
      EXPECT_EQ(RulesSayLong(sql), ServerWorks(sql)) << sql;
    }
  }

  TestDatabase database_;
};

TEST_F(LongWorkRulesTest, AgreeWithTheServerOnTypesOfText) {
  ExpectAgreement(
      {"alter table t alter v type varchar(20)",  "alter table t alter v type varchar(10)",
       "alter table t alter v type varchar(5)",   "alter table t alter v type varchar",
       "alter table t alter v type text",         "alter table t alter v type char(10)",
       "alter table t alter v type free",         "alter table t alter v type twenty",
       "alter table t alter v type checked",      "alter table t alter v type over_checked",
       "alter table t alter v type required",     "alter table t alter vi type varchar(20)",
       "alter table t alter vi type text",        "alter table t alter vc type varchar(20)",
       "alter table t alter vp type varchar(20)", "alter table t alter vcoll type varchar(20)",
       "alter table t alter tx type varchar",     "alter table t alter tx type varchar(20)",
       "alter table t alter tx type twenty",      "alter table t alter c type char(20)",
       "alter table t alter c type text",         "alter table t alter f type text",
       "alter table t alter f type twenty",       "alter table t alter d type varchar(20)",
       "alter table t alter d type varchar(30)",  "alter table t alter d type varchar(10)"});
}

TEST_F(LongWorkRulesTest, AgreeWithTheServerOnOtherTypes) {
  ExpectAgreement({"alter table t alter n type numeric(12,2)",
                   "alter table t alter n type numeric(8,2)",
                   "alter table t alter n type numeric(12,3)",
                   "alter table t alter n type numeric(12)",
                   "alter table t alter n type numeric",
                   "alter table t alter ni type numeric(12,2)",
                   "alter table t alter nn type numeric(12,2)",
                   "alter table t alter vb type bit varying(16)",
                   "alter table t alter vb type bit varying(4)",
                   "alter table t alter vb type bit varying",
                   "alter table t alter b type bit(16) using b::bit(16)",
                   "alter table t alter i type bigint",
                   "alter table t alter i type int",
                   "alter table t alter i type oid",
                   "alter table t alter net type inet",
                   "alter table t alter x type text",
                   "alter table t alter ts3 type timestamp(4)",
                   "alter table t alter ts3 type timestamp(2)",
                   "alter table t alter ts3 type timestamp",
                   "alter table t alter tm type time(4)",
                   "alter table t alter iv type interval",
                   "alter table child alter v type varchar(20), "
                   "alter nullable type bigint"});
}

TEST_F(LongWorkRulesTest, AgreeWithTheServerOnNotNull) {
  ExpectAgreement(
      {"alter table t alter id set not null", "alter table t alter proved set not null",
       "alter table t alter disproved set not null", "alter table t alter joined set not null",
       "alter table t alter alternative set not null", "alter table t alter nullable set not null",
       "alter table t add primary key using index key_id",
       "alter table t add primary key using index key_proved",
       "alter table t add primary key using index key_nullable"});
}

TEST_F(LongWorkRulesTest, AgreeWithTheServerOnNewColumns) {
  ExpectAgreement({"alter table t add z int default 1", "alter table t add z int default steady()",
                   "alter table t add z int default public.steady()",
                   "alter table t add z int default fickle()",
                   "alter table t add z int default steady() + fickle()",
                   "alter table t add z timestamptz default now()",
                   "alter table t add z timestamptz default "
                   "clock_timestamp()",
                   "alter table t add z uuid default gen_random_uuid()", "alter table t add z free",
                   "alter table t add z twenty", "alter table t add z checked",
                   "alter table t add z over_checked default 'a'", "alter table t add z required",
                   "alter table t add z serial",
                   "alter table t add z int generated always as identity",
                   "alter table t add z int generated always as (id) stored"});
}

TEST_F(LongWorkRulesTest, AgreeWithTheServerOnConstraintsAndIndexes) {
  ExpectAgreement({"alter table t add check (id > 0)", "alter table t add unique (v)",
                   "alter table t add check (id > 0) not valid", "create index on t (v)",
                   "alter table child add foreign key (id) references t (id)",
                   "alter table child add foreign key (id) references t (id) not valid",
                   "alter table child add primary key (id)", "reindex table t", "reindex index vi",
                   "create index on list (v)"});
}

TEST_F(LongWorkRulesTest, AgreeWithTheServerOnPartitions) {
  ExpectAgreement({"alter table ranged attach partition bare for values in (2)",
                   "alter table ranged attach partition proven "
                   "for values in (2)",
                   "alter table list attach partition proven for values in (2)",
                   "alter table list detach partition list_1",
                   "create table ranged_3 partition of ranged "
                   "for values in (3)"});
}

TEST_F(LongWorkRulesTest, FindNothingLongOnATableWithoutRows) {
  EXPECT_FALSE(RulesSayLong("alter table none alter v type int using v::int"));
  EXPECT_FALSE(RulesSayLong("alter table ranged attach partition none for values in (2)"));
  EXPECT_FALSE(RulesSayLong("create index on none (v)"));
}

// The server reads the default partition without a word.
TEST_F(LongWorkRulesTest, KnowThatANewPartitionNeedsTheDefaultOneRead) {
  const std::string sql = "create table list_3 partition of list for values in (3)";
  EXPECT_TRUE(RulesSayLong(sql));
  EXPECT_EQ(database_.Value("begin; " + sql +
                            "; select seq_tup_read from pg_stat_xact_user_tables"
                            " where relname = 'list_rest'"),
            "1");
}

TEST_F(LongWorkRulesTest, KnowThatTimestampsAreKeptAsTheyAreInUtcAlone) {
  for (const std::string zone : {"UTC", "Europe/Berlin"}) {
    database_.Sql("alter database " + database_.name() + " set timezone = '" + zone + "'");
    for (const std::string change :
         {"ts type timestamptz", "tz type timestamp", "ts3 type timestamptz",
          "ts3 type timestamptz(3)", "tsi type timestamptz"}) {
      const std::string sql = "alter table t alter " + change;
      EXPECT_EQ(RulesSayLong(sql), ServerWorks(sql)) << zone << ": " << sql;
    }
  }
}

}  // namespace
}  // namespace lockstep

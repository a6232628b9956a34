#include "core/statement_locks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/statement_kind.h"

namespace lockstep {
namespace {

constexpr std::pair<LockedThing, std::string_view> kThings[] = {
    {LockedThing::kRelation, ""},
    {LockedThing::kIndex, "index "},
    {LockedThing::kDomain, "domain "},
    {LockedThing::kSchema, "schema "},
    {LockedThing::kType, "type "},
    {LockedThing::kFunction, "function "},
    {LockedThing::kStatistics, "statistics "},
    {LockedThing::kPublication, "publication "},
};

constexpr std::pair<LockReach, std::string_view> kReaches[] = {
    {LockReach::kDescendants, "descendants"},     {LockReach::kPartitions, "partitions"},
    {LockReach::kTableOfIndex, "table"},          {LockReach::kParent, "parent"},
    {LockReach::kDefaultPartition, "default"},    {LockReach::kSiblingDefault, "sibling"},
    {LockReach::kReferencedTables, "referenced"}, {LockReach::kReferencingTables, "referencing"},
    {LockReach::kOwnedSequences, "sequences"},    {LockReach::kViewedTables, "viewed"},
    {LockReach::kDependents, "dependents"},
};

template <typename Key, typename Words>
std::string WordFor(Key key, const Words& words) {
  const auto* found = std::find_if(std::begin(words), std::end(words),
                                   [key](const auto& word) { return word.first == key; });
  return std::string(found->second);
}

// The modes' initials: "AE".
std::string Initials(LockMode mode) {
  std::string initials;
  const std::string_view name = NameOf(mode);
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (i == 0 || name[i - 1] == ' ') initials += name[i];
  }
  return initials;
}

std::string TextOf(const NamedLock& lock) {
  std::string text = WordFor(lock.thing, kThings) + (lock.schema.empty() ? "" : lock.schema + ".") +
                     lock.name + " " + Initials(lock.mode);
  if (!lock.column.empty()) text += " column " + lock.column;
  if (!lock.constraint.empty()) text += " constraint " + lock.constraint;
  for (const FollowedLock& followed : lock.follow) {
    text += " +" + WordFor(followed.reach, kReaches) + " " + Initials(followed.mode);
  }
  return text;
}

// "t AE +descendants AE; u SRE"
std::string LocksIn(std::string_view sql) {
  std::string text;
  for (const NamedLock& lock : ClassifyStatement(sql).locks) {
    text += (text.empty() ? "" : "; ") + TextOf(lock);
  }
  return text;
}

using Expected = std::vector<std::pair<std::string_view, std::string_view>>;

void ExpectAll(const Expected& expected) {
  for (const auto& [sql, locks] : expected) EXPECT_EQ(LocksIn(sql), locks) << sql;
}

TEST(StatementLocks, TheStrongestCommandOfAnAlterTableCounts) {
  ExpectAll({
      {"alter table s.t alter a set statistics 5", "s.t SUE +descendants SUE"},
      {"alter table t enable trigger g", "t SRE +partitions SRE"},
      {"alter table t alter a set statistics 5, enable trigger g",
       "t SRE +descendants SRE +partitions SRE"},
      {"alter table t alter a set statistics 5, add b int", "t AE +descendants AE"},
      {"alter table t validate constraint c", "t SUE +descendants SUE"},
      {"alter table t replica identity full", "t AE"},
  });
}

TEST(StatementLocks, AfterOnlyNothingBelowTheTableFollows) {
  ExpectAll({
      {"alter table only t add b int", "t AE"},
      {"truncate only t", "t AE"},
      {"create index on only t (a)", "t S"},
      {"lock table only t in share mode", "t S +viewed S"},
  });
}

TEST(StatementLocks, OnlyTheOptionsThatVacuumReadsAreLight) {
  ExpectAll({
      {"alter table t set (fillfactor = 90, autovacuum_enabled = off)", "t SUE"},
      {"alter table t set (toast.autovacuum_enabled = off)", "t SUE"},
      {"alter table t reset (parallel_workers)", "t SUE"},
      {"alter table t set (fillfactor = 90, user_catalog_table = on)", "t AE"},
      {"alter view v set (security_barrier)", "v AE"},
      {"alter index i set (fastupdate = off)", "index i AE"},
  });
}

TEST(StatementLocks, AForeignKeyLocksBothTables) {
  ExpectAll({
      {"alter table t add foreign key (a) references s.u",
       "t SRE +partitions SRE; s.u SRE +partitions SRE"},
      {"alter table t add a int references u", "t AE +descendants AE; u SRE +partitions SRE"},
      {"create table t (a int references u, foreign key (a) references v)",
       "u SRE +partitions SRE; v SRE +partitions SRE"},
  });
}

TEST(StatementLocks, WhatGoesWithAColumnOrConstraintFollows) {
  ExpectAll({
      {"alter table t drop a",
       "t AE +descendants AE; t AE column a +descendants AE +dependents AE"},
      {"alter table t drop constraint c",
       "t AE +descendants AE; t AE constraint c +descendants AE +dependents AE"},
      {"alter table t alter a type bigint",
       "t AE +descendants AE; t AE column a +referenced AE +referencing AE +sequences SRE"},
      {"alter table t alter a drop identity", "t AE; t AE column a +sequences AE"},
  });
}

TEST(StatementLocks, AUniqueConstraintIsBuiltOnPartitionsUnderShare) {
  ExpectAll({
      {"alter table t add unique (a)", "t AE +partitions S"},
      {"alter table t add primary key (a)", "t AE +descendants AE"},
      {"alter table s.t add constraint c unique using index i",
       "s.t AE +partitions S; index s.i SUE"},
      {"alter table t add primary key using index i", "t AE +descendants AE"},
  });
}

TEST(StatementLocks, APartitionComesAndGoesWithItsNeighbours) {
  constexpr std::string_view kFollow = " +default AE +referenced SRE +referencing SRE";
  EXPECT_EQ(LocksIn("alter table t attach partition s.p default"),
            "t SUE; t SUE" + std::string(kFollow) + "; s.p AE +descendants AE");
  EXPECT_EQ(LocksIn("create table p partition of t default"), "t AE" + std::string(kFollow));
  ExpectAll({
      {"alter table t detach partition p",
       "t AE; p AE; t AE +referenced SRE +referencing AE +default AE"},
      {"alter table t detach partition p concurrently",
       "t SUE; p AE; t SUE +referenced SRE +referencing AE"},
      {"drop table p", "p AE +dependents AE +parent AE +sibling AE"},
      {"create table p () inherits (t)", "t SUE"},
  });
}

TEST(StatementLocks, ConcurrentlyTakesLess) {
  ExpectAll({
      {"create index i on t (a)", "t S +partitions S"},
      {"create index concurrently i on t (a)", "t SUE +partitions SUE"},
      {"drop index i, s.j",
       "index i AE +descendants AE +table AE; index s.j AE +descendants AE "
       "+table AE"},
      {"drop index concurrently i", "index i SUE +table SUE"},
      {"reindex index i", "index i AE +descendants AE +table S"},
      {"reindex (concurrently) index i", "index i SUE +descendants SUE +table SUE"},
      {"reindex schema s", "schema s S"},
      {"refresh materialized view v", "v AE"},
      {"refresh materialized view concurrently v", "v E"},
  });
}

TEST(StatementLocks, AnIndexIsAlteredWithoutItsTable) {
  ExpectAll({
      {"alter index s.i rename to j", "index s.i SUE"},
      {"alter index i set tablespace s", "index i AE"},
      {"alter index i attach partition j", "index i SUE; index j AE"},
      {"alter table t cluster on i", "t SUE; index i SUE"},
      {"cluster s.t using i", "s.t AE +partitions AE; index s.i AE"},
      {"cluster s.t", "s.t AE +partitions AE"},
  });
}

TEST(StatementLocks, DroppingCountsWhatDependsOnIt) {
  ExpectAll({
      {"drop view a, s.b cascade", "a AE +dependents AE; s.b AE +dependents AE"},
      {"drop schema s cascade", "schema s AE +dependents AE"},
      {"drop schema s", ""},
      {"drop function s.f(int) cascade", "function s.f AE +dependents AE"},
      {"drop function f", ""},
      {"drop domain d cascade", "type d AE +dependents AE"},
      {"drop statistics s.x", "statistics s.x SUE"},
      {"drop trigger g on s.t", "s.t AE +partitions AE"},
      {"drop policy p on t", "t AE"},
      {"drop publication p", ""},
  });
}

TEST(StatementLocks, RenamingAndMarkingLocksTheRelation) {
  ExpectAll({
      {"alter table t rename a to b", "t AE +descendants AE"},
      {"alter table t rename to u", "t AE"},
      {"alter trigger g on t rename to h", "t AE +partitions AE"},
      {"alter type y rename attribute a to b", "type y AE"},
      {"alter type y rename to z", ""},
      {"alter table t set schema s", "t AE +sequences AE"},
      {"alter function f() set schema s", ""},
      {"comment on column s.t.a is 'x'", "s.t SUE"},
      {"comment on index i is 'x'", "index i SUE"},
      {"comment on function f() is 'x'", ""},
      {"security label on table t is 'x'", "t SUE"},
      {"alter extension e drop table t", "t SUE"},
  });
}

TEST(StatementLocks, TruncateReachesAsFarAsItIsTold) {
  ExpectAll({
      {"truncate t, u", "t AE +descendants AE; u AE +descendants AE"},
      {"truncate t restart identity cascade", "t AE +descendants AE +referencing AE +sequences AE"},
  });
}

TEST(StatementLocks, ADomainsTablesAreLockedOnlyToBeRead) {
  ExpectAll({
      {"alter domain s.d add check (value > 0)", "domain s.d S"},
      {"alter domain d add check (value > 0) not valid", ""},
      {"alter domain d set not null", "domain d S"},
      {"alter domain d drop not null", ""},
  });
}

TEST(StatementLocks, LockTableLocksAsItSays) {
  ExpectAll({
      {"lock t", "t AE +descendants AE +viewed AE"},
      {"lock table t in row exclusive mode", ""},
  });
}

TEST(StatementLocks, APublicationsTablesAreLockedAgainstOtherDdl) {
  ExpectAll({
      {"create publication p for table t, tables in schema s", "t SUE"},
      {"alter publication p set table t", "t SUE; publication p SUE"},
      {"alter publication p set (publish = 'insert')", ""},
  });
}

TEST(StatementLocks, DataAndNewThingsLockNothing) {
  for (const std::string_view sql :
       {"select 1", "update t set a = 1", "create table t (a int)", "create view v as select 1",
        "create type y as (a int)", "grant select on t to r", "do 'x'", "unheard of"}) {
    EXPECT_EQ(LocksIn(sql), "") << sql;
  }
}

}  // namespace
}  // namespace lockstep

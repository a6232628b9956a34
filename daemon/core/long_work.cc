#include "core/long_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace lockstep {
namespace {

using enum LongCause;

bool IsPlain(std::string_view name) {
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

// As it has to be written, so that it is found again.
std::string Written(std::string_view name) {
  return IsPlain(name) ? std::string(name) : fmt::format("\"{}\"", name);
}

// "app.orders"; of a whole schema or database any table of it.
std::string NameOf(const LongWork& work) {
  const std::string schema = work.schema.empty() ? "" : Written(work.schema) + ".";
  return schema + (work.relation.empty() ? "TABLE" : Written(work.relation));
}

std::string ColumnOf(const LongWork& work) {
  return work.column.empty() ? "COLUMN" : Written(work.column);
}

// A name made of the relation's own and a word, for what the safer way needs on its way.
std::string NewName(const LongWork& work, std::string_view word) {
  const std::string stem = work.relation.empty() ? "table" : work.relation;
  return Written(fmt::format("{}_{}{}", stem, work.column.empty() ? "" : work.column + "_", word));
}

std::string SaferIndex(const LongWork& work) {
  return fmt::format(
      "write it as create index concurrently NAME on {} (...), the only statement of a file with "
      "\"-- transaction: off\"; of a partitioned table: create index NAME on only {} (...), then "
      "create index concurrently for each partition, then alter index NAME attach partition",
      NameOf(work), NameOf(work));
}

std::string SaferReindex(const LongWork& work) {
  return fmt::format(
      "write reindex index concurrently or reindex table concurrently for {}, the only statement "
      "of "
      "a file with \"-- transaction: off\"",
      NameOf(work));
}

std::string SaferUnique(const LongWork& work) {
  const std::string column = work.column.empty() ? "..." : ColumnOf(work);
  const std::string first =
      work.column.empty() ? "" : fmt::format("add the column {} alone; then ", column);
  return fmt::format(
      "{}in a file with \"-- transaction: off\": create unique index concurrently {} on {} ({}); "
      "in a "
      "later migration: alter table {} add unique using index {} (or add primary key using index, "
      "once its columns are not null)",
      first, NewName(work, "key"), NameOf(work), column, NameOf(work), NewName(work, "key"));
}

std::string SaferExclusion(const LongWork& work) {
  return fmt::format(
      "no way on a table in use: make a new table with the constraint, copy the rows of {} in "
      "batches, and swap the names; or acknowledge it for a quiet hour",
      NameOf(work));
}

std::string SaferCheck(const LongWork& work) {
  return fmt::format(
      "alter table {0} add constraint {1} check (...) not valid; then, in a migration of its own: "
      "alter table {0} validate constraint {1}",
      NameOf(work), NewName(work, "check"));
}

std::string SaferForeignKey(const LongWork& work) {
  return fmt::format(
      "alter table {0} add constraint {1} foreign key ({2}) references ... not valid; then, in a "
      "migration of its own: alter table {0} validate constraint {1}",
      NameOf(work), NewName(work, "fkey"), work.column.empty() ? "..." : ColumnOf(work));
}

std::string SaferNotNull(const LongWork& work) {
  const std::string last = work.detail.empty()
                               ? fmt::format("alter column {} set not null", ColumnOf(work))
                               : fmt::format(
                                     "alter column {} set not null, then add primary key "
                                     "using index {}",
                                     ColumnOf(work), work.detail);
  return fmt::format(
      "alter table {0} add constraint {1} check ({2} is not null) not valid; then, in a migration "
      "of "
      "its own: alter table {0} validate constraint {1}; then alter table {0} {3}; then alter "
      "table "
      "{0} drop constraint {1}",
      NameOf(work), NewName(work, "not_null"), ColumnOf(work), last);
}

std::string SaferColumnType(const LongWork& work) {
  const std::string stem = work.column.empty() ? "column" : work.column;
  return fmt::format(
      "alter table {0} add column {2} {4}; let the application or a trigger write both columns; "
      "fill {2} "
      "in batches; then, in one migration, rename {1} to {3} and {2} to {1}; later drop {3}",
      NameOf(work), ColumnOf(work), Written(stem + "_new"), Written(stem + "_old"),
      work.detail.empty() ? "TYPE" : work.detail);
}

std::string SaferDefault(const LongWork& work) {
  return fmt::format(
      "alter table {0} add column {1} ... without a default; then alter table {0} alter column {1} "
      "set "
      "default ... for new rows; then fill the old ones in batches",
      NameOf(work), ColumnOf(work));
}

std::string SaferNumber(const LongWork& work) {
  const std::string sequence = NewName(work, "seq");
  return fmt::format(
      "alter table {0} add column {1} bigint; create sequence {2} owned by {0}.{1}; alter table "
      "{0} "
      "alter column {1} set default nextval('{2}') for new rows; then fill the old ones in batches",
      NameOf(work), ColumnOf(work), sequence);
}

std::string SaferGenerated(const LongWork& work) {
  return fmt::format(
      "alter table {0} add column {1} ... as a plain column; write it by a trigger before insert "
      "or "
      "update of {0}; then fill the old rows in batches",
      NameOf(work), ColumnOf(work));
}

std::string SaferDomainColumn(const LongWork& work) {
  return fmt::format(
      "alter table {0} add column {1} with the type below the domain; then alter table {0} add "
      "constraint {2} check (...) not valid; then, in a migration of its own: alter table {0} "
      "validate "
      "constraint {2}",
      NameOf(work), ColumnOf(work), NewName(work, "check"));
}

std::string SaferDomain(const LongWork& work) {
  return fmt::format(
      "alter domain {0} add constraint {1} check (...) not valid keeps new rows right at once; the "
      "old ones are only looked through under the lock: leave it not valid, or put the check on "
      "the "
      "tables, not valid, and validate it there",
      NameOf(work), NewName(work, "check"));
}

std::string SaferAttach(const LongWork& work) {
  const bool beside_default = work.detail.empty();
  if (beside_default) {
    return fmt::format(
        "give the default partition of {0} a check constraint that excludes the new partition's "
        "rows, "
        "not valid, and validate it in a migration of its own; then attach or create the partition",
        NameOf(work));
  }
  return fmt::format(
      "alter table {0} add constraint {1} check (...) not valid, with the partition's bounds and "
      "not "
      "null for its key; then, in a migration of its own: alter table {0} validate constraint {1}; "
      "then attach partition {2}; then drop the constraint",
      NameOf(work), NewName(work, "bounds"), work.detail);
}

std::string SaferRewrite(const LongWork& work) {
  return fmt::format(
      "make a new table as {0} is to be, copy the rows in batches while a trigger keeps it in "
      "step, "
      "and swap the names; or let pg_repack do that; or acknowledge it for a quiet hour",
      NameOf(work));
}

std::string SaferRefresh(const LongWork& work) {
  return fmt::format(
      "refresh materialized view concurrently {0}, which needs a unique index on columns of it "
      "without a condition",
      NameOf(work));
}

struct Cause {
  LongCause cause;
  std::string_view acknowledgement;
  std::string_view what_happens;
  std::string (*safer)(const LongWork& work);
};

constexpr std::string_view kReadUnderAll =
    "every row is read under ACCESS EXCLUSIVE: nobody reads or writes the table meanwhile";
constexpr std::string_view kRewritten =
    "every row is rewritten under ACCESS EXCLUSIVE: nobody reads or writes the table meanwhile";

constexpr std::array kCauses = {
    Cause{kIndexBuild, "build",
          "the index is built under SHARE: nobody writes to the table meanwhile", SaferIndex},
    Cause{kIndexRebuild, "build",
          "the index is built again under SHARE on the table and ACCESS EXCLUSIVE on the index: "
          "nobody writes to the table meanwhile, and queries that would look at the index wait",
          SaferReindex},
    Cause{kUniqueBuild, "build",
          "an index is built under ACCESS EXCLUSIVE: nobody reads or writes the table meanwhile",
          SaferUnique},
    Cause{kExclusionBuild, "build",
          "an index is built under ACCESS EXCLUSIVE: nobody reads or writes the table meanwhile",
          SaferExclusion},
    Cause{kCheckScan, "scan", kReadUnderAll, SaferCheck},
    Cause{kForeignKeyScan, "scan",
          "every row is compared with the other table under SHARE ROW EXCLUSIVE: nobody writes to "
          "either table meanwhile",
          SaferForeignKey},
    Cause{kNotNullScan, "scan", kReadUnderAll, SaferNotNull},
    Cause{kColumnType, "rewrite", kRewritten, SaferColumnType},
    Cause{kVolatileDefault, "rewrite", kRewritten, SaferDefault},
    Cause{kNumberedColumn, "rewrite", kRewritten, SaferNumber},
    Cause{kGeneratedColumn, "rewrite", kRewritten, SaferGenerated},
    Cause{kDomainColumn, "rewrite", kRewritten, SaferDomainColumn},
    Cause{kDomainConstraint, "scan",
          "every row of every table with a column of the domain is read under SHARE: nobody writes "
          "to "
          "those tables meanwhile",
          SaferDomain},
    Cause{kAttachScan, "scan",
          "every row of the partition is read under ACCESS EXCLUSIVE: nobody reads or writes it "
          "meanwhile",
          SaferAttach},
    Cause{kTableRewrite, "rewrite", kRewritten, SaferRewrite},
    Cause{kRefresh, "rewrite",
          "the query runs again under ACCESS EXCLUSIVE: nobody reads the view meanwhile",
          SaferRefresh},
};

const Cause& Of(LongCause cause) {
  return *std::find_if(kCauses.begin(), kCauses.end(),
                       [cause](const Cause& known) { return known.cause == cause; });
}

}  // namespace

std::string_view AcknowledgementFor(LongCause cause) { return Of(cause).acknowledgement; }

std::string_view WhatHappens(LongCause cause) { return Of(cause).what_happens; }

std::string SaferWay(const LongWork& work) { return Of(work.cause).safer(work); }

}  // namespace lockstep

// Why a statement takes long while it holds a strong lock, and how to write it so that it does not.
//
// Source: measured on PostgreSQL 15, see docs/table-locks.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

enum class LongCause {
  kIndexBuild,        // CREATE INDEX without CONCURRENTLY
  kIndexRebuild,      // REINDEX without CONCURRENTLY
  kUniqueBuild,       // UNIQUE or PRIMARY KEY that builds its index
  kExclusionBuild,    // EXCLUDE
  kCheckScan,         // ADD CHECK without NOT VALID
  kForeignKeyScan,    // ADD FOREIGN KEY without NOT VALID
  kNotNullScan,       // SET NOT NULL; PRIMARY KEY USING INDEX over a nullable column
  kColumnType,        // ALTER COLUMN TYPE
  kVolatileDefault,   // ADD COLUMN with a default that differs from row to row
  kNumberedColumn,    // ADD COLUMN serial or identity
  kGeneratedColumn,   // ADD COLUMN GENERATED ALWAYS AS ... STORED
  kDomainColumn,      // ADD COLUMN of a domain with constraints
  kDomainConstraint,  // ALTER DOMAIN: every table that uses it is scanned
  kAttachScan,    // ATTACH PARTITION whose bounds no CHECK proves; the default partition, when a
                  // partition is created beside it
  kTableRewrite,  // CLUSTER, VACUUM FULL, SET LOGGED, SET TABLESPACE, SET ACCESS METHOD
  kRefresh,       // REFRESH MATERIALIZED VIEW without CONCURRENTLY
};

struct LongWork {
  LongCause cause;
  std::string schema;    // of the relation that takes long, as the statement names it
  std::string relation;  // table, index, materialized view or domain
  std::string column;    // kNotNullScan, kColumnType, kDomainColumn
  // kColumnType, kDomainColumn: the type as SQL text; empty when it takes more than a type to tell
  // (USING, COLLATE). kVolatileDefault: its functions, qualified as written, comma-separated.
  // kNotNullScan: the index of USING INDEX. kIndexBuild: "only" after ON ONLY, which builds nothing
  // of a partitioned table. kAttachScan: the partition, which is `relation` too; empty when
  // `relation` is the partitioned table and its default partition, if it has one, takes long.
  std::string detail;
  // Only the catalog can tell whether it is so; by the text alone it counts as long, or (false)
  // not.
  bool unless_proven = true;
  bool operator==(const LongWork&) const = default;
};

// What the header's "-- acknowledge: TABLE WORD" has to say for it: "rewrite", "scan" or "build".
// "lock" covers all of them.
std::string_view AcknowledgementFor(LongCause cause);

// "every row is rewritten under ACCESS EXCLUSIVE: nobody reads or writes the table meanwhile".
std::string_view WhatHappens(LongCause cause);

// The way to write it that the application does not feel, as one or several statements in a
// sentence, with the names of this one in it.
std::string SaferWay(const LongWork& work);

}  // namespace lockstep

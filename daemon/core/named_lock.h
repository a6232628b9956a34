// What one statement will lock, as far as its text says: names and modes. The catalog knows which
// relations these are, and which others follow (postgres/lock_targets).
#pragma once

#include <string>
#include <vector>

#include "core/lock_mode.h"

namespace lockstep {

enum class LockedThing {
  kRelation,    // table, view, materialized view, sequence, foreign table
  kIndex,       // an index, partitioned or not
  kDomain,      // every table that has a column of it; the domain itself is no relation
  kSchema,      // every relation in it
  kType,        // every table that is OF this composite type; with kDependents of any type
  kFunction,    // no relation: only its kDependents. All functions of this name
  kStatistics,  // the table of these extended statistics
  kPublication  // every table that it lists by name
};

// Where the lock goes beyond the thing that is named. Each starts from that thing and, where
// kDescendants or kPartitions is followed too, from those.
enum class LockReach {
  kDescendants,       // partitions and inheritance children (of an index: its partitions' indexes),
                      // all the way down
  kPartitions,        // partitions all the way down, no inheritance children
  kTableOfIndex,      // from an index to its table
  kParent,            // from a partition to the table that it is a part of
  kDefaultPartition,  // from a partitioned table to its own default partition
  kSiblingDefault,    // from a partition to its parent's default partition
  kReferencedTables,  // to the tables, with their partitions, that its foreign keys point to
  kReferencingTables,  // to the tables, with their partitions, whose foreign keys point to it, and
                       // on from those
  kOwnedSequences,     // to the sequences of its serial and identity columns
  kViewedTables,       // from a view to the tables and views in it, all the way down
  kDependents,         // to every relation that loses something when the thing, or its `column` or
                       // `constraint`, is dropped with CASCADE: by pg_depend, all the way down; a
                       // foreign key's both ends (its triggers), sequences, views, partitions
};

struct FollowedLock {
  LockReach reach;
  LockMode mode;
  bool operator==(const FollowedLock&) const = default;
};

struct NamedLock {
  LockedThing thing = LockedThing::kRelation;
  std::string schema;  // empty: found by the search_path
  std::string name;
  LockMode mode = LockMode::kAccessExclusive;
  std::vector<FollowedLock> follow;
  // When given, only what belongs to this constraint or column of the thing follows (of the
  // descendants too: theirs of that name).
  std::string constraint;
  std::string column;
  bool operator==(const NamedLock&) const = default;
};

}  // namespace lockstep

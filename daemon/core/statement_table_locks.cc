#include "core/statement_table_locks.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/statement_named_lock.h"

namespace lockstep {
namespace {

using enum LockMode;
using enum LockReach;

// The table and the strongest mode of the whole statement, as one of its commands finds them.
struct Altered {
  const TreeNode& relation;
  LockMode mode;
};

using Locks = std::vector<NamedLock>;
using AddLocks = void (*)(const Altered& altered, const TreeNode& command, Locks& locks);

// An index beside the table, in the same schema; the statement does not repeat it.
void AddIndex(const Altered& altered, std::string_view index, LockMode mode, Locks& locks) {
  QualifiedName name{std::string(Word(altered.relation, "schemaname")), std::string(index)};
  if (!index.empty()) locks.push_back(LockOn(LockedThing::kIndex, std::move(name), mode));
}

// For what goes with one column only.
void AddOfColumn(const Altered& altered, const TreeNode& command, std::vector<FollowedLock> follow,
                 Locks& locks) {
  NamedLock lock = LockOn(altered.relation, altered.mode, std::move(follow));
  lock.column = Word(command, "name");
  locks.push_back(std::move(lock));
}

void AddForColumn(const Altered&, const TreeNode& command, Locks& locks) {
  const TreeNode& column = Child(Child(command, "def"), "ColumnDef");
  for (const json::value& wrapped : List(column, "constraints")) {
    AddReferenced(As("Constraint", wrapped), locks);
  }
}

// An index that becomes a constraint takes its name.
void AddForConstraint(const Altered& altered, const TreeNode& command, Locks& locks) {
  const TreeNode& constraint = Child(Child(command, "def"), "Constraint");
  AddReferenced(constraint, locks);
  const std::string_view name = Word(constraint, "conname");
  const std::string_view index = Word(constraint, "indexname");
  if (!name.empty() && name != index) AddIndex(altered, index, kShareUpdateExclusive, locks);
}

void AddForDroppedColumn(const Altered& altered, const TreeNode& command, Locks& locks) {
  AddOfColumn(altered, command, {{kDescendants, kAccessExclusive}, {kDependents, kAccessExclusive}},
              locks);
}

void AddForDroppedConstraint(const Altered& altered, const TreeNode& command, Locks& locks) {
  NamedLock lock = LockOn(altered.relation, altered.mode,
                          {{kDescendants, kAccessExclusive}, {kDependents, kAccessExclusive}});
  lock.constraint = Word(command, "name");
  locks.push_back(std::move(lock));
}

// Its foreign keys are made again, from either side.
void AddForType(const Altered& altered, const TreeNode& command, Locks& locks) {
  AddOfColumn(altered, command,
              {{kReferencedTables, kAccessExclusive},
               {kReferencingTables, kAccessExclusive},
               {kOwnedSequences, kShareRowExclusive}},
              locks);
}

void AddForIdentity(const Altered& altered, const TreeNode& command, Locks& locks) {
  AddOfColumn(altered, command, {{kOwnedSequences, kShareRowExclusive}}, locks);
}

void AddForDroppedIdentity(const Altered& altered, const TreeNode& command, Locks& locks) {
  AddOfColumn(altered, command, {{kOwnedSequences, kAccessExclusive}}, locks);
}

void AddSequences(const Altered& altered, const TreeNode&, Locks& locks) {
  locks.push_back(LockOn(altered.relation, altered.mode, {{kOwnedSequences, kAccessExclusive}}));
}

void AddForCluster(const Altered& altered, const TreeNode& command, Locks& locks) {
  AddIndex(altered, Word(command, "name"), kShareUpdateExclusive, locks);
}

void AddForReplicaIdentity(const Altered& altered, const TreeNode& command, Locks& locks) {
  const TreeNode& identity = Child(Child(command, "def"), "ReplicaIdentityStmt");
  AddIndex(altered, Word(identity, "name"), kShare, locks);
}

void AddForInherit(const Altered&, const TreeNode& command, Locks& locks) {
  locks.push_back(LockOn(Child(Child(command, "def"), "RangeVar"), kShareUpdateExclusive));
}

const TreeNode& PartitionIn(const TreeNode& command) {
  return Child(Child(command, "def"), "PartitionCmd");
}

// The table's own foreign keys are made for the partition too, and those that point to it.
void AddForAttach(const Altered& altered, const TreeNode& command, Locks& locks) {
  locks.push_back(LockOn(altered.relation, altered.mode,
                         {{kDefaultPartition, kAccessExclusive},
                          {kReferencedTables, kShareRowExclusive},
                          {kReferencingTables, kShareRowExclusive}}));
  locks.push_back(LockOn(Child(PartitionIn(command), "name"), kAccessExclusive,
                         {{kDescendants, kAccessExclusive}}));
}

void AddForDetach(const Altered& altered, const TreeNode& command, Locks& locks) {
  const TreeNode& partition = Child(PartitionIn(command), "name");
  locks.push_back(LockOn(partition, kAccessExclusive));
  std::vector<FollowedLock> follow = {{kReferencedTables, kShareRowExclusive},
                                      {kReferencingTables, kAccessExclusive}};
  if (altered.mode == kAccessExclusive) follow.push_back({kDefaultPartition, kAccessExclusive});
  locks.push_back(LockOn(altered.relation, altered.mode, std::move(follow)));
}

struct CommandLock {
  std::string_view command;
  LockMode mode;
  std::optional<LockReach> reach;  // taken there in the statement's strongest mode
  AddLocks add = nullptr;
};

// What is not here takes ACCESS EXCLUSIVE on the named table alone.
constexpr std::array kCommands = {
    CommandLock{"AT_AddColumn", kAccessExclusive, kDescendants, AddForColumn},
    CommandLock{"AT_AddIdentity", kAccessExclusive, {}},
    CommandLock{"AT_AddInherit", kAccessExclusive, {}, AddForInherit},
    CommandLock{"AT_AlterColumnType", kAccessExclusive, kDescendants, AddForType},
    CommandLock{"AT_AlterConstraint", kAccessExclusive, kPartitions},
    CommandLock{"AT_AttachPartition", kShareUpdateExclusive, {}, AddForAttach},
    CommandLock{"AT_ChangeOwner", kAccessExclusive, {}, AddSequences},
    CommandLock{"AT_ClusterOn", kShareUpdateExclusive, {}, AddForCluster},
    CommandLock{"AT_ColumnDefault", kAccessExclusive, kDescendants},
    CommandLock{"AT_DetachPartition", kAccessExclusive, {}, AddForDetach},
    CommandLock{"AT_DetachPartitionFinalize", kShareUpdateExclusive, {}, AddForDetach},
    CommandLock{"AT_DisableTrig", kShareRowExclusive, kPartitions},
    CommandLock{"AT_DisableTrigAll", kShareRowExclusive, kPartitions},
    CommandLock{"AT_DisableTrigUser", kShareRowExclusive, kPartitions},
    CommandLock{"AT_DropCluster", kShareUpdateExclusive, {}},
    CommandLock{"AT_DropColumn", kAccessExclusive, kDescendants, AddForDroppedColumn},
    CommandLock{"AT_DropConstraint", kAccessExclusive, kDescendants, AddForDroppedConstraint},
    CommandLock{"AT_DropExpression", kAccessExclusive, kDescendants},
    CommandLock{"AT_DropIdentity", kAccessExclusive, {}, AddForDroppedIdentity},
    CommandLock{"AT_DropNotNull", kAccessExclusive, kDescendants},
    CommandLock{"AT_EnableAlwaysTrig", kShareRowExclusive, kPartitions},
    CommandLock{"AT_EnableReplicaTrig", kShareRowExclusive, kPartitions},
    CommandLock{"AT_EnableTrig", kShareRowExclusive, kPartitions},
    CommandLock{"AT_EnableTrigAll", kShareRowExclusive, kPartitions},
    CommandLock{"AT_EnableTrigUser", kShareRowExclusive, kPartitions},
    CommandLock{"AT_ReplicaIdentity", kAccessExclusive, {}, AddForReplicaIdentity},
    CommandLock{"AT_ResetOptions", kShareUpdateExclusive, {}},
    CommandLock{"AT_SetIdentity", kAccessExclusive, {}, AddForIdentity},
    CommandLock{"AT_SetLogged", kAccessExclusive, {}, AddSequences},
    CommandLock{"AT_SetNotNull", kAccessExclusive, kDescendants},
    CommandLock{"AT_SetOptions", kShareUpdateExclusive, {}},
    CommandLock{"AT_SetStatistics", kShareUpdateExclusive, kDescendants},
    CommandLock{"AT_SetStorage", kAccessExclusive, kDescendants},
    CommandLock{"AT_SetUnLogged", kAccessExclusive, {}, AddSequences},
    CommandLock{"AT_ValidateConstraint", kShareUpdateExclusive, kDescendants},
};

// Constraints differ by their kind. A unique one builds an index on each partition under SHARE.
struct ConstraintLock {
  std::string_view constraint;
  LockMode mode;
  LockReach reach;
  std::optional<LockMode> reach_mode;  // nothing: the statement's
};

constexpr std::array kConstraints = {
    ConstraintLock{"CONSTR_CHECK", kAccessExclusive, kDescendants, {}},
    ConstraintLock{"CONSTR_EXCLUSION", kAccessExclusive, kPartitions, kShare},
    ConstraintLock{"CONSTR_FOREIGN", kShareRowExclusive, kPartitions, {}},
    ConstraintLock{"CONSTR_PRIMARY", kAccessExclusive, kDescendants, {}},
    ConstraintLock{"CONSTR_UNIQUE", kAccessExclusive, kPartitions, kShare},
};

// The options whose change only vacuum and the planner look at (reloptions.c); another one takes
// ACCESS EXCLUSIVE.
constexpr std::array<std::string_view, 6> kLightOptions = {
    "deduplicate_items", "fillfactor",         "log_autovacuum_min_duration",
    "parallel_workers",  "toast_tuple_target", "vacuum_index_cleanup",
};

bool IsLightOption(const json::value& wrapped) {
  const TreeNode& option = As("DefElem", wrapped);
  const std::string_view name = Word(option, "defname");
  return name.starts_with("autovacuum_") || name.starts_with("vacuum_") ||
         Word(option, "defnamespace") == "toast" ||
         std::find(kLightOptions.begin(), kLightOptions.end(), name) != kLightOptions.end();
}

LockMode ModeOfOptions(const TreeNode& command) {
  const json::array& options = List(Child(Child(command, "def"), "List"), "items");
  return std::all_of(options.begin(), options.end(), IsLightOption) ? kShareUpdateExclusive
                                                                    : kAccessExclusive;
}

const ConstraintLock* ConstraintOf(const TreeNode& command) {
  const TreeNode& constraint = Child(Child(command, "def"), "Constraint");
  const std::string_view type = Word(constraint, "contype");
  const auto* found =
      std::find_if(kConstraints.begin(), kConstraints.end(),
                   [type](const ConstraintLock& known) { return known.constraint == type; });
  return found == kConstraints.end() ? nullptr : found;
}

CommandLock RuleOf(const TreeNode& command) {
  const std::string_view type = Word(command, "subtype");
  if (type == "AT_AddConstraint") {
    const ConstraintLock* constraint = ConstraintOf(command);
    return {
        type, constraint == nullptr ? kAccessExclusive : constraint->mode, {}, AddForConstraint};
  }
  if (type.ends_with("RelOptions")) return {type, ModeOfOptions(command), {}};
  if (Flag(PartitionIn(command), "concurrent")) {
    return {type, kShareUpdateExclusive, {}, AddForDetach};
  }
  const auto* known = std::find_if(kCommands.begin(), kCommands.end(),
                                   [type](const CommandLock& c) { return c.command == type; });
  return known == kCommands.end() ? CommandLock{type, kAccessExclusive, {}} : *known;
}

LockMode StrongestOf(const json::array& commands) {
  LockMode strongest = kShareUpdateExclusive;
  for (const json::value& wrapped : commands) {
    strongest = std::max(strongest, RuleOf(As("AlterTableCmd", wrapped)).mode);
  }
  return strongest;
}

// Where one command's lock goes from the table, in what mode.
std::optional<FollowedLock> FollowOf(const TreeNode& command, LockMode strongest) {
  if (Word(command, "subtype") == "AT_AddConstraint") {
    const ConstraintLock* constraint = ConstraintOf(command);
    if (constraint == nullptr) return std::nullopt;
    return FollowedLock{constraint->reach, constraint->reach_mode.value_or(strongest)};
  }
  const std::optional<LockReach> reach = RuleOf(command).reach;
  if (!reach) return std::nullopt;
  return FollowedLock{*reach, strongest};
}

void AddFollowed(const FollowedLock& followed, std::vector<FollowedLock>& follow) {
  if (std::find(follow.begin(), follow.end(), followed) == follow.end()) follow.push_back(followed);
}

Locks TableLocks(const TreeNode& node) {
  const json::array& commands = List(node, "cmds");
  const Altered altered{Child(node, "relation"), StrongestOf(commands)};
  std::vector<FollowedLock> follow;
  Locks others;
  for (const json::value& wrapped : commands) {
    const TreeNode& command = As("AlterTableCmd", wrapped);
    if (const auto followed = FollowOf(command, altered.mode)) AddFollowed(*followed, follow);
    if (const AddLocks add = RuleOf(command).add) add(altered, command, others);
  }
  Locks locks = {LockOn(altered.relation, altered.mode, std::move(follow))};
  locks.insert(locks.end(), others.begin(), others.end());
  return locks;
}

// What is attached to it is locked more strongly than the index itself.
Locks IndexLocks(const TreeNode& node) {
  const json::array& commands = List(node, "cmds");
  NamedLock index = LockOn(Child(node, "relation"), StrongestOf(commands));
  index.thing = LockedThing::kIndex;
  Locks locks = {index};
  for (const json::value& wrapped : commands) {
    const TreeNode& attached = Child(PartitionIn(As("AlterTableCmd", wrapped)), "name");
    if (attached.empty()) continue;
    locks.push_back(LockOn(attached, kAccessExclusive));
    locks.back().thing = LockedThing::kIndex;
  }
  return locks;
}

}  // namespace

std::vector<NamedLock> AlterTableLocks(const TreeNode& node) {
  const std::string_view object = Word(node, "objtype");
  if (object == "OBJECT_INDEX") return IndexLocks(node);
  if (object != "OBJECT_TYPE") return TableLocks(node);
  NamedLock tables = LockOn(Child(node, "relation"), kAccessExclusive);
  tables.thing = LockedThing::kType;
  return {tables};
}

}  // namespace lockstep

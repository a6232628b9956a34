#include "postgres/lock_targets.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "core/long_work_rules.h"
#include "core/script_names.h"
#include "postgres/relation_facts.h"

namespace lockstep {
namespace {

struct ThingWord {
  LockedThing thing;
  std::string_view word;
};

constexpr std::array kThings = {
    ThingWord{LockedThing::kRelation, "relation"},
    ThingWord{LockedThing::kIndex, "index"},
    ThingWord{LockedThing::kDomain, "domain"},
    ThingWord{LockedThing::kSchema, "schema"},
    ThingWord{LockedThing::kType, "type"},
    ThingWord{LockedThing::kFunction, "function"},
    ThingWord{LockedThing::kStatistics, "statistics"},
    ThingWord{LockedThing::kPublication, "publication"},
};

struct ReachWord {
  LockReach reach;
  std::string_view word;
};

constexpr std::array kReaches = {
    ReachWord{LockReach::kDescendants, "descendants"},
    ReachWord{LockReach::kPartitions, "partitions"},
    ReachWord{LockReach::kTableOfIndex, "table_of_index"},
    ReachWord{LockReach::kParent, "parent"},
    ReachWord{LockReach::kDefaultPartition, "default_partition"},
    ReachWord{LockReach::kSiblingDefault, "sibling_default"},
    ReachWord{LockReach::kReferencedTables, "referenced"},
    ReachWord{LockReach::kReferencingTables, "referencing"},
    ReachWord{LockReach::kOwnedSequences, "owned_sequences"},
    ReachWord{LockReach::kViewedTables, "viewed_tables"},
    ReachWord{LockReach::kDependents, "dependents"},
};

std::string WordOf(LockReach reach) {
  return std::string(std::ranges::find(kReaches, reach, &ReachWord::reach)->word);
}

bool IsRelation(const NamedLock& lock) {
  return lock.thing == LockedThing::kRelation || lock.thing == LockedThing::kIndex;
}

AskedName QuestionFor(const NamedLock& lock, const ScriptNames::Name& name) {
  AskedName asked;
  asked.thing = std::ranges::find(kThings, lock.thing, &ThingWord::thing)->word;
  asked.schema = name.first;
  asked.name = name.second;
  asked.constraint = lock.constraint;
  asked.column = lock.column;
  for (const FollowedLock& followed : lock.follow) asked.reach.push_back(WordOf(followed.reach));
  return asked;
}

std::string ThingOf(const LongWork& work) {
  if (work.relation.empty()) return work.schema.empty() ? "database" : "schema";
  if (work.cause == LongCause::kDomainConstraint) return "domain";
  // Of a partitioned table it is the default partition that is read.
  const bool beside = work.cause == LongCause::kAttachScan && work.detail.empty();
  return beside ? "default_partition" : "relation";
}

AskedName QuestionFor(const LongWork& work, const ScriptNames::Name& name) {
  AskedName asked;
  asked.thing = ThingOf(work);
  asked.schema = asked.thing == "schema" ? "" : name.first;
  asked.name = asked.thing == "schema" ? name.first : name.second;
  asked.column = work.column;
  const bool typed = work.cause == LongCause::kColumnType || work.cause == LongCause::kDomainColumn;
  if (typed) asked.type = work.detail;
  asked.only = work.cause == LongCause::kIndexBuild && work.detail == "only";
  if (work.cause == LongCause::kNotNullScan) asked.index = work.detail;
  if (work.cause == LongCause::kVolatileDefault) asked.functions = SplitTrimmed(work.detail, ',');
  return asked;
}

// What the catalog is asked for, and to which statement each question belongs.
class Questions {
 public:
  struct Origin {
    std::size_t statement;
    std::size_t item;  // of the statement's locks, or of its work
  };

  explicit Questions(const std::vector<Statement>& statements) : statements_(statements) {
    for (std::size_t i = 0; i < statements.size(); ++i) Add(i);
  }

  bool empty() const { return locks_.empty() && works_.empty(); }
  const std::vector<AskedName>& locks() const { return locks_; }
  const std::vector<AskedName>& works() const { return works_; }

  std::size_t StatementOfLock(std::size_t asked) const { return lock_origins_[asked].statement; }
  std::size_t StatementOfWork(std::size_t asked) const { return work_origins_[asked].statement; }
  const NamedLock& LockAt(std::size_t asked) const {
    return KindOf(lock_origins_[asked]).locks[lock_origins_[asked].item];
  }
  const LongWork& WorkAt(std::size_t asked) const {
    return KindOf(work_origins_[asked]).long_work[work_origins_[asked].item];
  }

 private:
  const StatementKind& KindOf(const Origin& origin) const {
    return statements_[origin.statement].kind;
  }

  void Add(std::size_t statement) {
    const StatementKind& kind = statements_[statement].kind;
    for (std::size_t item = 0; item < kind.locks.size(); ++item) {
      const NamedLock& lock = kind.locks[item];
      const ScriptNames::Name written{lock.schema, lock.name};
      const auto name = IsRelation(lock) ? names_.InCatalog(written) : written;
      if (!name) continue;
      locks_.push_back(QuestionFor(lock, *name));
      lock_origins_.push_back({statement, item});
    }
    for (std::size_t item = 0; item < kind.long_work.size(); ++item) {
      const LongWork& work = kind.long_work[item];
      const auto name = names_.InCatalog({work.schema, work.relation});
      if (!name) continue;
      works_.push_back(QuestionFor(work, *name));
      work_origins_.push_back({statement, item});
    }
    names_.Follow(kind);
  }

  const std::vector<Statement>& statements_;
  ScriptNames names_;
  std::vector<AskedName> locks_, works_;
  std::vector<Origin> lock_origins_, work_origins_;
};

using TargetsByOid = std::map<std::uint32_t, LockTarget>;

void AddStrongest(const LockTarget& target, TargetsByOid& targets) {
  LockTarget& known = targets.try_emplace(target.oid, target).first->second;
  known.mode = std::max(known.mode, target.mode);
}

std::vector<LockTarget> InOrder(const TargetsByOid& by_oid) {
  std::vector<LockTarget> targets;
  for (const auto& [oid, target] : by_oid) targets.push_back(target);
  return targets;
}

LockMode ModeOf(const NamedLock& lock, std::string_view reach) {
  const auto followed = std::ranges::find_if(
      lock.follow, [reach](const FollowedLock& f) { return WordOf(f.reach) == reach; });
  return followed == lock.follow.end() ? lock.mode : followed->mode;
}

// Everything that it names is made by the script itself, or is not there.
bool TouchesOnlyNewThings(const StatementKind& kind, const StatementLocks& found) {
  const bool relations = std::ranges::all_of(kind.locks, IsRelation);
  return found.targets.empty() && !kind.locks.empty() && relations;
}

LockClass ClassOf(const StatementKind& kind, const StatementLocks& found) {
  const bool strong =
      kind.lock_class == LockClass::kInstantStrong || kind.lock_class == LockClass::kLongStrong;
  if (!strong) return kind.lock_class;
  if (!found.long_work.empty()) return LockClass::kLongStrong;
  if (TouchesOnlyNewThings(kind, found)) return LockClass::kNewObject;
  return kind.long_work.empty() ? kind.lock_class : LockClass::kInstantStrong;
}

std::vector<StatementLocks> ByTextAlone(const std::vector<Statement>& statements) {
  std::vector<StatementLocks> all;
  for (const Statement& statement : statements) {
    StatementLocks found;
    found.lock_class = ClassOf(statement.kind, found);
    all.push_back(std::move(found));
  }
  return all;
}

}  // namespace

std::vector<StatementLocks> FindStatementLocks(Session& session, const BodyNames& names,
                                               const std::vector<Statement>& statements) {
  const Questions questions(statements);
  if (questions.empty()) return ByTextAlone(statements);
  const CatalogAnswer answer = AskCatalog(session, names, questions.locks(), questions.works());
  std::vector<TargetsByOid> targets(statements.size());
  for (const ReachedRelation& reached : answer.locked) {
    LockTarget target = reached.target;
    target.mode = ModeOf(questions.LockAt(reached.asked), reached.reach);
    AddStrongest(target, targets[questions.StatementOfLock(reached.asked)]);
  }
  std::vector<StatementLocks> all(statements.size());
  for (const MetRelation& met : answer.worked_on) {
    const LongWork& work = questions.WorkAt(met.asked);
    if (!IsLong(work, met.facts)) continue;
    all[questions.StatementOfWork(met.asked)].long_work.push_back(
        {work, met.relation, met.parent, met.bytes});
  }
  for (std::size_t i = 0; i < statements.size(); ++i) {
    all[i].targets = InOrder(targets[i]);
    all[i].lock_class = ClassOf(statements[i].kind, all[i]);
  }
  return all;
}

std::vector<LockTarget> TargetsOf(const std::vector<StatementLocks>& statements) {
  TargetsByOid together;
  for (const StatementLocks& statement : statements) {
    for (const LockTarget& target : statement.targets) AddStrongest(target, together);
  }
  return InOrder(together);
}

}  // namespace lockstep

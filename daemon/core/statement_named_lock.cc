#include "core/statement_named_lock.h"

#include <utility>

namespace lockstep {
namespace {

const json::array& WordsOfObject(const json::value& object) {
  const json::array& items = List(As("List", object), "items");
  return items.empty() ? List(As("TypeName", object), "names") : items;
}

}  // namespace

NamedLock LockOn(LockedThing thing, QualifiedName name, LockMode mode,
                 std::vector<FollowedLock> follow) {
  NamedLock lock;
  lock.thing = thing;
  lock.schema = std::move(name.schema);
  lock.name = std::move(name.name);
  lock.mode = mode;
  lock.follow = std::move(follow);
  return lock;
}

NamedLock LockOn(const TreeNode& range_var, LockMode mode, std::vector<FollowedLock> follow) {
  if (!Flag(range_var, "inh")) {
    std::erase_if(follow, [](const FollowedLock& followed) {
      return followed.reach == LockReach::kDescendants || followed.reach == LockReach::kPartitions;
    });
  }
  return LockOn(
      LockedThing::kRelation,
      {std::string(Word(range_var, "schemaname")), std::string(Word(range_var, "relname"))}, mode,
      std::move(follow));
}

std::vector<NamedLock> LocksOnAll(const json::array& range_vars, LockMode mode,
                                  const std::vector<FollowedLock>& follow) {
  std::vector<NamedLock> locks;
  for (const json::value& wrapped : range_vars) {
    locks.push_back(LockOn(As("RangeVar", wrapped), mode, follow));
  }
  return locks;
}

QualifiedName NameOfObject(const json::value& object) {
  const json::array& words = WordsOfObject(object);
  if (!words.empty()) return QualifiedNameIn(words);
  const TreeNode& function = As("ObjectWithArgs", object);
  if (!function.empty()) return QualifiedNameIn(List(function, "objname"));
  return QualifiedNameIn(json::array{object});
}

QualifiedName NameOfOwner(const json::value& object) {
  json::array words = WordsOfObject(object);
  if (!words.empty()) words.pop_back();
  return QualifiedNameIn(words);
}

void AddReferenced(const TreeNode& constraint, std::vector<NamedLock>& locks) {
  if (Word(constraint, "contype") != "CONSTR_FOREIGN") return;
  constexpr LockMode kMode = LockMode::kShareRowExclusive;
  locks.push_back(LockOn(Child(constraint, "pktable"), kMode, {{LockReach::kPartitions, kMode}}));
}

}  // namespace lockstep

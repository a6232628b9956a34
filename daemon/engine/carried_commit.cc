#include "engine/carried_commit.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/text.h"
#include "core/script_names.h"

namespace lockstep {
namespace {

// So long is a message that arrives at once, whatever the network.
constexpr std::size_t kShort = 8 * 1024;  // bytes

// They make something that is empty or only a definition.
constexpr std::array<std::string_view, 9> kBriefKinds = {
    "CREATE DOMAIN",   "CREATE FUNCTION", "CREATE INDEX", "CREATE PROCEDURE", "CREATE SCHEMA",
    "CREATE SEQUENCE", "CREATE TABLE",    "CREATE TYPE",  "CREATE VIEW"};

// An INSERT of rows that are written out; one with a SELECT, or of a TABLE, may be of millions.
bool InsertsGivenRows(const Statement& statement, std::string_view script) {
  if (statement.kind.name != "INSERT") return false;
  const std::string text = ToLower(statement.TextIn(script));
  return text.find("values") != std::string::npos && text.find("select") == std::string::npos;
}

// All that it names is made by the script itself.
bool NamesOnlyNewThings(const StatementKind& kind, const ScriptNames& names) {
  const auto is_new = [&names](const std::string& schema, const std::string& name) {
    return !names.InCatalog({schema, name});
  };
  return std::ranges::all_of(kind.locks,
                             [&](const NamedLock& lock) {
                               return lock.thing == LockedThing::kRelation &&
                                      is_new(lock.schema, lock.name);
                             }) &&
         std::ranges::all_of(kind.long_work, [&](const LongWork& work) {
           return is_new(work.schema, work.relation);
         });
}

bool MakesNewThing(const StatementKind& kind, const ScriptNames& names) {
  return std::ranges::find(kBriefKinds, kind.name) != kBriefKinds.end() &&
         kind.trait == StatementTrait::kNone &&
         (kind.lock_class == LockClass::kNewObject || !kind.locks.empty()) &&
         NamesOnlyNewThings(kind, names);
}

}  // namespace

bool MayShareRoundTrip(const PreparedStep& step) {
  if (!step.step.script.transactional || step.text.size() > kShort) return false;
  ScriptNames names;
  return std::ranges::all_of(step.statements, [&](const Statement& statement) {
    const bool brief =
        InsertsGivenRows(statement, step.text) || MakesNewThing(statement.kind, names);
    names.Follow(statement.kind);
    return brief;
  });
}

CommitReply CarriedCommit::GoAlone(Session& session) {
  const CommitReply reply = Commit(session);
  waits_ = false;
  return reply;
}

Reply CarriedCommit::SendWith(Session& session, const SqlBatch& batch) {
  if (!waits_) return session.Send(batch.text());
  Reply reply = SendBehindCommit(session, batch.text());
  waits_ = false;
  return reply;
}

}  // namespace lockstep

#include <algorithm>

#include "base/text.h"
#include "commands/blocker_document.h"
#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/standing.h"
#include "commands/target_documents.h"

namespace lockstep {
namespace {

// "lockstep/upgrade/68db6a7fba94": the revision that the holder works on, where its name tells.
std::string RevisionIn(const std::string& application_name) {
  const std::vector<std::string> parts = SplitTrimmed(application_name, '/');
  return parts.size() > 2 && parts[0] == "lockstep" ? parts[2] : "";
}

json::value RunDocumentOf(const std::optional<LockHolder>& holder) {
  if (!holder) return nullptr;
  const bool known = holder->query_age_seconds >= 0;
  return json::object{
      {"revision", TextOrNull(RevisionIn(holder->application_name))},
      {"application_name", TextOrNull(holder->application_name)},
      {"pid", holder->pid},
      {"running_seconds", known ? json::value(holder->query_age_seconds) : json::value(nullptr)}};
}

json::object LockDocument(const std::optional<LockHolder>& holder) {
  return {{"held", holder.has_value()},
          {"holder", holder ? json::value(ToJson(*holder)) : json::value(nullptr)}};
}

json::value LastError(const History& history) {
  const FailedAttempt* last = nullptr;
  for (const FailedAttempt& failure : history.failures()) {
    if (history.FailureOf(failure.revision) == nullptr) continue;
    if (last == nullptr || failure.finished_at > last->finished_at) last = &failure;
  }
  return last == nullptr ? json::value(nullptr) : json::value(ToJson(*last));
}

json::value LastChange(const FolderAndHistory& view) {
  const auto& entries = view.history->entries();
  if (entries.empty()) return nullptr;
  return MigrationDocument(view, entries.back().revision);
}

json::object BookkeepingDocument(const BookkeepingNames& names, const Look& look) {
  return {{"schema", names.schema},
          {"format", look.bookkeeping.format},
          {"newest_format", NewestBookkeepingFormat()}};
}

json::value AlembicDocument(const BookkeepingNames& names, const Look& look) {
  if (!look.alembic) return nullptr;
  return json::object{{"table", names.alembic_table}, {"heads", ToJson(*look.alembic)}};
}

// Nothing of a server that is on this machine.
json::value TlsDocument(const ServerVerification& how) {
  if (how.on_this_machine) return nullptr;
  if (how.verified()) return json::value(how.sslmode);
  const std::string what = how.sslmode == "verify-ca" ? "its name is not verified" : "not verified";
  return json::value(what + " (sslmode=" + how.sslmode + ")");
}

json::object ServerDocument(const ServerFacts& facts) {
  return {{"version", VersionText(facts.version)},
          {"database", facts.database},
          {"user", facts.user},
          {"in_recovery", facts.in_recovery},
          {"read_only", facts.read_only},
          {"through_pooler", facts.through_pooler},
          {"sees_all_activity", facts.sees_all_activity},
          {"verified", facts.verification.verified()},
          {"tls", TlsDocument(facts.verification)}};
}

}  // namespace

json::object StatusDocument(const Settings& settings, const MigrationFolder& folder,
                            const SeenTarget& seen) {
  if (auto refusal = RefuseFolder(folder)) {
    return WithSharedKeys("status", std::move(refusal->document));
  }
  const std::optional<LockHolder> holder = FindHolder(seen);
  BlockerPicture picture = ReadBlockerPicture(seen.session(), settings.run.blocker_query);
  const BookkeepingNames& names = settings.run.names;
  json::object document = StandingOf(folder, seen.look, names).document;
  document["target"] = TargetName(settings);
  document["agent"] = nullptr;
  document["run"] = RunDocumentOf(holder);
  document["lock"] = LockDocument(holder);
  document["blockers"] = std::move(picture.blockers);
  document["victims"] = std::move(picture.victims);
  document["last_error"] = LastError(seen.history());
  document["last_change"] = LastChange({folder, &seen.history()});
  document["bookkeeping"] = BookkeepingDocument(names, seen.look);
  document["alembic"] = AlembicDocument(names, seen.look);
  document["server"] = ServerDocument(seen.opened.facts);
  return WithSharedKeys("status", std::move(document));
}

CommandAnswer RunStatus(const CommandContext& context, const CommandRequest&) {
  const MigrationFolder folder = LoadFolder(context.settings);
  if (auto refusal = RefuseFolder(folder)) return *refusal;
  return {StatusDocument(context.settings, folder, LookAtTarget(context.settings, "status"))};
}

}  // namespace lockstep

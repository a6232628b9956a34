#include "agent/target_database.h"

#include <algorithm>
#include <utility>

#include "agent/events.h"
#include "commands/target_documents.h"
#include "core/drift.h"
#include "postgres/history_table.h"
#include "postgres/invalid_indexes.h"
#include "postgres/require_writable.h"

namespace lockstep {
namespace {

constexpr Duration kRarely = std::chrono::minutes(1);

PoolLimits LimitsOf(const TargetSettings& settings) {
  return {.size = settings.pool_size, .wait = settings.pool_wait};
}

// The settings that the sessions of a pool are opened with; others leave it as it is.
bool OpensAlike(const TargetSettings& a, const TargetSettings& b) {
  const auto url = [](const TargetSettings& settings) {
    return settings.settings.url ? settings.settings.url->options() : ConnectionOptions();
  };
  return url(a) == url(b) && a.settings.password_file == b.settings.password_file &&
         a.pool_size == b.pool_size && a.pool_wait == b.pool_wait;
}

// Pending ones whose last attempt came to an end of that kind.
std::vector<std::string> EndedAs(const History& history, const std::vector<std::string>& pending,
                                 std::string_view outcome) {
  std::vector<std::string> revisions;
  for (const std::string& revision : pending) {
    const FailedAttempt* failure = history.FailureOf(revision);
    const bool counts = failure != nullptr && failure->outcome == outcome;
    const bool awaits = outcome == "failed" && AwaitsResolution(history, revision);
    if (counts || awaits) revisions.push_back(revision);
  }
  return revisions;
}

std::vector<std::string> ChangedFiles(const MigrationFolder& folder, const History& history) {
  std::vector<std::string> files;
  for (const Diagnostic& diagnostic : DriftOf(folder, history)) {
    if (diagnostic.code == "changed-file") files.push_back(diagnostic.file);
  }
  return files;
}

// What can be told from folder and history alone.
DatabaseSight SightOf(const MigrationFolder& folder, const History& history) {
  DatabaseSight sight;
  sight.state = StateOf(folder, history);
  sight.applied = history.Applied();
  sight.pending = PendingRevisions(folder, history);
  sight.failed = EndedAs(history, sight.pending, "failed");
  sight.deferred = EndedAs(history, sight.pending, "deferred");
  sight.ahead = AheadOf(folder, history);
  sight.changed = ChangedFiles(folder, history);
  for (const HistoryEntry& entry : history.entries()) {
    sight.last_change_at = std::max(sight.last_change_at, entry.recorded_at);
  }
  return sight;
}

double NumberAt(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_number() ? value->to_number<double>() : -1;
}

BlockerKind KindNamed(std::string_view name) {
  for (const BlockerKind kind :
       {BlockerKind::kIdleInTransaction, BlockerKind::kAutovacuum, BlockerKind::kWraparound,
        BlockerKind::kPrepared, BlockerKind::kDdl}) {
    if (NameOf(kind) == name) return kind;
  }
  return BlockerKind::kActive;
}

// The few facts of the document that the metrics count.
void CountBlockers(DatabaseSight& sight) {
  for (const json::value& session : sight.blocker_document.at("blockers").as_array()) {
    const json::object& object = session.as_object();
    Blocker blocker;
    blocker.kind = KindNamed(object.at("kind").as_string());
    blocker.transaction_age_seconds = NumberAt(object, "transaction_seconds");
    sight.blockers.push_back(std::move(blocker));
  }
  for (const json::value& session : sight.blocker_document.at("victims").as_array()) {
    ++sight.victims;
    sight.worst_victim_wait_seconds =
        std::max(sight.worst_victim_wait_seconds, NumberAt(session.as_object(), "wait_seconds"));
  }
}

}  // namespace

TargetDatabase::TargetDatabase(std::shared_ptr<const TargetSettings> settings, Clock& clock,
                               TargetMetrics& metrics)
    : settings_(std::move(settings)), clock_(clock), metrics_(metrics) {
  OpenPool();
}

void TargetDatabase::OpenPool() {
  const auto open = [settings = settings_, &metrics = metrics_](const SessionOptions& options) {
    try {
      OpenedSession opened = OpenSession(TargetUrl(settings->settings), options);
      metrics.OnConnection(true);
      return opened;
    } catch (const Error&) {
      metrics.OnConnection(false);
      throw;
    }
  };
  pool_ = std::make_unique<ConnectionPool>(
      open, LimitsOf(*settings_), clock_, [this](double seconds) { metrics_.OnPoolWait(seconds); });
}

void TargetDatabase::Use(std::shared_ptr<const TargetSettings> settings) {
  const bool alike = OpensAlike(*settings_, *settings);
  settings_ = std::move(settings);
  look_.reset();
  if (!alike) OpenPool();
}

std::shared_ptr<const DatabaseSight> TargetDatabase::Look(
    const std::shared_ptr<const MigrationFolder>& folder) {
  pool_->Tidy();
  const Settings& settings = settings_->settings;
  OpenedSession opened = pool_->Borrow({.purpose = "look"});
  const std::string mark = ReadHistoryMark(*opened.session, settings.run.names);
  const bool news = !look_ || mark != mark_ || folder != folder_ || memory_.IsAnother(opened.facts);
  if (news) Remember(folder, mark, *opened.session);
  const bool lost = news && MeetServer(opened);
  SeenTarget seen{std::move(opened), std::move(*look_)};
  look_.reset();  // read again when what follows throws
  DatabaseSight sight = news ? SightOf(*folder, seen.history()) : *sight_;
  if (news) {
    sight.history = HistoryDocument(settings, *folder, seen);
    sight.plan = PlanDocument(settings, *folder, seen, settings_->goal);
  }
  sight.lost = lost;
  sight.server_verified = seen.opened.facts.verification.verified();
  sight.status = StatusDocument(settings, *folder, seen);
  sight.blocker_document = BlockersDocument(settings, *folder, seen);
  sight.blockers.clear();
  sight.victims = 0;
  sight.worst_victim_wait_seconds = 0;
  CountBlockers(sight);
  ReadRarely(seen.session(), sight);
  look_ = std::move(seen.look);
  sight_ = std::make_shared<const DatabaseSight>(std::move(sight));
  return sight_;
}

void TargetDatabase::Remember(const std::shared_ptr<const MigrationFolder>& folder,
                              const std::string& mark, Session& session) {
  look_ = ReadLook(session, settings_->settings.run.names);
  mark_ = mark;
  folder_ = folder;
  rarely_due_ = {};
}

bool TargetDatabase::MeetServer(const OpenedSession& opened) {
  try {
    const std::optional<Failover> failover = memory_.Meet(opened.facts, look_->history);
    if (!failover) return false;
    metrics_.OnFailover(*failover);
    LogEvent(event::kFailover, ToText(*failover), {{"target", settings_->name}});
    return !failover->lost.empty();
  } catch (const Error&) {
    // Of a server that was left behind nothing is kept: the next session may find the right one.
    look_.reset();
    pool_->CloseIdle();
    throw;
  }
}

void TargetDatabase::RequireReadiness() const {
  const Settings& settings = settings_->settings;
  const SessionFactory open = TargetSessions(settings);
  const OpenedSession opened =
      open({.purpose = "readiness", .answer_deadline = PoolLimits{}.answer_deadline});
  RequireWritable(*opened.session, opened.facts, open);
  RequireRights(*opened.session, opened.facts, settings.run.names);
}

void TargetDatabase::ReadRarely(Session& session, DatabaseSight& sight) {
  if (clock_.Now() < rarely_due_) return;
  sight.invalid_indexes = ReadInvalidIndexes(session);
  rarely_due_ = clock_.Now() + kRarely;
}

}  // namespace lockstep

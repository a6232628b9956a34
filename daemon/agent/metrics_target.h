// One target's series, and what changes them.
#pragma once

#include <prometheus/registry.h>

#include <cstdint>
#include <mutex>
#include <string>

#include "agent/metrics.h"
#include "agent/metrics_series.h"

namespace lockstep {

// Thread: any. Nearly all of its state is the series themselves, which are atomic.
class TargetSeries : public TargetMetrics {
 public:
  TargetSeries(const std::string& name, const Clock& clock);

  const prometheus::Registry& registry() const { return registry_; }

  void OnStatus(const TargetStatus& status) override;
  void OnTrigger(std::string_view source) override;
  void OnConnection(bool succeeded) override;
  void OnPool(const PoolFigures& figures) override;
  void OnPoolWait(double seconds) override;

  void OnWaitingForMigrationLock(const LockHolder& holder, double waited_seconds) override;
  void OnMigrationLock(double waited_seconds) override;
  void OnMigrationLockMissed(LockMiss miss, double waited_seconds) override;
  void OnBackup(const std::string& path, long long bytes) override;
  void OnBackupFailed(const Error& error) override;
  void OnHook(const HookResult& result) override;
  void OnStepBegin(const Step& step, std::size_t index, std::size_t count) override;
  void OnBlocked(const Step& step, const std::vector<Blocker>& blockers) override;
  void OnVictims(int victims, double longest_wait_seconds) override;
  void OnAttempt(const Step& step, const AttemptReport& report) override;
  void OnStepEnd(const Step& step, const StepReport& report) override;
  void OnSessionLost(const Error& error) override;
  void OnFailover(const Failover& failover) override;
  void OnRunEnd(const RunReport& report) override;
  void OnRunError(const Error& error) override;

 private:
  using Counter = prometheus::Counter;
  using Gauge = prometheus::Gauge;
  using Histogram = prometheus::Histogram;

  void SetToNow(Gauge& gauge) { gauge.Set(ToUnixSeconds(clock_.WallNow())); }
  void SetSight(const DatabaseSight& sight);
  void SetBlockers(const std::vector<Blocker>& blockers);
  void NobodyIsInTheWay();
  void SetVictims(int victims, double longest_wait_seconds);
  void CountTableLocks(const AttemptReport& report);
  void CountErrors(const AttemptReport& report);
  void LoseLock(ErrorCode code);
  void NothingRuns();

  const Clock& clock_;
  prometheus::Registry registry_;
  SeriesMaker make_;  // of registry_

  Gauge& up_;
  Gauge& server_verified_;
  SeriesSet<Counter> connection_attempts_;
  SeriesSet<Gauge> refusals_;
  Counter& failovers_;
  Counter& migrations_lost_;

  Gauge& leader_;
  SeriesSet<Counter> lock_attempts_;
  SeriesSet<Counter> lock_losses_;
  Histogram& lock_wait_;

  Gauge& applied_;
  Gauge& pending_;
  Gauge& failed_;
  Gauge& deferred_;
  Gauge& ahead_;
  Gauge& checksum_mismatches_;
  Gauge& invalid_indexes_;

  SeriesSet<Counter> runs_;
  SeriesSet<Histogram> durations_;
  Gauge& in_progress_;
  Gauge& started_;
  Gauge& last_success_;
  Gauge& last_failure_;

  SeriesSet<Counter> retries_;
  Counter& lock_timeouts_;
  Counter& deadlocks_;
  Counter& statement_timeouts_;
  SeriesSet<Counter> breaker_cancels_;
  SeriesSet<Counter> table_lock_attempts_;
  Histogram& table_lock_wait_;
  Histogram& table_lock_hold_;
  Counter& statements_;
  SeriesSet<Counter> statement_errors_;

  SeriesSet<Gauge> blockers_;
  Gauge& blocker_age_;
  Gauge& victims_;
  Gauge& victim_wait_;

  SeriesSet<Gauge> pool_connections_;
  Gauge& pool_most_;
  Gauge& pool_pending_;
  Counter& pool_timeouts_;
  Histogram& pool_wait_;

  std::map<HookPoint, SeriesSet<Counter>> hooks_;  // by result
  SeriesSet<Counter> backups_;
  Gauge& backup_size_;
  Gauge& backup_time_;
  SeriesSet<Counter> triggers_;

  std::mutex pool_mutex_;
  std::uint64_t pool_timeouts_seen_ = 0;  // guarded by pool_mutex_: of the pool that there is now
};

}  // namespace lockstep

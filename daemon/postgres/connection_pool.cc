#include "postgres/connection_pool.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "core/duration.h"
#include "postgres/sql_batch.h"

namespace lockstep {
namespace {

// For the pool's own questions: whether a session lives, and putting its settings back.
constexpr std::chrono::milliseconds kShortAnswer{2'000};

bool IsLoss(const Error& error) {
  return error.code() == ErrorCode::kConnectionLost || error.code() == ErrorCode::kInDoubt;
}

bool Succeeds(Session& session, const std::string& sql) {
  try {
    return session.Send(sql, Keep::kNothing, kShortAnswer).ok();
  } catch (const Error&) {
    return false;
  }
}

// Our longer questions begin on a line of their own.
bool OnlyReads(std::string_view sql) {
  sql.remove_prefix(std::min(sql.find_first_not_of(" \n"), sql.size()));
  const bool asks = sql.starts_with("select") || sql.starts_with("with");
  return asks && sql.find("set_config") == std::string_view::npos;
}

// A transaction that was left open ends, and a role that was entered is left.
std::string BackToNew(int server_version) {
  SqlBatch batch;
  batch.Add("rollback");
  batch.Add("reset role");
  batch.Add(SessionSettings(server_version));
  return batch.text();
}

// Cancels nothing once its session has gone back: somebody else may have it.
// Thread: any.
class LentCanceller : public Canceller {
 public:
  explicit LentCanceller(std::shared_ptr<Canceller> real) : real_(std::move(real)) {}

  void Cancel() noexcept override {
    const std::lock_guard guard(mutex_);
    if (real_) real_->Cancel();
  }
  void Disarm() {
    const std::lock_guard guard(mutex_);
    real_.reset();
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<Canceller> real_;  // guarded by mutex_
};

}  // namespace

// Thread: the borrower's.
class ConnectionPool::Borrowed : public Session {
  Session& real() const { return *kept_.opened.session; }

  template <typename Call>
  auto NoticingLoss(const Call& call) {
    try {
      return call();
    } catch (const Error& error) {
      if (IsLoss(error)) lost_ = true;
      throw;
    }
  }

 public:
  Borrowed(ConnectionPool& pool, Kept&& kept) : pool_(pool), kept_(std::move(kept)) {}

  ~Borrowed() override {
    for (const auto& canceller : cancellers_) canceller->Disarm();
    if (!lost_ && PutBackSettings()) {
      pool_.Return(std::move(kept_));
    } else {
      kept_.opened.session.reset();
      pool_.GivePlaceBack();
    }
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;

  Reply Send(const std::string& sql, Keep keep,
             std::optional<std::chrono::milliseconds> deadline) override {
    touched_ = true;
    return NoticingLoss(
        [&] { return real().Send(sql, keep, deadline.value_or(pool_.limits_.answer_deadline)); });
  }

  Rows Query(std::string_view sql, const std::vector<SqlValue>& parameters) override {
    touched_ = touched_ || !OnlyReads(sql);
    return NoticingLoss([&] { return real().Query(sql, parameters); });
  }

  std::shared_ptr<Canceller> MakeCanceller() override {
    touched_ = true;
    return cancellers_.emplace_back(std::make_shared<LentCanceller>(real().MakeCanceller()));
  }
  int backend_pid() const override { return real().backend_pid(); }
  int server_version() const override { return real().server_version(); }
  void OnNotice(std::function<void(const Notice&)> handler) override {
    real().OnNotice(std::move(handler));
  }
  bool HasUnreadWords() const override { return real().HasUnreadWords(); }

 private:
  bool PutBackSettings() {
    real().OnNotice({});
    return !touched_ || Succeeds(real(), BackToNew(real().server_version()));
  }

  ConnectionPool& pool_;
  Kept kept_;
  bool lost_ = false;
  bool touched_ = false;  // its settings may be others than at first
  std::vector<std::shared_ptr<LentCanceller>> cancellers_;
};

ConnectionPool::ConnectionPool(SessionFactory open, PoolLimits limits, Clock& clock,
                               std::function<void(double)> on_wait)
    : open_(std::move(open)), limits_(limits), clock_(clock), on_wait_(std::move(on_wait)) {
  figures_.most = limits_.size;
}

ConnectionPool::~ConnectionPool() = default;

OpenedSession ConnectionPool::Borrow(const SessionOptions& options) {
  std::optional<Kept> kept = TakePlace();
  try {
    if (!kept || !IsGood(*kept)) {
      kept.reset();
      kept = Open(options);
    }
    ServerFacts facts = kept->opened.facts;
    return {std::make_unique<Borrowed>(*this, std::move(*kept)), std::move(facts)};
  } catch (...) {
    GivePlaceBack();
    throw;
  }
}

SessionFactory ConnectionPool::factory() {
  return [this](const SessionOptions& options) { return Borrow(options); };
}

std::optional<ConnectionPool::Kept> ConnectionPool::TakePlace() {
  const SteadyTime asked_at = clock_.Now();
  std::unique_lock lock(mutex_);
  const bool waits = !waiting_.empty() || !HasPlace();
  const bool had = !waits || WaitForPlace(lock);
  std::optional<Kept> kept;
  if (had) {
    ++figures_.busy;
    if (!idle_.empty()) {
      kept = std::move(idle_.back());
      idle_.pop_back();
    }
  } else {
    ++figures_.timeouts;
  }
  lock.unlock();
  if (on_wait_) on_wait_(waits ? ToSeconds(clock_.Now() - asked_at) : 0);
  if (had) return kept;
  throw Error(ErrorCode::kBusy,
              "none of the " + std::to_string(limits_.size) +
                  " sessions for reading was free within " + ToText(limits_.wait),
              "try again; a larger \"pool_size\" lets more ask at once");
}

bool ConnectionPool::WaitForPlace(std::unique_lock<std::mutex>& lock) {
  const auto turn = waiting_.insert(waiting_.end(), 0);
  const bool had = place_is_free_.wait_for(lock, limits_.wait,
                                           [&] { return turn == waiting_.begin() && HasPlace(); });
  waiting_.erase(turn);
  // Whoever is next may have looked while it was not their turn yet.
  place_is_free_.notify_all();
  return had;
}

void ConnectionPool::GivePlaceBack() {
  {
    const std::lock_guard guard(mutex_);
    --figures_.busy;
  }
  place_is_free_.notify_all();
}

bool ConnectionPool::IsGood(const Kept& kept) const {
  Session& session = *kept.opened.session;
  const bool rested = clock_.Now() - kept.idle_since >= limits_.check_after;
  return (!rested && !session.HasUnreadWords()) || Succeeds(session, "select 1");
}

ConnectionPool::Kept ConnectionPool::Open(const SessionOptions& options) {
  Kept kept;
  {
    const std::lock_guard guard(mutex_);
    kept.generation = generation_;
  }
  SessionOptions ours = options;
  ours.purpose = "reads";
  ours.answer_deadline = limits_.answer_deadline;
  try {
    kept.opened = open_(ours);
  } catch (...) {
    const std::lock_guard guard(mutex_);
    ++figures_.connections_failed;
    throw;
  }
  const std::lock_guard guard(mutex_);
  ++figures_.connections_opened;
  return kept;
}

void ConnectionPool::Return(Kept&& kept) {
  kept.idle_since = clock_.Now();
  // An old one is closed at the end of this function, without the mutex.
  Kept returned = std::move(kept);
  {
    const std::lock_guard guard(mutex_);
    --figures_.busy;
    if (returned.generation == generation_) idle_.push_back(std::move(returned));
  }
  place_is_free_.notify_all();
}

void ConnectionPool::CloseIdle() {
  std::vector<Kept> closed;  // when the mutex has been given back
  const std::lock_guard guard(mutex_);
  ++generation_;
  closed.swap(idle_);
}

void ConnectionPool::Tidy() {
  std::vector<Kept> closed;  // when the mutex has been given back
  const SteadyTime now = clock_.Now();
  const std::lock_guard guard(mutex_);
  // The longest idle stand at the front.
  while (!idle_.empty() && static_cast<int>(idle_.size()) + figures_.busy > 1 &&
         now - idle_.front().idle_since >= limits_.close_after) {
    closed.push_back(std::move(idle_.front()));
    idle_.erase(idle_.begin());
  }
}

PoolFigures ConnectionPool::figures() const {
  const std::lock_guard guard(mutex_);
  PoolFigures figures = figures_;
  figures.idle = static_cast<int>(idle_.size());
  figures.pending_requests = static_cast<int>(waiting_.size());
  return figures;
}

}  // namespace lockstep

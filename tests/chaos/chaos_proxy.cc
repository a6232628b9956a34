// A proxy for each replica of the exactly-once test, and what it has seen.
//
//   chaos_proxy URL COUNT
//
// It says at first "port REPLICA PORT" for each, then, a line each, as it happens:
//   open ID REPLICA BACKEND APPLICATION   a session has begun
//   work ID ATTEMPT REVISION              a migration's transaction was sent to the server
//   commit ID ATTEMPT alone|carried       its COMMIT has come; with the next one's work
//   answer ID ATTEMPT TAG                 the answer to it is passed on
//   doubt ID ATTEMPT request|answer|end   the COMMIT, or its answer, was dropped and the connection
//   cut; or it
//                                         ended by itself before the answer came
//   end ID
// and takes orders, a line each; those to a connection that has ended mean nothing:
//   ID cut | reset | swallow up|down | commit request|answer | delay MILLISECONDS | slice BYTES
// At the end of its input it closes everything and leaves.
#include <sys/eventfd.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "base/clock.h"
#include "support/wire_proxy.h"

namespace lockstep {
namespace {

enum class Lost { kNothing, kRequest, kAnswer };

// What was ordered for one connection.
struct Orders {
  WireVerdict end = WireVerdict::kPass;
  bool swallow_up = false;
  bool swallow_down = false;
  Lost lost = Lost::kNothing;
  std::chrono::milliseconds delay{0};
  std::size_t slice = 0;
};

// A connection that is there. Thread: any.
class Line {
 public:
  Line() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  Orders orders() const {
    const std::lock_guard guard(mutex_);
    return orders_;
  }
  int wake() const { return wake_.get(); }
  void Take(std::istream& words);

 private:
  mutable std::mutex mutex_;
  Orders orders_;  // guarded by mutex_
  Descriptor wake_;
};

void Line::Take(std::istream& words) {
  std::string verb, word;
  words >> verb;
  const std::lock_guard guard(mutex_);
  if (verb == "cut" || verb == "reset") {
    orders_.end = verb == "cut" ? WireVerdict::kCut : WireVerdict::kReset;
    ::eventfd_write(wake_.get(), 1);
  } else if (verb == "swallow") {
    words >> word;
    (word == "up" ? orders_.swallow_up : orders_.swallow_down) = true;
  } else if (verb == "commit") {
    words >> word;
    orders_.lost = word == "request" ? Lost::kRequest : Lost::kAnswer;
  } else if (verb == "delay") {
    int milliseconds = 0;
    words >> milliseconds;
    orders_.delay = std::chrono::milliseconds(milliseconds);
  } else if (verb == "slice") {
    words >> orders_.slice;
  }
}

// All lines of the program, and its output. Thread: any.
class Board {
 public:
  std::pair<int, std::shared_ptr<Line>> Add() {
    const std::lock_guard guard(mutex_);
    const auto line = std::make_shared<Line>();
    lines_[++last_] = line;
    return {last_, line};
  }
  void Remove(int id) {
    const std::lock_guard guard(mutex_);
    lines_.erase(id);
  }
  void Say(const std::string& text) {
    const std::lock_guard guard(mutex_);
    std::cout << text << std::endl;
  }
  void Take(const std::string& order) {
    std::istringstream words(order);
    int id = 0;
    words >> id;
    const std::lock_guard guard(mutex_);
    const auto found = lines_.find(id);
    if (found != lines_.end()) found->second->Take(words);
  }

 private:
  std::mutex mutex_;
  std::map<int, std::shared_ptr<Line>> lines_;  // guarded by mutex_
  int last_ = 0;                                // guarded by mutex_
};

struct Work {
  std::string attempt;
  std::string revision;
};

// The text that follows `key`, up to its quotation mark.
std::string ValueOf(std::string_view sql, std::string_view key) {
  const auto at = sql.find(key);
  if (at == sql.npos) return {};
  const std::string_view rest = sql.substr(at + key.size());
  return std::string(rest.substr(0, rest.find('"')));
}

// What the entry for the history says, which ends a migration's transaction; history_table.cc
// writes it.
std::optional<Work> WorkIn(std::string_view sql) {
  const auto at = sql.find("'{\"revision\":\"");
  if (at == sql.npos) return {};
  const std::string_view entry = sql.substr(at);
  return Work{ValueOf(entry, "\"attempt\":\""), ValueOf(entry, "\"revision\":\"")};
}

unsigned NumberOf(std::string_view bytes) {
  unsigned number = 0;
  for (const char byte : bytes.substr(0, 4))
    number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

// Thread: its connection's.
class ChaosPolicy : public WirePolicy {
 public:
  ChaosPolicy(Board& board, int replica) : board_(board), replica_(replica) {
    std::tie(id_, line_) = board_.Add();
  }
  ~ChaosPolicy() override {
    if (!committing_.empty()) Doubt("end");
    board_.Remove(id_);
    Say("end");
  }

  WireVerdict OnRequest(const WireMessage& message) override {
    const Orders orders = line_->orders();
    if (message.type == 0) NoteStartup(message.body);
    if (orders.swallow_up) return WireVerdict::kDrop;
    if (message.type != 'Q') return WireVerdict::kPass;
    SystemClock().SleepFor(orders.delay, {});
    return OnQuery(message.body, orders);
  }

  WireVerdict OnAnswer(const WireMessage& message) override {
    const Orders orders = line_->orders();
    if (message.type == 'K') {
      Say("open", std::to_string(replica_) + ' ' + std::to_string(NumberOf(message.body)) + ' ' +
                      application_);
    }
    if (orders.swallow_down) return WireVerdict::kDrop;
    const bool decides = message.type == 'C' || message.type == 'E';
    return !committing_.empty() && decides ? OnCommitAnswer(message, orders) : WireVerdict::kPass;
  }

  int wake() const override { return line_->wake(); }
  WireVerdict OnWake() override { return line_->orders().end; }
  std::size_t slice() const override { return line_->orders().slice; }

 private:
  void NoteStartup(std::string_view body) {
    constexpr std::string_view kKey = "application_name";
    const auto at = body.find(kKey);
    if (at != body.npos) application_ = body.substr(at + kKey.size() + 1).data();
  }

  // The commit may stand at the head of the next migration's work.
  WireVerdict OnQuery(std::string_view sql, const Orders& orders) {
    if (!attempt_.empty() && sql.starts_with("commit")) {
      committing_ = attempt_;
      const bool alone = sql.find(';') == sql.npos;
      Say("commit", committing_ + (alone ? " alone" : " carried"));
      if (orders.lost == Lost::kRequest) return Doubt("request");
    }
    if (const auto work = WorkIn(sql)) {
      attempt_ = work->attempt;
      Say("work", attempt_ + ' ' + work->revision);
    }
    return WireVerdict::kPass;
  }

  WireVerdict OnCommitAnswer(const WireMessage& message, const Orders& orders) {
    const std::string tag = message.type == 'C' ? message.body.data() : "ERROR";
    if (orders.lost == Lost::kAnswer) return Doubt(tag == "COMMIT" ? "answer" : "refusal");
    Say("answer", committing_ + ' ' + tag);
    if (attempt_ == committing_) attempt_.clear();
    committing_.clear();
    return WireVerdict::kPass;
  }

  WireVerdict Doubt(const std::string& lost) {
    Say("doubt", std::exchange(committing_, {}) + ' ' + lost);
    return WireVerdict::kCut;
  }

  void Say(const std::string& what, const std::string& more = {}) {
    board_.Say(what + ' ' + std::to_string(id_) + (more.empty() ? "" : ' ' + more));
  }

  Board& board_;
  int replica_;
  int id_ = 0;
  std::shared_ptr<Line> line_;
  std::string application_ = "-";
  std::string attempt_;     // of the transaction that is under way
  std::string committing_;  // of the one whose commit is not answered yet
};

void Serve(const std::string& url, int count) {
  const ConnectionUrl server = ConnectionUrl::Parse(url);
  Board board;
  std::vector<std::unique_ptr<WireProxy>> proxies;
  for (int replica = 0; replica < count; ++replica) {
    proxies.push_back(std::make_unique<WireProxy>(
        server, [&board, replica] { return std::make_unique<ChaosPolicy>(board, replica); }));
    board.Say("port " + std::to_string(replica) + ' ' + proxies.back()->url().Get("port"));
  }
  for (std::string order; std::getline(std::cin, order);) board.Take(order);
}

}  // namespace
}  // namespace lockstep

int main(int count, char** arguments) {
  if (count != 3) {
    std::fputs("usage: chaos_proxy URL COUNT\n", stderr);
    return 2;
  }
  try {
    lockstep::Serve(arguments[1], std::stoi(arguments[2]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "chaos_proxy: %s\n", error.what());
    return 1;
  }
}

#include "engine/run_observers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

namespace lockstep {
namespace {

using testing::ElementsAre;

class Listener : public RunObserver {
 public:
  Listener(std::string name, std::vector<std::string>& heard)
      : name_(std::move(name)), heard_(heard) {}
  void OnMessage(const std::string& text) override { heard_.push_back(name_ + ": " + text); }
  void OnVictims(int victims, double seconds) override {
    heard_.push_back(name_ + ": " + std::to_string(victims) + (seconds > 1 ? " for long" : ""));
  }

 private:
  std::string name_;
  std::vector<std::string>& heard_;
};

TEST(RunObserversTest, EachListenerHearsEachEventInItsOrder) {
  std::vector<std::string> heard;
  Listener log("log", heard), metrics("metrics", heard);
  RunObservers observers({&log, &metrics});
  observers.OnMessage("hello");
  observers.OnVictims(2, 3);
  EXPECT_THAT(
      heard, ElementsAre("log: hello", "metrics: hello", "log: 2 for long", "metrics: 2 for long"));
}

std::set<std::string> MatchesIn(const char* file, const char* pattern) {
  std::ifstream in(std::filesystem::path(LOCKSTEP_SOURCE_DIR) / "daemon/engine" / file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match) {
    found.insert((*match)[1]);
  }
  return found;
}

// An event without its line there would reach nobody, and no compiler would say so.
TEST(RunObserversTest, HandsOnEveryEventThatThereIs) {
  const auto events = MatchesIn("run_observer.h", R"(virtual void (On\w+)\()");
  EXPECT_GT(events.size(), 15U);
  EXPECT_EQ(MatchesIn("run_observers.h", R"(each->(On\w+)\()"), events);
}

}  // namespace
}  // namespace lockstep

#include "agent/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

namespace lockstep {
namespace {

TEST(Events, HaveNamesOfTheirOwnAndASentenceForTheOperator) {
  std::set<std::string_view> names;
  for (const EventKind& kind : EventCatalogue()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_THAT(std::string(kind.name), ::testing::MatchesRegex("[a-z]+(_[a-z]+)*"));
    EXPECT_THAT(std::string(kind.advice), ::testing::EndsWith(".")) << kind.name;
  }
}

// Every constant of the header stands in the catalogue.
TEST(Events, AreAllInTheCatalogue) {
  std::ifstream header(LOCKSTEP_SOURCE_DIR "/daemon/agent/events.h");
  const std::string text(std::istreambuf_iterator<char>(header), {});
  std::size_t count = 0;
  for (std::size_t at = text.find("EventKind k"); at != std::string::npos;
       at = text.find("EventKind k", at + 1)) {
    ++count;
  }
  EXPECT_EQ(EventCatalogue().size(), count + 1) << "and the log's own, of base/log.h";
}

TEST(Events, HaveAPageThatIsMadeFromThem) {
  std::ifstream page(LOCKSTEP_SOURCE_DIR "/docs/events.md");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(page), {}), EventsPage())
      << "lockstepd --print-events > docs/events.md";
}

}  // namespace
}  // namespace lockstep

#include "cli/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/all_commands.h"
#include "cli/global_flags.h"
#include "sample_commands.h"

namespace lockstep {
namespace {

using testing::HasSubstr;

TEST(Help, TheOverviewNamesEveryCommandAndEveryGlobalOption) {
  const auto text = HelpOverview(AllCommands());
  for (const auto& command : AllCommands()) {
    EXPECT_THAT(text, HasSubstr("\n  " + std::string(command.name)));
    EXPECT_THAT(text, HasSubstr(std::string(command.summary)));
  }
  for (const auto& flag : GlobalFlags()) EXPECT_THAT(text, HasSubstr(FlagLabel(flag)));
}

TEST(Help, ACommandShowsItsOptionsAndExamples) {
  const auto text = HelpFor(SampleCommands()[0]);
  EXPECT_THAT(text, testing::StartsWith("usage: lockstep upgrade [GOAL] [OPTIONS]\n\napply"));
  EXPECT_THAT(text, HasSubstr("  --backup DIR  where the dump goes\n"));
  EXPECT_THAT(text, HasSubstr("  lockstep upgrade +1"));
}

TEST(Help, ACommandWithoutOptionsHasNoEmptyHeading) {
  EXPECT_THAT(HelpFor(SampleCommands()[1]), testing::Not(HasSubstr("\noptions:\n")));
}

TEST(GlobalFlags, LabelsShowShortFormAndValue) {
  EXPECT_EQ(FlagLabel({"verbose", "", ""}), "-v, --verbose");
  EXPECT_EQ(FlagLabel({"dir", "DIR", ""}), "--dir DIR");
}

}  // namespace
}  // namespace lockstep

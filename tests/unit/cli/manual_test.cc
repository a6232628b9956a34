#include "cli/manual.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "cli/all_commands.h"
#include "cli/global_flags.h"
#include "sample_commands.h"

namespace lockstep {
namespace {

using testing::HasSubstr;

std::string FileText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> OptionsIn(const std::string& roff) {
  std::set<std::string> options;
  const std::regex option(R"(\\fB\\-\\-([a-z\\-]+)\\fR)");
  for (std::sregex_iterator match(roff.begin(), roff.end(), option), end; match != end; ++match) {
    options.insert(std::regex_replace((*match)[1].str(), std::regex(R"(\\-)"), "-"));
  }
  return options;
}

std::set<std::string> RealOptions() {
  std::set<std::string> options;
  for (const auto& flag : GlobalFlags()) options.emplace(flag.name);
  for (const auto& command : AllCommands()) {
    for (const auto& flag : command.flags) options.emplace(flag.name);
  }
  return options;
}

// When it fails: build/dev/bin/lockstep completion man > docs/man/lockstep.1
TEST(Manual, TheCheckedInPageIsTheRealOne) {
  EXPECT_EQ(FileText(LOCKSTEP_SOURCE_DIR "/docs/man/lockstep.1"), ManualPage(AllCommands()));
}

TEST(Manual, ListsExactlyTheRealOptions) {
  EXPECT_EQ(OptionsIn(ManualPage(AllCommands())), RealOptions());
}

TEST(Manual, NamesEveryCommandOnce) {
  const auto page = ManualPage(AllCommands());
  for (const auto& command : AllCommands()) {
    const auto name = std::regex_replace(std::string(command.name), std::regex("-"), "\\-");
    const auto heading = ".SS \"\\fB" + name + "\\fR";
    const auto first = page.find(heading);
    ASSERT_NE(first, std::string::npos) << command.name;
    EXPECT_EQ(page.find(heading, first + 1), std::string::npos) << command.name;
  }
}

TEST(Manual, TextCannotBecomeARequest) {
  const std::vector<Command> odd = {{"x", "", ".so /etc/passwd \\n 'a'-b", {}, 0, 0, nullptr}};
  EXPECT_THAT(ManualPage(odd), HasSubstr("\n\\&.so /etc/passwd \\en \\(aqa\\(aq\\-b\n"));
}

}  // namespace
}  // namespace lockstep

// docs/man/lockstepd.8 against the program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "agent/arguments.h"
#include "base/version.h"

namespace lockstep {
namespace {

using testing::HasSubstr;

std::string Page() {
  std::ifstream file(LOCKSTEP_SOURCE_DIR "/docs/man/lockstepd.8");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Help() {
  const std::array<const char*, 2> arguments = {"lockstepd", "--help"};
  return std::get<AgentArgumentReply>(ParseAgentArguments(2, arguments.data())).text;
}

// What the first group of `expression` finds at each place.
std::set<std::string> Found(const std::string& text, const std::string& expression) {
  std::set<std::string> found;
  const std::regex wanted(expression);
  for (std::sregex_iterator match(text.begin(), text.end(), wanted), end; match != end; ++match) {
    found.insert((*match)[1].str());
  }
  return found;
}

// Dashes as they are read.
std::string Section(const std::string& name) {
  const std::string page = std::regex_replace(Page(), std::regex(R"(\\-)"), "-");
  const std::size_t begin = page.find(".SH " + name + "\n");
  return begin == std::string::npos ? "" : page.substr(begin, page.find("\n.SH ", begin) - begin);
}

TEST(AgentManual, HasExactlyTheOptionsOfTheHelp) {
  const auto real = Found(Help(), "\n  (?:-h, )?--([a-z-]+)");
  EXPECT_THAT(real, testing::Contains("print-config"));
  EXPECT_EQ(Found(Section("OPTIONS"), R"(\\fB--([a-z-]+)\\fR(?: |\n))"), real);
}

TEST(AgentManual, HasExactlyTheSignalsOfTheHelp) {
  const std::string help = Help();
  const auto real = Found(help.substr(help.find("signals:")), "(?:\n  |, )([A-Z0-9]+)(?=,|  )");
  EXPECT_THAT(real, testing::Contains("INT"));
  EXPECT_EQ(Found(Section("SIGNALS"), "(?:\\.B |\\.BR |, \" )SIG([A-Z0-9]+)"), real);
}

TEST(AgentManual, IsOfThisVersion) {
  EXPECT_THAT(Page(), HasSubstr("\"lockstep " + std::string(Version()) + "\""));
}

}  // namespace
}  // namespace lockstep

#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "base/document.h"
#include "base/error.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "cli/all_commands.h"
#include "cli/global_flags.h"
#include "sample_commands.h"

namespace lockstep {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

std::set<std::string> RealOptions() {
  std::set<std::string> options;
  for (const auto& flag : GlobalFlags()) options.insert("--" + std::string(flag.name));
  for (const auto& command : AllCommands()) {
    for (const auto& flag : command.flags) options.insert("--" + std::string(flag.name));
  }
  return options;
}

std::set<std::string> Matches(const std::string& script, const std::string& pattern) {
  std::set<std::string> found;
  const std::regex regex(pattern);
  for (std::sregex_iterator match(script.begin(), script.end(), regex), end; match != end;
       ++match) {
    found.insert("--" + (*match)[1].str());
  }
  return found;
}

// What bash offers for the last of `words`, as readline would have cut them.
std::vector<std::string> Completed(const std::vector<std::string>& words,
                                   const std::vector<Command>& commands = SampleCommands()) {
  std::string script = BashCompletion(commands) + "COMP_WORDS=(lockstep";
  for (const auto& word : words) script += " '" + word + "'";
  script += "); COMP_CWORD=" + std::to_string(words.size()) +
            "; _lockstep; printf '%s\\n' \"${COMPREPLY[@]}\"";
  const auto result = RunSubprocess({.command = {"bash", "-uc", script}});
  EXPECT_TRUE(result.ok()) << result.error_output;
  EXPECT_EQ(result.error_output, "");
  return SplitTrimmed(Trim(result.output), '\n');
}

bool AcceptsScript(const std::string& shell, const std::string& script) {
  if (!FindProgram(shell)) return true;
  const auto result = RunSubprocess({.command = {shell, "-n"}, .standard_input = script});
  EXPECT_EQ(result.error_output, "");
  return result.ok();
}

TEST(Completion, BashOffersCommandsFirst) {
  EXPECT_THAT(Completed({"h"}), UnorderedElementsAre("heads", "history"));
  EXPECT_THAT(Completed({""}), Contains("lock"));
  EXPECT_THAT(Completed({""}), Not(Contains("--dir")));
}

TEST(Completion, BashOffersTheSecondWord) {
  EXPECT_THAT(Completed({"lock", ""}), ElementsAre("show"));
  EXPECT_THAT(Completed({"lock", "show", ""}), IsEmpty());
}

TEST(Completion, BashOffersTheCommandsOptionsAndTheGlobalOnes) {
  EXPECT_THAT(Completed({"upgrade", "--b"}), ElementsAre("--backup"));
  EXPECT_THAT(Completed({"upgrade", "head", "--ke"}), ElementsAre("--keep"));
  EXPECT_THAT(Completed({"heads", "--b"}), IsEmpty());
  EXPECT_THAT(Completed({"heads", "--no"}), ElementsAre("--no-color"));
}

TEST(Completion, BashOffersValues) {
  EXPECT_THAT(Completed({"--output", ""}), ElementsAre("text", "json"));
  EXPECT_THAT(Completed({"--output", "=", "j"}), ElementsAre("json"));
  EXPECT_THAT(Completed({"upgrade", "hea"}), ElementsAre("head", "heads"));
  EXPECT_THAT(Completed({"upgrade", "--backup", "/etc/defaul"}), ElementsAre("/etc/default"));
  EXPECT_THAT(Completed({"upgrade", "--keep", ""}), IsEmpty());
}

TEST(Completion, BashLooksPastOptionsForTheCommand) {
  EXPECT_THAT(Completed({"--dir", "upgrade", "--output", "=", "json", "he"}),
              UnorderedElementsAre("heads"));
  EXPECT_THAT(Completed({"--quiet", "upgrade", "--b"}), ElementsAre("--backup"));
}

TEST(Completion, EveryShellIsOfferedExactlyTheRealOptions) {
  EXPECT_EQ(Matches(BashCompletion(AllCommands()), "(?:[ '|])--([a-z-]+)"), RealOptions());
  EXPECT_EQ(Matches(ZshCompletion(AllCommands()),
                    "'--([a-z-]+)="
                    "?\\["),
            RealOptions());
  EXPECT_EQ(Matches(FishCompletion(AllCommands()), " -l ([a-z-]+)"), RealOptions());
}

TEST(Completion, EveryShellAcceptsItsScript) {
  EXPECT_TRUE(AcceptsScript("bash", BashCompletion(AllCommands())));
  EXPECT_TRUE(AcceptsScript("zsh", ZshCompletion(AllCommands())));
  EXPECT_TRUE(AcceptsScript("fish", FishCompletion(AllCommands())));
}

TEST(Completion, HelpTextsCannotBreakOutOfTheirQuotes) {
  EXPECT_THAT(ZshCompletion(SampleCommands()),
              testing::HasSubstr("'history:list it'\\''s migrations\\: \\[all\\]'"));
  EXPECT_THAT(FishCompletion(SampleCommands()),
              testing::HasSubstr("-a history -d 'list it\\'s migrations: [all]'"));
  EXPECT_TRUE(AcceptsScript("zsh", ZshCompletion(SampleCommands())));
  EXPECT_TRUE(AcceptsScript("fish", FishCompletion(SampleCommands())));
}

TEST(Completion, ValuesSayWhatToOffer) {
  EXPECT_EQ(ChoiceOf("DIR").kind, ValueKind::kFolder);
  EXPECT_EQ(ChoiceOf("FILE").kind, ValueKind::kFile);
  EXPECT_EQ(ChoiceOf("N").kind, ValueKind::kNothing);
  EXPECT_THAT(ChoiceOf("[GOAL]").words, ElementsAre("head", "heads", "base"));
  EXPECT_THAT(ChoiceOf("text|json").words, ElementsAre("text", "json"));
}

TEST(Completion, AnUnknownShellIsAUsageError) {
  static const Settings settings;
  static SystemClock clock;
  static RunObserver observer;
  const CommandContext context{settings, clock, observer, {}, {}};
  EXPECT_EQ(TextAt(RunCompletion(context, {{"zsh"}, {}}).document, "script"),
            ZshCompletion(AllCommands()));
  try {
    RunCompletion(context, {{"fisch"}, {}});
    FAIL() << "was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_EQ(error.hint(), "did you mean 'fish'?");
  }
}

}  // namespace
}  // namespace lockstep

#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/all_commands.h"
#include "cli/examples.h"
#include "sample_commands.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

ParsedArguments Parse(std::vector<const char*> arguments,
                      const std::vector<Command>& commands = SampleCommands()) {
  arguments.insert(arguments.begin(), "lockstep");
  return ParseArguments(static_cast<int>(arguments.size()), arguments.data(), commands);
}

Invocation Accepted(std::vector<const char*> arguments) {
  const auto parsed = Parse(std::move(arguments));
  if (const auto* reply = std::get_if<ArgumentReply>(&parsed)) ADD_FAILURE() << reply->text;
  return std::holds_alternative<Invocation>(parsed) ? std::get<Invocation>(parsed)
                                                    : Invocation{&SampleCommands()[0], {}, {}};
}

ArgumentReply Answered(std::vector<const char*> arguments) {
  const auto parsed = Parse(std::move(arguments));
  if (const auto* reply = std::get_if<ArgumentReply>(&parsed)) return *reply;
  ADD_FAILURE() << "was accepted";
  return {};
}

std::string Refused(std::vector<const char*> arguments) {
  const auto reply = Answered(std::move(arguments));
  EXPECT_EQ(reply.exit_code, ExitCode::kUsage);
  return reply.text;
}

TEST(Arguments, ACommandAloneHasNothingElse) {
  const auto invocation = Accepted({"upgrade"});
  EXPECT_EQ(invocation.command->name, "upgrade");
  EXPECT_TRUE(invocation.request.arguments.empty());
  EXPECT_TRUE(invocation.request.flags.empty());
  EXPECT_FALSE(invocation.options.json || invocation.options.quiet || invocation.options.verbose ||
               invocation.options.no_color || invocation.options.yes);
}

TEST(Arguments, CountsAreArgumentsAndNotOptions) {
  EXPECT_THAT(Accepted({"plan", "-1"}).request.arguments, ElementsAre("-1"));
  EXPECT_THAT(Accepted({"plan", "+1"}).request.arguments, ElementsAre("+1"));
  EXPECT_THAT(Accepted({"plan", "ae10-2", "--sql"}).request.arguments, ElementsAre("ae10-2"));
  EXPECT_EQ(Accepted({"history", "-r", "-3:head"}).request.Get("range"), "-3:head");
  EXPECT_EQ(Accepted({"upgrade", "--keep", "-1"}).request.Get("keep"), "-1");
}

TEST(Arguments, AGoalMayBeNamedLikeACommand) {
  const auto invocation = Accepted({"upgrade", "heads"});
  EXPECT_EQ(invocation.command->name, "upgrade");
  EXPECT_THAT(invocation.request.arguments, ElementsAre("heads"));
  EXPECT_EQ(Accepted({"show", "lock"}).command->name, "show");
}

TEST(Arguments, ACommandMayHaveTwoWords) {
  EXPECT_EQ(Accepted({"lock", "show"}).command->name, "lock show");
  EXPECT_EQ(Accepted({"lock", "--quiet", "show", "--dir", "x"}).options.settings.folder, "x");
  EXPECT_THAT(Refused({"lock"}), HasSubstr("'lockstep lock' needs one more word: show"));
  EXPECT_THAT(Refused({"lock", "shaw"}), HasSubstr("unknown command 'shaw'; did you mean 'show'?"));
}

TEST(Arguments, AnAgentIsNamedByItsSocket) {
  const auto options = Accepted({"--socket", "/run/s", "upgrade", "--target=shop"}).options;
  EXPECT_EQ(options.socket, "/run/s");
  EXPECT_EQ(options.settings.target, "shop");
}

// As from an empty variable: the word to the agent would go to the database.
TEST(Arguments, AnEmptySocketIsRefused) {
  EXPECT_THAT(Refused({"--socket", "", "upgrade"}), HasSubstr("--socket needs the path"));
}

TEST(Arguments, GlobalOptionsStandBeforeAndAfterTheCommand) {
  for (const auto& arguments : std::vector<std::vector<const char*>>{
           {"--dir", "m", "--output=json", "-v", "upgrade", "--yes"},
           {"upgrade", "--yes", "--verbose", "--output", "json", "--dir=m"}}) {
    const auto options = Accepted(arguments).options;
    EXPECT_EQ(options.settings.folder, "m");
    EXPECT_TRUE(options.json && options.verbose && options.yes);
  }
}

TEST(Arguments, EverySettingReachesItsPlace) {
  const auto options = Accepted({"heads", "--database-url", "postgresql://db/x", "--password-file",
                                 "p", "--config", "c", "--target", "t", "--quiet", "--no-color"})
                           .options;
  EXPECT_EQ(options.settings.database_url, "postgresql://db/x");
  EXPECT_EQ(options.settings.password_file, "p");
  EXPECT_EQ(options.settings.config, "c");
  EXPECT_EQ(options.settings.target, "t");
  EXPECT_TRUE(options.quiet && options.no_color);
}

TEST(Arguments, FlagsHaveTheirValueOrTrue) {
  const auto request = Accepted({"upgrade", "--backup", "/b", "head"}).request;
  EXPECT_EQ(request.Get("backup"), "/b");
  EXPECT_FALSE(request.Has("keep"));
  EXPECT_THAT(request.arguments, ElementsAre("head"));
  EXPECT_EQ(Accepted({"plan", "--sql"}).request.Get("sql"), "true");
}

TEST(Arguments, TheLastOfARepeatedOptionCounts) {
  EXPECT_EQ(Accepted({"heads", "--dir", "a", "--dir", "b"}).options.settings.folder, "b");
}

TEST(Arguments, AMistypedWordIsAnsweredWithTheNearest) {
  EXPECT_THAT(Refused({"upgarde"}),
              HasSubstr("unknown command 'upgarde'; did you mean 'upgrade'?"));
  EXPECT_THAT(Refused({"up"}), HasSubstr("did you mean 'upgrade'?"));
  EXPECT_THAT(Refused({"zzz"}), Not(HasSubstr("did you mean")));
  EXPECT_THAT(Refused({"upgrade", "--bakcup", "/x"}),
              HasSubstr("unknown option '--bakcup'; did you mean '--backup'?"));
  EXPECT_THAT(Refused({"heads", "--ouptut=json"}), HasSubstr("did you mean '--output'?"));
  EXPECT_THAT(Refused({"heads", "--backup", "x"}), Not(HasSubstr("did you mean")));
}

TEST(Arguments, TooFewAndTooManyAreRefused) {
  EXPECT_THAT(Refused({"show"}), HasSubstr("'lockstep show' needs REVISION"));
  EXPECT_THAT(Refused({"show", "a", "b"}), HasSubstr("does not take the argument 'b'"));
  EXPECT_THAT(Refused({"heads", "x"}),
              HasSubstr("'lockstep heads' does not take the argument 'x'"));
  EXPECT_THAT(Refused({"upgrade", "--backup"}), HasSubstr("--backup needs a value"));
  EXPECT_THAT(Refused({"heads", "--output", "xml"}), HasSubstr("not 'xml'"));
}

TEST(Arguments, NothingAtAllShowsTheCommandsAsAnError) {
  EXPECT_THAT(Refused({}), StartsWith("usage: lockstep COMMAND"));
}

TEST(Arguments, HelpAndVersionAreAnswersAnywhere) {
  EXPECT_EQ(Answered({"--help"}).exit_code, ExitCode::kDone);
  EXPECT_THAT(Answered({"upgrade", "-h"}).text, StartsWith("usage: lockstep upgrade [GOAL]"));
  EXPECT_THAT(Answered({"show", "--help"}).text, HasSubstr("usage: lockstep show REVISION"));
  EXPECT_THAT(Answered({"--version"}).text, StartsWith("lockstep "));
}

TEST(Arguments, NoRefusalRepeatsAPassword) {
  const char* url = "postgresql://app:canary@db/x";
  for (const auto& arguments : std::vector<std::vector<const char*>>{
           {url},
           {"upgrade", "head", url},
           {"upgrade", "--databse-url=postgresql://app:canary@db/x"},
           {"--databse-url", url},
           {"heads", "--quiet=canary"},
           {"heads", "host=db password=canary"},
           {"heads", "--output", "postgresql://app:canary@db/x"}}) {
    EXPECT_THAT(Refused(arguments), Not(HasSubstr("canary")));
  }
}

TEST(Arguments, ControlCharactersAreShownAndNotObeyed) {
  EXPECT_THAT(Refused({"up\x1b[2Jgrade"}), Not(HasSubstr("\x1b")));
}

TEST(Arguments, EveryExampleIsAcceptedByTheRealTable) {
  for (const auto& example : Examples()) {
    std::vector<std::string> words;
    std::string word;
    bool quoted = false;
    for (const char c : std::string(example.line) + " ") {
      if (c == '\'') quoted = !quoted;
      if (c == ' ' && !quoted) words.push_back(std::exchange(word, ""));
      if (c != '\'' && (c != ' ' || quoted)) word += c;
    }
    std::vector<const char*> arguments;
    for (const auto& each : words) {
      if (each == ">") break;
      arguments.push_back(each.c_str());
    }
    const auto parsed = Parse(arguments, AllCommands());
    ASSERT_TRUE(std::holds_alternative<Invocation>(parsed))
        << example.line << ": " << std::get<ArgumentReply>(parsed).text;
    EXPECT_EQ(std::get<Invocation>(parsed).command->name, example.command) << example.line;
  }
}

}  // namespace
}  // namespace lockstep

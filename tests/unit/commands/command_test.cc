#include "commands/command.h"

#include "base/error.h"
#include "support/command_fixture.h"

namespace lockstep {
namespace {

CommandAnswer AnswerHello(const CommandContext&, const CommandRequest&) {
  return {json::object{{"hello", 1}}};
}
CommandAnswer ThrowError(const CommandContext&, const CommandRequest&) {
  throw Error(ErrorCode::kStandby, "no", "try later", "25006");
}
CommandAnswer ThrowOther(const CommandContext&, const CommandRequest&) {
  throw std::out_of_range("at");
}

class CommandTest : public CommandFixture {
 protected:
  CommandAnswer RunIt(CommandAnswer (*run)(const CommandContext&, const CommandRequest&),
                      const CommandRequest& request = {}) {
    const Command command{"it", "[ONE]", "", {{"check-heads", "", ""}}, 0, 1, run};
    return RunCommand(command, {settings_, clock_, observer_, stop_.tokens(), {}}, request);
  }
};

TEST_F(CommandTest, AddsTheKeysThatAllDocumentsHave) {
  EXPECT_EQ(Text(RunIt(AnswerHello).document),
            R"({"command":"it","schema_version":1,"hello":1,"target":null,"message":null,)"
            R"("next":null,"diagnostics":[]})");
}

TEST_F(CommandTest, MakesADocumentOfAnError) {
  const CommandAnswer answer = RunIt(ThrowError);
  EXPECT_EQ(answer.exit_code, ExitCode::kSettings);
  EXPECT_EQ(Text(answer.document),
            R"({"command":"it","schema_version":1,"error":{"code":"standby","message":"no",)"
            R"("hint":"try later","sqlstate":"25006"}})");
}

TEST_F(CommandTest, CallsAnyOtherExceptionOurBug) {
  const CommandAnswer answer = RunIt(ThrowOther);
  EXPECT_EQ(answer.exit_code, ExitCode::kInternal);
  EXPECT_EQ(ErrorCodeIn(answer), "internal");
}

TEST_F(CommandTest, RefusesArgumentsAndFlagsThatItDoesNotHave) {
  EXPECT_EQ(RunIt(AnswerHello, {{"a"}, {}}).exit_code, ExitCode::kDone);
  EXPECT_EQ(RunIt(AnswerHello, {{"a", "b"}, {}}).exit_code, ExitCode::kUsage);
  const CommandAnswer answer = RunIt(AnswerHello, {{}, {{"check-head", "true"}}});
  EXPECT_EQ(answer.exit_code, ExitCode::kUsage);
  EXPECT_EQ(answer.document.at("error").at("hint").as_string(), "did you mean \"--check-heads\"?");
}

TEST(CommandTable, HasEachCommandOnceWithAFunctionAndASummary) {
  std::set<std::string_view> names;
  for (const Command& command : Commands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    EXPECT_NE(command.run, nullptr) << command.name;
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_LE(command.least_arguments, command.most_arguments) << command.name;
    EXPECT_EQ(command.most_arguments > 0, !command.arguments.empty()) << command.name;
  }
  EXPECT_EQ(names.size(), 20U);
}

TEST(CommandTable, FindsByTheWholeName) {
  ASSERT_NE(FindCommand("lock show"), nullptr);
  EXPECT_EQ(FindCommand("lock show")->name, "lock show");
  EXPECT_EQ(FindCommand("lock"), nullptr);
}

}  // namespace
}  // namespace lockstep

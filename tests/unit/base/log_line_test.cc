#include "base/log_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/json.h"
#include "base/text.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

constexpr EventKind kRunFailed{"run_failed", LogLevel::kWarning, "look at it"};
// 2026-11-22T18:20:38.045Z
const WallTime kTime{std::chrono::milliseconds(1795371638045)};

std::string Text(std::string_view message, const LogFields& fields = {}) {
  return TextLine({kTime, kRunFailed, message, fields}, Coloring::kPlain);
}

std::string Json(std::string_view message, const LogFields& fields = {}) {
  return JsonLine({kTime, kRunFailed, message, fields});
}

JournalFields Journal(std::string_view message, const LogFields& fields = {}) {
  return JournalFieldsOf({kTime, kRunFailed, message, fields});
}

TEST(TextLine, SaysWhenHowBadWhatAndWithWhichFields) {
  EXPECT_EQ(Text("the run failed", {{"revision", "db82de06f57d"},
                                    {"attempt", std::int64_t{3}},
                                    {"duration_seconds", 0.25},
                                    {"retryable", true}}),
            "2026-11-22T18:20:38Z warning run_failed the run failed revision=db82de06f57d "
            "attempt=3 duration_seconds=0.25 retryable=true");
}

TEST(TextLine, QuotesValuesThatWouldBeMisread) {
  EXPECT_THAT(Text("m", {{"f", ""}}), EndsWith(" f=\"\""));
  EXPECT_THAT(Text("m", {{"f", "a b"}}), EndsWith(" f=\"a b\""));
  EXPECT_THAT(Text("m", {{"f", "a=b"}}), EndsWith(" f=\"a=b\""));
  EXPECT_THAT(Text("m", {{"f", "say \"no\""}}), EndsWith(R"( f="say \"no\"")"));
  EXPECT_THAT(Text("m", {{"f", "a\\nb"}}), EndsWith(R"( f="a\\nb")")) << "a backslash of the value";
  EXPECT_THAT(Text("m", {{"f", "a\nb"}}), EndsWith(R"( f="a\nb")")) << "an escape of ours";
  EXPECT_THAT(Text("m", {{"f", "표-é"}}), EndsWith(" f=표-é"));
}

TEST(TextLine, IsOneLineThatNoTerminalObeysWhateverTheValues) {
  const std::string hostile = "x\n2026-11-22T18:20:38Z info all_well\r\x1b[2J\xff\u202e";
  const std::string line = Text(hostile, {{"file", hostile}});
  EXPECT_EQ(line, Escaped(line));
  EXPECT_THAT(line, HasSubstr(R"(x\n2026)"));
}

TEST(TextLine, ColorsOnlyTheLevel) {
  EXPECT_EQ(TextLine({kTime, kRunFailed, "m", {}}, Coloring::kColored),
            "2026-11-22T18:20:38Z \x1b[33mwarning\x1b[0m run_failed m");
}

TEST(TextLine, KeepsTheFieldsThatComeAfterAHugeMessage) {
  const std::string line = Text(std::string(1 << 20, 'x'), {{"revision", "db82de06f57d"}});
  EXPECT_LE(line.size(), kLongestLogLine);
  EXPECT_GT(line.size(), kLongestLogLine / 4) << "cut no more than that";
  EXPECT_THAT(line, EndsWith("... revision=db82de06f57d"));
}

TEST(TextLine, CutsNoCharacterInTwo) {
  for (const std::string lead : {"", "a", "aa", "aaa"}) {
    std::string text = lead;
    for (int i = 0; i < 10'000; ++i) text += "😀";
    const std::string line = Text(text);
    EXPECT_LE(line.size(), kLongestLogLine);
    EXPECT_THAT(line, EndsWith("😀..."));
  }
}

TEST(TextLine, IsCutByWhatItTakesOnceItIsEscaped) {
  EXPECT_LE(Text(std::string(kLongestLogLine - 1000, '\x01')).size(), kLongestLogLine);
}

TEST(JsonLine, IsAnObjectWithTheFieldsAfterTheFourOfEachLine) {
  EXPECT_EQ(Json("the run failed", {{"revision", "db82de06f57d"},
                                    {"attempt", std::int64_t{3}},
                                    {"duration_seconds", 0.25},
                                    {"retryable", false}}),
            R"({"ts":"2026-11-22T18:20:38.045Z","level":"warning","event":"run_failed",)"
            R"("msg":"the run failed","revision":"db82de06f57d","attempt":3,)"
            R"("duration_seconds":0.25,"retryable":false})");
}

TEST(JsonLine, KeepsEveryTextThatIsUtf8AndShowsWhatIsNot) {
  const std::string odd = "a\"b\\c\nd\te\x01 é 😀 \u2028";
  const std::string line = Json(odd, {{"file", "a\xff\xc3(b"}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const json::object object = json::parse(line).as_object();
  EXPECT_EQ(object.at("msg").as_string(), odd);
  EXPECT_EQ(object.at("file").as_string(), R"(a\xff\xc3(b)");
}

TEST(JsonLine, WritesNumbersThatJsonCannotSayAsNull) {
  const json::object object =
      json::parse(Json("m", {{"a", std::nan("")},
                             {"b", std::numeric_limits<double>::infinity()},
                             {"c", 1e300},
                             {"d", std::numeric_limits<std::int64_t>::min()}}))
          .as_object();
  EXPECT_TRUE(object.at("a").is_null());
  EXPECT_TRUE(object.at("b").is_null());
  EXPECT_EQ(object.at("c").as_double(), 1e300);
  EXPECT_EQ(object.at("d").as_int64(), std::numeric_limits<std::int64_t>::min());
}

TEST(JsonLine, IsStillJsonWhenItWasCut) {
  const std::string line =
      Json(std::string(1 << 20, '"'), {{"detail", std::string(1 << 20, '\x01')}, {"last", true}});
  EXPECT_LE(line.size(), kLongestLogLine);
  const json::object object = json::parse(line).as_object();
  EXPECT_TRUE(std::string_view(object.at("msg").as_string()).ends_with("\"..."));
  EXPECT_TRUE(object.at("last").as_bool());
}

TEST(JournalFields, AreTheJournalsOwnAndOursWithAPrefix) {
  EXPECT_THAT(
      Journal("the run failed", {{"revision", "db82de06f57d"}, {"attempt", std::int64_t{3}}}),
      ElementsAre(Pair("MESSAGE", "the run failed"), Pair("PRIORITY", "4"),
                  Pair("SYSLOG_IDENTIFIER", "lockstepd"), Pair("LOCKSTEP_EVENT", "run_failed"),
                  Pair("LOCKSTEP_REVISION", "db82de06f57d"), Pair("LOCKSTEP_ATTEMPT", "3")));
}

TEST(JournalFields, CountPrioritiesAsSyslogDoes) {
  const auto priority = [](LogLevel level) {
    const EventKind kind{"e", level, ""};
    return JournalFieldsOf({kTime, kind, "m", {}})[1].second;
  };
  EXPECT_EQ(priority(LogLevel::kDebug), "7");
  EXPECT_EQ(priority(LogLevel::kInfo), "6");
  EXPECT_EQ(priority(LogLevel::kWarning), "4");
  EXPECT_EQ(priority(LogLevel::kError), "3");
}

TEST(JournalFields, HaveNamesThatTheJournalTakes) {
  const JournalFields fields = Journal("m", {{"odd name=é\n", ""}, {std::string(100, 'a'), ""}});
  EXPECT_EQ(fields[4].first, "LOCKSTEP_ODD_NAME____");
  EXPECT_EQ(fields[5].first, "LOCKSTEP_" + std::string(55, 'A'));
}

TEST(JournalFields, EscapeTheMessageAndKeepTheBytesOfTheRest) {
  const JournalFields fields = Journal("a\x1b[2J", {{"detail", "a\n\xff"}});
  EXPECT_EQ(fields[0].second, R"(a\x1b[2J)");
  EXPECT_EQ(fields[4].second, "a\n\xff");
}

TEST(JournalFields, AreCutAt64KiB) {
  const JournalFields fields = Journal("m", {{"detail", std::string(1 << 20, 'x')}});
  EXPECT_EQ(fields[4].second, std::string(64 << 10, 'x') + "...");
}

TEST(JournalEntry, GivesEachValueWithItsLengthBeforeIt) {
  const std::string entry =
      JournalEntry({kTime, kRunFailed, "m", LogFields{{"detail", std::string(0x123, '\n')}}});
  EXPECT_THAT(entry, StartsWith(std::string("MESSAGE\n\x01\0\0\0\0\0\0\0m\n", 18)));
  EXPECT_THAT(entry, EndsWith(std::string("LOCKSTEP_DETAIL\n\x23\x01\0\0\0\0\0\0", 24) +
                              std::string(0x123, '\n') + "\n"));
}

TEST(JournalEntry, FitsIntoADatagram) {
  LogFields fields;
  for (int i = 0; i < 20; ++i) fields.emplace_back("detail", std::string(1 << 17, 'x'));
  EXPECT_LE(JournalEntry({kTime, kRunFailed, "m", fields}).size(), kLongestJournalEntry);
}

}  // namespace
}  // namespace lockstep

#include "core/migration_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Parsed {
  MigrationFile file;
  Diagnostics diagnostics;
};

Parsed Parse(std::string bytes, const std::string& name = "0007_add_role.up.sql") {
  Parsed parsed;
  parsed.file =
      ParseMigrationFile(*ParseFileName(name), "m/" + name, std::move(bytes), parsed.diagnostics);
  return parsed;
}

// The only thing wrong with the file; an empty diagnostic when that is not so.
Diagnostic FaultOf(std::string bytes, const std::string& name = "0007_add_role.up.sql") {
  const Parsed parsed = Parse(std::move(bytes), name);
  EXPECT_EQ(parsed.diagnostics.size(), 1U);
  return parsed.diagnostics.size() == 1 ? parsed.diagnostics[0] : Diagnostic{};
}

void ExpectAt(const Diagnostic& diagnostic, const std::string& code, int line, int column) {
  EXPECT_EQ(diagnostic.code, code) << ToText(diagnostic);
  EXPECT_EQ(diagnostic.line, line) << ToText(diagnostic);
  EXPECT_EQ(diagnostic.column, column) << ToText(diagnostic);
}

TEST(FileName, GivesStemHalfAndRevision) {
  const auto up = ParseFileName("0007_add_role.up.sql");
  ASSERT_TRUE(up);
  EXPECT_EQ(up->stem, "0007_add_role");
  EXPECT_EQ(up->revision, "0007");
  EXPECT_EQ(up->half, Half::kUp);
  const auto down = ParseFileName("0007.add.role.down.sql");
  ASSERT_TRUE(down);
  EXPECT_EQ(down->stem, "0007.add.role");
  EXPECT_EQ(down->revision, "0007");
  EXPECT_EQ(down->half, Half::kDown);
}

TEST(FileName, IsTheWholeStemWithoutAMark) {
  EXPECT_EQ(ParseFileName("0007.up.sql")->revision, "0007");
}

TEST(FileName, IsNobodysWithoutAHalf) {
  for (const char* name :
       {"a.sql", "a.up.sql~", "a.UP.SQL", "up.sql", ".up.sql", ".down.sql", ""}) {
    EXPECT_FALSE(ParseFileName(name)) << name;
  }
}

TEST(MigrationFile, ReadsEveryKey) {
  const Parsed parsed = Parse(
      "-- revision: db82de06f57d\n"
      "-- revises: 68db6a7fba94, ae1027a6acf\n"
      "-- description: add user role: a field\n"
      "-- transaction: off\n"
      "-- irreversible: data is gone\n"
      "-- lock_timeout: 250ms\n"
      "-- lock_deadline: 30min\n"
      "-- max_hold: 2s\n"
      "-- statement_timeout: 0\n"
      "-- acknowledge: orders rewrite\n"
      "-- acknowledge: \"My Orders\" lock\n"
      "-- variables: on\n"
      "\nselect 1;\n");
  EXPECT_THAT(parsed.diagnostics, IsEmpty());
  const MigrationFile& file = parsed.file;
  EXPECT_EQ(file.revision, "db82de06f57d");
  EXPECT_THAT(*file.parents, ElementsAre("68db6a7fba94", "ae1027a6acf"));
  EXPECT_EQ(file.description, "add user role: a field");
  EXPECT_EQ(file.irreversible, "data is gone");
  EXPECT_FALSE(file.script.transactional);
  EXPECT_TRUE(file.script.variables);
  EXPECT_THAT(file.script.limits, ElementsAre(TableLockOverride{"lock_timeout", "250ms"},
                                              TableLockOverride{"lock_deadline", "30min"},
                                              TableLockOverride{"max_hold", "2s"},
                                              TableLockOverride{"statement_timeout", "0"}));
  EXPECT_THAT(file.script.acknowledged, ElementsAre(Acknowledgement{"orders", "rewrite"},
                                                    Acknowledgement{"\"My Orders\"", "lock"}));
}

TEST(MigrationFile, RemembersWhereKeysStand) {
  const MigrationFile file = Parse(
                                 "-- Copyright\n-- revision: a\n-- revises: none\n"
                                 "-- description: d\n-- irreversible: i\n")
                                 .file;
  EXPECT_EQ(file.revision_line, 2);
  EXPECT_EQ(file.revises_line, 3);
  EXPECT_EQ(file.description_line, 4);
  EXPECT_EQ(file.irreversible_line, 5);
}

TEST(MigrationFile, HasDefaultsWithoutAHeader) {
  const Parsed parsed = Parse("select 1;\n");
  EXPECT_THAT(parsed.diagnostics, IsEmpty());
  EXPECT_EQ(parsed.file.revision, std::nullopt);
  EXPECT_EQ(parsed.file.parents, std::nullopt);
  EXPECT_EQ(parsed.file.revision_line, 0);
  EXPECT_TRUE(parsed.file.script.transactional);
  EXPECT_FALSE(parsed.file.script.variables);
  EXPECT_THAT(parsed.file.script.limits, IsEmpty());
  EXPECT_EQ(parsed.file.script.file, "m/0007_add_role.up.sql");
}

TEST(MigrationFile, NoneMeansNoParent) {
  EXPECT_THAT(*Parse("-- revises: none\n").file.parents, IsEmpty());
}

TEST(MigrationFile, TakesTightAndWideSpacing) {
  const Parsed parsed = Parse("--revision: a\n--\t  description:\t words  \nselect 1");
  EXPECT_THAT(parsed.diagnostics, IsEmpty());
  EXPECT_EQ(parsed.file.revision, "a");
  EXPECT_EQ(parsed.file.description, "words");
}

TEST(MigrationFile, ProseInTheHeaderIsProse) {
  const Parsed parsed = Parse(
      "-- Note: this is why\n-- https://example.org/why\n-- at 12:30 we said\n--\n---- x: y\n"
      "-- add to: the rest\n-- revision: a\n");
  EXPECT_THAT(parsed.diagnostics, IsEmpty());
  EXPECT_EQ(parsed.file.revision, "a");
}

TEST(MigrationFile, HeaderEndsAtTheFirstLineThatIsNoComment) {
  EXPECT_EQ(Parse("select 1;\n-- revision: a\n").file.revision, std::nullopt);
  EXPECT_EQ(Parse("-- description: d\n/* c */\n-- revision: a\n").file.revision, std::nullopt);
  EXPECT_THAT(Parse("select 1;\n-- nonsense: a\n-- revision: a\n").diagnostics, IsEmpty());
}

TEST(MigrationFile, BlankLinesBeforeTheHeaderDoNotEndIt) {
  EXPECT_EQ(Parse("\n \n-- revision: a\n").file.revision, "a");
}

TEST(MigrationFile, WarnsOfAKeyThatABlankLineCutOff) {
  const Diagnostic fault = FaultOf("-- revision: a\n\n-- Prose.\n--  transaction: off\nselect 1;");
  ExpectAt(fault, "late-key", 4, 5);
  EXPECT_EQ(fault.severity, Severity::kWarning);
  EXPECT_TRUE(Parse("-- revision: a\n\n-- transaction: off\n").file.script.transactional);
  EXPECT_THAT(Parse("-- revision: a\n\n-- remark: words\nselect 1;").diagnostics, IsEmpty());
}

TEST(MigrationFile, AnUnknownKeyIsAnErrorWithPlaceAndNearestKey) {
  const Diagnostic fault = FaultOf("-- revision: a\n--  transation: off\n");
  ExpectAt(fault, "unknown-key", 2, 5);
  EXPECT_EQ(fault.file, "m/0007_add_role.up.sql");
  EXPECT_EQ(fault.source_line, "--  transation: off");
  EXPECT_THAT(fault.message, HasSubstr("\"transation\""));
  EXPECT_EQ(fault.hint, "did you mean \"transaction\"?");
}

TEST(MigrationFile, AnUnknownKeyLikeNoOtherSaysHowToWriteARemark) {
  EXPECT_THAT(FaultOf("-- note: lower case\n").hint, HasSubstr("capital letter"));
}

TEST(MigrationFile, AKeyIsGivenOnce) {
  const Diagnostic fault = FaultOf("-- revision: a\n-- Prose\n-- revision: a\n");
  ExpectAt(fault, "duplicate-key", 3, 4);
  EXPECT_THAT(fault.hint, HasSubstr("line 1"));
}

TEST(MigrationFile, ABadValueHasThePlaceOfTheValue) {
  ExpectAt(FaultOf("-- transaction: no\n"), "bad-value", 1, 17);
  ExpectAt(FaultOf("-- variables: ON\n"), "bad-value", 1, 15);
  ExpectAt(FaultOf("-- lock_timeout: 5\n"), "bad-value", 1, 18);
  ExpectAt(FaultOf("-- max_hold:   -1s\n"), "bad-value", 1, 16);
  ExpectAt(FaultOf("-- acknowledge: orders\n"), "bad-value", 1, 17);
  ExpectAt(FaultOf("-- acknowledge: orders rewite\n"), "bad-value", 1, 17);
  ExpectAt(FaultOf("-- revises: a,,b\n"), "bad-value", 1, 13);
  ExpectAt(FaultOf("-- revises: none, a\n"), "bad-value", 1, 13);
}

TEST(MigrationFile, EveryKeyNeedsAValue) {
  for (const char* key : {"revision", "revises", "description", "irreversible", "transaction",
                          "lock_timeout", "acknowledge", "variables"}) {
    const std::string line = std::string("-- ") + key + ":";
    ExpectAt(FaultOf(line + "\n"), "bad-value", 1, static_cast<int>(line.size()) + 1);
  }
}

TEST(MigrationFile, ARevisionIsNothingThatAGoalCouldMean) {
  for (const char* revision : {"head", "heads", "base", "current", "none", "a-1", "a+1", "a:b",
                               "a@b", "a b", "a,b", "a\tb"}) {
    const Diagnostic fault = FaultOf(std::string("-- revision: ") + revision + "\n");
    ExpectAt(fault, "bad-value", 1, 14);
  }
  EXPECT_THAT(Parse("-- revision: Größe_2.1/x\n").diagnostics, IsEmpty());
}

TEST(MigrationFile, ARevisionHasAtMost64Characters) {
  std::string longest;
  for (int i = 0; i < 64; ++i) longest += "ü";
  EXPECT_THAT(Parse("-- revision: " + longest + "\n").diagnostics, IsEmpty());
  ExpectAt(FaultOf("-- revision: " + longest + "x\n"), "bad-value", 1, 14);
}

TEST(MigrationFile, ARevisionFromTheNameFollowsTheSameRules) {
  const Diagnostic fault = FaultOf("select 1;", "add-role.up.sql");
  ExpectAt(fault, "bad-value", 0, 0);
  EXPECT_THAT(fault.message, HasSubstr("\"add-role\""));
  EXPECT_EQ(FaultOf("select 1;", "_x.up.sql").code, "bad-value");
  EXPECT_EQ(FaultOf("select 1;", "head.up.sql").code, "bad-value");
}

TEST(MigrationFile, ANameOnlyCountsWhenTheHeaderNamesNoRevision) {
  EXPECT_THAT(Parse("-- revision: a\n", "add-role.up.sql").diagnostics, IsEmpty());
  EXPECT_THAT(Parse("select 1;", "add-role.down.sql").diagnostics, IsEmpty())
      << "the up file tells it already";
}

TEST(MigrationFile, ReportsEveryFaultAtOnce) {
  const Parsed parsed = Parse("-- foo: 1\n-- transaction: x\n-- revision: a b\n");
  EXPECT_EQ(parsed.diagnostics.size(), 3U);
}

// Faults: F10.
TEST(MigrationFile, AcceptsEveryKindOfLineEnd) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const Parsed parsed = Parse("-- revision: a" + end + "-- description: d" + end + end + "x");
    EXPECT_THAT(parsed.diagnostics, IsEmpty());
    EXPECT_EQ(parsed.file.revision, "a");
    EXPECT_EQ(parsed.file.description, "d");
    EXPECT_EQ(parsed.file.script.checksum, Sha256("-- revision: a\n-- description: d\n\nx"));
  }
}

// Faults: F9.
TEST(MigrationFile, LeavesTheTextAsItIsButForAByteOrderMark) {
  const std::string text = "-- revision: a\r\nselect 1;\n";
  EXPECT_EQ(Parse(text).file.script.text, text);
  const Parsed marked = Parse("\xEF\xBB\xBF" + text);
  EXPECT_THAT(marked.diagnostics, IsEmpty());
  EXPECT_EQ(marked.file.revision, "a");
  EXPECT_EQ(marked.file.script.text, text);
  EXPECT_EQ(marked.file.script.checksum, Parse(text).file.script.checksum);
}

// Faults: F6.
TEST(MigrationFile, NamesTheByteThatIsNotUtf8) {
  const Diagnostic fault = FaultOf("-- revision: a\n\nselect 'caf\xe9';\n");
  ExpectAt(fault, "not-utf8", 3, 12);
  EXPECT_EQ(fault.message, "byte 0xe9 at offset 27 is not UTF-8");
  EXPECT_EQ(fault.source_line, "select 'caf\xe9';");
}

TEST(MigrationFile, CountsAByteOrderMarkInTheOffsetAndNotInTheColumn) {
  const Diagnostic fault = FaultOf("\xEF\xBB\xBF\xff");
  ExpectAt(fault, "not-utf8", 1, 1);
  EXPECT_THAT(fault.message, HasSubstr("at offset 3 "));
}

TEST(MigrationFile, KnowsUtf16) {
  const std::string utf16("\xFF\xFEs\0e\0", 6);
  EXPECT_THAT(FaultOf(utf16).hint, HasSubstr("UTF-16"));
}

// Faults: F11.
TEST(MigrationFile, NamesTheNulByte) {
  const Diagnostic fault = FaultOf(std::string("-- revision: a\nab\0c", 19));
  ExpectAt(fault, "nul-byte", 2, 3);
  EXPECT_THAT(fault.message, HasSubstr("offset 17"));
}

TEST(MigrationFile, AnEmptyFileIsNoFaultOfItsHeader) {
  EXPECT_THAT(Parse("").diagnostics, IsEmpty());
  EXPECT_EQ(Parse("").file.script.text, "");
}

TEST(StoredScript, KeepsWhatSaysHowToRunIt) {
  const std::string text =
      "-- revision: a\n-- transaction: off\n-- max_hold: 2s\n-- variables: on\ndrop table t;";
  const Script script = ParseStoredScript("a (stored)", text);
  EXPECT_EQ(script.file, "a (stored)");
  EXPECT_EQ(script.text, text);
  EXPECT_EQ(script.checksum, Sha256(text));
  EXPECT_FALSE(script.transactional);
  EXPECT_TRUE(script.variables);
  EXPECT_THAT(script.limits, ElementsAre(TableLockOverride{"max_hold", "2s"}));
}

TEST(StoredScript, TakesKeysOfANewerRelease) {
  EXPECT_FALSE(ParseStoredScript("a", "-- novelty: on\n-- transaction: off\n").transactional);
}

}  // namespace
}  // namespace lockstep

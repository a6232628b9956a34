#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Utf8, AcceptsEveryLengthOfCharacter) {
  EXPECT_EQ(FirstInvalidUtf8(""), std::nullopt);
  EXPECT_EQ(FirstInvalidUtf8("a é € 😀 \U0010FFFF"), std::nullopt);
  EXPECT_EQ(FirstInvalidUtf8(std::string_view("a\0b", 3)), std::nullopt);
}

TEST(Utf8, NamesTheFirstWrongByteWhereverItStands) {
  for (std::size_t at = 0; at < 40; ++at) {
    std::string text(40, 'a');
    text[at] = '\xff';
    EXPECT_EQ(FirstInvalidUtf8(text), at);
  }
  EXPECT_EQ(FirstInvalidUtf8("é\xe9t"), 2U) << "Latin-1 after UTF-8";
}

TEST(Utf8, RefusesWhatRfc3629Refuses) {
  for (const std::string_view text : {"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf",  // overlong
                                      "\xed\xa0\x80", "\xed\xbf\xbf",                  // surrogates
                                      "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",  // past U+10FFFF
                                      "\x80", "\xe2\x82", "\xe2\x28\xa1"}) {   // cut short
    EXPECT_EQ(FirstInvalidUtf8(text), 0U) << Escaped(text);
  }
}

void ExpectPosition(std::string_view text, std::size_t offset, int line, int column,
                    const std::string& source_line) {
  const TextPosition position = PositionAt(text, offset);
  EXPECT_EQ(position.line, line) << Escaped(text) << " at " << offset;
  EXPECT_EQ(position.column, column) << Escaped(text) << " at " << offset;
  EXPECT_EQ(position.source_line, source_line) << Escaped(text) << " at " << offset;
}

TEST(PositionAt, CountsLinesOfEveryKindOfLineEnd) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const std::string text = "ab" + end + "cd" + end + "ef";
    ExpectPosition(text, 0, 1, 1, "ab");
    ExpectPosition(text, 2, 1, 3, "ab");
    ExpectPosition(text, 2 + end.size(), 2, 1, "cd");
    ExpectPosition(text, text.size() - 1, 3, 2, "ef");
  }
}

TEST(PositionAt, BelongsToTheLineThatALineEndEnds) { ExpectPosition("ab\r\ncd", 3, 1, 3, "ab"); }

TEST(PositionAt, TakesAnOffsetPastTheEndAsTheEnd) {
  ExpectPosition("ab", 99, 1, 3, "ab");
  ExpectPosition("ab\n", 99, 2, 1, "");
  ExpectPosition("", 0, 1, 1, "");
}

TEST(PositionAt, CountsColumnsInCharacters) { ExpectPosition("é€😀x", 9, 1, 4, "é€😀x"); }

TEST(PositionAt, GivesAByteOrderMarkNoColumn) {
  ExpectPosition("\xEF\xBB\xBFselect", 3, 1, 1, "select");
  ExpectPosition("\xEF\xBB\xBFselect", 0, 1, 1, "select");
}

TEST(ByteOfCharacter, FindsTheByteAtWhichACharacterStarts) {
  EXPECT_EQ(ByteOfCharacter("é€x", 0), 0U);
  EXPECT_EQ(ByteOfCharacter("é€x", 1), 2U);
  EXPECT_EQ(ByteOfCharacter("é€x", 2), 5U);
  EXPECT_EQ(ByteOfCharacter("é€x", 99), 6U);
}

TEST(DisplayWidth, CountsTheColumnsOfATerminal) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("é€"), 2);
  EXPECT_EQ(DisplayWidth("表名"), 4);
  EXPECT_EQ(DisplayWidth("한글"), 4);
  EXPECT_EQ(DisplayWidth("ｗ"), 2);
  EXPECT_EQ(DisplayWidth("😀"), 2);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1);
  EXPECT_EQ(DisplayWidth("a\u200bb"), 2);
}

TEST(Escaped, LeavesOrdinaryTextAlone) { EXPECT_EQ(Escaped("a \\ \"é\" 表 😀"), "a \\ \"é\" 表 😀"); }

TEST(Escaped, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(Escaped("\n\r\t\x1b\x7f"), "\\n\\r\\t\\x1b\\x7f");
  EXPECT_EQ(Escaped(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(Escaped("\u009b"), "\\x9b") << "the one-byte CSI of eight-bit terminals";
}

TEST(IsPlain, IsTrueOfWhatEscapedLeavesAlone) {
  for (const char* text : {"", "0001_a.up.sql", "~ \"", "é 表 😀"})
    EXPECT_TRUE(IsPlain(text)) << text;
  for (const char* text : {"a\n", "\x1b[m", "\x7f", "\u009b", "a\xff"}) {
    EXPECT_FALSE(IsPlain(text)) << Escaped(text);
  }
}

TEST(Escaped, ShowsMarksThatTurnTheWritingDirection) {
  EXPECT_EQ(Escaped("a\u202eb"), "a\\u202eb");
  EXPECT_EQ(Escaped("a\u2066b"), "a\\u2066b");
}

TEST(Escaped, ShowsBrokenUtf8ByteByByte) {
  EXPECT_EQ(Escaped("a\xff\xc3(\xe2\x82"), "a\\xff\\xc3(\\xe2\\x82");
}

TEST(Trim, TakesBlanksFromBothEndsOnly) {
  EXPECT_EQ(Trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(Trim(" \n"), "");
  EXPECT_EQ(Trim(""), "");
}

TEST(SplitTrimmed, GivesThePiecesBetweenSeparators) {
  EXPECT_THAT(SplitTrimmed("a, b ,c", ','), ElementsAre("a", "b", "c"));
  EXPECT_THAT(SplitTrimmed("a,,", ','), ElementsAre("a", "", ""));
  EXPECT_THAT(SplitTrimmed("", ','), IsEmpty());
  EXPECT_THAT(SplitTrimmed("  ", ','), IsEmpty());
}

TEST(Join, PutsTheSeparatorBetween) {
  EXPECT_EQ(Join({"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(Join({}, ", "), "");
}

TEST(Case, IsOfAsciiLettersOnly) {
  EXPECT_EQ(ToLower("AbZ[É"), "abz[É");
  EXPECT_TRUE(EqualIgnoringCase("NO_Color", "no_cOLOR"));
  EXPECT_FALSE(EqualIgnoringCase("a", "ab"));
  EXPECT_FALSE(EqualIgnoringCase("[", "{"));
}

TEST(NaturalLess, ComparesNumbersAsNumbers) {
  std::vector<std::string> names = {"a10", "a2", "b1", "a1", "a", "10", "9"};
  std::sort(names.begin(), names.end(), NaturalLess);
  EXPECT_THAT(names, ElementsAre("9", "10", "a", "a1", "a2", "a10", "b1"));
}

TEST(NaturalLess, TakesNumbersOfAnyLength) {
  EXPECT_TRUE(NaturalLess("99999999999999999999999998", "99999999999999999999999999"));
  EXPECT_TRUE(NaturalLess("99999999999999999999999999", "100000000000000000000000000"));
}

TEST(NaturalLess, IsATotalOrderAlsoWithLeadingZeros) {
  EXPECT_TRUE(NaturalLess("a01", "a1"));
  EXPECT_FALSE(NaturalLess("a1", "a01"));
  EXPECT_TRUE(NaturalLess("a01", "a2"));
  EXPECT_TRUE(NaturalLess("a0", "a1")) << "zero is a number too";
  EXPECT_FALSE(NaturalLess("a1", "a1"));
}

TEST(Nearest, FindsWhatWasProbablyMeant) {
  const std::vector<std::string> keys = {"revision", "revises", "transaction", "max_hold"};
  EXPECT_EQ(Nearest("transation", keys), "transaction");
  EXPECT_EQ(Nearest("revison", keys), "revision");
  EXPECT_EQ(Nearest("bsae", {"base"}), "base") << "two neighbours swapped are one change";
}

TEST(Nearest, KeepsSilentWhenNothingIsNear) {
  EXPECT_EQ(Nearest("author", {"revision", "transaction"}), std::nullopt);
  EXPECT_EQ(Nearest("ab", {"ac"}), std::nullopt) << "half of the letters is no likeness";
  EXPECT_EQ(Nearest("x", {}), std::nullopt);
}

TEST(Nearest, AllowsAThirdOfTheLetters) {
  EXPECT_EQ(Nearest("abcdxx", {"abcdef"}), "abcdef");
  EXPECT_EQ(Nearest("abcxxx", {"abcdef"}), std::nullopt);
}

}  // namespace
}  // namespace lockstep

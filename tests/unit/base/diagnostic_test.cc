#include "base/diagnostic.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace lockstep {
namespace {

Diagnostic At(int column, std::string source_line) {
  Diagnostic diagnostic;
  diagnostic.code = "some-code";
  diagnostic.file = "m/a.up.sql";
  diagnostic.line = 3;
  diagnostic.column = column;
  diagnostic.message = "wrong";
  diagnostic.source_line = std::move(source_line);
  return diagnostic;
}

// The source line and the caret's line, as they are shown.
std::pair<std::string, std::string> Excerpt(const Diagnostic& diagnostic) {
  const std::string text = ToText(diagnostic);
  const std::size_t first = text.find('\n') + 1;
  const std::size_t second = text.find('\n', first) + 1;
  return {text.substr(first, second - first - 1),
          text.substr(second, text.find('\n', second) - second)};
}

TEST(Diagnostic, ReadsLikeACompilers) {
  Diagnostic diagnostic = At(8, "select nope from t;");
  diagnostic.hint = "name another column";
  EXPECT_EQ(ToText(diagnostic),
            "m/a.up.sql:3:8: error: wrong [some-code]\n"
            "  select nope from t;\n"
            "         ^\n"
            "  hint: name another column\n");
}

TEST(Diagnostic, LeavesOutThePlacesThatItDoesNotHave) {
  Diagnostic diagnostic = At(0, "");
  EXPECT_EQ(ToText(diagnostic), "m/a.up.sql:3: error: wrong [some-code]\n");
  diagnostic.line = 0;
  diagnostic.severity = Severity::kWarning;
  EXPECT_EQ(ToText(diagnostic), "m/a.up.sql: warning: wrong [some-code]\n");
  diagnostic.file = "";
  diagnostic.severity = Severity::kNote;
  EXPECT_EQ(ToText(diagnostic), "note: wrong [some-code]\n");
}

TEST(Diagnostic, ShowsTheLineWithoutACaretWhenNoColumnIsMeant) {
  EXPECT_EQ(ToText(At(0, "select 1")), "m/a.up.sql:3: error: wrong [some-code]\n  select 1\n");
}

TEST(Diagnostic, CopiesTabsSoThatTheCaretStandsRightAtAnyTabWidth) {
  const auto [line, caret] = Excerpt(At(4, "a\tb\tcd"));
  EXPECT_EQ(line, "  a\tb\tcd");
  EXPECT_EQ(caret, "   \t ^");
  EXPECT_EQ(Excerpt(At(5, "a\tb\tcd")).second, "   \t \t^");
}

TEST(Diagnostic, CountsColumnsInCharactersAndPadsByTheirWidth) {
  EXPECT_EQ(Excerpt(At(3, "é€x")).second, "    ^");
  EXPECT_EQ(Excerpt(At(3, "表名x")).second, "      ^") << "wide characters take two columns";
  EXPECT_EQ(Excerpt(At(3, "e\u0301x")).second, "   ^") << "a combining accent takes none";
}

TEST(Diagnostic, PutsTheCaretBehindTheLineForItsEnd) {
  EXPECT_EQ(Excerpt(At(9, "select 1")).second, "          ^");
  EXPECT_EQ(Excerpt(At(500, "select 1")).second, "          ^");
}

TEST(Diagnostic, CutsALongLineAroundTheCaret) {
  const std::string line(1000, 'a');
  const auto [shown, caret] = Excerpt(At(501, line + "X" + line));
  EXPECT_LT(shown.size(), 140U);
  EXPECT_TRUE(shown.starts_with("  ...aaa"));
  EXPECT_TRUE(shown.ends_with("aaa..."));
}

TEST(Diagnostic, KeepsTheCaretUnderItsCharacterInACutLine) {
  const auto [shown, caret] = Excerpt(At(501, std::string(500, 'a') + "X" + std::string(500, 'b')));
  EXPECT_EQ(shown[caret.size() - 1], 'X');
}

TEST(Diagnostic, CutsOnlyTheEndWhenTheCaretIsNearTheBeginning) {
  const auto [shown, caret] = Excerpt(At(2, "aX" + std::string(1000, 'b')));
  EXPECT_TRUE(shown.starts_with("  aXb"));
  EXPECT_TRUE(shown.ends_with("b..."));
  EXPECT_EQ(caret, "   ^");
}

TEST(Diagnostic, CutsALongLineOfWideCharactersBetweenCharacters) {
  std::string line;
  for (int i = 0; i < 400; ++i) line += "表";
  const auto [shown, caret] = Excerpt(At(200, line));
  EXPECT_FALSE(FirstInvalidUtf8(shown));
  EXPECT_EQ(DisplayWidth(caret), 2 + 3 + 60 * 2 + 1);
}

TEST(Diagnostic, EscapesWhatATerminalWouldObey) {
  Diagnostic diagnostic = At(6, "a\x1b[2Jb");
  diagnostic.file = "m/\n.sql";
  diagnostic.message = "bell \a";
  diagnostic.hint = "line\nline";
  EXPECT_EQ(ToText(diagnostic),
            "m/\\n.sql:3:6: error: bell \\x07 [some-code]\n"
            "  a\\x1b[2Jb\n"
            "          ^\n"
            "  hint: line\\nline\n");
}

TEST(Diagnostic, ShowsBrokenUtf8AsBytesWithTheCaretUnderThem) {
  const auto [shown, caret] = Excerpt(At(3,
                                         "ab\xff"
                                         "cd"));
  EXPECT_EQ(shown, "  ab\\xffcd");
  EXPECT_EQ(caret, "    ^");
}

TEST(Diagnostic, OnlyErrorsAreErrors) {
  Diagnostic warning;
  warning.severity = Severity::kWarning;
  EXPECT_FALSE(HasErrors({}));
  EXPECT_FALSE(HasErrors({warning}));
  EXPECT_TRUE(HasErrors({warning, Diagnostic{}}));
}

}  // namespace
}  // namespace lockstep

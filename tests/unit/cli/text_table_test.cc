#include "cli/text_table.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(TextTable, AlignsByWhatATerminalShows) {
  TextTable table;
  table.Add({"a", "1", "x"});
  table.Add({"ä€", "22", "y"});
  table.Add({"日本", "3", "z"});
  EXPECT_EQ(table.Text(), "a     1   x\nä€    22  y\n日本  3   z\n");
}

TEST(TextTable, LeavesOutEmptyColumnsAndBlanksAtTheEnd) {
  TextTable table;
  table.Add({"a", "", "b", ""});
  table.Add({"aa", "", "", ""});
  EXPECT_EQ(table.Text(), "a   b\naa\n");
  EXPECT_EQ(TextTable().Text(), "");
}

TEST(TextTable, ColoursDoNotMoveColumns) {
  TextTable table(Paint(true));
  table.Add({{"ok", Tone::kGood}, "x"});
  table.Add({{"FAILED", Tone::kBad}, "y"});
  EXPECT_EQ(table.Text(), "\x1b[32mok\x1b[0m      x\n\x1b[31mFAILED\x1b[0m  y\n");
}

TEST(TextTable, EscapesControlCharacters) {
  TextTable table;
  table.Add({"a\x1b[2J\nb", "c"});
  EXPECT_EQ(table.Text(), "a\\x1b[2J\\nb  c\n");
}

}  // namespace
}  // namespace lockstep

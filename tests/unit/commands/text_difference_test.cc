#include "commands/text_difference.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

std::string Difference(std::string_view before, std::string_view after) {
  return UnifiedDifference(before, after, "old", "new");
}

TEST(TextDifference, OfEqualTextsIsEmpty) {
  EXPECT_EQ(Difference("a\nb\n", "a\nb\n"), "");
  EXPECT_EQ(Difference("", ""), "");
}

TEST(TextDifference, ShowsAChangedLineWithThreeLinesAround) {
  EXPECT_EQ(Difference("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "--- old\n+++ new\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(TextDifference, KeepsWhatStayedBetweenTwoChanges) {
  EXPECT_EQ(Difference("a\nb\nc\n", "x\nb\ny\n"),
            "--- old\n+++ new\n@@ -1,3 +1,3 @@\n-a\n+x\n b\n-c\n+y\n");
}

TEST(TextDifference, MakesHunksOfChangesThatAreFarApart) {
  const std::string middle = "1\n2\n3\n4\n5\n6\n7\n8\n";
  EXPECT_EQ(Difference("a\n" + middle + "z\n", middle + "y\n"),
            "--- old\n+++ new\n@@ -1,4 +1,3 @@\n-a\n 1\n 2\n 3\n"
            "@@ -7,4 +6,4 @@\n 6\n 7\n 8\n-z\n+y\n");
}

TEST(TextDifference, NamesLineZeroOfAnEmptyText) {
  EXPECT_EQ(Difference("", "a\n"), "--- old\n+++ new\n@@ -0,0 +1,1 @@\n+a\n");
  EXPECT_EQ(Difference("a\n", ""), "--- old\n+++ new\n@@ -1,1 +0,0 @@\n-a\n");
}

TEST(TextDifference, StaysRightBeyondTheLimitOfItsTable) {
  std::string before, after;
  for (int i = 0; i < 3000; ++i) {
    before += "before " + std::to_string(i) + "\n";
    after += "after " + std::to_string(i) + "\n";
  }
  const std::string text = Difference("same\n" + before, "same\n" + after);
  EXPECT_NE(text.find("@@ -1,3001 +1,3001 @@\n same\n-before 0\n"), std::string::npos);
  EXPECT_NE(text.find("-before 2999\n+after 0\n"), std::string::npos);
}

}  // namespace
}  // namespace lockstep

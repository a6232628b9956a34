#include "base/hash.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Sha256, IsTheStandards) {
  // FIPS 180-2, appendix B.
  EXPECT_EQ(Sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256OfText, IsThePlainHashOfATextWithLineFeeds) {
  EXPECT_EQ(Sha256OfText("a\nb\n"), Sha256("a\nb\n"));
  EXPECT_EQ(Sha256OfText(""), Sha256(""));
}

TEST(Sha256OfText, ReadsEveryLineEndAsALineFeed) {
  EXPECT_EQ(Sha256OfText("a\r\nb\r\n"), Sha256("a\nb\n"));
  EXPECT_EQ(Sha256OfText("a\rb\r"), Sha256("a\nb\n"));
  EXPECT_EQ(Sha256OfText("a\r\r\n\nb"), Sha256("a\n\n\nb"));
}

TEST(Sha256OfText, LeavesOutALeadingByteOrderMarkOnly) {
  EXPECT_EQ(Sha256OfText("\xEF\xBB\xBF"
                         "a"),
            Sha256("a"));
  EXPECT_EQ(Sha256OfText("a\xEF\xBB\xBF"), Sha256("a\xEF\xBB\xBF"));
}

TEST(Sha256OfText, ToldApartByEveryOtherByte) {
  EXPECT_NE(Sha256OfText("a\n"), Sha256OfText("a"));
  EXPECT_NE(Sha256OfText("a "), Sha256OfText("a"));
}

}  // namespace
}  // namespace lockstep

#include "base/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

const json::object kDocument =
    json::parse(R"({"text": "a", "whole": 3, "real": 1.5, "yes": true, "none": null,
                    "list": ["x", 1, {"k": "v"}], "object": {"k": "v"}})")
        .as_object();

TEST(Document, GivesWhatIsThere) {
  EXPECT_EQ(TextAt(kDocument, "text"), "a");
  EXPECT_EQ(WholeAt(kDocument, "whole"), 3);
  EXPECT_EQ(NumberAt(kDocument, "real"), 1.5);
  EXPECT_EQ(NumberAt(kDocument, "whole"), 3.0);
  EXPECT_TRUE(TrueAt(kDocument, "yes"));
  EXPECT_EQ(TextAt(ObjectAt(kDocument, "object"), "k"), "v");
}

TEST(Document, NullMissingAndMistypedAreEmpty) {
  for (const char* key : {"none", "missing", "object"}) {
    EXPECT_EQ(TextAt(kDocument, key), "");
    EXPECT_EQ(WholeAt(kDocument, key), 0);
    EXPECT_EQ(NumberAt(kDocument, key), 0);
    EXPECT_FALSE(TrueAt(kDocument, key));
    EXPECT_TRUE(ListAt(kDocument, key).empty());
  }
  EXPECT_TRUE(ObjectAt(kDocument, "text").empty());
  EXPECT_TRUE(IsNullAt(kDocument, "missing"));
  EXPECT_FALSE(IsNullAt(kDocument, "text"));
}

TEST(Document, ListsGiveOnlyWhatFits) {
  EXPECT_THAT(TextsAt(kDocument, "list"), testing::ElementsAre("x"));
  ASSERT_EQ(ObjectsAt(kDocument, "list").size(), 1U);
}

TEST(Document, LargeWholeNumbersOfEitherSignednessAreRead) {
  EXPECT_EQ(WholeAt({{"n", std::uint64_t{5}}}, "n"), 5);
  EXPECT_EQ(WholeAt({{"n", std::int64_t{-5}}}, "n"), -5);
}

}  // namespace
}  // namespace lockstep

#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Json, ListsOfStringsGoThereAndBack) {
  const std::vector<std::string> strings = {"a", "", "ü\n"};
  EXPECT_EQ(ToStrings(ToJson(strings)), strings);
  EXPECT_EQ(ToStrings(ToJson({})), std::vector<std::string>());
}

TEST(Json, RefusesAListOfSomethingElse) {
  EXPECT_ANY_THROW(ToStrings(json::parse("[1]")));
  EXPECT_ANY_THROW(ToStrings(json::parse("{}")));
}

TEST(Json, PrettyIsIndentedByTwo) {
  EXPECT_EQ(Pretty(json::parse(R"({"a":1,"b":[true,null,{"c":"x"}]})")),
            "{\n"
            "  \"a\": 1,\n"
            "  \"b\": [\n"
            "    true,\n"
            "    null,\n"
            "    {\n"
            "      \"c\": \"x\"\n"
            "    }\n"
            "  ]\n"
            "}\n");
}

TEST(Json, PrettyKeepsEmptyContainersInOnePiece) {
  EXPECT_EQ(Pretty(json::parse(R"({"a":[],"b":{}})")), "{\n  \"a\": [],\n  \"b\": {}\n}\n");
  EXPECT_EQ(Pretty(json::parse("[]")), "[]\n");
}

TEST(Json, PrettyIsStillTheSameJson) {
  const json::value value = json::parse(R"({"a\"\n":"b\u0001\\","c":[1.5,-2]})");
  EXPECT_EQ(json::parse(Pretty(value)), value);
}

}  // namespace
}  // namespace lockstep

#include "base/argument_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lockstep {
namespace {

std::vector<std::string> Hidden(std::vector<std::string> arguments) {
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  HideDatabaseUrl(static_cast<int>(pointers.size()), pointers.data());
  return arguments;
}

TEST(ArgumentMemory, BothFormsOfTheOptionLoseTheirValue) {
  EXPECT_THAT(Hidden({"lockstep", "--database-url", "u:p@h", "upgrade"}),
              testing::ElementsAre("lockstep", "--database-url", "*****", "upgrade"));
  EXPECT_THAT(Hidden({"lockstep", "upgrade", "--database-url=u:p@h"}),
              testing::ElementsAre("lockstep", "upgrade", "--database-url=*****"));
}

TEST(ArgumentMemory, ARepeatedOptionLosesAllItsValues) {
  EXPECT_THAT(Hidden({"lockstep", "--database-url=a", "--database-url", "b"}),
              testing::ElementsAre("lockstep", "--database-url=*", "--database-url", "*"));
}

TEST(ArgumentMemory, OtherArgumentsStay) {
  const std::vector<std::string> others = {"lockstep", "--database-urls=x", "--dir", "y",
                                           "--database-url"};
  EXPECT_EQ(Hidden(others), others);
}

}  // namespace
}  // namespace lockstep

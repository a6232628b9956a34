#include "cli/question.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Question, OnlyYesMeansYes) {
  for (const char* line : {"y\n", "Y", " yes \n", "YES\n"}) EXPECT_TRUE(MeansYes(line)) << line;
  for (const char* line : {"", "\n", "n\n", "yeah\n", "ja\n"}) EXPECT_FALSE(MeansYes(line)) << line;
}

}  // namespace
}  // namespace lockstep

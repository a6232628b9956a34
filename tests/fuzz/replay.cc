// Every input of the corpora, through the target that it belongs to: what was found once stays
// found.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "fuzz/targets.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

std::string BytesOf(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// libpq 15 itself forgets the result that it has when COPY begins within an answer (getCopyStart),
// as only a hostile server has it: 216 bytes of each such connection.
[[maybe_unused]] bool LosesMemoryInLibpq(const fs::path& path) {
  return path.filename() == "copy_within_an_answer";
}

void RunOne(const FuzzTarget& target, const fs::path& path) {
#ifdef __SANITIZE_ADDRESS__
  if (LosesMemoryInLibpq(path)) {
    const __lsan::ScopedDisabler disabled;
    return target.run(BytesOf(path));
  }
#endif
  target.run(BytesOf(path));
}

class FuzzReplay : public ::testing::TestWithParam<FuzzTarget> {};

TEST_P(FuzzReplay, TheOraclesHold) {
  const FuzzTarget& target = GetParam();
  int inputs = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(LOCKSTEP_CORPORA) / target.name)) {
    SCOPED_TRACE(entry.path().string());
    EXPECT_NO_THROW(RunOne(target, entry.path()));
    ++inputs;
  }
  EXPECT_GE(inputs, 8) << "a corpus of a few inputs only is none";
  EXPECT_NO_THROW(target.run(""));
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzReplay, ::testing::ValuesIn(FuzzTargets()),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace lockstep

#include "postgres/installation.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace lockstep {
namespace {

namespace fs = std::filesystem;

class InstallationTest : public testing::Test {
 protected:
  InstallationTest() {
    std::string path = (fs::temp_directory_path() / "installation-XXXXXX").string();
    root_ = ::mkdtemp(path.data());
  }
  ~InstallationTest() override { fs::remove_all(root_); }

  std::string Install(const std::string& release, const std::string& program) const {
    const std::string bin = root_ + "/" + release + "/bin";
    fs::create_directories(bin);
    std::ofstream(bin + "/" + program) << "#!/bin/sh\n";
    fs::permissions(bin + "/" + program, fs::perms::owner_all);
    return bin + "/" + program;
  }

  std::string root_;
};

TEST_F(InstallationTest, TheNewestReleaseThatHasTheProgramWins) {
  Install("9.6", "initdb");
  const std::string newest = Install("15", "initdb");
  Install("16", "psql");
  EXPECT_EQ(FindPostgresProgram("initdb", root_), newest);
}

TEST_F(InstallationTest, PathComesLast) {
  EXPECT_TRUE(FindPostgresProgram("sh", root_).has_value());
  EXPECT_TRUE(FindPostgresProgram("sh", root_ + "/gone").has_value());
  EXPECT_EQ(FindPostgresProgram("no-such-program-here", root_), std::nullopt);
}

}  // namespace
}  // namespace lockstep

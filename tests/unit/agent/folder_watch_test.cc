#include "agent/folder_watch.h"

#include <gtest/gtest.h>

#include <memory>

#include "support/temporary_folder.h"

namespace lockstep {
namespace {

TEST(FolderWatch, TellsOfManyChangesOnce) {
  TemporaryFolder folder;
  boost::asio::io_context io;
  int told = 0;
  FolderWatch watch(io, folder.path(), [&] {
    ++told;
    io.stop();
  });
  for (int i = 0; i < 50; ++i) folder.Write(std::to_string(i) + ".sql", "select 1;\n");
  io.run();
  EXPECT_EQ(told, 1);
}

// A reload that names another folder, in the midst of a deployment: a read that was complete
// already came to a watch that was gone. To be seen under AddressSanitizer.
TEST(FolderWatch, MayGoWhileChangesAreOnTheirWayToIt) {
  TemporaryFolder folder;
  boost::asio::io_context io;
  int told = 0;
  auto watch = std::make_unique<FolderWatch>(io, folder.path(), [&told] { ++told; });
  // More than one read takes: the second is complete as soon as it is begun.
  const std::string long_name(200, 'x');
  for (int i = 0; i < 100; ++i) folder.Write(long_name + std::to_string(i), "");
  ASSERT_EQ(io.run_one(), 1U);
  watch.reset();
  io.run();
  EXPECT_EQ(told, 0);
}

}  // namespace
}  // namespace lockstep

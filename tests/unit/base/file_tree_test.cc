#include "base/file_tree.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DiskFileTreeTest : public ::testing::Test {
 protected:
  DiskFileTreeTest() {
    std::string name = (fs::temp_directory_path() / "file_tree_XXXXXX").string();
    root_ = mkdtemp(name.data());
    fs::create_directory(root_ / "m");
  }
  ~DiskFileTreeTest() override { fs::remove_all(root_); }

  fs::path folder() const { return root_ / "m"; }
  DiskFileTree Tree() const { return DiskFileTree(folder().string()); }

  void Write(const fs::path& path, const std::string& content) const {
    std::ofstream(path, std::ios::binary) << content;
  }

  std::string ContentOf(const std::string& name) const {
    const FileContent content = Tree().Read(name);
    if (const auto* problem = std::get_if<FileProblem>(&content))
      return "problem: " + problem->code;
    return std::get<std::string>(content);
  }

  FileProblem ProblemOf(const std::string& name) const {
    const FileContent content = Tree().Read(name);
    const auto* problem = std::get_if<FileProblem>(&content);
    return problem ? *problem : FileProblem{"none", "", ""};
  }

  fs::path root_;
};

TEST_F(DiskFileTreeTest, ListsNamesSortedByBytes) {
  for (const char* name : {"b", "a10", "a2", ".hidden"}) Write(folder() / name, "");
  EXPECT_THAT(Tree().List(), ElementsAre(".hidden", "a10", "a2", "b"));
}

TEST_F(DiskFileTreeTest, AnEmptyFolderHasNoNames) { EXPECT_THAT(Tree().List(), IsEmpty()); }

TEST_F(DiskFileTreeTest, ListsAgainWhatIsThereNow) {
  DiskFileTree tree = DiskFileTree(folder().string());
  EXPECT_THAT(tree.List(), IsEmpty());
  fs::rename(folder(), root_ / "old");
  fs::create_directory(folder());
  Write(folder() / "new.sql", "new");
  EXPECT_THAT(tree.List(), ElementsAre("new.sql"));
  EXPECT_EQ(std::get<std::string>(tree.Read("new.sql")), "new");
}

TEST_F(DiskFileTreeTest, ReadsEveryByte) {
  const std::string bytes("a\0\r\n\xff", 5);
  Write(folder() / "a.sql", bytes);
  Write(folder() / "empty.sql", "");
  EXPECT_EQ(ContentOf("a.sql"), bytes);
  EXPECT_EQ(ContentOf("empty.sql"), "");
}

TEST_F(DiskFileTreeTest, ReadsFilesWhoseSizeIsNotToldBefore) {
  const FileContent content = DiskFileTree("/proc/self").Read("status");
  ASSERT_TRUE(std::holds_alternative<std::string>(content));
  EXPECT_THAT(std::get<std::string>(content), HasSubstr("VmPeak"));
}

TEST_F(DiskFileTreeTest, NamesFilesAsTheUserWould) {
  EXPECT_EQ(DiskFileTree("migrations").PathOf("a.sql"), "migrations/a.sql");
  EXPECT_EQ(DiskFileTree("migrations/").PathOf("a.sql"), "migrations/a.sql");
}

// Faults: F14.
TEST_F(DiskFileTreeTest, AMissingFolderIsAnErrorThatNamesIt) {
  DiskFileTree tree((root_ / "nowhere").string());
  try {
    tree.List();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFileRead);
    EXPECT_THAT(error.what(), HasSubstr("nowhere\": No such file or directory"));
    EXPECT_THAT(error.hint(), HasSubstr("--dir"));
  }
}

TEST_F(DiskFileTreeTest, AFileInPlaceOfTheFolderIsAnError) {
  Write(root_ / "file", "");
  EXPECT_THROW(DiskFileTree((root_ / "file").string()).List(), Error);
}

TEST_F(DiskFileTreeTest, FollowsLinksThatStayInTheFolder) {
  // As Kubernetes mounts a ConfigMap.
  fs::create_directory(folder() / "..2026");
  Write(folder() / "..2026" / "a.sql", "select 1");
  fs::create_symlink("..2026", folder() / "..data");
  fs::create_symlink("..data/a.sql", folder() / "a.sql");
  EXPECT_EQ(ContentOf("a.sql"), "select 1");
}

// Faults: F8.
TEST_F(DiskFileTreeTest, RefusesLinksThatLeadOut) {
  Write(root_ / "secret", "secret");
  fs::create_symlink("../secret", folder() / "relative.sql");
  fs::create_symlink(root_ / "secret", folder() / "absolute.sql");
  fs::create_symlink("..", folder() / "up");
  EXPECT_EQ(ProblemOf("relative.sql").code, "outside-folder");
  EXPECT_EQ(ProblemOf("absolute.sql").code, "outside-folder");
  EXPECT_EQ(ProblemOf("up/secret").code, "outside-folder");
  EXPECT_EQ(ProblemOf("../secret").code, "outside-folder");
}

// Faults: F8.
TEST_F(DiskFileTreeTest, RefusesALinkToItself) {
  fs::create_symlink("b.sql", folder() / "a.sql");
  fs::create_symlink("a.sql", folder() / "b.sql");
  EXPECT_EQ(ProblemOf("a.sql").code, "symlink-loop");
}

TEST_F(DiskFileTreeTest, ALinkToNothingIsUnreadableWithTheReason) {
  fs::create_symlink("gone", folder() / "a.sql");
  EXPECT_EQ(ProblemOf("a.sql").code, "unreadable");
  EXPECT_THAT(ProblemOf("a.sql").message, HasSubstr("a file that is not there"));
}

// Faults: F13.
TEST_F(DiskFileTreeTest, NamesWhatIsNotAFileAndNeverBlocksOnIt) {
  fs::create_directory(folder() / "d.sql");
  ASSERT_EQ(mkfifo((folder() / "f.sql").c_str(), 0600), 0);
  EXPECT_EQ(ProblemOf("d.sql").code, "not-a-file");
  EXPECT_THAT(ProblemOf("d.sql").message, HasSubstr("a directory"));
  EXPECT_EQ(ProblemOf("f.sql").code, "not-a-file");
  EXPECT_THAT(ProblemOf("f.sql").message, HasSubstr("a FIFO"));
}

// Faults: F13.
TEST_F(DiskFileTreeTest, RefusesASocket) {
  const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (folder() / "s.sql").string();
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(ProblemOf("s.sql").code, "not-a-file");
  close(server);
}

// Faults: F13.
TEST_F(DiskFileTreeTest, RefusesADevice) {
  const FileContent content = DiskFileTree("/dev").Read("null");
  ASSERT_TRUE(std::holds_alternative<FileProblem>(content));
  EXPECT_THAT(std::get<FileProblem>(content).message, HasSubstr("a device"));
}

// Faults: F12.
TEST_F(DiskFileTreeTest, AFileThatMayNotBeReadNamesTheReason) {
  Write(folder() / "a.sql", "x");
  fs::permissions(folder() / "a.sql", fs::perms::none);
  fs::permissions(root_, fs::perms::all);
  fs::permissions(folder(), fs::perms::all);
  // Root may read everything: look as somebody else.
  const uid_t user = geteuid();
  ASSERT_EQ(user == 0 ? seteuid(65534) : 0, 0);
  const FileProblem problem = ProblemOf("a.sql");
  ASSERT_EQ(user == 0 ? seteuid(user) : 0, 0);
  EXPECT_EQ(problem.code, "unreadable");
  EXPECT_THAT(problem.message, HasSubstr("Permission denied"));
}

TEST_F(DiskFileTreeTest, AFileThatFailsWhileItIsReadNamesTheReason) {
  // Nothing is mapped at address 0 of any process.
  const FileContent content = DiskFileTree("/proc/self").Read("mem");
  ASSERT_TRUE(std::holds_alternative<FileProblem>(content));
  EXPECT_EQ(std::get<FileProblem>(content).code, "unreadable");
  EXPECT_THAT(std::get<FileProblem>(content).message, HasSubstr("Input/output error"));
}

// Faults: F7.
TEST_F(DiskFileTreeTest, RefusesAFileOverTheLimitBeforeReadingIt) {
  // A sparse file of a terabyte: reading it would be noticed.
  Write(folder() / "a.sql", "");
  fs::resize_file(folder() / "a.sql", std::uintmax_t{1} << 40);
  EXPECT_EQ(ProblemOf("a.sql").code, "too-large");
  EXPECT_THAT(ProblemOf("a.sql").message, HasSubstr("1099511627776 bytes, more than the 64 MiB"));
}

TEST_F(DiskFileTreeTest, TakesAFileOfExactlyTheLimit) {
  Write(folder() / "a.sql", "");
  fs::resize_file(folder() / "a.sql", kMaxFileBytes);
  EXPECT_EQ(std::get<std::string>(Tree().Read("a.sql")).size(), kMaxFileBytes);
  fs::resize_file(folder() / "a.sql", kMaxFileBytes + 1);
  EXPECT_EQ(ProblemOf("a.sql").code, "too-large");
}

}  // namespace
}  // namespace lockstep

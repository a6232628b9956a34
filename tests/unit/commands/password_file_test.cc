#include "commands/password_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "support/temporary_folder.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

constexpr uid_t kSomebody = 65534;
constexpr uid_t kSomebodyElse = 12345;

// What root does as another user, and becomes root again.
class SomebodyForNow {
 public:
  SomebodyForNow() { EXPECT_TRUE(setegid(kSomebody) == 0 && seteuid(kSomebody) == 0); }
  ~SomebodyForNow() { EXPECT_TRUE(seteuid(0) == 0 && setegid(0) == 0); }
  SomebodyForNow(const SomebodyForNow&) = delete;
  SomebodyForNow& operator=(const SomebodyForNow&) = delete;
};

class PasswordFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can give a file to somebody";
    folder_.Write("password", "canary\n");
    ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
  }
  // What a user who is not root gets: the password, or the refusal.
  std::string ReadBySomebody(uid_t owner, mode_t mode) const {
    const std::string path = folder_.Path("password");
    EXPECT_EQ(chown(path.c_str(), owner, kSomebody), 0);
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    const SomebodyForNow somebody;
    try {
      return ReadPasswordFile(path);
    } catch (const Error& error) {
      return error.what();
    }
  }

  TemporaryFolder folder_;
};

// As the kubelet mounts a Secret with defaultMode 0400 for an fsGroup. It was refused, and
// Kubernetes has no other way to give a user who is not root a file.
TEST_F(PasswordFileTest, RootHandsASecretToUsByTheGroup) {
  EXPECT_EQ(ReadBySomebody(0, 0440), "canary");
  EXPECT_EQ(ReadBySomebody(0, 0640), "canary");
}

TEST_F(PasswordFileTest, EverybodyIsTooManyAlsoInAFileOfRoot) {
  EXPECT_THAT(ReadBySomebody(0, 0444), HasSubstr("can be read by group or others"));
}

TEST_F(PasswordFileTest, OurOwnFileIsOursAlone) {
  EXPECT_EQ(ReadBySomebody(kSomebody, 0400), "canary");
  EXPECT_THAT(ReadBySomebody(kSomebody, 0440), HasSubstr("can be read by group or others"));
}

TEST_F(PasswordFileTest, AFileOfSomebodyElseIsNotTakenByTheGroup) {
  EXPECT_THAT(ReadBySomebody(kSomebodyElse, 0440), HasSubstr("can be read by group or others"));
}

}  // namespace
}  // namespace lockstep

#include "agent/kept_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/hash.h"
#include "support/manual_clock.h"
#include "support/temporary_folder.h"

namespace lockstep {
namespace {

using Sight = KeptFolder::Sight;
using ::testing::HasSubstr;

constexpr Duration kSettle = std::chrono::seconds(2);

class KeptFolderTest : public ::testing::Test {
 protected:
  void WritePair(const std::string& stem) {
    folder_.Write(stem + ".up.sql", "select 1;\n");
    folder_.Write(stem + ".down.sql", "select 2;\n");
  }
  void WriteManifest(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
      text +=
          Sha256(name.ends_with(".up.sql") ? "select 1;\n" : "select 2;\n") + "  " + name + "\n";
    }
    folder_.Write("SHA256SUMS", text);
  }
  Sight LookAfter(Duration pause) {
    clock_.Advance(pause);
    kept_.ExpectChange();
    return kept_.Look();
  }

  TemporaryFolder folder_;
  // In 2020, so that every file seems to be of the future: only what is seen counts.
  ManualClock clock_;
  KeptFolder kept_{folder_.path(), {.settle = kSettle}, clock_};
};

// With no descriptor left for the folder's list the look ended in an error that nobody took for one
// of the folder.
TEST_F(KeptFolderTest, WaitsForAFolderThatCannotBeListed) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the undefined-behaviour sanitizer needs descriptors of its own for its checks";
#endif
  WritePair("a");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int lowest = ::dup(0);
  ::close(lowest);
  // One is enough to see which files there are, but not to read them.
  const rlimit one{static_cast<rlim_t>(lowest) + 1, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &one), 0);
  const Sight sight = kept_.Look();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(sight, Sight::kSame);
  EXPECT_FALSE(kept_.at_rest());
  EXPECT_THAT(kept_.problem(), HasSubstr("cannot read the folder"));
  EXPECT_EQ(LookAfter(kSettle), Sight::kTaken);
}

// Faults: F1.
TEST_F(KeptFolderTest, WaitsUntilNothingHasChangedForAMoment) {
  WritePair("a");
  EXPECT_EQ(kept_.Look(), Sight::kSame);
  EXPECT_FALSE(kept_.at_rest());
  EXPECT_THAT(kept_.problem(), HasSubstr("is being changed"));
  clock_.Advance(kSettle);
  EXPECT_EQ(kept_.Look(), Sight::kTaken);
  EXPECT_TRUE(kept_.at_rest());
  EXPECT_EQ(kept_.folder()->migrations().size(), 1U);
}

TEST_F(KeptFolderTest, EachChangeBeginsTheWaitAnew) {
  WritePair("a");
  kept_.Look();
  WritePair("b");
  EXPECT_EQ(LookAfter(kSettle / 2), Sight::kSame);
  EXPECT_EQ(LookAfter(kSettle / 2), Sight::kSame);
  EXPECT_EQ(LookAfter(kSettle / 2), Sight::kTaken);
  EXPECT_EQ(kept_.folder()->migrations().size(), 2U);
}

TEST_F(KeptFolderTest, WhatHasBeenThereForLongIsTakenAtOnce) {
  WritePair("a");
  ManualClock now(std::chrono::system_clock::now() + std::chrono::hours(1));
  KeptFolder kept(folder_.path(), {.settle = kSettle}, now);
  EXPECT_EQ(kept.Look(), Sight::kTaken);
}

TEST_F(KeptFolderTest, WhileItChangesTheOldOneStaysAndIsNotAtRest) {
  WritePair("a");
  kept_.Look();
  LookAfter(kSettle);
  ASSERT_TRUE(kept_.at_rest());
  folder_.Write("b.up.sql", "create table half");
  EXPECT_EQ(LookAfter(kSettle), Sight::kSame);
  EXPECT_FALSE(kept_.at_rest());
  EXPECT_EQ(kept_.folder()->migrations().size(), 1U);
}

TEST_F(KeptFolderTest, AChangeThatWasTakenBackIsNone) {
  WritePair("a");
  kept_.Look();
  LookAfter(kSettle);
  folder_.Write("b.up.sql", "x");
  LookAfter(kSettle / 2);
  folder_.Remove("b.up.sql");
  EXPECT_EQ(LookAfter(kSettle / 2), Sight::kSame);
  EXPECT_TRUE(kept_.at_rest());
}

TEST_F(KeptFolderTest, OtherFilesDoNotCount) {
  WritePair("a");
  kept_.Look();
  LookAfter(kSettle);
  folder_.Write("README.md", "x");
  EXPECT_EQ(LookAfter(kSettle), Sight::kSame);
  EXPECT_TRUE(kept_.at_rest());
}

// Faults: F1.
TEST_F(KeptFolderTest, AManifestSaysWhenAllIsThere) {
  WriteManifest({"a.up.sql", "a.down.sql"});
  folder_.Write("a.up.sql", "select 1;\n");
  EXPECT_EQ(kept_.Look(), Sight::kSame);
  EXPECT_THAT(kept_.problem(), HasSubstr("\"a.down.sql\" is missing"));
  folder_.Write("a.down.sql", "select");
  EXPECT_EQ(LookAfter(kSettle * 10), Sight::kSame);
  EXPECT_THAT(kept_.problem(), HasSubstr("\"a.down.sql\" is not what SHA256SUMS says"));
  folder_.Write("a.down.sql", "select 2;\n");
  EXPECT_EQ(LookAfter(Duration::zero()), Sight::kTaken);
}

TEST_F(KeptFolderTest, AFileThatTheManifestDoesNotNameIsNotApplied) {
  WritePair("a");
  WriteManifest({"a.up.sql", "a.down.sql"});
  WritePair("b");
  EXPECT_EQ(LookAfter(kSettle), Sight::kSame);
  EXPECT_THAT(kept_.problem(), HasSubstr("does not stand in SHA256SUMS"));
}

// Faults: F14.
TEST_F(KeptFolderTest, AFolderThatCannotBeListedIsSaidToBeSo) {
  KeptFolder kept(folder_.Path("missing"), {.settle = kSettle}, clock_);
  EXPECT_EQ(kept.Look(), Sight::kSame);
  EXPECT_TRUE(kept.unreadable());
  EXPECT_THAT(kept.problem(), HasSubstr("missing"));
}

// With a time to settle of 0 its thread asked for the next look in the same moment, for ever.
TEST_F(KeptFolderTest, WhatIsWrongIsNotLookedAtWithoutEnd) {
  KeptFolder kept(folder_.Path("missing"), {.settle = Duration::zero()}, clock_);
  kept.Look();
  EXPECT_GE(kept.next_look(), clock_.Now() + std::chrono::milliseconds(100));
}

// Files are replaced by taking the old ones away first: those that are left are old, and not all.
TEST_F(KeptFolderTest, AFolderFromWhichFilesAreBeingTakenIsNotAtRest) {
  const WallTime now{std::chrono::seconds(100)};
  FolderMark mark{.files = {{.name = "b.up.sql", .bytes = 1, .inode = 1, .changed_ns = 1}},
                  .problem = {},
                  .listing_changed_ns = 99'000'000'000};
  EXPECT_FALSE(mark.IsOlderThan(kSettle, now));
  mark.listing_changed_ns = 98'000'000'000;
  EXPECT_TRUE(mark.IsOlderThan(kSettle, now));
  WritePair("a");
  EXPECT_GE(ReadFolderMark(folder_.path()).listing_changed_ns,
            ReadFolderMark(folder_.path()).files.front().changed_ns - 1'000'000'000);
}

// The files of a ConfigMap are links to ..data/NAME, and ..data is a link to a folder with the time
// in its name. The kubelet renames another link over ..data: no file's own entry changes. Faults:
// F16.
TEST_F(KeptFolderTest, SeesAConfigMapThatWasReplaced) {
  namespace fs = std::filesystem;
  const fs::path mount = folder_.path();
  const auto put = [&](const std::string& version, const std::string& sql) {
    fs::create_directory(mount / version);
    folder_.Write(version + "/a.up.sql", sql);
    folder_.Write(version + "/a.down.sql", sql);
    fs::create_directory_symlink(version, mount / "..data_tmp");
    fs::rename(mount / "..data_tmp", mount / "..data");
  };
  put("..2026_01", "select 1;\n");
  for (const char* name : {"a.up.sql", "a.down.sql"}) {
    fs::create_symlink(fs::path("..data") / name, mount / name);
  }
  kept_.Look();
  ASSERT_EQ(LookAfter(kSettle), Sight::kTaken);
  EXPECT_EQ(kept_.folder()->migrations().size(), 1U);
  const auto before = kept_.folder();
  put("..2026_02", "select 2;\n");
  fs::remove_all(mount / "..2026_01");
  EXPECT_EQ(LookAfter(kSettle), Sight::kSame);
  EXPECT_EQ(LookAfter(kSettle), Sight::kTaken);
  EXPECT_TRUE(kept_.folder()->ok());
  EXPECT_NE(kept_.folder()->migrations().front().up.checksum,
            before->migrations().front().up.checksum);
}

TEST_F(KeptFolderTest, NothingIsLookedAtBeforeItIsTime) {
  WritePair("a");
  kept_.Look();
  clock_.Advance(kSettle);
  kept_.Look();
  WritePair("b");
  EXPECT_EQ(kept_.Look(), Sight::kSame);
  EXPECT_TRUE(kept_.at_rest());
  EXPECT_EQ(kept_.next_look(), clock_.Now() + std::chrono::seconds(60));
}

TEST_F(KeptFolderTest, AnotherFolderIsReadEvenWhenItLooksTheSame) {
  WritePair("a");
  kept_.Look();
  LookAfter(kSettle);
  TemporaryFolder other;
  kept_.Use(other.path(), {.settle = kSettle});
  // It was made just now.
  EXPECT_EQ(kept_.Look(), Sight::kSame);
  EXPECT_EQ(LookAfter(kSettle), Sight::kTaken);
  EXPECT_TRUE(kept_.folder()->migrations().empty());
}

}  // namespace
}  // namespace lockstep

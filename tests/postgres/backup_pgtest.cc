#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/subprocess.h"
#include "engine/backup.h"
#include "postgres/installation.h"
#include "support/test_database.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kCanary[] = "canary'p \\ss@/:word";

class BackupTest : public testing::Test {
 protected:
  BackupTest() {
    std::string path = (fs::temp_directory_path() / "backup-XXXXXX").string();
    folder_ = ::mkdtemp(path.data());
    settings_.directory = folder_ + "/dumps";
  }
  ~BackupTest() override { fs::remove_all(folder_); }

  // `day` is that of November 2026.
  BackupResult Make(const std::string& name = "shop", int day = 22,
                    const std::string& revision = "68db6a7fba94") {
    const WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / day);
    // The name of the test's database is another one each time.
    return MakeBackup(settings_, url_ ? *url_ : db_.url(), name.empty() ? db_.name() : name,
                      revision, now, stop_.get_token());
  }

  std::string Failure(ErrorCode code) {
    try {
      Make("");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return error.what();
    }
    return "no failure";
  }

  // A program in pg_dump's place that writes half a file first.
  void FakeDump(const std::string& script) {
    settings_.program = folder_ + "/pg_dump";
    std::ofstream(settings_.program) << "#!/bin/sh\necho half >\"$4\"\n" << script << "\n";
    ::chmod(settings_.program.c_str(), 0700);
  }

  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(settings_.directory)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  TestDatabase db_;
  std::string folder_;
  BackupSettings settings_;
  std::optional<ConnectionUrl> url_;
  std::stop_source stop_;
};

TEST_F(BackupTest, CanBeRestored) {
  db_.Sql("create table t (id int); insert into t select generate_series(1, 1000)");
  const BackupResult backup = Make("");
  TestDatabase other;
  SubprocessRequest restore;
  restore.command = {*FindPostgresProgram("pg_restore"), "--dbname",
                     ToConnectionString(other.url()), "--exit-on-error", backup.path};
  const SubprocessResult result = RunSubprocess(restore);
  EXPECT_TRUE(result.ok()) << result.error_output;
  EXPECT_EQ(other.Value("select count(*) from t"), "1000");
}

TEST_F(BackupTest, IsNamedByDatabaseTimeAndRevisionAndReadByNobodyElse) {
  const BackupResult backup = Make("");
  EXPECT_EQ(backup.path,
            settings_.directory + "/" + db_.name() + "-20261122T000000Z-68db6a7fba94.dump");
  struct stat status {};
  ASSERT_EQ(::stat(backup.path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(status.st_size, backup.bytes);
  EXPECT_GT(backup.bytes, 0);
  ASSERT_EQ(::stat(settings_.directory.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
}

TEST_F(BackupTest, BeforeTheFirstMigrationItIsNamedBase) {
  EXPECT_THAT(Make("", 22, "").path, testing::EndsWith("Z-base.dump"));
}

TEST_F(BackupTest, ANameLeadsOutOfNoDirectory) {
  db_.Sql("create database \"../x-" + db_.name() + "\"");
  settings_.directory += "/";
  Make("../x-" + db_.name(), 22, "a-b");
  db_.Sql("drop database \"../x-" + db_.name() + "\"");
  EXPECT_THAT(Files(), ElementsAre("%2E.%2Fx%2D" + db_.name() + "-20261122T000000Z-a%2Db.dump"));
  struct stat status {};
  ASSERT_EQ(::stat(settings_.directory.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
}

TEST_F(BackupTest, KeepsTheNewestOfTheSameDatabaseOnly) {
  settings_.keep = 2;
  fs::create_directory(settings_.directory);
  const std::string foreign = db_.name() + "2-20200101T000000Z-base.dump";
  for (const std::string& name : {foreign, std::string("notes.txt")}) {
    std::ofstream(settings_.directory + "/" + name) << "x";
  }
  for (const int day : {1, 2, 3, 4}) Make("", day);
  const std::string mine = db_.name() + "-202611";
  EXPECT_THAT(Files(), testing::UnorderedElementsAre(mine + "03T000000Z-68db6a7fba94.dump",
                                                     mine + "04T000000Z-68db6a7fba94.dump", foreign,
                                                     "notes.txt"));
}

TEST_F(BackupTest, KeepsAllWhenNotToldHowMany) {
  for (const int day : {1, 2, 3}) Make("", day);
  EXPECT_EQ(Files().size(), 3U);
}

TEST_F(BackupTest, NeverReplacesABackup) {
  Make("");
  EXPECT_THAT(Failure(ErrorCode::kFileWrite), HasSubstr("File exists"));
  EXPECT_EQ(Files().size(), 1U);
}

TEST_F(BackupTest, SaysWhatPgDumpSaysWithoutThePassword) {
  db_.Sql("create table hidden (id int)");
  url_ = db_.UrlAs(db_.CreateRole("weak", kCanary), kCanary);
  EXPECT_THAT(Failure(ErrorCode::kSubprocess),
              AllOf(HasSubstr("permission denied for table hidden"), HasSubstr(db_.name()),
                    Not(HasSubstr("canary"))));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(BackupTest, AWrongPasswordIsNotRepeated) {
  url_ = db_.UrlAs(db_.CreateRole("weak", "right"), kCanary);
  EXPECT_THAT(Failure(ErrorCode::kSubprocess),
              AllOf(HasSubstr("password authentication failed"), Not(HasSubstr("canary"))));
}

TEST_F(BackupTest, ThePasswordIsInTheEnvironmentOnly) {
  url_ = db_.url().With("password", "canary").With("sslpassword", "canary2");
  FakeDump("echo \"$*\" | grep -c canary >&2; echo \"[$PGPASSWORD]\" >&2; exit 1");
  EXPECT_THAT(Failure(ErrorCode::kSubprocess),
              AllOf(HasSubstr("0\\n[***]"), Not(HasSubstr("canary"))));
}

TEST_F(BackupTest, SettingsOfTheEnvironmentReachPgDump) {
  ::setenv("PGSSLROOTCERT", "/some/where", 1);
  FakeDump("echo \"[$PGSSLROOTCERT]\" >&2; exit 1");
  EXPECT_THAT(Failure(ErrorCode::kSubprocess), HasSubstr("[/some/where]"));
  ::unsetenv("PGSSLROOTCERT");
}

TEST_F(BackupTest, PgDumpVerifiesTheServerAsASessionDoes) {
  url_ = ConnectionUrl::Parse("postgresql://app@db.example/shop");
  FakeDump("echo \"$*\" >&2; exit 1");
  EXPECT_THAT(Failure(ErrorCode::kSubprocess), HasSubstr("sslmode='verify-full'"));
}

TEST_F(BackupTest, RefusesWhatPgRestoreCannotRead) {
  FakeDump("exit 0");
  EXPECT_THAT(Failure(ErrorCode::kSubprocess),
              AllOf(HasSubstr("pg_restore"), HasSubstr("valid archive")));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(BackupTest, TellsWhatToInstallForANewerServer) {
  FakeDump("echo 'aborting because of server version mismatch' >&2; exit 1");
  try {
    Make("");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.hint(), HasSubstr("install the client programs of the server's release"));
  }
}

TEST_F(BackupTest, HalfAFileIsRemovedWhenThereIsNoRoom) {
  db_.Sql("create table t (id int)");
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit tight{100, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &tight);
  const std::string failure = Failure(ErrorCode::kSubprocess);
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(failure, HasSubstr("pg_dump': exit code 153"));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(BackupTest, NamesTheDirectoryThatCannotBeMade) {
  std::ofstream(folder_ + "/file") << "x";
  settings_.directory = folder_ + "/file/dumps";
  EXPECT_THAT(Failure(ErrorCode::kFileWrite), HasSubstr("'" + settings_.directory + "' cannot be"));
}

TEST_F(BackupTest, NamesThePgDumpThatDoesNotExist) {
  settings_.program = "/no/such/pg_dump";
  EXPECT_THAT(Failure(ErrorCode::kSubprocess), HasSubstr("'/no/such/pg_dump'"));
}

TEST_F(BackupTest, StopsWhenAsked) {
  stop_.request_stop();
  FakeDump("exec sleep 1000");
  EXPECT_THAT(Failure(ErrorCode::kStopped), HasSubstr("was stopped"));
  EXPECT_THAT(Files(), IsEmpty());
}

}  // namespace
}  // namespace lockstep

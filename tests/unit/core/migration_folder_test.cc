#include "core/migration_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/map_file_tree.h"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Header(const std::string& revision, const std::string& revises) {
  return "-- revision: " + revision + "\n-- revises: " + revises + "\n\nselect 1;\n";
}

std::vector<std::string> RevisionsOf(const MigrationFolder& folder) {
  std::vector<std::string> revisions;
  for (const Migration& migration : folder.migrations()) revisions.push_back(migration.revision);
  return revisions;
}

std::vector<std::string> CodesOf(const MigrationFolder& folder) {
  std::vector<std::string> codes;
  for (const Diagnostic& diagnostic : folder.diagnostics()) codes.push_back(diagnostic.code);
  return codes;
}

// The only thing wrong with the folder; an empty diagnostic when that is not so.
Diagnostic FaultOf(MapFileTree files) {
  const MigrationFolder folder = MigrationFolder::Load(files);
  EXPECT_THAT(CodesOf(folder), ::testing::SizeIs(1));
  return folder.diagnostics().empty() ? Diagnostic{} : folder.diagnostics()[0];
}

TEST(MigrationFolder, AnEmptyFolderHasNoMigrationsAndNoFaults) {
  MapFileTree files;
  const MigrationFolder folder = MigrationFolder::Load(files);
  EXPECT_TRUE(folder.ok());
  EXPECT_THAT(folder.migrations(), IsEmpty());
  EXPECT_EQ(folder.Find("a"), nullptr);
}

TEST(MigrationFolder, JoinsTwoFilesIntoAMigration) {
  MapFileTree files;
  files.Put("0001_users.up.sql",
            "-- revision: a\n-- revises: none\n-- description: users\n-- transaction: off\nup");
  files.Put("0001_users.down.sql", "-- max_hold: 1s\ndown");
  const MigrationFolder folder = MigrationFolder::Load(files);
  ASSERT_TRUE(folder.ok());
  const Migration* migration = folder.Find("a");
  ASSERT_NE(migration, nullptr);
  EXPECT_THAT(migration->parents, IsEmpty());
  EXPECT_EQ(migration->description, "users");
  EXPECT_EQ(migration->irreversible, std::nullopt);
  EXPECT_EQ(migration->up.file, "migrations/0001_users.up.sql");
  EXPECT_FALSE(migration->up.transactional);
  ASSERT_TRUE(migration->down);
  EXPECT_EQ(migration->down->file, "migrations/0001_users.down.sql");
  EXPECT_TRUE(migration->down->transactional) << "each file says for itself how it runs";
  EXPECT_THAT(migration->up.limits, IsEmpty());
  EXPECT_EQ(migration->down->limits.size(), 1U);
}

TEST(MigrationFolder, FindsExactRevisionsOnly) {
  MapFileTree files;
  files.PutPair("abc", "select 1", "select 1");
  const MigrationFolder folder = MigrationFolder::Load(files);
  EXPECT_NE(folder.Find("abc"), nullptr);
  EXPECT_EQ(folder.Find("ab"), nullptr);
  EXPECT_EQ(folder.Find(""), nullptr);
}

TEST(MigrationFolder, WithoutRevisesTheParentIsTheFileBeforeInNaturalOrder) {
  MapFileTree files;
  for (const char* stem : {"10_c", "9_b", "2_a"}) files.PutPair(stem, "select 1", "select 1");
  const MigrationFolder folder = MigrationFolder::Load(files);
  ASSERT_TRUE(folder.ok());
  EXPECT_THAT(RevisionsOf(folder), ElementsAre("2", "9", "10"));
  EXPECT_THAT(folder.Find("2")->parents, IsEmpty());
  EXPECT_THAT(folder.Find("9")->parents, ElementsAre("2"));
  EXPECT_THAT(folder.Find("10")->parents, ElementsAre("9"));
}

TEST(MigrationFolder, TheFileBeforeCountsWithTheRevisionOfItsHeader) {
  MapFileTree files;
  files.PutPair("1_a", "-- revision: first\n", "");
  files.PutPair("2_b", "", "");
  EXPECT_THAT(MigrationFolder::Load(files).Find("2")->parents, ElementsAre("first"));
}

TEST(MigrationFolder, OrdersByParentsAndNotByNames) {
  MapFileTree files;
  files.PutPair("a", Header("last", "middle"), "");
  files.PutPair("b", Header("first", "none"), "");
  files.PutPair("c", Header("middle", "first"), "");
  const MigrationFolder folder = MigrationFolder::Load(files);
  ASSERT_TRUE(folder.ok());
  EXPECT_THAT(RevisionsOf(folder), ElementsAre("first", "middle", "last"));
  EXPECT_EQ(folder.Find("last")->up.file, "migrations/a.up.sql");
  EXPECT_THAT(folder.graph().Heads(), ElementsAre("last"));
}

// Faults: F18.
TEST(MigrationFolder, ReadsEachFileOnce) {
  MapFileTree files;
  files.PutPair("1_a", "select 1", "select 1");
  files.Put("README.md", "text");
  MigrationFolder::Load(files);
  EXPECT_EQ(files.ReadsOf("1_a.up.sql"), 1);
  EXPECT_EQ(files.ReadsOf("1_a.down.sql"), 1);
  EXPECT_EQ(files.ReadsOf("README.md"), 0);
}

TEST(MigrationFolder, IgnoresWhatIsNoSql) {
  MapFileTree files;
  for (const char* name : {"README.md", ".gitkeep", ".x.up.sql", ".x.sql.swp", "a.up.sql~",
                           "a.up.sql.orig", "sql", "a.sqlx"}) {
    files.Put(name, "text");
  }
  const MigrationFolder folder = MigrationFolder::Load(files);
  EXPECT_TRUE(folder.ok());
  EXPECT_THAT(CodesOf(folder), ElementsAre("empty-folder"));
  EXPECT_THAT(folder.migrations(), IsEmpty());
}

// Faults: F4.
TEST(MigrationFolder, ASecondFileOfARevisionIsOneFault) {
  MapFileTree files;
  files.PutPair("0001_a", "", "");
  files.PutPair("0002_b", "-- revision: 0001\n", "");
  EXPECT_THAT(CodesOf(MigrationFolder::Load(files)), ElementsAre("duplicate-revision"));
}

TEST(MigrationFolder, AMissingDownFileNamesBothWaysOut) {
  MapFileTree files;
  files.Put("1_a.up.sql", "select 1");
  const Diagnostic fault = FaultOf(files);
  EXPECT_EQ(fault.code, "missing-down");
  EXPECT_EQ(fault.file, "migrations/1_a.up.sql");
  EXPECT_THAT(fault.hint, HasSubstr("\"1_a.down.sql\""));
  EXPECT_THAT(fault.hint, HasSubstr("\"-- irreversible: reason\""));
}

TEST(MigrationFolder, AnIrreversibleMigrationNeedsNoDownFile) {
  MapFileTree files;
  files.Put("1_a.up.sql", "-- irreversible: the data is gone\n");
  const MigrationFolder folder = MigrationFolder::Load(files);
  ASSERT_TRUE(folder.ok());
  EXPECT_EQ(folder.Find("1")->irreversible, "the data is gone");
  EXPECT_FALSE(folder.Find("1")->down);
}

TEST(MigrationFolder, AnIrreversibleMigrationMayNotHaveADownFile) {
  MapFileTree files;
  files.PutPair("1_a", "-- Why\n-- irreversible: gone\n", "select 1");
  const Diagnostic fault = FaultOf(files);
  EXPECT_EQ(fault.code, "irreversible-with-down");
  EXPECT_EQ(fault.line, 2);
  EXPECT_EQ(fault.source_line, "-- irreversible: gone");
}

TEST(MigrationFolder, AMissingUpFileIsAnError) {
  MapFileTree files;
  files.Put("1_a.down.sql", "select 1");
  const Diagnostic fault = FaultOf(files);
  EXPECT_EQ(fault.code, "missing-up");
  EXPECT_EQ(fault.file, "migrations/1_a.down.sql");
  EXPECT_THAT(fault.hint, HasSubstr("\"1_a.up.sql\""));
}

TEST(MigrationFolder, TheDownFileMayRepeatTheHeader) {
  MapFileTree files;
  files.PutPair("0", "-- revision: x\n-- revises: none\n", "");
  files.PutPair("1", "-- revision: y\n-- revises: none\n", "");
  files.PutPair("2", "-- revision: z\n-- revises: none\n", "");
  files.PutPair("3_a", "-- revision: a\n-- revises: x, z, y\n-- description: d\n",
                "-- revision: a\n-- revises: z, y, x\n-- description: d\n");
  EXPECT_THAT(MigrationFolder::Load(files).diagnostics(), IsEmpty());
}

TEST(MigrationFolder, TheDownFileMayNotContradictTheHeader) {
  MapFileTree files;
  files.PutPair("1_a", "-- revision: a\n-- revises: none\n-- description: d\n",
                "-- revision: b\n-- revises: c\n-- description: e\n-- irreversible: f\n");
  const MigrationFolder folder = MigrationFolder::Load(files);
  ASSERT_THAT(CodesOf(folder), ElementsAre("header-mismatch", "header-mismatch", "header-mismatch",
                                           "header-mismatch"));
  const Diagnostic& fault = folder.diagnostics()[0];
  EXPECT_EQ(fault.file, "migrations/1_a.down.sql");
  EXPECT_EQ(fault.line, 1);
  EXPECT_EQ(fault.source_line, "-- revision: b");
  EXPECT_EQ(fault.message, "revision is \"b\" here, and the up file has \"a\"");
  EXPECT_EQ(folder.diagnostics()[1].message, "revises is \"c\" here, and the up file has \"none\"");
  EXPECT_EQ(folder.diagnostics()[3].line, 4);
}

TEST(MigrationFolder, TheDownFileIsComparedWithWhatTheUpFileMeans) {
  MapFileTree files;
  files.PutPair("1_a", "", "");
  files.PutPair("2_b", "", "-- revision: 2\n-- revises: 1\n");
  EXPECT_THAT(MigrationFolder::Load(files).diagnostics(), IsEmpty());
}

TEST(MigrationFolder, AStraySqlFileIsToldHowToBeNamed) {
  MapFileTree files;
  files.Put("0001_users.sql", "select 1");
  const Diagnostic fault = FaultOf(files);
  EXPECT_EQ(fault.code, "stray-sql");
  EXPECT_EQ(fault.file, "migrations/0001_users.sql");
  EXPECT_THAT(fault.hint, HasSubstr("\"0001_users.up.sql\" or \"0001_users.down.sql\""));
}

TEST(MigrationFolder, NamesInUpperCaseAreStrayToo) {
  MapFileTree files;
  files.Put("A.UP.SQL", "select 1");
  EXPECT_EQ(FaultOf(files).code, "stray-sql");
}

// Faults: F15.
TEST(MigrationFolder, OddNamesAreRefusedUnread) {
  const std::string odd_names[] = {"a\n.up.sql", "a\x1b[2J.up.sql", "a\xff.sql", "a\u202e.up.sql",
                                   std::string(194, 'a') + ".up.sql"};
  for (const std::string& name : odd_names) {
    MapFileTree files;
    files.Put(name, "select 1");
    const MigrationFolder folder = MigrationFolder::Load(files);
    EXPECT_THAT(CodesOf(folder), ElementsAre("odd-name"));
    EXPECT_EQ(files.ReadsOf(name), 0);
  }
}

TEST(MigrationFolder, ANameOf200BytesIsFine) {
  MapFileTree files;
  files.Put("1_" + std::string(191, 'a') + ".up.sql", "-- irreversible: r\n");
  EXPECT_TRUE(MigrationFolder::Load(files).ok());
}

TEST(MigrationFolder, AFileProblemIsADiagnosticOnThatFile) {
  MapFileTree files;
  files.Put("1_a.up.sql", FileProblem{"not-a-file", "is a directory", "move it"});
  files.Put("1_a.down.sql", "select 1");
  const Diagnostic fault = FaultOf(files);
  EXPECT_EQ(fault, (Diagnostic{"not-a-file", Severity::kError, "migrations/1_a.up.sql", 0, 0,
                               "is a directory", "move it", ""}));
}

TEST(MigrationFolder, ADownFileThatCannotBeReadIsNotMissing) {
  MapFileTree files;
  files.Put("1_a.up.sql", "select 1");
  files.Put("1_a.down.sql", FileProblem{"unreadable", "cannot be read", ""});
  EXPECT_EQ(FaultOf(files).code, "unreadable");
}

TEST(MigrationFolder, ADirectoryWithoutAHalfInItsNameIsNotAFile) {
  MapFileTree files;
  files.Put("old.sql", FileProblem{"not-a-file", "is a directory", ""});
  EXPECT_EQ(FaultOf(files).code, "not-a-file");
}

TEST(MigrationFolder, AnUnreadableParentIsNotReportedAsMissing) {
  MapFileTree files;
  files.Put("1.up.sql", FileProblem{"unreadable", "cannot be read", ""});
  files.Put("1.down.sql", "");
  files.PutPair("2", Header("b", "a"), "");
  EXPECT_EQ(FaultOf(files).code, "unreadable");
}

TEST(MigrationFolder, FaultsOfTheGraphShowTheLine) {
  MapFileTree files;
  files.PutPair("1", "-- Why\r\n-- revision: a\r\n-- revises: gone\r\n", "");
  const Diagnostic fault = FaultOf(files);
  EXPECT_EQ(fault.code, "missing-parent");
  EXPECT_EQ(fault.file, "migrations/1.up.sql");
  EXPECT_EQ(fault.line, 3);
  EXPECT_EQ(fault.source_line, "-- revises: gone");
}

TEST(MigrationFolder, ReportsAllFaultsAtOnce) {
  MapFileTree files;
  files.Put("stray.sql", "");
  files.Put("1_a.up.sql", "-- foo: bar\n");
  files.PutPair("2_b", Header("x", "gone"), "");
  files.PutPair("3_c", Header("x", "none"), "");
  const MigrationFolder folder = MigrationFolder::Load(files);
  EXPECT_FALSE(folder.ok());
  EXPECT_THAT(CodesOf(folder), ::testing::IsSupersetOf({"stray-sql", "unknown-key", "missing-down",
                                                        "duplicate-revision"}));
}

TEST(MigrationFolder, WarningsDoNotSpoilIt) {
  MapFileTree files;
  files.PutPair("1_a", "-- revision: a\n\n-- transaction: off\n", "");
  const MigrationFolder folder = MigrationFolder::Load(files);
  EXPECT_THAT(CodesOf(folder), ElementsAre("late-key"));
  EXPECT_TRUE(folder.ok());
}

TEST(MigrationFolder, TakesTenThousandMigrations) {
  MapFileTree files;
  for (int i = 0; i < 10'000; ++i) files.PutPair(std::to_string(i), "select 1", "select 1");
  const MigrationFolder folder = MigrationFolder::Load(files);
  ASSERT_TRUE(folder.ok());
  EXPECT_EQ(folder.migrations().size(), 10'000U);
  EXPECT_EQ(folder.migrations().back().revision, "9999");
}

}  // namespace
}  // namespace lockstep

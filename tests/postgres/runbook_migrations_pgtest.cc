#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/file_tree.h"
#include "core/goal.h"
#include "core/migration_folder.h"
#include "engine/runner.h"
#include "support/test_database.h"

namespace lockstep {
namespace {

const std::string kRoot = LOCKSTEP_SOURCE_DIR;

// In the order of application, which is not that of the names. The states are facts read from a
// database that the project's original migrations had made.
const std::vector<std::string> kStates = {
    "1_68db6a7fba94.tsv",    "2_db82de06f57d.tsv",    "3_4c876238cdeb.tsv",    "4_d8311371c01f.tsv",
    "5_20251120_140218.tsv", "6_20251121_073320.tsv", "7_20251121_081650.tsv",
};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string ExpectedState(std::size_t applied) {
  return applied == 0 ? ""
                      : ReadFile(kRoot + "/tests/postgres/schema_states/" + kStates[applied - 1]);
}

std::string ActualState(const TestDatabase& database) {
  static const std::string query = ReadFile(kRoot + "/tests/postgres/schema_state.sql");
  const OpenedSession opened = database.Open();
  opened.session->Send("set search_path = public");
  const Rows rows = opened.session->Query(query);
  std::string state;
  for (std::size_t row = 0; row < rows.size(); ++row) state += rows.Text(row, 0) + '\n';
  return state;
}

// Anything at all that is left in the schema, whatever its kind.
std::string ObjectsInPublic(const TestDatabase& database) {
  return database.Value(
      "select count(*) from ("
      " select from pg_class where relnamespace = 'public'::regnamespace"
      " union all select from pg_type where typnamespace = 'public'::regnamespace"
      " union all select from pg_proc where pronamespace = 'public'::regnamespace) as object");
}

class RunbookMigrations : public ::testing::Test {
 protected:
  RunbookMigrations() : files_(kRoot + "/migrations"), folder_(MigrationFolder::Load(files_)) {
    for (const Diagnostic& diagnostic : folder_.diagnostics()) ADD_FAILURE() << ToText(diagnostic);
  }

  // Runs to `goal`, which has to take exactly `steps` steps.
  void RunTo(Direction direction, std::string_view goal, std::size_t steps) {
    const RunContext context{
        folder_, settings_, database_.factory(), database_.url(), clock_, observer_, {}, random_};
    const RunReport report = lockstep::Run(context, {direction, std::get<Goal>(ParseGoal(goal))});
    ASSERT_EQ(report.state, RunState::kDone) << goal << " " << FailureOf(report);
    EXPECT_EQ(report.steps.size(), steps);
  }

  static std::string FailureOf(const RunReport& report) {
    for (const Diagnostic& diagnostic : report.diagnostics) return ToText(diagnostic);
    if (report.steps.empty()) return report.message;
    const auto* failed = std::get_if<Failed>(&report.steps.back().result);
    return failed == nullptr ? report.message
                             : failed->failure.file + ": " + failed->failure.error.message;
  }

  TestDatabase database_;
  DiskFileTree files_;
  MigrationFolder folder_;
  RunSettings settings_;
  SystemClock clock_;
  RunObserver observer_;
  std::mt19937_64 random_{1};
};

TEST_F(RunbookMigrations, GiveTheKnownSchemaAfterEachStepUpAndDown) {
  for (std::size_t applied = 1; applied <= kStates.size(); ++applied) {
    ASSERT_NO_FATAL_FAILURE(RunTo(Direction::kUp, "+1", 1));
    EXPECT_EQ(ActualState(database_), ExpectedState(applied)) << "after up to " << applied;
  }
  for (std::size_t applied = kStates.size(); applied-- > 0;) {
    ASSERT_NO_FATAL_FAILURE(RunTo(Direction::kDown, "-1", 1));
    EXPECT_EQ(ActualState(database_), ExpectedState(applied)) << "after down to " << applied;
  }
  EXPECT_EQ(ObjectsInPublic(database_), "0");
}

TEST_F(RunbookMigrations, CanBeAppliedAgainAfterBase) {
  ASSERT_NO_FATAL_FAILURE(RunTo(Direction::kUp, "head", kStates.size()));
  ASSERT_NO_FATAL_FAILURE(RunTo(Direction::kDown, "base", kStates.size()));
  ASSERT_NO_FATAL_FAILURE(RunTo(Direction::kUp, "head", kStates.size()));
  EXPECT_EQ(ActualState(database_), ExpectedState(kStates.size()));
}

TEST_F(RunbookMigrations, NumberTheUsersThatWereThereBeforeTheIntegerKeys) {
  ASSERT_NO_FATAL_FAILURE(RunTo(Direction::kUp, "4c876238cdeb", 3));
  database_.Sql(
      "insert into users (id, email)"
      " select gen_random_uuid(), 'user' || n || '@example.org' from generate_series(1, 1000) n;"
      "insert into projects (id, title, description, total_amount, creator_id)"
      " select gen_random_uuid(), 'a project', 'of a user', 1, id from users");
  ASSERT_NO_FATAL_FAILURE(RunTo(Direction::kUp, "head", 4));
  EXPECT_EQ(ActualState(database_), ExpectedState(kStates.size()));
  EXPECT_EQ(database_.Value("select count(distinct integer_id) || ' numbers from ' ||"
                            " min(integer_id) || ' to ' || max(integer_id) from users"),
            "1000 numbers from 1 to 1000");
  EXPECT_EQ(database_.Value("insert into users (id, email) values (gen_random_uuid(), 'new')"
                            " returning integer_id"),
            "1001");
  ASSERT_NO_FATAL_FAILURE(RunTo(Direction::kDown, "4c876238cdeb", 4));
  EXPECT_EQ(ActualState(database_), ExpectedState(3));
  EXPECT_EQ(database_.Value("select count(*) from users"), "1001");
}

}  // namespace
}  // namespace lockstep

// What the statements of DDL lock: the table in lock_modes/ against the server, the program against
// the table, and the manual's page against the table.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"
#include "core/lock_mode.h"
#include "core/statement_kind.h"
#include "core/statement_splitter.h"
#include "postgres/lock_targets.h"
#include "support/test_database.h"

namespace lockstep {
namespace {

const std::string kFolder = LOCKSTEP_SOURCE_DIR "/tests/postgres/lock_modes/";
const std::string kPage = LOCKSTEP_SOURCE_DIR "/docs/lock-modes.md";

// "orders" -> "ACCESS EXCLUSIVE".
using Modes = std::map<std::string, std::string>;

struct Row {
  std::string remark;
  std::string given;
  std::string behind;
  std::string sql;
  std::string letter;       // its class in this database
  std::string text_letter;  // by its text alone
  std::string locks;        // as written, in an order for readers
};

struct Section {
  std::string title;
  std::vector<Row> rows;
};

struct LockTable {
  std::string measured_on;  // "PostgreSQL 15.20"
  std::vector<Section> sections;
};

// Reading the table

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("'" + path + "' cannot be read");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// What follows `prefix`, when the line begins with it.
std::optional<std::string> After(std::string_view prefix, const std::string& line) {
  if (!line.starts_with(prefix)) return std::nullopt;
  return line.substr(prefix.size());
}

// "A: orders SHARE" or "A, by its text C: orders SHARE", after the "-- ".
void ReadAnswer(const std::string& line, Row& row) {
  row.letter = line.substr(0, 1);
  row.text_letter = After(", by its text ", line.substr(1)).value_or(row.letter).substr(0, 1);
  row.locks = line.substr(line.find(": ") + 2);
}

class TableReader {
 public:
  LockTable Read() {
    std::istringstream lines(ReadFile(kFolder + "table.sql"));
    std::string line;
    std::getline(lines, line);
    table_.measured_on = After("-- Measured on ", line).value();
    table_.measured_on.pop_back();
    while (std::getline(lines, line)) ReadLine(line);
    return table_;
  }

 private:
  void ReadLine(const std::string& line) {
    if (const auto title = After("-- # ", line)) {
      table_.sections.push_back({*title, {}});
      row_ = {};
    } else if (table_.sections.empty() || line.empty()) {
      return;
    } else if (const auto comment = After("-- ", line)) {
      ReadComment(*comment);
    } else {
      row_.sql = line.substr(0, line.rfind(';'));
    }
  }

  void ReadComment(const std::string& comment) {
    if (!row_.sql.empty()) {
      ReadAnswer(comment, row_);
      table_.sections.back().rows.push_back(std::exchange(row_, {}));
    } else if (const auto given = After("given: ", comment)) {
      row_.given = *given;
    } else if (const auto behind = After("behind: ", comment)) {
      row_.behind = *behind;
    } else {
      row_.remark = comment;
    }
  }

  LockTable table_;
  Row row_;
};

Modes ModesIn(const std::string& locks) {
  Modes modes;
  if (locks == "nothing") return modes;
  for (const std::string& lock : SplitTrimmed(locks, ',')) {
    const auto space = lock.find(' ');
    modes[lock.substr(0, space)] = lock.substr(space + 1);
  }
  return modes;
}

std::string ToText(const Modes& modes) {
  std::string text;
  for (const auto& [relation, mode] : modes) {
    text += (text.empty() ? "" : ", ") + relation + " " + mode;
  }
  return text.empty() ? "nothing" : text;
}

// Measuring

bool NamesIt(const std::string& sql, const std::string& relation) {
  const auto in_name = [](char c) {
    return c == '_' || std::isalnum(static_cast<unsigned char>(c));
  };
  for (auto at = sql.find(relation); at != std::string::npos; at = sql.find(relation, at + 1)) {
    const auto end = at + relation.size();
    const bool begins = at == 0 || !in_name(sql[at - 1]);
    if (begins && (end == sql.size() || !in_name(sql[end]))) return true;
  }
  return false;
}

// The database of the table, a session that runs the statements and one that looks on. What a
// statement makes itself is in nobody's way and unknown to the one that looks on.
class LockModes : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    database_ = std::make_unique<TestDatabase>();
    database_->Sql("create schema app; set search_path = app;" + ReadFile(kFolder + "fixture.sql"));
    run_ = database_->Open().session;
    look_ = database_->Open().session;
    table_ = TableReader().Read();
  }

  static void TearDownTestSuite() {
    look_.reset();
    run_.reset();
    database_.reset();
  }

  static void Do(const std::string& sql) {
    const Reply reply = run_->Send(sql);
    if (!reply.ok()) throw std::runtime_error(reply.error->message + ": " + sql);
  }

  // `meanwhile` with what the row is given, and without it afterwards.
  static void With(const Row& row, const std::function<void()>& meanwhile) {
    Do("set client_min_messages = error");
    Do("set search_path = own, app");
    if (!row.given.empty()) Do("create schema own; " + row.given);
    meanwhile();
    if (!row.given.empty()) Do("drop schema if exists own cascade");
  }

  static Modes LocksOfRun(const std::string& sql) {
    constexpr std::string_view kLocks = R"(
select c.relname, c.relkind, l.mode
from pg_catalog.pg_locks l
join pg_catalog.pg_class c on c.oid = l.relation
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where l.pid = $1 and l.locktype = 'relation' and n.nspname in ('app', 'own')
  and c.relkind not in ('c', 't'))";
    std::map<std::string, LockMode> strongest;
    const Rows rows = look_->Query(kLocks, {std::to_string(run_->backend_pid())});
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const LockMode mode = LockModeFromPgLocks(rows.Text(i, 2)).value();
      const bool index = ToLower(rows.Text(i, 1)) == "i";
      if (mode < LockMode::kShareUpdateExclusive) continue;
      if (index && !NamesIt(sql, rows.Text(i, 0))) continue;
      LockMode& known = strongest.try_emplace(rows.Text(i, 0), mode).first->second;
      known = std::max(known, mode);
    }
    Modes modes;
    for (const auto& [relation, mode] : strongest) modes[relation] = NameOf(mode);
    return modes;
  }

  static Modes InTransaction(const Row& row) {
    Do("begin");
    const Reply reply = run_->Send(row.sql);
    const Modes modes = LocksOfRun(row.sql);
    Do("rollback");
    EXPECT_TRUE(reply.ok() || reply.error->sqlstate == "57014")
        << row.sql << ": " << reply.error->message;
    return modes;
  }

  // Until the statement waits, or has ended without.
  static void AwaitWaiting(const std::function<bool()>& ended) {
    const std::string pid = std::to_string(run_->backend_pid());
    constexpr std::string_view kWaits =
        "select exists (select from pg_catalog.pg_locks where pid = $1 and not granted)";
    while (!look_->Query(kWaits, {pid}).Bool(0, 0) && !ended()) std::this_thread::yield();
  }

  static Modes WhileItWaits(const Row& row) {
    const OpenedSession other = database_->Open();
    other.session->Send("set search_path = own, app; begin; " + row.behind);
    std::atomic<bool> ended = false;
    Reply reply;
    std::thread statement([&] {
      reply = run_->Send(row.sql);
      ended = true;
    });
    AwaitWaiting([&ended] { return ended.load(); });
    EXPECT_FALSE(ended) << "nothing made it wait: " << row.sql;
    const Modes modes = LocksOfRun(row.sql);
    other.session->Send("rollback");
    statement.join();
    EXPECT_TRUE(reply.ok()) << row.sql;
    return modes;
  }

  static Modes Measure(const Row& row) {
    return row.behind.empty() ? InTransaction(row) : WhileItWaits(row);
  }

  static StatementLocks Expected(const Row& row) {
    const BodyNames names{.search_path = "own, app", .role = "none"};
    return FindStatementLocks(*look_, names, SplitStatements(row.sql, "table.sql").statements)
        .at(0);
  }

  static Modes ModesOf(const Row& row, const StatementLocks& expected) {
    Modes modes;
    for (const LockTarget& target : expected.targets) {
      const std::string name = target.name.substr(target.name.find('.') + 1);
      const bool index = target.kind == 'i' || target.kind == 'I';
      if (!index || NamesIt(row.sql, name)) modes[name] = NameOf(target.mode);
    }
    return modes;
  }

  static void ForEachRow(const std::function<void(const Row&)>& look) {
    for (const Section& section : table_.sections) {
      for (const Row& row : section.rows) {
        SCOPED_TRACE(row.sql + (row.remark.empty() ? "" : " -- " + row.remark));
        With(row, [&] { look(row); });
      }
    }
  }

  static inline std::unique_ptr<TestDatabase> database_;
  static inline std::unique_ptr<Session> run_;
  static inline std::unique_ptr<Session> look_;
  static inline LockTable table_;
};

TEST_F(LockModes, TheServerLocksWhatTheTableSays) {
  ForEachRow([](const Row& row) { EXPECT_EQ(ToText(Measure(row)), ToText(ModesIn(row.locks))); });
}

TEST_F(LockModes, TheProgramExpectsTheLocksOfTheTable) {
  ForEachRow([](const Row& row) {
    EXPECT_EQ(ToText(ModesOf(row, Expected(row))), ToText(ModesIn(row.locks)));
  });
}

TEST_F(LockModes, TheProgramExpectsTheClassOfTheTable) {
  ForEachRow([](const Row& row) {
    EXPECT_EQ(LetterOf(Expected(row).lock_class), row.letter);
    EXPECT_EQ(LetterOf(ClassifyStatement(row.sql).lock_class), row.text_letter);
  });
}

TEST_F(LockModes, TheServerIsOfTheMajorVersionThatWasMeasured) {
  const std::string version = look_->Query("show server_version").Text(0, 0);
  const std::string measured = After("PostgreSQL ", table_.measured_on).value();
  EXPECT_EQ(version.substr(0, version.find('.')), measured.substr(0, measured.find('.')));
}

// The manual's page

std::string PageHead(const LockTable& table) {
  return R"(# What each statement locks

Measured on )" +
         table.measured_on +
         R"(: every row below was run on the server, and these are the locks that
`pg_locks` showed. It is the table that Lockstep itself goes by. Listed are the modes from SHARE UPDATE
EXCLUSIVE on, and indexes only where the statement names them; what is weaker is in nobody's way but of
what is listed here. "nothing" means no such lock on anything that was there before.

| mode | who waits for it, and it for them |
|---|---|
| SHARE UPDATE EXCLUSIVE | vacuum and other DDL |
| SHARE, SHARE ROW EXCLUSIVE, EXCLUSIVE | those, and whoever writes |
| ACCESS EXCLUSIVE | everybody, readers too |

| class | |
|---|---|
| A | strong locks, for an instant |
| B | takes long, under locks that neither readers nor writers feel |
| C | takes long under a strong lock: refused on a table that is not small, unless acknowledged |
| D | data |
| E | new objects only |

The class holds for the tables that were measured, which all have rows. "by its text" is what the
statement alone lets expect, where a look at the catalog tells otherwise. Not known beforehand, and so
not looked for, is what `do` blocks, functions and event triggers lock.

The tables are those of `tests/postgres/lock_modes/fixture.sql`. This page is made from
`tests/postgres/lock_modes/table.sql`; after a change there, write it again with
`LOCKSTEP_WRITE_PAGES=1 ctest --preset dev -R LockModes`.
)";
}

std::string PageRow(const Row& row) {
  const std::string remark = row.remark.empty() ? "" : " (" + row.remark + ")";
  const std::string by_text =
      row.letter == row.text_letter ? "" : ", by its text " + row.text_letter;
  return "| `" + row.sql + "`" + remark + " | " + row.letter + by_text + " | " + row.locks + " |\n";
}

std::string PageOf(const LockTable& table) {
  std::string page = PageHead(table);
  for (const Section& section : table.sections) {
    page += "\n## " + section.title + "\n\n| statement | class | locks |\n|---|---|---|\n";
    for (const Row& row : section.rows) page += PageRow(row);
  }
  return page;
}

TEST_F(LockModes, TheManualsPageIsTheTable) {
  const std::string page = PageOf(table_);
  if (std::getenv("LOCKSTEP_WRITE_PAGES") != nullptr) std::ofstream(kPage) << page;
  EXPECT_EQ(ReadFile(kPage), page);
}

}  // namespace
}  // namespace lockstep

// current, history, heads, branches, show: the folder and what of it is applied.
#include <fmt/format.h>

#include "base/document.h"
#include "base/text.h"
#include "cli/failure_text.h"
#include "cli/page.h"
#include "cli/wording.h"

namespace lockstep {
namespace {

// Alembic's words for special revisions: "(head) (branchpoint)".
std::string MarksOf(const json::object& migration) {
  std::string marks;
  if (TrueAt(migration, "is_current")) marks += " (current)";
  if (TrueAt(migration, "is_head")) marks += " (head)";
  if (TrueAt(migration, "is_branch_point")) marks += " (branchpoint)";
  if (TrueAt(migration, "is_merge")) marks += " (mergepoint)";
  return marks.empty() ? marks : marks.substr(1);
}

bool HasRun(const json::object& migration) { return TextAt(migration, "kind") == "applied"; }

std::string TookText(const json::object& migration) {
  return HasRun(migration) ? InSeconds(NumberAt(migration, "duration_seconds")) : "";
}

std::string ByText(const json::object& migration) {
  const auto& by = ObjectAt(migration, "applied_by");
  if (by.empty()) return "";
  return fmt::format("{} from {} (pid {}, lockstep {})", TextAt(by, "role"), TextAt(by, "host"),
                     WholeAt(by, "pid"), TextAt(by, "version"));
}

std::string LockWaitText(const json::object& migration) {
  if (!HasRun(migration)) return "";
  const auto attempts = WholeAt(migration, "attempts");
  return fmt::format("{} for locks, {} {}", InSeconds(NumberAt(migration, "lock_wait_seconds")),
                     attempts, attempts == 1 ? "attempt" : "attempts");
}

std::string AppliedText(const json::object& migration) {
  const auto at = TextAt(migration, "applied_at");
  if (at.empty()) return "";
  const auto kind = TextAt(migration, "kind");
  return ShortTime(at) + (HasRun(migration) || kind.empty() ? "" : " (" + WithBlanks(kind) + ")");
}

// "Key: value" and a line end, when there is a value.
void AddLine(std::string& block, std::string_view key, const std::string& value) {
  if (!value.empty()) block += std::string(key) + ": " + Escaped(value) + "\n";
}

// What `history -v` of Alembic shows, and what only we know below it.
void PrintBlock(const json::object& migration, Page& page) {
  std::string block = page.paint(Tone::kStrong, "Rev: " + Escaped(TextAt(migration, "revision")));
  const auto marks = MarksOf(migration);
  block += (marks.empty() ? "" : " " + marks) + "\n";
  const bool base = TextsAt(migration, "parents").empty();
  AddLine(block, TrueAt(migration, "is_merge") ? "Merges" : "Parent",
          base ? "<base>" : Join(TextsAt(migration, "parents"), ", "));
  AddLine(block, "Path", TextAt(migration, "file"));
  AddLine(block, "Down path", TextAt(migration, "down_file"));
  AddLine(block, "Irreversible", TextAt(migration, "irreversible"));
  const auto state = TextAt(migration, "state");
  block += "State: " + page.paint(ToneOfState(state), Escaped(WithBlanks(state))) + "\n";
  AddLine(block, "Applied", AppliedText(migration));
  AddLine(block, "By", ByText(migration));
  AddLine(block, "Took", TookText(migration));
  AddLine(block, "Waited", LockWaitText(migration));
  AddLine(block, "Checksum", TextAt(migration, "checksum"));
  AddLine(block, "Backup", TextAt(migration, "backup_path"));
  const auto description = TextAt(migration, "description");
  if (!description.empty()) block += "\n    " + Escaped(description) + "\n";
  page.data += block;
  const auto& failure = ObjectAt(migration, "failure");
  if (!failure.empty()) page.data += "\n" + FailureText(failure, page.paint);
}

void PrintBlocks(const std::vector<json::object>& migrations, Page& page) {
  for (const auto& migration : migrations) {
    if (!page.data.empty()) page.data += "\n";
    PrintBlock(migration, page);
  }
}

// One line for each migration.
void PrintLines(const std::vector<json::object>& migrations, Page& page) {
  TextTable table(page.paint);
  for (const auto& migration : migrations) {
    const auto state = TextAt(migration, "state");
    table.Add({TextAt(migration, "revision"),
               {state == "unknown" ? "" : WithBlanks(state), ToneOfState(state)},
               AppliedText(migration),
               TookText(migration),
               TextAt(migration, "description"),
               {MarksOf(migration), Tone::kDim}});
  }
  page.data += table.Text();
}

void PrintMigrations(const json::object& document, std::string_view key, Page& page) {
  const auto migrations = ObjectsAt(document, key);
  return page.verbose ? PrintBlocks(migrations, page) : PrintLines(migrations, page);
}

void PrintRelatives(const std::vector<std::string>& relatives, std::string_view arrow, Page& page) {
  for (const auto& relative : relatives) {
    page.data += "  " + page.paint(Tone::kDim, arrow) + " " + Escaped(relative) + "\n";
  }
}

std::string Titled(const json::object& revision) {
  const auto description = TextAt(revision, "description");
  return TextAt(revision, "revision") + (description.empty() ? "" : "  " + description);
}

void PrintScript(const json::object& document, std::string_view key, std::string_view title,
                 Page& page) {
  const auto script = TextAt(document, key);
  if (script.empty()) return;
  page.data += "\n" + page.paint(Tone::kStrong, title) + "\n" + SafeLines(script);
}

void PrintStatements(const json::object& document, Page& page) {
  TextTable table(page.paint);
  for (const auto& statement : ObjectsAt(document, "statements")) {
    table.Add({fmt::format("  {}:{}", WholeAt(statement, "line"), WholeAt(statement, "column")),
               TextAt(statement, "lock_class"), TextAt(statement, "kind")});
  }
  if (!table.empty()) page.data += "\n" + page.paint(Tone::kStrong, "statements") + "\n";
  page.data += table.Text();
}

}  // namespace

void PrintCurrent(const json::object& document, Page& page) {
  PrintMigrations(document, "entries", page);
  for (const auto& failure : ObjectsAt(document, "failures")) {
    page.data += FailureText(failure, page.paint);
  }
}

void PrintHistory(const json::object& document, Page& page) {
  PrintMigrations(document, "migrations", page);
}

void PrintHeads(const json::object& document, Page& page) {
  PrintMigrations(document, "migrations", page);
}

void PrintBranches(const json::object& document, Page& page) {
  for (const auto& branch : ObjectsAt(document, "branches")) {
    page.data += Escaped(Titled(branch)) + page.paint(Tone::kDim, "  (branchpoint)") + "\n";
    std::vector<std::string> children;
    for (const auto& child : ObjectsAt(branch, "children")) children.push_back(Titled(child));
    PrintRelatives(children, "->", page);
  }
  for (const auto& merge : ObjectsAt(document, "merges")) {
    page.data += Escaped(Titled(merge)) + page.paint(Tone::kDim, "  (mergepoint)") + "\n";
    PrintRelatives(TextsAt(merge, "parents"), "<-", page);
  }
}

void PrintShow(const json::object& document, Page& page) {
  PrintBlock(ObjectAt(document, "migration"), page);
  const auto children = TextsAt(document, "children");
  if (!children.empty()) page.data += "\nRevised by: " + Escaped(Join(children, ", ")) + "\n";
  PrintStatements(document, page);
  PrintScript(document, "up", "up", page);
  PrintScript(document, "down", "down", page);
  if (TextAt(document, "stored_down") != TextAt(document, "down")) {
    PrintScript(document, "stored_down", "down, as stored in the database", page);
  }
}

}  // namespace lockstep

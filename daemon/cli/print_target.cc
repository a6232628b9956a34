// status, wait, blockers, lock show, init, sandbox, completion: the target and its
// surroundings.
#include <fmt/format.h>

#include "base/document.h"
#include "base/text.h"
#include "cli/failure_text.h"
#include "cli/page.h"
#include "cli/wording.h"

namespace lockstep {
namespace {

void AddRow(TextTable& table, std::string_view name, const std::string& value,
            Tone tone = Tone::kPlain) {
  if (!value.empty()) table.Add({{std::string(name), Tone::kDim}, {value, tone}});
}

std::string ServerText(const json::object& server) {
  if (server.empty()) return "";
  std::string text = "PostgreSQL " + TextAt(server, "version");
  text += ", database " + TextAt(server, "database") + ", user " + TextAt(server, "user");
  if (TrueAt(server, "in_recovery")) text += ", a standby";
  if (TrueAt(server, "read_only")) text += ", read-only";
  if (TrueAt(server, "through_pooler")) text += ", through a pooler";
  return text;
}

// "up to date; looks again in 8 s; paused; not ready: 2 migrations are pending (lockstep 0.1.0, pid
// 4711; looked 2.1 s ago)".
std::string AgentText(const json::object& agent) {
  if (agent.empty()) return "";
  std::string text = TextAt(agent, "doing");
  if (TrueAt(agent, "paused") && !text.starts_with("paused"))
    text += std::string(text.empty() ? "" : "; ") + "paused";
  const auto reason = TextAt(agent, "reason");
  text += (text.empty() ? "" : "; ") + std::string(TrueAt(agent, "ready") ? "ready" : "not ready");
  if (!TrueAt(agent, "ready") && !reason.empty()) text += ": " + reason;
  text += fmt::format(" (lockstep {}, pid {}", TextAt(agent, "version"), WholeAt(agent, "pid"));
  if (IsNullAt(agent, "age_seconds")) return text + ")";
  return text + "; looked " + InSeconds(NumberAt(agent, "age_seconds")) + " ago)";
}

std::string PendingText(const json::object& document) {
  const auto revisions = TextsAt(document, "pending_revisions");
  const auto count = WholeAt(document, "pending");
  if (count == 0) return "";
  return revisions.empty() ? std::to_string(count)
                           : fmt::format("{}: {}", count, Join(revisions, ", "));
}

std::string LockText(const json::object& lock) {
  if (!TrueAt(lock, "held")) return "free";
  const auto holder = TextAt(ObjectAt(lock, "holder"), "text");
  return holder.empty() ? "held by a session that this role may not see" : "held by " + holder;
}

std::string RunText(const json::object& run) {
  if (TextAt(run, "revision").empty()) return "";
  return fmt::format("{}, pid {}, for {}", TextAt(run, "revision"), WholeAt(run, "pid"),
                     InSeconds(NumberAt(run, "running_seconds")));
}

std::string ChangeText(const json::object& change) {
  if (change.empty()) return "";
  const auto at = ShortTime(TextAt(change, "applied_at"));
  return TextAt(change, "revision") + " " + WithBlanks(TextAt(change, "kind")) +
         (at.empty() ? "" : " " + at);
}

std::string BookkeepingText(const json::object& bookkeeping) {
  if (bookkeeping.empty()) return "";
  const auto schema = "schema " + TextAt(bookkeeping, "schema");
  const auto format = WholeAt(bookkeeping, "format");
  const auto newest = WholeAt(bookkeeping, "newest_format");
  if (format == 0) return schema + ", not installed yet";
  return fmt::format("{}, format {}", schema, format) +
         (format < newest ? fmt::format(" (this program makes {})", newest) : "");
}

std::string AlembicText(const json::object& alembic) {
  if (alembic.empty()) return "";
  return TextAt(alembic, "table") + " says " + RevisionsOrBase(alembic, "heads");
}

std::string SessionText(const json::object& session) {
  const auto text = TextAt(session, "text");
  return text.empty() ? fmt::format("pid {}", WholeAt(session, "pid")) : text;
}

void PrintSessions(const json::object& document, std::string_view key, std::string_view title,
                   Page& page) {
  const auto sessions = ObjectsAt(document, key);
  if (sessions.empty()) return;
  page.data += page.paint(Tone::kStrong, title) + "\n";
  for (const auto& session : sessions) {
    page.data += "  " + SafeLines(SessionText(session));
    const auto query = TextAt(session, "query");
    if (page.verbose && !query.empty()) {
      page.data += page.paint(Tone::kDim, "    " + Escaped(query)) + "\n";
    }
  }
}

void PrintBothSides(const json::object& document, Page& page) {
  PrintSessions(document, "blockers", "who blocks us", page);
  PrintSessions(document, "victims", "whom we block", page);
}

// An agent that never reached the database knows nothing of it.
void AddDatabaseRows(const json::object& document, TextTable& table) {
  const auto state = TextAt(document, "state");
  if (state.empty()) return;
  AddRow(table, "state", WithBlanks(state), ToneOfState(state));
  AddRow(table, "at", RevisionsOrBase(document, "revisions"));
  AddRow(table, "heads", Join(TextsAt(document, "heads"), ", "));
  AddRow(table, "pending", PendingText(document), Tone::kWaiting);
  AddRow(table, "ahead", Join(TextsAt(document, "ahead"), ", "), Tone::kWaiting);
  AddRow(table, "migration lock", LockText(ObjectAt(document, "lock")));
}

}  // namespace

void PrintStatus(const json::object& document, Page& page) {
  TextTable table(page.paint);
  AddRow(table, "target", TextAt(document, "target"));
  AddRow(table, "agent", AgentText(ObjectAt(document, "agent")));
  const std::string refused = TextAt(ObjectAt(document, "agent"), "config_problem");
  if (!refused.empty()) AddRow(table, "settings", "refused, the old ones are in force: " + refused);
  AddRow(table, "server", ServerText(ObjectAt(document, "server")));
  AddRow(table, "tls", TextAt(ObjectAt(document, "server"), "tls"));
  AddDatabaseRows(document, table);
  AddRow(table, "runs", RunText(ObjectAt(document, "run")));
  AddRow(table, "last change", ChangeText(ObjectAt(document, "last_change")));
  AddRow(table, "bookkeeping", BookkeepingText(ObjectAt(document, "bookkeeping")));
  AddRow(table, "alembic", AlembicText(ObjectAt(document, "alembic")));
  page.data += table.Text();
  PrintBothSides(document, page);
  const auto& failure = ObjectAt(document, "last_error");
  if (!failure.empty()) page.data += FailureText(failure, page.paint);
}

void PrintWait(const json::object& document, Page& page) {
  const auto state = TextAt(document, "state");
  TextTable table(page.paint);
  table.Add({{WithBlanks(state), ToneOfState(state)},
             TextAt(document, "goal"),
             "(" + InSeconds(NumberAt(document, "waited_seconds")) + ")"});
  for (const auto& revision : TextsAt(document, "waiting_for")) {
    table.Add({{"waiting for", Tone::kWaiting}, revision});
  }
  page.data += table.Text();
}

void PrintBlockers(const json::object& document, Page& page) { PrintBothSides(document, page); }

void PrintLockShow(const json::object& document, Page& page) {
  page.data += Escaped(LockText(document)) + "\n";
}

void PrintInit(const json::object& document, Page& page) {
  const auto before = WholeAt(document, "format_before");
  const auto now = WholeAt(document, "format");
  page.data += Escaped("schema " + TextAt(document, "schema")) + fmt::format(", format {}", now);
  page.data += before != now && before > 0 ? fmt::format(" (was {})\n", before) : "\n";
  page.data += SafeLines(TextAt(document, "grants"));
}

void PrintSandbox(const json::object& document, Page& page) {
  if (!TrueAt(document, "detached")) return;
  page.data += Escaped(TextAt(document, "url")) + "\n";
}

void PrintCompletion(const json::object& document, Page& page) {
  page.data += TextAt(document, "script");
}

}  // namespace lockstep

#include "agent/status_page_parts.h"
#include "base/document.h"
#include "base/text.h"

namespace lockstep {
namespace {

// ---- What has to be known first ----------------------------------------------------------------

Html Notice(std::string_view tone, const Html& content) {
  return Element("div", {{"class", "notice " + std::string(tone)}}, content);
}

Html ProblemNotice(const json::object& target) {
  const std::string problem = TextAt(target, "problem");
  if (problem.empty()) return {};
  const bool reached_once = !IsNullAt(target, "as_of");
  std::string title = "there is a problem: ";
  if (!TrueAt(target, "reachable")) {
    title =
        reached_once ? "the database cannot be reached: " : "the database was not reached yet: ";
  }
  Html text = Element("p", {{"class", "lines"}}, Element("strong", title) + problem);
  if (!TrueAt(target, "reachable") && reached_once) {
    text += Element("p", "what stands below was seen at " + Time(TextAt(target, "as_of")));
  }
  return Notice("bad", text + DiagnosticsPart(ObjectAt(target, "status")));
}

Html DiagnosticsNotice(const json::object& target) {
  if (!TextAt(target, "problem").empty()) return {};  // it shows them
  const Html diagnostics = DiagnosticsPart(ObjectAt(target, "status"));
  if (diagnostics.empty()) return {};
  return Notice("wait", Element("p", Element("strong", "about the folder's files:")) + diagnostics);
}

Html PausedNotice(const json::object& target) {
  if (!TrueAt(target, "paused")) return {};
  return Notice("wait",
                Element("p", Element("strong", "paused: ") + "the agent begins nothing until " +
                                 Code("lockstep --socket PATH resume")));
}

Html FailureNotice(const json::object& status) {
  const json::object& failure = ObjectAt(status, "last_error");
  if (failure.empty()) return {};
  return Notice(MarkOf(TextAt(failure, "outcome")).tone, FailurePart(failure));
}

Html LeaderNotice(const json::object& target) {
  const json::object& lock = ObjectAt(ObjectAt(target, "status"), "lock");
  if (!ObjectAt(target, "run").empty() || !TrueAt(lock, "held")) return {};
  const std::string holder = TextAt(ObjectAt(lock, "holder"), "text");
  return Notice(
      "run", Element("p", Element("strong", "another replica leads: ") +
                              (holder.empty() ? "a session that this role may not see" : holder)));
}

// While a run is active nobody has to do anything.
Html Standing(const json::object& status, bool runs) {
  const std::string message = TextAt(status, "message");
  const std::string next = runs ? "" : TextAt(status, "next");
  if (message.empty() && next.empty()) return {};
  Html text = Element("span", {{"class", "lines"}}, message);
  if (!next.empty()) text += Html(message.empty() ? "next: " : " — next: ") + Code(next);
  return Element("p", {{"class", "standing"}}, text);
}

// ---- Who is in whose way -----------------------------------------------------------------------

Html Age(const json::object& session, std::string_view key) {
  return IsNullAt(session, key) ? Html() : Html(InWords(NumberAt(session, key)));
}

std::string NameOfSession(const json::object& session) {
  const std::string gid = TextAt(session, "gid");
  return gid.empty() ? std::to_string(WholeAt(session, "pid")) : gid;
}

Html Lock(const json::object& session) {
  const std::string mode = TextAt(session, "mode");
  if (mode.empty()) return {};
  const std::string relation = TextAt(session, "relation");
  return Html(TrueAt(session, "queued") ? "queued for " : "") + mode +
         (relation.empty() ? " " + Html(TextAt(session, "lock_type")) : " on " + Code(relation));
}

Html SessionText(const json::object& session) {
  Html text = Element("span", {{"class", "description"}}, TextAt(session, "text"));
  const std::string revision = TextAt(session, "revision");
  if (!revision.empty()) {
    text += Element("span", {{"class", "notes"}}, "in the way of " + Code(revision));
  }
  const std::string query = TextAt(session, "query");
  return query.empty() ? text
                       : text + Element("details", Element("summary", "its query") +
                                                       Element("pre", Code(query)));
}

Html SessionRow(const json::object& session, const std::string& id) {
  const std::string kind = TextAt(session, "kind");
  return Element(
      "tr", {{"id", id + "-" + IdOf(NameOfSession(session))}, {"class", "wait"}},
      Element("th", {{"scope", "row"}, {"class", "state"}}, Code(NameOfSession(session))) +
          Element("td", {{"class", "kind"}}, WithBlanks(kind)) +
          Element("td", {{"class", "text"}}, SessionText(session)) +
          Element("td", {{"class", "lock"}}, Lock(session)) +
          Element("td", {{"class", "took age"}}, Age(session, "transaction_seconds")) +
          Element("td", {{"class", "took waits"}}, Age(session, "wait_seconds")));
}

Html Sessions(const json::object& status, std::string_view key, std::string_view caption,
              const std::string& id) {
  Html rows;
  const std::string table_id = id + "-" + std::string(key);
  for (const json::object& session : ObjectsAt(status, key)) {
    rows += SessionRow(session, table_id);
  }
  if (rows.empty()) return {};
  Html headings;
  for (const std::string_view name :
       {"Session", "Kind", "In words", "Table lock", "Transaction", "Waits"}) {
    headings += Element("th", {{"scope", "col"}}, name);
  }
  return Element("table", {{"id", table_id}, {"class", "sessions"}},
                 Element("caption", caption) + Element("thead", Element("tr", headings)) +
                     Element("tbody", rows));
}

Html BlockersPart(const json::object& status, const std::string& id) {
  if (status.empty()) return {};
  Html content = Element("h3", {{"id", id + "-way"}}, "Blockers and victims");
  const Html tables = Sessions(status, "blockers", "Blockers: who is in our way", id) +
                      Sessions(status, "victims", "Victims: who waits for us", id);
  content += tables.empty() ? Element("p", {{"class", "nothing"}},
                                      "nobody is in our way, and nobody waits for us")
                            : tables;
  const json::object& server = ObjectAt(status, "server");
  if (!IsNullAt(server, "sees_all_activity") && !TrueAt(server, "sees_all_activity")) {
    content += Element("p", {{"class", "nothing"}},
                       "this role does not see what other roles' sessions do; " +
                           Code("pg_read_all_stats") + " would let it");
  }
  return Element("section", {{"id", id + "-sessions"}, {"aria-labelledby", id + "-way"}}, content);
}

// ---- Facts -------------------------------------------------------------------------------------

Html ServerText(const json::object& server) {
  if (server.empty()) return {};
  std::string text = "PostgreSQL " + TextAt(server, "version");
  text += ", database " + TextAt(server, "database") + ", user " + TextAt(server, "user");
  if (TrueAt(server, "in_recovery")) text += ", a standby";
  if (TrueAt(server, "read_only")) text += ", read-only";
  if (TrueAt(server, "through_pooler")) text += ", through a pooler";
  return text;
}

Html PendingText(const json::object& status) {
  const auto revisions = TextsAt(status, "pending_revisions");
  const auto count = WholeAt(status, "pending");
  if (count == 0) return "none";
  constexpr std::size_t kNamed = 10;
  if (revisions.empty() || revisions.size() > kNamed) return std::to_string(count);
  return std::to_string(count) + ": " + Codes(revisions);
}

Html CodesOrNothing(const std::vector<std::string>& texts) {
  return texts.empty() ? Html() : Codes(texts);
}

Html LockText(const json::object& lock) {
  if (lock.empty()) return {};
  if (!TrueAt(lock, "held")) return "free";
  const std::string holder = TextAt(ObjectAt(lock, "holder"), "text");
  return "held by " + (holder.empty() ? "a session that this role may not see" : holder);
}

Html HolderText(const json::object& run) {
  const std::string revision = TextAt(run, "revision");
  if (run.empty() || revision.empty()) return {};
  Html text = Code(revision) + ", pid " + std::to_string(WholeAt(run, "pid"));
  if (!IsNullAt(run, "running_seconds")) {
    text += ", for " + InWords(NumberAt(run, "running_seconds"));
  }
  return text;
}

Html ChangeText(const json::object& change) {
  if (change.empty()) return {};
  return Code(TextAt(change, "revision")) + " " + WithBlanks(TextAt(change, "kind")) + " " +
         Time(TextAt(change, "applied_at"));
}

Html BookkeepingText(const json::object& bookkeeping) {
  if (bookkeeping.empty()) return {};
  const Html schema = "schema " + Code(TextAt(bookkeeping, "schema"));
  const auto format = WholeAt(bookkeeping, "format");
  const auto newest = WholeAt(bookkeeping, "newest_format");
  if (format == 0) return schema + ", not installed yet";
  return schema + ", format " + std::to_string(format) +
         (format < newest ? ", this agent makes " + std::to_string(newest) : "");
}

Html AlembicText(const json::object& alembic) {
  if (alembic.empty()) return {};
  return Code(TextAt(alembic, "table")) + " says " + Codes(TextsAt(alembic, "heads"));
}

Html LookedText(const json::object& target) {
  const std::string at = TextAt(target, "as_of");
  if (at.empty()) return "never";
  return Time(at) + (IsNullAt(target, "age_seconds")
                         ? ""
                         : ", " + InWords(NumberAt(target, "age_seconds")) + " ago");
}

Html FactsPart(const json::object& target, const std::string& id) {
  const json::object& status = ObjectAt(target, "status");
  const std::string ready = TrueAt(target, "ready") ? "yes: " : "no: ";
  std::vector<Fact> facts = {
      {"database", TextAt(target, "database").empty() ? Html() : Code(TextAt(target, "database"))},
      {"server", ServerText(ObjectAt(status, "server"))},
      {"tls", TextAt(ObjectAt(status, "server"), "tls")},
      {"ready", ready + TextAt(target, "reason")},
      {"looked at", LookedText(target)}};
  if (!status.empty()) {
    for (Fact& fact :
         std::vector<Fact>{{"database is at", Codes(TextsAt(status, "revisions"))},
                           {"folder's heads", Codes(TextsAt(status, "heads"))},
                           {"pending", PendingText(status)},
                           {"ahead", CodesOrNothing(TextsAt(status, "ahead"))},
                           {"last change", ChangeText(ObjectAt(status, "last_change"))},
                           {"migration lock", LockText(ObjectAt(status, "lock"))},
                           {"its holder works on", HolderText(ObjectAt(status, "run"))},
                           {"bookkeeping", BookkeepingText(ObjectAt(status, "bookkeeping"))},
                           {"alembic", AlembicText(ObjectAt(status, "alembic"))}}) {
      facts.push_back(std::move(fact));
    }
  }
  return Element("section", {{"id", id + "-facts"}, {"aria-labelledby", id + "-database"}},
                 Element("h3", {{"id", id + "-database"}}, "Database") + Facts("facts", facts));
}

}  // namespace

Html TargetPart(const json::object& target, const json::object& history, std::string_view now) {
  const std::string name = TextAt(target, "name");
  const std::string id = "target-" + IdOf(name);
  const json::object& status = ObjectAt(target, "status");
  const std::string state = StateOfTarget(target);
  Html badges = Badge(state);
  if (TrueAt(target, "paused")) badges += " " + Badge("paused");
  const Html head =
      Element("div", {{"class", "target-head"}},
              Element("h2", {{"id", id + "-name"}}, Html("Target ") + Element("span", name)) +
                  Element("p", {{"class", "badges"}}, badges)) +
      Standing(status, !ObjectAt(target, "run").empty()) +
      Element("div", {{"id", id + "-notices"}, {"class", "notices"}},
              ProblemNotice(target) + FailureNotice(status) + PausedNotice(target) +
                  LeaderNotice(target) + DiagnosticsNotice(target));
  return Element("section",
                 {{"id", id},
                  {"class", "target " + std::string(MarkOf(state).tone)},
                  {"aria-labelledby", id + "-name"}},
                 head + RunPart(target, id, now) + BlockersPart(status, id) +
                     Element("div", {{"id", id + "-columns"}, {"class", "columns"}},
                             RevisionsPart(history, id) + FactsPart(target, id)) +
                     RecentRunsPart(target, id));
}

}  // namespace lockstep

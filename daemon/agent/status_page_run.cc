#include <algorithm>
#include <optional>

#include "agent/status_page_parts.h"
#include "base/document.h"

namespace lockstep {
namespace {

std::string CommandOf(const json::object& run) {
  return TextAt(run, "command") + " " + TextAt(run, "goal");
}

std::string OriginOf(const json::object& run) {
  const std::string source = TextAt(run, "source");
  const std::string caller = TextAt(run, "caller");
  const std::string who = caller.empty() ? "" : " (" + caller + ")";
  if (source == "start") return "at the agent's start" + who;
  if (source == "signal") return "by a signal" + who;
  if (source == "folder") return "because the folder changed" + who;
  if (source == "interval") return "by the clock" + who;
  if (source == "deferred") return "again, after it was deferred" + who;
  if (source == "failover") return "because a failover has undone something" + who;
  if (source == "api") return "ordered over the API" + who;
  return source + who;
}

std::string StepOf(const json::object& progress) {
  return "step " + std::to_string(WholeAt(progress, "step")) + " of " +
         std::to_string(WholeAt(progress, "steps"));
}

std::string WaitingSentence(const json::object& progress) {
  const std::string holder = TextAt(progress, "holder");
  if (TrueAt(progress, "leader")) return "this agent leads";
  return holder.empty() ? "waits for the migration lock"
                        : "another replica leads: the migration lock is held by " + holder;
}

// What a screen reader is told when it changes: no figures that move all the time.
Html Headline(const json::object& run) {
  if (run.empty()) return "no run is active";
  const json::object& progress = ObjectAt(run, "progress");
  Html line = Html(CommandOf(run)) + " is " + TextAt(run, "state");
  if (TextAt(run, "state") == "waiting") {
    line += ": " + WaitingSentence(progress);
  } else if (WholeAt(progress, "step") > 0) {
    line += ": " + Html(StepOf(progress)) + ", " + Code(TextAt(progress, "revision")) + " " +
            TextAt(progress, "description");
  }
  if (TrueAt(run, "stopping")) line += "; a stop was requested";
  return line;
}

std::string PercentOf(const json::object& progress) {
  if (IsNullAt(progress, "fraction")) return "";
  const double fraction = std::clamp(NumberAt(progress, "fraction"), 0.0, 1.0);
  return std::to_string(static_cast<int>(fraction * 100)) + " %";
}

std::string StatementOf(const json::object& progress) {
  std::string text = TextAt(progress, "statement");
  for (const std::string& more : {TextAt(progress, "phase"), PercentOf(progress)}) {
    if (!more.empty()) text += (text.empty() ? "" : ", ") + more;
  }
  return text;
}

// Of the whole run; nothing when it cannot be said: one step that does not tell how far it is.
std::optional<int> PermilleOf(const json::object& progress) {
  const double steps = NumberAt(progress, "steps");
  const double done = std::max(NumberAt(progress, "step") - 1, 0.0);
  if (steps < 1 || (done == 0 && IsNullAt(progress, "fraction"))) return {};
  const double fraction = std::clamp(NumberAt(progress, "fraction"), 0.0, 1.0);
  return std::clamp(static_cast<int>(1000 * (done + fraction) / steps), 0, 1000);
}

Html Bar(const json::object& progress, const std::string& id) {
  if (WholeAt(progress, "step") == 0) return {};
  std::vector<Attribute> attributes = {
      {"id", id + "-progress"}, {"aria-labelledby", id + "-run"}, {"max", "1000"}};
  if (const auto permille = PermilleOf(progress)) {
    attributes.push_back({"value", std::to_string(*permille)});
  }
  return Element("progress", attributes, StepOf(progress));
}

Html InTheWay(const json::object& progress) {
  Html items;
  for (const std::string& text : TextsAt(progress, "blockers")) items += Element("li", text);
  return items.empty() ? items : Element("ul", items);
}

// When it was, and how long ago that is.
Html Ago(std::string_view iso, std::string_view now) {
  const std::string passed = TimeBetween(iso, now);
  return Time(iso) + (passed.empty() ? "" : ", " + passed + " ago");
}

Html Details(const json::object& run, std::string_view now) {
  const json::object& progress = ObjectAt(run, "progress");
  return Facts("facts", {{"statement", StatementOf(progress)},
                         {"in the way", InTheWay(progress)},
                         {"step began", Ago(TextAt(progress, "step_began_at"), now)},
                         {"run began", Ago(TextAt(run, "started_at"), now)},
                         {"ordered", Time(TextAt(run, "created_at")) + ", " + OriginOf(run)},
                         {"run", Code(TextAt(run, "id"))}});
}

// ---- Runs that have ended ----------------------------------------------------------------------

std::string ResultOf(const json::object& run) {
  const json::object& document = ObjectAt(run, "document");
  const std::string state = TextAt(document, "state");
  if (!state.empty()) return state;
  return WholeAt(run, "exit_code") == 0 ? "done" : "error";
}

Html RevisionsRow(const json::object& document, std::string_view key) {
  std::vector<std::string> revisions;
  for (const json::object& step : ObjectsAt(document, key)) {
    revisions.push_back(TextAt(step, "revision"));
  }
  return revisions.empty() ? Html() : Codes(revisions);
}

Html NotRun(const json::object& document) {
  const auto revisions = TextsAt(document, "not_run");
  return revisions.empty() ? Html() : Codes(revisions);
}

Html NextCommand(const json::object& document) {
  const std::string next = TextAt(document, "next");
  return next.empty() ? Html() : Code(next);
}

Html WholeStory(const json::object& run) {
  const json::object& document = ObjectAt(run, "document");
  const std::string backup = TextAt(ObjectAt(document, "backup"), "path");
  const std::string exit_code =
      IsNullAt(run, "exit_code") ? "" : std::to_string(WholeAt(run, "exit_code"));
  return FailurePart(ObjectAt(document, "error")) + DiagnosticsPart(document) +
         Facts("small", {{"applied", RevisionsRow(document, "applied")},
                         {"rolled back", RevisionsRow(document, "rolled_back")},
                         {"not run", NotRun(document)},
                         {"migration lock held by", TextAt(document, "busy_holder")},
                         {"backup", backup.empty() ? Html() : Code(backup)},
                         {"next", NextCommand(document)},
                         {"ordered", Time(TextAt(run, "created_at")) + ", " + OriginOf(run)},
                         {"ended", Time(TextAt(run, "ended_at"))},
                         {"exit code", exit_code},
                         {"run", Code(TextAt(run, "id"))}});
}

std::string MessageOf(const json::object& run) {
  const json::object& document = ObjectAt(run, "document");
  const std::string message = TextAt(document, "message");
  if (!message.empty()) return message;
  const std::string error = TextAt(ObjectAt(document, "error"), "message");
  return error.empty() ? "ended" : error;
}

Html RunRow(const json::object& run, const std::string& id) {
  const std::string began = TextAt(run, IsNullAt(run, "started_at") ? "created_at" : "started_at");
  const std::string run_id = id + "-run-" + IdOf(TextAt(run, "id"));
  return Element(
      "tr", {{"id", run_id}, {"class", std::string(MarkOf(ResultOf(run)).tone)}},
      Element("td", {{"class", "state"}}, Badge(ResultOf(run))) +
          Element("th", {{"scope", "row"}}, CommandOf(run)) +
          Element("td", {{"class", "text"}},
                  Element("details", Element("summary", MessageOf(run)) + WholeStory(run))) +
          Element("td", {{"class", "when"}}, Time(began)) +
          Element("td", {{"class", "took"}},
                  TimeBetween(TextAt(run, "started_at"), TextAt(run, "ended_at"))));
}

}  // namespace

Html RunPart(const json::object& target, const std::string& id, std::string_view now) {
  const json::object& run = ObjectAt(target, "run");
  const json::object& progress = ObjectAt(run, "progress");
  const std::string tone(run.empty() ? "idle" : MarkOf(TextAt(run, "state")).tone);
  Html part = Element("h3", {{"id", id + "-run"}}, "Run");
  part += Element(
      "p",
      {{"id", id + "-now"}, {"class", "now"}, {"aria-live", "polite"}, {"aria-atomic", "true"}},
      Headline(run));
  part += Element("p", {{"class", "doing"}}, TextAt(target, "doing"));
  if (!run.empty()) part += Bar(progress, id) + Details(run, now);
  return Element(
      "section",
      {{"id", id + "-running"}, {"class", "run-part " + tone}, {"aria-labelledby", id + "-run"}},
      part);
}

Html RecentRunsPart(const json::object& target, const std::string& id) {
  Html rows;
  for (const json::object& run : ObjectsAt(target, "runs")) rows += RunRow(run, id);
  Html content = Element("h3", {{"id", id + "-attempts"}}, "Recent attempts");
  if (rows.empty()) {
    content += Element("p", {{"class", "nothing"}}, "no run has ended since this agent started");
  } else {
    const auto heading = [](std::string_view name) {
      return Element("th", {{"scope", "col"}}, name);
    };
    content += Element("table", {{"class", "runs"}},
                       Element("caption", "Runs that have ended, newest first") +
                           Element("thead", Element("tr", heading("Result") + heading("Command") +
                                                              heading("What it says") +
                                                              heading("Began") + heading("Took"))) +
                           Element("tbody", rows));
  }
  return Element("section", {{"id", id + "-runs"}, {"aria-labelledby", id + "-attempts"}}, content);
}

}  // namespace lockstep

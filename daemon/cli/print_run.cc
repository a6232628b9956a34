// plan, upgrade, downgrade, stamp, verify: work that is planned or done.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/document.h"
#include "base/text.h"
#include "cli/page.h"
#include "cli/wording.h"

namespace lockstep {
namespace {

// Shorter waits say nothing about a database.
constexpr double kWorthTelling = 0.1;

constexpr std::size_t kNamesInALine = 4;

std::string_view MeaningOf(std::string_view lock_class) {
  if (lock_class == "A") return "A: instant but strong";
  if (lock_class == "B") return "B: long but weak";
  if (lock_class == "C") return "C: long and strong";
  if (lock_class == "D") return "D: data";
  return lock_class == "E" ? "E: new objects only" : "";
}

Tone ToneOfClass(std::string_view lock_class) {
  if (lock_class == "C") return Tone::kBad;
  return lock_class == "A" ? Tone::kWaiting : Tone::kGood;
}

std::string PlaceOf(const json::object& step, const json::object& statement) {
  const auto file = TextAt(step, "file");
  return fmt::format("{}:{}:{}", file.empty() ? "stored" : file, WholeAt(statement, "line"),
                     WholeAt(statement, "column"));
}

// "ACCESS EXCLUSIVE on public.orders, public.items; SHARE on public.users": the relations of a mode
// together, and of many only as many as a line holds.
std::string LocksOf(const json::object& statement) {
  std::map<std::string, std::vector<std::string>> by_mode;
  for (const auto& lock : ObjectsAt(statement, "locks")) {
    by_mode[TextAt(lock, "mode")].push_back(TextAt(lock, "relation"));
  }
  std::vector<std::string> modes;
  for (auto& [mode, relations] : by_mode) {
    const std::size_t more = relations.size() - std::min(relations.size(), kNamesInALine);
    if (more > 1) {
      relations.resize(kNamesInALine);
      relations.push_back(fmt::format("and {} more", more));
    }
    modes.push_back(mode + " on " + Join(relations, ", "));
  }
  return Join(modes, "; ");
}

void PrintPlannedStep(std::size_t number, const json::object& step, Page& page) {
  page.data +=
      fmt::format("{}. {}", number, page.paint(Tone::kStrong, Escaped(TextAt(step, "revision"))));
  const auto description = TextAt(step, "description");
  page.data += (description.empty() ? "" : "  " + Escaped(description)) + "\n";
  const std::string where = TrueAt(step, "transactional") ? "" : "; outside a transaction";
  page.data += page.paint(Tone::kDim, "   " + Escaped(TextAt(step, "reason") + where)) + "\n";
  TextTable table(page.paint);
  for (const auto& statement : ObjectsAt(step, "statements")) {
    const auto lock_class = TextAt(statement, "lock_class");
    table.Add({"   " + PlaceOf(step, statement),
               {lock_class, ToneOfClass(lock_class)},
               TextAt(statement, "kind"),
               LocksOf(statement)});
  }
  page.data += table.Text();
}

void PrintLegend(const std::vector<json::object>& steps, Page& page) {
  std::set<std::string> seen;
  for (const auto& step : steps) {
    for (const auto& statement : ObjectsAt(step, "statements")) {
      seen.insert(std::string(MeaningOf(TextAt(statement, "lock_class"))));
    }
  }
  seen.erase("");
  if (seen.empty()) return;
  page.data += page.paint(Tone::kDim, Join({seen.begin(), seen.end()}, "; ")) + "\n";
}

std::string Figures(const json::object& step) {
  std::string figures = InSeconds(NumberAt(step, "duration_seconds"));
  const double waited = NumberAt(step, "lock_wait_seconds");
  if (waited >= kWorthTelling) figures += ", " + InSeconds(waited) + " waited for locks";
  const auto attempts = WholeAt(step, "attempts");
  if (attempts > 1) figures += fmt::format(", {} attempts", attempts);
  return "(" + figures + ")";
}

std::string WithFigures(const json::object& step) {
  const auto description = TextAt(step, "description");
  return (description.empty() ? "" : description + " ") + Figures(step);
}

void AddSteps(const json::object& document, std::string_view key, TextTable& table) {
  for (const auto& step : ObjectsAt(document, key)) {
    table.Add({{WithBlanks(key), Tone::kGood}, TextAt(step, "revision"), WithFigures(step)});
  }
}

void AddRevisions(const json::object& document, std::string_view key, std::string_view word,
                  Tone tone, TextTable& table) {
  for (const auto& revision : TextsAt(document, key)) {
    table.Add({{std::string(word), tone}, revision});
  }
}

std::string_view WordOf(const json::object& failure) {
  const auto outcome = TextAt(failure, "outcome");
  if (outcome == "deferred") return "deferred";
  if (outcome == "stopped") return "stopped";
  return outcome == "unknown" ? "unknown" : "failed";
}

void AddFailure(const json::object& failure, TextTable& table) {
  if (failure.empty()) return;
  const auto word = WordOf(failure);
  const Tone tone = word == "deferred" || word == "stopped" ? Tone::kWaiting : Tone::kBad;
  table.Add({{std::string(word), tone}, TextAt(failure, "revision")});
}

// A run that ended before it looked does not know.
bool KnowsWhereItStands(const json::object& document) {
  const auto state = TextAt(document, "state");
  return state == "done" || state == "nothing_to_do" || !IsNullAt(document, "run_id");
}

void PrintWhereItStands(const json::object& document, Page& page) {
  page.data += "the database is at " + Escaped(RevisionsOrBase(document, "heads")) + "\n";
}

void PrintDifferences(const json::object& document, Page& page) {
  TextTable table(page.paint);
  for (const auto& difference : ObjectsAt(document, "differences")) {
    table.Add(
        {{"differs", Tone::kBad}, TextAt(difference, "revision"), TextAt(difference, "text")});
    if (!page.verbose) continue;
    table.Add({"", "", "before: " + TextAt(difference, "before")});
    table.Add({"", "", "after:  " + TextAt(difference, "after")});
  }
  page.data += table.Text();
}

}  // namespace

void PrintPlan(const json::object& document, Page& page) {
  if (const auto sql = TextAt(document, "sql"); !sql.empty()) {
    page.data += page.raw_scripts ? sql : SafeLines(sql);
    return;
  }
  const auto steps = ObjectsAt(document, "steps");
  for (std::size_t i = 0; i < steps.size(); ++i) PrintPlannedStep(i + 1, steps[i], page);
  PrintLegend(steps, page);
}

void PrintRun(const json::object& document, Page& page) {
  if (TextAt(document, "state") == "detached") {
    page.data += Escaped(TextAt(document, "run_id")) + "\n";
    return;
  }
  TextTable table(page.paint);
  if (const auto backup = TextAt(ObjectAt(document, "backup"), "path"); !backup.empty()) {
    table.Add({{"backup", Tone::kGood}, backup});
  }
  AddSteps(document, "applied", table);
  AddSteps(document, "rolled_back", table);
  AddFailure(ObjectAt(document, "error"), table);
  AddRevisions(document, "not_run", "not run", Tone::kWaiting, table);
  if (const auto holder = TextAt(document, "busy_holder"); !holder.empty()) {
    table.Add({{"busy", Tone::kWaiting}, holder});
  }
  page.data += table.Text();
  if (KnowsWhereItStands(document)) PrintWhereItStands(document, page);
}

void PrintStamp(const json::object& document, Page& page) {
  TextTable table(page.paint);
  AddRevisions(document, "unstamped", "unstamped", Tone::kWaiting, table);
  AddRevisions(document, "stamped", "stamped", Tone::kGood, table);
  page.data += table.Text();
  PrintWhereItStands(document, page);
}

void PrintVerify(const json::object& document, Page& page) {
  TextTable table(page.paint);
  for (const auto& step : ObjectsAt(document, "steps")) {
    const bool ok = TrueAt(step, "ok");
    table.Add({{ok ? "ok" : "FAILED", ok ? Tone::kGood : Tone::kBad},
               TextAt(step, "action"),
               TextAt(step, "revision"),
               InSeconds(NumberAt(step, "duration_seconds")),
               TextAt(step, "message")});
  }
  page.data += table.Text();
  PrintDifferences(document, page);
  if (ListAt(document, "migrations").empty()) return;
  page.data += "\n" + page.paint(Tone::kStrong, "history") + "\n";
  PrintHistory(document, page);
}

}  // namespace lockstep

// The input is a migration's file.
#include <algorithm>

#include "base/text.h"
#include "core/goal.h"
#include "core/migration_file.h"
#include "core/variables.h"
#include "fuzz/oracle.h"
#include "fuzz/targets.h"

namespace lockstep {
namespace {

const MigrationFileName kName{"0007_x", "0007", Half::kUp};

MigrationFile Parse(std::string bytes, Diagnostics& diagnostics) {
  return ParseMigrationFile(kName, "migrations/0007_x.up.sql", std::move(bytes), diagnostics);
}

void HoldText(std::string_view input, const MigrationFile& file) {
  const std::string_view text = file.script.text;
  Hold(input.ends_with(text), "the text is the file's");
  Hold(input.size() == text.size() || input.size() == text.size() + 3,
       "nothing but a byte order mark is left out");
}

void HoldDiagnostics(const MigrationFile& file, const Diagnostics& diagnostics) {
  const auto lines =
      std::ranges::count_if(file.script.text.str(), [](char c) { return c == '\n' || c == '\r'; }) +
      1;
  for (const Diagnostic& diagnostic : diagnostics) {
    Hold(diagnostic.line <= lines, "a diagnostic names a line that is there");
    Hold(Holds(file.script.text, diagnostic.source_line), "a diagnostic shows a line of the file",
         diagnostic.source_line);
    Hold(ToText(diagnostic).size() <= 16 * file.script.text.size() + 1000, "its words are bounded");
  }
}

// A revision is a goal, and means itself.
void HoldRevision(const std::string& revision) {
  const auto goal = ParseGoal(revision);
  const Goal* parsed = std::get_if<Goal>(&goal);
  Hold(parsed != nullptr && *parsed == Goal{Goal::Anchor::kRevision, revision, 0},
       "an accepted revision can be named as a goal", revision);
}

std::string HeaderOf(const MigrationFile& file) {
  std::string header;
  const auto add = [&header](const std::string& key, const std::string& value) {
    header += "-- " + key + ": " + value + "\n";
  };
  if (file.revision) add("revision", *file.revision);
  if (file.parents) add("revises", file.parents->empty() ? "none" : Join(*file.parents, ", "));
  if (file.description) add("description", *file.description);
  if (file.irreversible) add("irreversible", *file.irreversible);
  add("transaction", file.script.transactional ? "on" : "off");
  add("variables", file.script.variables ? "on" : "off");
  for (const auto& [key, value] : file.script.limits) add(key, value);
  for (const auto& [table, what] : file.script.acknowledged) add("acknowledge", table + " " + what);
  return header;
}

bool SaySame(const MigrationFile& a, const MigrationFile& b) {
  return a.revision == b.revision && a.parents == b.parents && a.description == b.description &&
         a.irreversible == b.irreversible && a.script.transactional == b.script.transactional &&
         a.script.variables == b.script.variables && a.script.limits == b.script.limits &&
         a.script.acknowledged == b.script.acknowledged;
}

void HoldAccepted(const MigrationFile& file) {
  if (file.revision) HoldRevision(*file.revision);
  if (file.parents) std::ranges::for_each(*file.parents, HoldRevision);
  const std::string header = HeaderOf(file);
  Diagnostics diagnostics;
  const MigrationFile again = Parse(header, diagnostics);
  Hold(!HasErrors(diagnostics), "an accepted header, printed, is accepted", header);
  Hold(SaySame(again, file), "an accepted header prints back to itself", header);
}

// A variable whose value is its own reference changes nothing.
void HoldVariables(const Script& script) {
  const auto replaced =
      ReplaceVariables(script, [](const std::string& name) { return "${" + name + "}"; });
  const auto* text = std::get_if<SharedText>(&replaced);
  Hold(text != nullptr && *text == script.text, "a text is put together again from its variables");
  const auto unset = ReplaceVariables(script, [](const std::string&) { return std::nullopt; });
  if (const auto* diagnostics = std::get_if<Diagnostics>(&unset)) {
    Hold(HasErrors(*diagnostics), "an unset variable is an error");
  }
}

}  // namespace

void FuzzHeaders(std::string_view input) {
  Diagnostics diagnostics;
  const MigrationFile file = Parse(std::string(input), diagnostics);
  HoldText(input, file);
  HoldDiagnostics(file, diagnostics);
  if (!HasErrors(diagnostics)) HoldAccepted(file);
  HoldVariables(file.script);
  const Script stored = ParseStoredScript("stored", std::string(input));
  Hold(stored.transactional == file.script.transactional && stored.text == file.script.text &&
           stored.checksum == file.script.checksum,
       "a stored script is read as the file was");
}

}  // namespace lockstep

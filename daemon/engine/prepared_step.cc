#include "engine/prepared_step.h"

#include <cstdlib>

#include "base/error.h"
#include "base/text.h"
#include "core/script_rules.h"
#include "core/variables.h"
#include "postgres/quoting.h"
#include "postgres/sql_state.h"

namespace lockstep {
namespace {

void Append(Diagnostics& all, Diagnostics some) {
  all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
}

VariableLookup LookupIn(const RunSettings& settings) {
  return [&settings](const std::string& name) -> std::optional<std::string> {
    const auto found = settings.variables.find(name);
    if (found != settings.variables.end()) return found->second;
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return {};
    return value;
  };
}

// The rules hold for the text that runs. A replaced variable may be a secret, so that no line of
// such a text is shown.
SplitScript CheckReplaced(const Script& script, const SharedText& text) {
  Script running = script;
  running.text = text;
  running.variables = false;
  SplitScript split = CheckScript(running);
  for (Diagnostic& diagnostic : split.diagnostics) diagnostic.source_line.clear();
  return split;
}

PreparedStep PrepareOne(const Step& step, const VariableLookup& lookup, Diagnostics& diagnostics) {
  PreparedStep prepared{.step = step, .text = {}, .statements = {}};
  auto replaced = ReplaceVariables(step.script, lookup);
  if (auto* unset = std::get_if<Diagnostics>(&replaced)) {
    Append(diagnostics, std::move(*unset));
    return prepared;
  }
  prepared.text = std::move(std::get<SharedText>(replaced));
  SplitScript split =
      step.script.variables ? CheckReplaced(step.script, prepared.text) : CheckScript(step.script);
  Append(diagnostics, std::move(split.diagnostics));
  prepared.statements = std::move(split.statements);
  return prepared;
}

// The whole message is one text to the server; its positions are characters of that.
std::size_t ByteInScript(const SqlError& error, const ScriptPlace& place, std::size_t fallback) {
  if (error.position <= 0 || place.message.empty()) return fallback;
  const auto byte = ByteOfCharacter(place.message, static_cast<std::size_t>(error.position) - 1);
  return byte < place.in_message ? fallback : byte - place.in_message + place.in_script;
}

}  // namespace

std::vector<PreparedStep> Prepare(const Plan& plan, const MigrationFolder& folder,
                                  const RunSettings& settings, Diagnostics& diagnostics) {
  const VariableLookup lookup = LookupIn(settings);
  std::vector<PreparedStep> steps;
  for (const Step& step : plan.steps) {
    steps.push_back(PrepareOne(step, lookup, diagnostics));
    if (step.direction == Direction::kDown) continue;
    const Migration* migration = folder.Find(step.revision);
    if (migration != nullptr && migration->down) {
      Append(diagnostics, CheckScript(*migration->down).diagnostics);
    }
  }
  return steps;
}

HistoryChange ChangeFor(const StepContext& context, const Step& step, const std::string& attempt) {
  const bool up = step.direction == Direction::kUp;
  HistoryChange change;
  change.revision = step.revision;
  change.present = up;
  change.kind = up ? "applied" : "rolled_back";
  change.parents = step.parents;
  change.description = step.description;
  change.up_checksum = step.up_checksum;
  change.down_checksum = step.down_checksum;
  if (up) change.down_script = step.down_text.str();
  change.irreversible = step.irreversible;
  change.attempt = attempt;
  change.backup_path = context.backup_path;
  change.backup_bytes = context.backup_bytes;
  return change;
}

std::string ApplicationName(const Step& step) {
  return (step.direction == Direction::kUp ? "lockstep/upgrade/" : "lockstep/downgrade/") +
         step.revision;
}

namespace {

// A role may be called as our schema is; the packages' user is. By the "$user" that stands in every
// default search_path its tables would come to lie there.
std::string DefaultSearchPath(const RunSettings& settings, const ServerFacts& facts) {
  constexpr std::string_view kOwnSchemaOfRole = "\"$user\"";
  std::string path = facts.search_path;
  const std::string& login = facts.role.empty() || facts.role == "none" ? facts.user : facts.role;
  const std::string& role = settings.owner_role.empty() ? login : settings.owner_role;
  const std::size_t at = path.find(kOwnSchemaOfRole);
  if (role != settings.names.schema || at == std::string::npos) return path;
  const std::size_t rest = path.find_first_not_of(", ", at + kOwnSchemaOfRole.size());
  path.erase(at, rest == std::string::npos ? rest : rest - at);
  return path;
}

}  // namespace

BodyNames BodyNamesOf(const RunSettings& settings, const ServerFacts& facts) {
  return {.search_path = settings.search_path.empty() ? DefaultSearchPath(settings, facts)
                                                      : settings.search_path,
          .role = settings.owner_role};
}

std::vector<std::string> BodySettings(const StepContext& context, bool local) {
  const BodyNames names = BodyNamesOf(context.settings, context.facts);
  std::vector<std::string> statements = {"select pg_catalog.set_config('search_path', " +
                                         QuoteLiteral(names.search_path) +
                                         (local ? ", true)" : ", false)")};
  if (!names.role.empty()) {
    statements.push_back(std::string("set ") + (local ? "local" : "session") + " role " +
                         QuoteIdentifier(names.role));
  }
  return statements;
}

std::string RoleAtEnd(const StepContext& context) {
  return context.settings.owner_role.empty() ? context.facts.role : context.settings.owner_role;
}

SqlFailure FailureAt(const PreparedStep& prepared, const SqlError& error, std::size_t statement,
                     const ScriptPlace& place) {
  SqlFailure failure{.error = error, .file = prepared.step.script.file};
  if (prepared.statements.empty()) return failure;
  const Statement& at = prepared.statements[std::min(statement, prepared.statements.size() - 1)];
  failure.statement = at.kind.name;
  TextPosition position = PositionAt(prepared.text, ByteInScript(error, place, at.offset));
  failure.line = position.line;
  failure.column = position.column;
  // A replaced variable may be a secret: then the raw file's line is shown, or none.
  if (!prepared.step.script.variables) failure.source_line = std::move(position.source_line);
  return failure;
}

void ThrowIfFenced(const SqlError& error) {
  if (!sql_state::IsLostRace(error.sqlstate)) return;
  throw Error(ErrorCode::kFenced, error.message, "run the command again", error.sqlstate);
}

}  // namespace lockstep

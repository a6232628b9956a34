#include "core/script_rules.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/quoted.h"
#include "core/script_place.h"

namespace lockstep {
namespace {

using Trait = StatementTrait;

struct Objection {
  std::string code;
  std::string message;
  std::string hint;
  Severity severity = Severity::kError;
};

constexpr std::string_view kOutsideHint =
    "put \"-- transaction: off\" into the file's header; such a file is best kept to this one "
    "statement";

Objection AgainstTransactionControl(const Script& script, const StatementKind& kind) {
  if (!script.transactional) {
    return {
        "transaction-control",
        Quoted(kind.name) +
            " may not stand in a migration: each statement runs, and is recorded, "
            "by itself",
        "remove it, or remove \"-- transaction: off\" so that the file runs in one transaction"};
  }
  return {"transaction-control",
          Quoted(kind.name) +
              " may not stand in a migration: it already runs in one transaction, "
              "which ends when the migration is recorded",
          "remove it; SAVEPOINT and ROLLBACK TO are fine"};
}

Objection AgainstSetRole(const StatementKind& kind) {
  return {
      "set-role",
      Quoted(kind.name) + " would change who runs the rest, the record of the migration included",
      "remove it and configure the owner role, or write ALTER ... OWNER TO"};
}

Objection AgainstDiscard(const Script& script, const StatementKind& kind) {
  return {"discard",
          Quoted(kind.name) + " would throw away the session's state, which the run needs",
          script.transactional ? "remove it; what SET LOCAL sets ends with the transaction"
                               : "remove it, or RESET the settings one by one"};
}

// Defining a function releases nothing yet, and an application may well have such functions.
Objection AgainstUnlock(const StatementKind& kind) {
  if (kind.name == "CREATE FUNCTION" || kind.name == "CREATE PROCEDURE") {
    return {"advisory-unlock", "this routine names \"pg_advisory_unlock\"",
            "see to it that no migration calls it: it could release the migration lock",
            Severity::kWarning};
  }
  return {"advisory-unlock",
          "this names \"pg_advisory_unlock\" and could release the migration lock",
          "remove it; pg_advisory_xact_lock needs no unlock"};
}

// A plain SET has its use without a transaction, and there RESET is the remedy, not the fault.
Objection AgainstSetting(const Script& script, const StatementKind& kind) {
  return {"session-setting", Quoted(kind.name + " " + kind.object) + " outlives the migration",
          script.transactional
              ? "write SET LOCAL " + kind.object + ", which ends with the transaction"
              : "undo it with RESET " + kind.object +
                    " at the end; without a transaction SET LOCAL has no effect",
          Severity::kWarning};
}

// All was cut as the standard has it, before the first statement runs.
Objection AgainstStringSyntax(const StatementKind& kind) {
  return {"string-syntax",
          Quoted(kind.name + " " + kind.object) +
              " would move the ends of strings: the rest would not run as it is read here",
          "remove it, and write strings with backslashes as E'...'"};
}

Objection AgainstOutside(std::string code, const StatementKind& kind) {
  return {std::move(code), Quoted(kind.name) + " cannot run inside a transaction",
          std::string(kOutsideHint)};
}

Objection AgainstUnnamedIndex() {
  return {"concurrent-index-unnamed", "an index that is built concurrently needs a name",
          "name it: after an interruption the INVALID index is found by its name, and a second "
          "build without one makes a second index"};
}

Objection AgainstIfNotExists() {
  return {"concurrent-index-if-not-exists",
          "IF NOT EXISTS hides an index that is INVALID: an interrupted build leaves one, and the "
          "next try then reports success",
          "remove IF NOT EXISTS; lockstep itself looks for what an interruption left"};
}

bool IsConcurrent(Trait trait) {
  return trait == Trait::kCreateIndexConcurrently || trait == Trait::kDropIndexConcurrently ||
         trait == Trait::kReindexConcurrently || trait == Trait::kDetachConcurrently;
}

std::vector<Objection> InsideTransaction(const StatementKind& kind) {
  if (IsConcurrent(kind.trait)) return {AgainstOutside("concurrently-in-transaction", kind)};
  if (kind.trait == Trait::kNeedsNoTransaction)
    return {AgainstOutside("needs-no-transaction", kind)};
  return {};
}

std::vector<Objection> OutsideTransaction(const StatementKind& kind) {
  std::vector<Objection> objections;
  if (kind.trait != Trait::kCreateIndexConcurrently) return objections;
  if (kind.object.empty()) objections.push_back(AgainstUnnamedIndex());
  if (kind.if_not_exists) objections.push_back(AgainstIfNotExists());
  return objections;
}

std::vector<Objection> ObjectionsTo(const Script& script, const StatementKind& kind) {
  std::vector<Objection> objections =
      script.transactional ? InsideTransaction(kind) : OutsideTransaction(kind);
  const bool resets = kind.name == "RESET" && !script.transactional;
  if (kind.trait == Trait::kTransactionControl) {
    objections.push_back(AgainstTransactionControl(script, kind));
  }
  if (kind.trait == Trait::kSetRole) objections.push_back(AgainstSetRole(kind));
  if (kind.trait == Trait::kDiscard) objections.push_back(AgainstDiscard(script, kind));
  if (kind.trait == Trait::kStringSyntax) objections.push_back(AgainstStringSyntax(kind));
  if (kind.trait == Trait::kSessionSetting && !resets) {
    objections.push_back(AgainstSetting(script, kind));
  }
  if (kind.unlocks_advisory) objections.push_back(AgainstUnlock(kind));
  return objections;
}

Diagnostic At(const Statement& statement, const Script& script, Objection objection) {
  return {std::move(objection.code),
          objection.severity,
          script.file,
          statement.line,
          statement.column,
          std::move(objection.message),
          std::move(objection.hint),
          std::string(LineAround(script.text, statement.offset))};
}

Diagnostic EmptyScript(const Script& script) {
  Diagnostic diagnostic;
  diagnostic.code = "empty-script";
  diagnostic.severity = Severity::kWarning;
  diagnostic.file = script.file;
  diagnostic.message = "there is no statement in this file";
  diagnostic.hint = "write what it should do; applying it as it is changes nothing";
  return diagnostic;
}

// Until its variables are replaced, a script need not be SQL.
void ForgetNewerSyntax(Diagnostics& diagnostics) {
  std::erase_if(diagnostics, [](const Diagnostic& d) { return d.code == "newer-syntax"; });
}

void SortByPlace(Diagnostics& diagnostics) {
  std::stable_sort(diagnostics.begin(), diagnostics.end(),
                   [](const Diagnostic& a, const Diagnostic& b) {
                     return std::tie(a.line, a.column) < std::tie(b.line, b.column);
                   });
}

}  // namespace

SplitScript CheckScript(const Script& script) {
  SplitScript result = SplitStatements(script.text, script.file);
  if (script.variables) ForgetNewerSyntax(result.diagnostics);
  if (result.statements.empty() && result.diagnostics.empty()) {
    result.diagnostics.push_back(EmptyScript(script));
  }
  for (const Statement& statement : result.statements) {
    for (Objection& objection : ObjectionsTo(script, statement.kind)) {
      result.diagnostics.push_back(At(statement, script, std::move(objection)));
    }
  }
  SortByPlace(result.diagnostics);
  return result;
}

}  // namespace lockstep

// The input is a script.
#include <pg_query.h>

#include <memory>
#include <optional>

#include "base/json.h"
#include "base/text.h"
#include "core/script_rules.h"
#include "core/statement_scanner.h"
#include "fuzz/oracle.h"
#include "fuzz/targets.h"

namespace lockstep {
namespace {

// One statement as libpg_query itself tells it.
struct ParsedStatement {
  bool controls_transaction = false;
};

// SAVEPOINT, RELEASE and ROLLBACK TO stay inside of the transaction.
bool EndsTransaction(const json::object& transaction) {
  const std::string kind(transaction.at("kind").as_string());
  return kind != "TRANS_STMT_SAVEPOINT" && kind != "TRANS_STMT_RELEASE" &&
         kind != "TRANS_STMT_ROLLBACK_TO";
}

// SET TRANSACTION, and the settings behind it; to the server their letters' case does not matter.
bool SetsTransaction(const json::object& set) {
  const json::value* name = set.if_contains("name");
  if (name == nullptr) return false;
  const std::string lower = ToLower(std::string(name->as_string()));
  return lower == "transaction" || lower == "transaction snapshot" ||
         lower == "session characteristics" || lower == "transaction_isolation" ||
         lower == "transaction_read_only" || lower == "transaction_deferrable";
}

bool ControlsTransaction(const json::object& statement) {
  const json::value* transaction = statement.if_contains("TransactionStmt");
  const json::value* set = statement.if_contains("VariableSetStmt");
  return (transaction != nullptr && EndsTransaction(transaction->as_object())) ||
         (set != nullptr && SetsTransaction(set->as_object()));
}

std::vector<ParsedStatement> StatementsIn(const char* tree) {
  json::parse_options options;
  options.max_depth = 100'000;
  options.allow_invalid_utf8 = true;
  std::vector<ParsedStatement> statements;
  const json::value document = json::parse(tree, {}, options);
  for (const json::value& statement : document.at("stmts").as_array()) {
    statements.push_back({ControlsTransaction(statement.at("stmt").as_object())});
  }
  return statements;
}

// What the grammar sees; nothing when it refuses the text.
std::optional<std::vector<ParsedStatement>> Parsed(std::string_view sql) {
  if (Holds(sql, std::string_view("\0", 1))) return std::nullopt;
  const PgQueryParseResult result = pg_query_parse(std::string(sql).c_str());
  const std::unique_ptr<const PgQueryParseResult, void (*)(const PgQueryParseResult*)> freed(
      &result, [](const PgQueryParseResult* used) { pg_query_free_parse_result(*used); });
  if (result.error != nullptr) return std::nullopt;
  return StatementsIn(result.parse_tree);
}

// The statements stand in their order, and what is left between them says nothing.
void HoldPieces(std::string_view script, const SplitScript& split) {
  std::size_t end = 0;
  std::string gaps;
  for (const Statement& statement : split.statements) {
    Hold(statement.length > 0 && statement.offset >= end, "statements follow each other");
    gaps += std::string(script.substr(end, statement.offset - end)) + "\n";
    end = statement.offset + statement.length;
    Hold(end <= script.size(), "statements lie in the script");
  }
  gaps += script.substr(end);
  // Behind a fault stands what is no SQL.
  if (HasErrors(split.diagnostics)) return;
  const auto left = Parsed(gaps);
  Hold(!left || left->empty(), "between the pieces is nothing that runs", gaps);
}

void HoldPlaces(std::string_view script, const Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics) {
    Hold(!diagnostic.code.empty() && !diagnostic.message.empty(), "a diagnostic says something");
    Hold(Holds(script, diagnostic.source_line), "a diagnostic shows a line of the script",
         diagnostic.source_line);
  }
}

// Each piece is one statement to the grammar too, of the kind that we took it for.
void HoldEachPiece(std::string_view script, const SplitScript& split) {
  for (const Statement& statement : split.statements) {
    const auto alone = Parsed(statement.TextIn(script));
    if (!alone) continue;
    Hold(alone->size() == 1, "a piece is one statement", statement.TextIn(script));
    const bool found = statement.kind.trait == StatementTrait::kTransactionControl;
    Hold(found == alone->front().controls_transaction, "transaction control is found",
         statement.TextIn(script));
  }
}

// Where the grammar accepts the script, both ways to cut it agree with it.
void HoldGrammar(std::string_view script, const SplitScript& split) {
  const auto parsed = Parsed(script);
  if (!parsed) return;
  Hold(split.statements.size() == parsed->size(), "we find as many statements as PostgreSQL");
  const ScannedScript scanned = ScanStatements(script);
  Hold(scanned.faults.empty(), "the scanner finds no fault in what the grammar accepts",
       scanned.faults.empty() ? "" : scanned.faults[0].message);
  Hold(scanned.statements.size() == parsed->size(), "the scanner finds as many statements");
  for (std::size_t i = 0; i < parsed->size(); ++i) {
    const Statement& statement = split.statements[i];
    Hold(scanned.statements[i].offset == statement.offset &&
             scanned.statements[i].length == statement.length,
         "the scanner cuts where the grammar does", statement.TextIn(script));
  }
}

bool Refuses(const SplitScript& checked, std::string_view code) {
  for (const Diagnostic& diagnostic : checked.diagnostics) {
    if (diagnostic.code == code && diagnostic.severity == Severity::kError) return true;
  }
  return false;
}

// No script with a statement that ends its transaction gets past the rules.
void HoldRules(std::string_view script, const SplitScript& split) {
  bool controls = false;
  for (const Statement& statement : split.statements) {
    controls = controls || statement.kind.trait == StatementTrait::kTransactionControl;
  }
  for (const bool transactional : {true, false}) {
    Script checked{.file = "fuzz.up.sql", .text = std::string(script), .checksum = {}};
    checked.transactional = transactional;
    Hold(Refuses(CheckScript(checked), "transaction-control") == controls,
         "transaction control is refused");
  }
}

}  // namespace

void FuzzSplitter(std::string_view input) {
  const SplitScript split = SplitStatements(input, "fuzz.up.sql");
  HoldPieces(input, split);
  HoldPlaces(input, split.diagnostics);
  HoldEachPiece(input, split);
  HoldGrammar(input, split);
  HoldRules(input, split);
}

}  // namespace lockstep

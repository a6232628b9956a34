#include "core/statement_splitter.h"

#include <pg_query.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "base/text.h"
#include "core/script_piece.h"
#include "core/script_place.h"
#include "core/sql_token.h"
#include "core/statement_scanner.h"

namespace lockstep {
namespace {

using Extents = std::vector<StatementExtent>;

// Why the grammar does not accept a script.
struct ParserRefusal {
  std::string message;
  std::size_t offset = 0;
};

struct CutScript {
  ScannedScript script;
  std::optional<ParserRefusal> refusal;
};

// The part of [begin, end) from its first to its last token that says something.
StatementExtent Trimmed(std::string_view script, std::size_t begin, std::size_t end) {
  const std::string_view text = script.substr(0, end);
  StatementExtent extent;
  for (SqlToken token = NextSpeakingToken(text, begin); token.type != SqlToken::Type::kEnd;
       token = NextSpeakingToken(text, token.end())) {
    extent.Extend(token);
  }
  return extent;
}

// Owns what libpg_query hands out.
class ParserSplit {
 public:
  explicit ParserSplit(const std::string& script)
      : result_(pg_query_split_with_parser(script.c_str())) {}
  ~ParserSplit() { pg_query_free_split_result(result_); }
  ParserSplit(const ParserSplit&) = delete;
  ParserSplit& operator=(const ParserSplit&) = delete;

  const PgQueryError* error() const { return result_.error; }
  std::size_t size() const { return static_cast<std::size_t>(result_.n_stmts); }
  std::size_t begin_of(std::size_t index) const {
    return static_cast<std::size_t>(result_.stmts[index]->stmt_location);
  }
  std::size_t end_of(std::size_t index) const {
    return begin_of(index) + static_cast<std::size_t>(result_.stmts[index]->stmt_len);
  }

 private:
  PgQuerySplitResult result_;
};

ParserRefusal RefusalOf(const PgQueryError& error, std::string_view script) {
  const int character = std::max(error.cursorpos, 1) - 1;
  return {error.message, ByteOfCharacter(script, static_cast<std::size_t>(character))};
}

// Of one piece of a script: its statements as they stand in that.
std::variant<Extents, ParserRefusal> CutPiece(std::string_view script) {
  const ParserSplit split{std::string(script)};
  if (split.error() != nullptr) return RefusalOf(*split.error(), script);
  Extents extents;
  extents.reserve(split.size());
  for (std::size_t i = 0; i < split.size(); ++i) {
    extents.push_back(Trimmed(script, split.begin_of(i), split.end_of(i)));
  }
  return extents;
}

// Pieces of whole statements, as the scanner sees them, each but the last of at least that many
// bytes. One piece where it sees a fault.
std::vector<std::string_view> PiecesOf(std::string_view script) {
  if (script.size() <= 2 * kScriptPieceBytes) return {script};
  const ScannedScript scanned = ScanStatements(script);
  if (!scanned.faults.empty()) return {script};
  std::vector<std::string_view> pieces;
  std::size_t begin = 0;
  for (const StatementExtent& statement : scanned.statements) {
    const std::size_t end = statement.offset + statement.length;
    if (end - begin < kScriptPieceBytes) continue;
    pieces.push_back(script.substr(begin, end - begin));
    begin = end;
  }
  pieces.push_back(script.substr(begin));
  return pieces;
}

// A piece that the scanner has cut in the midst of a statement is no script: then all of it is
// given to the grammar at once, which has the last word.
std::optional<Extents> CutInPieces(std::string_view script) {
  const std::vector<std::string_view> pieces = PiecesOf(script);
  if (pieces.size() == 1) return {};
  Extents all;
  for (const std::string_view piece : pieces) {
    const auto cut = CutPiece(piece);
    const auto* extents = std::get_if<Extents>(&cut);
    if (extents == nullptr) return {};
    for (StatementExtent extent : *extents) {
      extent.offset += static_cast<std::size_t>(piece.data() - script.data());
      all.push_back(extent);
    }
  }
  return all;
}

std::variant<Extents, ParserRefusal> CutByParser(std::string_view script) {
  // To libpg_query a NUL is the end: what follows would vanish without a word.
  const std::size_t nul = script.find('\0');
  if (nul != std::string_view::npos) return ParserRefusal{"there is a NUL byte", nul};
  if (auto extents = CutInPieces(script)) return std::move(*extents);
  return CutPiece(script);
}

ScriptFault NewerSyntax(const ParserRefusal& refusal) {
  return {refusal.offset, "newer-syntax", Severity::kNote,
          "the grammar of PostgreSQL 15 does not accept this: " + refusal.message,
          "a newer server may know it; otherwise it will refuse it with the same words"};
}

CutScript Cut(std::string_view script) {
  auto result = CutByParser(script);
  if (auto* extents = std::get_if<Extents>(&result)) return {{std::move(*extents), {}}, {}};
  return {ScanStatements(script), std::get<ParserRefusal>(std::move(result))};
}

ScriptFault CopyFault(const Statement& statement) {
  if (statement.kind.name == "COPY TO STDOUT") {
    return {statement.offset, "copy-from-stdin", Severity::kError,
            "COPY TO STDOUT sends its rows to the client, and a migration has no use for them",
            "remove it, or write INSERT ... SELECT"};
  }
  return {statement.offset, "copy-from-stdin", Severity::kError,
          "COPY FROM STDIN takes its rows from the client, and a migration sends none",
          "write the rows as INSERT, or COPY from a file of the server"};
}

std::vector<Statement> ToStatements(std::string_view script, const Extents& extents) {
  PlaceCounter place(script);
  std::vector<Statement> statements;
  statements.reserve(extents.size());
  for (const StatementExtent& extent : extents) {
    place.MoveTo(extent.offset);
    Statement statement{extent.offset, extent.length, place.line(), place.column(), {}};
    statement.kind = ClassifyStatement(statement.TextIn(script));
    if (extent.copies_stdin) statement.kind.trait = StatementTrait::kCopyStdin;
    statements.push_back(std::move(statement));
  }
  return statements;
}

Diagnostics ToDiagnostics(std::string_view script, const std::string& file,
                          std::vector<ScriptFault> faults) {
  std::stable_sort(faults.begin(), faults.end(),
                   [](const ScriptFault& a, const ScriptFault& b) { return a.offset < b.offset; });
  PlaceCounter place(script);
  Diagnostics diagnostics;
  for (ScriptFault& fault : faults) {
    place.MoveTo(fault.offset);
    diagnostics.push_back({std::move(fault.code), fault.severity, file, place.line(),
                           place.column(), std::move(fault.message), std::move(fault.hint),
                           std::string(LineAround(script, fault.offset))});
  }
  return diagnostics;
}

}  // namespace

SplitScript SplitStatements(std::string_view script, const std::string& file) {
  auto [cut, refusal] = Cut(script);
  SplitScript result;
  result.statements = ToStatements(script, cut.statements);
  for (const Statement& statement : result.statements) {
    if (statement.kind.trait == StatementTrait::kCopyStdin) {
      cut.faults.push_back(CopyFault(statement));
    }
  }
  // A fault found explains the refusal; newer syntax is but a guess, for want of one.
  if (cut.faults.empty() && refusal) cut.faults.push_back(NewerSyntax(*refusal));
  result.diagnostics = ToDiagnostics(script, file, std::move(cut.faults));
  return result;
}

}  // namespace lockstep

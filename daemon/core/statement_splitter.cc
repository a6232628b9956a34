#include "core/statement_splitter.h"

#include <pg_query.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <variant>

#include "base/text.h"

namespace lockstep {
namespace {

using Type = SqlToken::Type;

constexpr std::size_t kLongestLine = 4096;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool IsWordStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

bool IsWordPart(char c) { return IsWordStart(c) || IsDigit(c) || c == '$'; }

// The first byte from `offset` on that is not `Part`.
template <typename Part>
std::size_t EndOfRun(std::string_view sql, std::size_t offset, Part part) {
  while (offset < sql.size() && part(sql[offset])) ++offset;
  return offset;
}

std::size_t EndOfLine(std::string_view sql, std::size_t offset) {
  return std::min(sql.find_first_of("\r\n", offset), sql.size());
}

struct Extent {
  std::size_t end = 0;
  bool closed = true;
};

// PostgreSQL's comments nest, unlike those of the SQL standard.
Extent EndOfBlockComment(std::string_view sql, std::size_t offset) {
  int depth = 0;
  for (std::size_t at = offset; at + 1 < sql.size(); ++at) {
    const std::string_view pair = sql.substr(at, 2);
    if (pair != "/*" && pair != "*/") continue;
    depth += pair == "/*" ? 1 : -1;
    ++at;
    if (depth == 0) return {at + 1, true};
  }
  return {sql.size(), false};
}

Extent EndOfQuoted(std::string_view sql, std::size_t offset, bool backslash_escapes) {
  const char quote = sql[offset];
  for (std::size_t at = offset + 1; at < sql.size(); ++at) {
    if (sql[at] == '\\' && backslash_escapes) {
      ++at;
      continue;
    }
    if (sql[at] != quote) continue;
    if (at + 1 == sql.size() || sql[at + 1] != quote) return {at + 1, true};
    ++at;
  }
  return {sql.size(), false};
}

// A literal goes on behind a line end with its next quote, and keeps its escapes there.
std::optional<std::size_t> ContinuingQuote(std::string_view sql, std::size_t offset) {
  bool line_ended = false;
  while (offset < sql.size()) {
    if (IsBlank(sql[offset])) {
      line_ended = line_ended || sql[offset] == '\n' || sql[offset] == '\r';
      ++offset;
    } else if (sql.substr(offset, 2) == "--") {
      offset = EndOfLine(sql, offset);
    } else {
      break;
    }
  }
  if (!line_ended || offset >= sql.size() || sql[offset] != '\'') return std::nullopt;
  return offset;
}

Extent EndOfEscapeString(std::string_view sql, std::size_t offset) {
  Extent extent = EndOfQuoted(sql, offset, true);
  while (extent.closed) {
    const std::optional<std::size_t> quote = ContinuingQuote(sql, extent.end);
    if (!quote) return extent;
    extent = EndOfQuoted(sql, *quote, true);
  }
  return extent;
}

// The length of "$tag$"; 0 when the dollar opens no quote.
std::size_t DollarTagLength(std::string_view sql, std::size_t offset) {
  std::size_t end = offset + 1;
  if (end < sql.size() && IsWordStart(sql[end])) {
    end = EndOfRun(sql, end, [](char c) { return IsWordStart(c) || IsDigit(c); });
  }
  return end < sql.size() && sql[end] == '$' ? end + 1 - offset : 0;
}

Extent EndOfDollarString(std::string_view sql, std::size_t offset, std::size_t tag_length) {
  const std::string_view tag = sql.substr(offset, tag_length);
  const std::size_t end = sql.find(tag, offset + tag_length);
  if (end == std::string_view::npos) return {sql.size(), false};
  return {end + tag_length, true};
}

SqlToken MakeToken(Type type, std::size_t offset, Extent extent) {
  return {type, offset, extent.end - offset, extent.closed};
}

// What the cutters find before lines are counted.
struct Piece {
  std::size_t offset = 0;
  std::size_t length = 0;  // 0: nothing but blanks and comments
  bool copies_stdin = false;
};

struct Fault {
  std::size_t offset = 0;
  std::string code;
  Severity severity = Severity::kError;
  std::string message;
  std::string hint;
};

struct ParserRefusal {
  std::string message;
  std::size_t offset = 0;
};

struct Cut {
  std::vector<Piece> pieces;
  std::vector<Fault> faults;
  std::optional<ParserRefusal> refusal;
};

void Extend(Piece& piece, const SqlToken& token) {
  if (piece.length == 0) piece.offset = token.offset;
  piece.length = token.offset + token.length - piece.offset;
}

// The part of [begin, end) from its first to its last token that says something.
Piece Trimmed(std::string_view script, std::size_t begin, std::size_t end) {
  const std::string_view text = script.substr(0, end);
  Piece piece;
  for (SqlToken token = NextSqlToken(text, begin); token.type != Type::kEnd;
       token = NextSqlToken(text, token.offset + token.length)) {
    if (!token.IsGap()) Extend(piece, token);
  }
  return piece;
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

std::variant<std::vector<Piece>, ParserRefusal> CutByParser(std::string_view script) {
  // To libpg_query a NUL is the end: what follows would vanish without a word.
  const std::size_t nul = script.find('\0');
  if (nul != std::string_view::npos) return ParserRefusal{"there is a NUL byte", nul};
  const ParserSplit split{std::string(script)};
  if (split.error() != nullptr) return RefusalOf(*split.error(), script);
  std::vector<Piece> pieces;
  pieces.reserve(split.size());
  for (std::size_t i = 0; i < split.size(); ++i) {
    pieces.push_back(Trimmed(script, split.begin_of(i), split.end_of(i)));
  }
  return pieces;
}

// What must be known of a statement's beginning to see whether a semicolon ends it.
class OpenStatement {
 public:
  void TakeWord(std::string_view text) {
    // Keywords are short; a literal-sized identifier need not be copied.
    const std::string word = text.size() <= 16 ? ToLower(text) : std::string("identifier");
    if (word_count_ < 4) TakeFirstWords(word);
    if (makes_routine_) TakeBlockWord(word);
    if (is_copy_ && previous_ == "from" && word == "stdin") copies_stdin_ = true;
    previous_ = word;
  }

  void TakeOther(std::string_view text) {
    if (text == "(") ++parentheses_;
    if (text == ")" && parentheses_ > 0) --parentheses_;
    previous_ = text.substr(0, 1);
  }

  bool EndsAtSemicolon() const { return parentheses_ == 0 && blocks_ == 0; }
  bool copies_stdin() const { return copies_stdin_; }

 private:
  void TakeFirstWords(const std::string& word) {
    ++word_count_;
    if (word_count_ == 1) is_copy_ = word == "copy";
    if (word_count_ == 1) is_create_ = word == "create";
    const bool routine = word == "function" || word == "procedure";
    if (is_create_ && routine && (previous_ == "create" || previous_ == "replace")) {
      makes_routine_ = true;
    }
  }

  // BEGIN ATOMIC ... END holds statements of its own; a CASE in them has an END too.
  void TakeBlockWord(const std::string& word) {
    if (blocks_ == 0) {
      if (previous_ == "begin" && word == "atomic") blocks_ = 1;
      return;
    }
    if (previous_ == "as" || previous_ == ".") return;
    if (word == "case") ++blocks_;
    if (word == "end") --blocks_;
  }

  int word_count_ = 0;
  bool is_copy_ = false;
  bool is_create_ = false;
  bool makes_routine_ = false;
  bool copies_stdin_ = false;
  int parentheses_ = 0;
  int blocks_ = 0;
  std::string previous_;  // in lower case
};

struct PsqlAdvice {
  std::string_view command;
  std::string_view advice;
};

constexpr std::array kPsqlAdvice = {
    PsqlAdvice{"\\copy", "write the rows as INSERT, or load them outside of the migration"},
    PsqlAdvice{"\\.", "it ends the data of a COPY; write the rows as INSERT"},
    PsqlAdvice{"\\i", "put the other file's statements here, or make it a migration of its own"},
    PsqlAdvice{"\\ir", "put the other file's statements here, or make it a migration of its own"},
    PsqlAdvice{"\\include",
               "put the other file's statements here, or make it a migration of its own"},
    PsqlAdvice{"\\c", "remove it: the database is chosen by the connection, not by the file"},
    PsqlAdvice{"\\connect", "remove it: the database is chosen by the connection, not by the file"},
    PsqlAdvice{"\\set", "write ${NAME}, with \"-- variables: on\" in the header"},
    PsqlAdvice{"\\g", "end the statement with a semicolon"},
    PsqlAdvice{"\\gexec", "write a DO block that runs the statements with EXECUTE"},
    PsqlAdvice{"\\gset", "write a DO block and keep the value in a variable of it"},
    PsqlAdvice{"\\if", "write a DO block with IF"},
    PsqlAdvice{"\\else", "write a DO block with IF"},
    PsqlAdvice{"\\elif", "write a DO block with IF"},
    PsqlAdvice{"\\endif", "write a DO block with IF"},
    PsqlAdvice{"\\echo", "write a comment, or RAISE NOTICE in a DO block"},
    PsqlAdvice{"\\encoding", "remove it: migration files are always UTF-8"},
    PsqlAdvice{"\\!", "use a hook to run a program"},
};

std::string AdviceAgainst(std::string_view command) {
  for (const PsqlAdvice& known : kPsqlAdvice) {
    if (known.command == command) return std::string(known.advice);
  }
  return "remove it: only psql understands its commands, the server does not";
}

Fault PsqlCommandAt(std::string_view script, std::size_t offset) {
  const std::size_t end =
      EndOfRun(script, offset + 1, [](char c) { return !IsBlank(c) && c != ';' && c != '\\'; });
  const std::string command(script.substr(offset, end - offset));
  return {offset, "psql-command", Severity::kError,
          "\"" + command + "\" is a command of psql, not SQL", AdviceAgainst(command)};
}

std::pair<std::string, std::string> NameAndEndOf(const SqlToken& token, std::string_view script) {
  switch (token.type) {
    case Type::kComment:
      return {"comment", "*/"};
    case Type::kQuotedName:
      return {"quoted identifier", "\""};
    case Type::kDollarString: {
      const std::size_t length = DollarTagLength(script, token.offset);
      return {"dollar quote", std::string(script.substr(token.offset, length))};
    }
    default:
      return {"quoted string", "'"};
  }
}

Fault UnterminatedAt(const SqlToken& token, std::string_view script) {
  const auto [name, end] = NameAndEndOf(token, script);
  return {token.offset, "unterminated", Severity::kError,
          "the " + name + " that begins here has no end", "close it with " + end};
}

// Cuts text that the grammar does not accept, and finds out why where that can be told.
class Scanner {
 public:
  explicit Scanner(std::string_view script) : script_(script) {}

  Cut Run() {
    std::size_t at = 0;
    for (SqlToken token = NextSqlToken(script_, at); token.type != Type::kEnd;
         token = NextSqlToken(script_, at)) {
      at = Take(token);
    }
    EndStatement();
    return std::move(cut_);
  }

 private:
  // Answers where to go on.
  std::size_t Take(const SqlToken& token) {
    const std::size_t end = token.offset + token.length;
    const std::string_view text = token.TextIn(script_);
    if (!token.closed) cut_.faults.push_back(UnterminatedAt(token, script_));
    if (token.IsGap()) return end;
    if (text == "\\") return TakePsqlCommand(token.offset);
    if (text == ";" && open_.EndsAtSemicolon()) return TakeSemicolon(end);
    Extend(piece_, token);
    if (token.type == Type::kWord) {
      open_.TakeWord(text);
    } else {
      open_.TakeOther(text);
    }
    return end;
  }

  // The rest of the line belongs to the command, and a statement before it on the line ends.
  std::size_t TakePsqlCommand(std::size_t offset) {
    cut_.faults.push_back(PsqlCommandAt(script_, offset));
    EndStatement();
    return EndOfLine(script_, offset);
  }

  std::size_t TakeSemicolon(std::size_t end) {
    const bool data_follow = open_.copies_stdin();
    EndStatement();
    return data_follow ? EndOfCopyData(end) : end;
  }

  void EndStatement() {
    piece_.copies_stdin = open_.copies_stdin();
    if (piece_.length > 0) cut_.pieces.push_back(piece_);
    piece_ = {};
    open_ = {};
  }

  // Behind the line "\."; without one there are no data. The search is not repeated once it failed,
  // for each would read the rest of the script.
  std::size_t EndOfCopyData(std::size_t offset) {
    while (!no_more_copy_data_) {
      const std::size_t mark = script_.find("\n\\.", offset);
      no_more_copy_data_ = mark == std::string_view::npos;
      if (no_more_copy_data_) break;
      const std::size_t end = mark + 3;
      if (EndOfLine(script_, end) == end) return end;
      offset = end;
    }
    return offset;
  }

  std::string_view script_;
  Cut cut_;
  Piece piece_;
  OpenStatement open_;
  bool no_more_copy_data_ = false;
};

Fault NewerSyntax(const ParserRefusal& refusal) {
  return {refusal.offset, "newer-syntax", Severity::kNote,
          "the grammar of PostgreSQL 15 does not accept this: " + refusal.message,
          "a newer server may know it; otherwise it will refuse it with the same words"};
}

Cut CutScript(std::string_view script) {
  auto result = CutByParser(script);
  if (auto* pieces = std::get_if<std::vector<Piece>>(&result)) return {std::move(*pieces), {}, {}};
  Cut cut = Scanner(script).Run();
  cut.refusal = std::get<ParserRefusal>(std::move(result));
  return cut;
}

Fault CopyFault(const Statement& statement) {
  if (statement.kind.name == "COPY TO STDOUT") {
    return {statement.offset, "copy-from-stdin", Severity::kError,
            "COPY TO STDOUT sends its rows to the client, and a migration has no use for them",
            "remove it, or write INSERT ... SELECT"};
  }
  return {statement.offset, "copy-from-stdin", Severity::kError,
          "COPY FROM STDIN takes its rows from the client, and a migration sends none",
          "write the rows as INSERT, or COPY from a file of the server"};
}

// Counts lines and columns along the script, once for all places.
class PlaceCounter {
 public:
  explicit PlaceCounter(std::string_view script) : script_(script) {}

  // REQUIRES: offsets do not decrease from call to call.
  void MoveTo(std::size_t offset) {
    for (; at_ < std::min(offset, script_.size()); ++at_) Pass(script_[at_]);
  }
  int line() const { return line_; }
  int column() const { return column_; }

 private:
  // Lines end as for PositionAt, with LF, CRLF or CR.
  void Pass(char c) {
    const bool line_ends = c == '\n' || (c == '\r' && script_.substr(at_ + 1, 1) != "\n");
    if (line_ends) {
      ++line_;
      column_ = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
      ++column_;
    }
  }

  std::string_view script_;
  std::size_t at_ = 0;
  int line_ = 1;
  int column_ = 1;
};

std::vector<Statement> ToStatements(std::string_view script, const std::vector<Piece>& pieces) {
  PlaceCounter place(script);
  std::vector<Statement> statements;
  statements.reserve(pieces.size());
  for (const Piece& piece : pieces) {
    place.MoveTo(piece.offset);
    Statement statement{piece.offset, piece.length, place.line(), place.column(), {}};
    statement.kind = ClassifyStatement(statement.TextIn(script));
    if (piece.copies_stdin) statement.kind.trait = StatementTrait::kCopyStdin;
    statements.push_back(std::move(statement));
  }
  return statements;
}

Diagnostics ToDiagnostics(std::string_view script, const std::string& file,
                          std::vector<Fault> faults) {
  std::stable_sort(faults.begin(), faults.end(),
                   [](const Fault& a, const Fault& b) { return a.offset < b.offset; });
  PlaceCounter place(script);
  Diagnostics diagnostics;
  for (Fault& fault : faults) {
    place.MoveTo(fault.offset);
    diagnostics.push_back({std::move(fault.code), fault.severity, file, place.line(),
                           place.column(), std::move(fault.message), std::move(fault.hint),
                           std::string(LineAround(script, fault.offset))});
  }
  return diagnostics;
}

}  // namespace

SqlToken NextSqlToken(std::string_view sql, std::size_t offset) {
  if (offset >= sql.size()) return {Type::kEnd, sql.size(), 0, true};
  const char c = sql[offset];
  const std::string_view pair = sql.substr(offset, 2);
  if (IsBlank(c)) return MakeToken(Type::kBlank, offset, {EndOfRun(sql, offset, IsBlank)});
  if (pair == "--") return MakeToken(Type::kComment, offset, {EndOfLine(sql, offset)});
  if (pair == "/*") return MakeToken(Type::kComment, offset, EndOfBlockComment(sql, offset));
  if (pair == "E'" || pair == "e'") {
    return MakeToken(Type::kString, offset, EndOfEscapeString(sql, offset + 1));
  }
  if (c == '\'') return MakeToken(Type::kString, offset, EndOfQuoted(sql, offset, false));
  if (c == '"') return MakeToken(Type::kQuotedName, offset, EndOfQuoted(sql, offset, false));
  if (IsWordStart(c)) return MakeToken(Type::kWord, offset, {EndOfRun(sql, offset, IsWordPart)});
  const std::size_t tag_length = c == '$' ? DollarTagLength(sql, offset) : 0;
  if (tag_length == 0) return MakeToken(Type::kSymbol, offset, {offset + 1});
  return MakeToken(Type::kDollarString, offset, EndOfDollarString(sql, offset, tag_length));
}

std::string_view LineAround(std::string_view script, std::size_t offset) {
  std::size_t here = std::min(offset, script.size());
  if (here > 0 && script.substr(here - 1, 2) == "\r\n") --here;
  const std::size_t nearby = here - std::min(here, kLongestLine);
  const std::string_view before = script.substr(nearby, here - nearby);
  const std::string_view after = script.substr(here, kLongestLine);
  const std::size_t begin = nearby + before.find_last_of("\r\n") + 1;
  const std::size_t end = here + std::min(after.find_first_of("\r\n"), after.size());
  const bool begin_seen = begin > nearby || nearby == 0;
  const bool end_seen = end < here + after.size() || end == script.size();
  if (!begin_seen || !end_seen || end - begin > kLongestLine) return {};
  return script.substr(begin, end - begin);
}

SplitScript SplitStatements(std::string_view script, const std::string& file) {
  Cut cut = CutScript(script);
  SplitScript result;
  result.statements = ToStatements(script, cut.pieces);
  for (const Statement& statement : result.statements) {
    if (statement.kind.trait == StatementTrait::kCopyStdin) {
      cut.faults.push_back(CopyFault(statement));
    }
  }
  // A fault found explains the refusal; newer syntax is but a guess, for want of one.
  if (cut.faults.empty() && cut.refusal) cut.faults.push_back(NewerSyntax(*cut.refusal));
  result.diagnostics = ToDiagnostics(script, file, std::move(cut.faults));
  return result;
}

}  // namespace lockstep

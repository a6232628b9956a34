#include "core/statement_scanner.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "core/quoted.h"

namespace lockstep {
namespace {

using Type = SqlToken::Type;

// What must be known of a statement's beginning to see whether a semicolon ends it.
class OpenStatement {
 public:
  void TakeWord(std::string_view text) {
    // Keywords are short; a literal-sized identifier need not be copied.
    const std::string word = text.size() <= 16 ? ToLower(text) : std::string("identifier");
    SettleCase(word);
    if (word_count_ < 4) TakeFirstWords(word);
    if (makes_routine_) TakeBlockWord(word);
    if (is_copy_ && previous_ == "from" && word == "stdin") copies_stdin_ = true;
    previous_ = word;
  }

  void TakeOther(std::string_view text) {
    SettleCase(text);
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

  // BEGIN ATOMIC ... END holds statements of its own; a CASE in them has an END too. Either word
  // may be a column's label, without AS: "select a case from b".
  void TakeBlockWord(const std::string& word) {
    if (blocks_ == 0) {
      if (previous_ == "begin" && word == "atomic") blocks_ = 1;
      return;
    }
    if (previous_ == "as" || previous_ == ".") return;
    case_was_ = word == "case";
    const bool of_routine = previous_ == ";" || previous_ == "atomic";
    if (word == "end" && (blocks_ > 1 || of_routine)) --blocks_;
  }

  // What follows a CASE tells it from a label: no expression begins so.
  void SettleCase(std::string_view next) {
    if (!std::exchange(case_was_, false)) return;
    constexpr std::array<std::string_view, 17> kAfterLabel = {
        ",",     ";",         ")",      "from",  "where", "group",  "having", "window", "union",
        "order", "intersect", "except", "limit", "fetch", "offset", "for",    "into"};
    if (std::ranges::find(kAfterLabel, next) == kAfterLabel.end()) ++blocks_;
  }

  int word_count_ = 0;
  bool is_copy_ = false;
  bool is_create_ = false;
  bool makes_routine_ = false;
  bool copies_stdin_ = false;
  int parentheses_ = 0;
  int blocks_ = 0;
  bool case_was_ = false;  // the word before; not known yet whether it opens anything
  std::string previous_;   // in lower case
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

ScriptFault PsqlCommandAt(std::string_view script, std::size_t offset) {
  const std::size_t end = script.find_first_of(" \t\n\v\f\r;\\", offset + 1);
  const std::string command(script.substr(offset, end - offset));
  return {offset, "psql-command", Severity::kError,
          Quoted(command) + " is a command of psql, not SQL", AdviceAgainst(command)};
}

std::pair<std::string, std::string> NameAndEndOf(const SqlToken& token, std::string_view script) {
  switch (token.type) {
    case Type::kComment:
      return {"comment", "*/"};
    case Type::kQuotedName:
      return {"quoted identifier", "\""};
    case Type::kDollarString: {
      const std::string_view text = token.TextIn(script);
      return {"dollar quote", std::string(text.substr(0, text.find('$', 1) + 1))};
    }
    default:
      return {"quoted string", "'"};
  }
}

ScriptFault UnterminatedAt(const SqlToken& token, std::string_view script) {
  const auto [name, end] = NameAndEndOf(token, script);
  return {token.offset, "unterminated", Severity::kError,
          "the " + name + " that begins here has no end", "close it with " + end};
}

std::size_t EndOfLine(std::string_view script, std::size_t offset) {
  return std::min(script.find_first_of("\r\n", offset), script.size());
}

class Scanner {
 public:
  explicit Scanner(std::string_view script) : script_(script) {}

  ScannedScript Run() {
    std::size_t at = 0;
    for (SqlToken token = NextSqlToken(script_, at); token.type != Type::kEnd;
         token = NextSqlToken(script_, at)) {
      at = Take(token);
    }
    EndStatement();
    return std::move(scanned_);
  }

 private:
  // Answers where to go on.
  std::size_t Take(const SqlToken& token) {
    const std::string_view text = token.TextIn(script_);
    if (!token.closed) scanned_.faults.push_back(UnterminatedAt(token, script_));
    if (token.IsGap()) return token.end();
    if (text == "\\") return TakePsqlCommand(token.offset);
    if (text == ";" && open_.EndsAtSemicolon()) return TakeSemicolon(token.end());
    statement_.Extend(token);
    if (token.type == Type::kWord) {
      open_.TakeWord(text);
    } else {
      open_.TakeOther(text);
    }
    return token.end();
  }

  // The rest of the line belongs to the command, and a statement before it on the line ends.
  std::size_t TakePsqlCommand(std::size_t offset) {
    scanned_.faults.push_back(PsqlCommandAt(script_, offset));
    EndStatement();
    return EndOfLine(script_, offset);
  }

  std::size_t TakeSemicolon(std::size_t end) {
    const bool data_follow = open_.copies_stdin();
    EndStatement();
    return data_follow ? EndOfCopyData(end) : end;
  }

  void EndStatement() {
    statement_.copies_stdin = open_.copies_stdin();
    if (statement_.length > 0) scanned_.statements.push_back(statement_);
    statement_ = {};
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
  ScannedScript scanned_;
  StatementExtent statement_;
  OpenStatement open_;
  bool no_more_copy_data_ = false;
};

}  // namespace

void StatementExtent::Extend(const SqlToken& token) {
  if (length == 0) offset = token.offset;
  length = token.end() - offset;
}

ScannedScript ScanStatements(std::string_view script) { return Scanner(script).Run(); }

}  // namespace lockstep

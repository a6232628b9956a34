// Cuts a script into statements with PostgreSQL's own grammar.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "core/statement_kind.h"

namespace lockstep {

struct Statement {
  std::size_t offset = 0;  // byte in the script at which it starts, comments before it left out
  std::size_t length = 0;  // bytes, without the final semicolon
  int line = 1;            // of `offset`, from 1
  int column = 1;          // from 1, in characters
  StatementKind kind;

  std::string_view TextIn(std::string_view script) const { return script.substr(offset, length); }
};

struct SplitScript {
  std::vector<Statement> statements;  // none of them empty
  Diagnostics diagnostics;
};

// Uses the PostgreSQL 15 grammar; a script in newer syntax is cut by the scanner instead, with
// BEGIN ATOMIC ... END kept whole, and diagnostics says so (newer-syntax, a note). Codes of errors:
// psql-command, copy-from-stdin, unterminated (quote, comment, dollar quote), each with its place
// and remedy. `file` is for the messages. Thread: any.
SplitScript SplitStatements(std::string_view script, const std::string& file);

}  // namespace lockstep

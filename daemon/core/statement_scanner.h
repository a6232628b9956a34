// Cuts a script into statements without a grammar, for text that the grammar does not accept, and
// finds out why it does not where that can be told.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "core/sql_token.h"

namespace lockstep {

// Where one statement stands, before lines are counted.
struct StatementExtent {
  std::size_t offset = 0;
  std::size_t length = 0;  // 0: nothing but blanks and comments
  bool copies_stdin = false;

  void Extend(const SqlToken& token);
};

// What is wrong at one byte, before lines are counted.
struct ScriptFault {
  std::size_t offset = 0;
  std::string code;
  Severity severity = Severity::kError;
  std::string message;
  std::string hint;
};

struct ScannedScript {
  std::vector<StatementExtent> statements;  // none of them empty
  std::vector<ScriptFault> faults;
};

// BEGIN ATOMIC ... END is kept whole. Codes: psql-command, unterminated. Thread: any.
ScannedScript ScanStatements(std::string_view script);

}  // namespace lockstep

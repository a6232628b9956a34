// What is wrong in the user's files, said the way a compiler says it.
//
// Diagnostics are collected, never thrown: one look at a folder reports all of its faults.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

enum class Severity { kError, kWarning, kNote };

std::string_view NameOf(Severity severity);

struct Diagnostic {
  std::string code;  // stable, in kebab case: "duplicate-revision"
  Severity severity = Severity::kError;
  std::string file;         // as the user would open it; empty when no file is meant
  int line = 0;             // from 1; 0: the file as a whole
  int column = 0;           // from 1, in characters; 0: the line as a whole
  std::string message;      // lower case, values quoted
  std::string hint;         // what to do; may be empty
  std::string source_line;  // the line that `line` names, without its end, for the caret

  bool operator==(const Diagnostic&) const = default;
};

using Diagnostics = std::vector<Diagnostic>;

bool HasErrors(const Diagnostics& diagnostics);

// "file:line:column: error: message [code]", then the source line with a caret and the hint, each
// on lines of its own. Control characters of the input are escaped. Ends with a newline.
std::string ToText(const Diagnostic& diagnostic);

}  // namespace lockstep

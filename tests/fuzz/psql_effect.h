// What psql shows of a script, and what the script leaves in the database.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "core/statement_splitter.h"
#include "support/test_database.h"

namespace lockstep {

// An error or notice, and where it stands.
struct PsqlMessage {
  std::string text;      // severity, SQLSTATE and words
  std::string at_caret;  // the beginning of what the server points at; empty: nothing
  long line = 0;         // of the script, on which its statement ends

  bool operator==(const PsqlMessage&) const = default;
};
std::ostream& operator<<(std::ostream& out, const PsqlMessage& message);

struct PsqlEffect {
  std::string output;  // rows and command tags
  std::vector<PsqlMessage> messages;
  std::string objects;  // relations with their rows, and functions

  bool operator==(const PsqlEffect&) const = default;
};
std::ostream& operator<<(std::ostream& out, const PsqlEffect& effect);

// psql reads the file and finds the statements by itself. Both begin in an empty database.
PsqlEffect RunWhole(const TestDatabase& database, const std::string& script);
// psql gets the statements one by one, each as one message.
PsqlEffect RunPieces(const TestDatabase& database, const std::string& script,
                     const std::vector<Statement>& pieces);

}  // namespace lockstep

#include "core/statement_session.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace lockstep {
namespace {

using Trait = StatementTrait;

// SET SESSION CHARACTERISTICS counts as transaction control and not as a mere setting: with its
// READ ONLY the bookkeeping of the migrations after it would fail.
bool SetsTransaction(std::string_view setting) {
  return setting == "transaction" || setting == "transaction snapshot" ||
         setting == "session characteristics" || setting == "transaction_isolation" ||
         setting == "transaction_read_only" || setting == "transaction_deferrable";
}

// Said to be what it is already; pg_dump writes it so.
bool TurnsOn(const TreeNode& node) {
  const json::array& values = List(node, "args");
  if (values.empty()) return Word(node, "kind") != "VAR_SET_VALUE";
  const std::string value = ToLower(Word(Child(As("A_Const", values.front()), "sval"), "sval"));
  return value == "on" || value == "true" || value == "yes";
}

}  // namespace

void RefineTransaction(const TreeNode& node, StatementKind& kind) {
  constexpr std::string_view kPrefix = "TRANS_STMT_";
  std::string words(Word(node, "kind"));
  if (words.starts_with(kPrefix)) words.erase(0, kPrefix.size());
  std::replace(words.begin(), words.end(), '_', ' ');
  if (words == "START") words = "START TRANSACTION";
  if (words == "PREPARE") words = "PREPARE TRANSACTION";
  const bool subtransaction = words == "SAVEPOINT" || words == "RELEASE" || words == "ROLLBACK TO";
  kind.name = std::move(words);
  if (!subtransaction) kind.trait = Trait::kTransactionControl;
}

void RefineSet(const TreeNode& node, StatementKind& kind) {
  const std::string_view how = Word(node, "kind");
  // To the server their letters' case does not matter, and quotes keep it: SET "ROLE" = a.
  const std::string setting = ToLower(Word(node, "name"));
  const bool resets = how == "VAR_RESET" || how == "VAR_RESET_ALL";
  kind.name = resets ? "RESET" : "SET";
  kind.object = setting;
  if (how == "VAR_RESET_ALL") {
    kind.name = "RESET ALL";
    kind.trait = Trait::kDiscard;
  } else if (setting == "role" || setting == "session_authorization") {
    kind.name += setting == "role" ? " ROLE" : " SESSION AUTHORIZATION";
    kind.trait = Trait::kSetRole;
  } else if (SetsTransaction(setting)) {
    kind.name += setting == "session characteristics" ? " SESSION CHARACTERISTICS" : " TRANSACTION";
    kind.trait = Trait::kTransactionControl;
  } else if (setting == "standard_conforming_strings" && !TurnsOn(node)) {
    kind.trait = Trait::kStringSyntax;
  } else if (!Flag(node, "is_local")) {
    kind.trait = Trait::kSessionSetting;
  }
}

void RefineDiscard(const TreeNode& node, StatementKind& kind) {
  kind.name = Word(node, "target");
  std::replace(kind.name.begin(), kind.name.end(), '_', ' ');
}

}  // namespace lockstep

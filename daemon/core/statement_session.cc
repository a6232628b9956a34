#include "core/statement_session.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep {
namespace {

using Trait = StatementTrait;

// SET SESSION CHARACTERISTICS counts as transaction control and not as a mere setting: with its
// READ ONLY the bookkeeping of the migrations after it would fail.
bool SetsTransaction(std::string_view setting) {
  return setting == "TRANSACTION" || setting == "TRANSACTION SNAPSHOT" ||
         setting == "SESSION CHARACTERISTICS" || setting == "transaction_isolation" ||
         setting == "transaction_read_only" || setting == "transaction_deferrable";
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
  const std::string_view setting = Word(node, "name");
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
    kind.name += setting == "SESSION CHARACTERISTICS" ? " SESSION CHARACTERISTICS" : " TRANSACTION";
    kind.trait = Trait::kTransactionControl;
  } else if (!Flag(node, "is_local")) {
    kind.trait = Trait::kSessionSetting;
  }
}

void RefineDiscard(const TreeNode& node, StatementKind& kind) {
  kind.name = Word(node, "target");
  std::replace(kind.name.begin(), kind.name.end(), '_', ' ');
}

}  // namespace lockstep

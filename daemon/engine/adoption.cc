#include "engine/adoption.h"

#include "base/text.h"

namespace lockstep {

std::optional<Diagnostic> FindUnadoptedAlembic(const Look& look, const BookkeepingNames& names) {
  if (!look.history.empty() || !look.alembic || look.alembic->empty()) return {};
  return Diagnostic{.code = "alembic-not-adopted",
                    .message = "Alembic has migrated this database to \"" +
                               Join(*look.alembic, "\", \"") + "\" (" + names.alembic_table +
                               "), and lockstep's own history is empty",
                    .hint = "take its history over with \"lockstep adopt alembic\""};
}

}  // namespace lockstep

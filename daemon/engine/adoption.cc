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

bool KeepsAlembicInStep(Session& session, const RunSettings& settings, const Look& look) {
  if (settings.alembic == AlembicSync::kOff) return false;
  if (look.bookkeeping.alembic_table_exists) return true;
  if (settings.alembic == AlembicSync::kAuto) return false;
  CreateAlembicTable(session, settings.names);
  return true;
}

}  // namespace lockstep

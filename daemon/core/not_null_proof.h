// Whether a CHECK constraint spares SET NOT NULL its scan.
#pragma once

#include <string_view>

namespace lockstep {

// `check`: the expression as pg_get_expr writes it. True when it is "column IS NOT NULL", or has
// that as a part that AND joins. Others that happen to be false for NULL prove nothing to the
// server: a CHECK that is unknown passes. Thread: any.
bool ProvesNotNull(std::string_view check, std::string_view column);

}  // namespace lockstep

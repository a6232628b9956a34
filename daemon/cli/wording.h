// Words and figures that several printers share.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "cli/paint.h"

namespace lockstep {

// Green for what is done, yellow for what waits, red for what failed, of states and outcomes.
Tone ToneOfState(std::string_view state);

std::string InSeconds(double seconds);          // "0.03 s"
std::string ShortTime(std::string_view iso);    // "2026-11-22 18:20:38"
std::string WithBlanks(std::string_view name);  // "at_head" is "at head"

// "68db6a7fba94, db82de06f57d"; "base" for none.
std::string RevisionsOrBase(const json::object& document, std::string_view key);

// Each line made safe for a terminal; line ends and tabs stay.
std::string SafeLines(std::string_view text);

}  // namespace lockstep

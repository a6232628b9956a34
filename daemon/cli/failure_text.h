// Bad news as a compiler tells it: place, source line, caret, what PostgreSQL added.
#pragma once

#include <string>

#include "base/json.h"
#include "cli/paint.h"

namespace lockstep {

// Of docs/json.md's pieces. Each ends with a newline.
std::string DiagnosticText(const json::object& diagnostic, const Paint& paint);
// Of a failure and of a failed attempt.
std::string FailureText(const json::object& failure, const Paint& paint);
// Of the error document's "error".
std::string ErrorText(const json::object& error, const Paint& paint);

}  // namespace lockstep

// The pieces that several commands' JSON documents share; docs/json.md is their description.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/json.h"
#include "core/history.h"
#include "core/outcome.h"
#include "core/statement_splitter.h"
#include "postgres/advisory_lock.h"

namespace lockstep {

json::value TextOrNull(std::string_view text);
json::object ToJson(const Diagnostic& diagnostic);
json::array ToJson(const Diagnostics& diagnostics);
json::object ToJson(const FailedAttempt& attempt);
json::object ToJson(const LockHolder& holder);
json::array ToJson(const std::vector<Statement>& statements);

// "15.18" for 150018, as PostgreSQL names its releases.
std::string VersionText(int server_version);

// "1 migration is", "3 migrations are".
std::string Count(std::size_t count, std::string_view singular, std::string_view plural);

}  // namespace lockstep

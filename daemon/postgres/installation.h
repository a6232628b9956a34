// The PostgreSQL that is installed on this machine.
#pragma once

#include <optional>
#include <string>

namespace lockstep {

// The path of PostgreSQL's own program `name` ("initdb", "pg_dump"): of the newest release below
// `root` that has it, else as PATH gives it. Debian keeps the releases side by side and puts only
// clients in PATH, behind a wrapper that chooses by its own rules.
std::optional<std::string> FindPostgresProgram(const std::string& name,
                                               const std::string& root = "/usr/lib/postgresql");

}  // namespace lockstep

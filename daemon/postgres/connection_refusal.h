// How the text of a connection is refused: without a word of it in the message.
//
// libpq takes a password's "/" or "@" for the end of it, and the rest for a host, a port, a
// database or an option: any piece of the text could be a piece of the password. So every message
// is a constant, but for the names of libpq's keywords.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

inline constexpr std::string_view kConnectionForms =
    "write it as \"postgresql://user@host:5432/name\" or as \"host=... dbname=... user=...\"";

// Throws Error kBadSettings: "the database URL cannot be used: " and `what`.
[[noreturn]] void RefuseUrl(const std::string& what, std::string hint = {});

}  // namespace lockstep

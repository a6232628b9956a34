// What a user may write for a connection, looked at strictly before libpq sees it.
//
// libpq is lenient where a sign of the password stands unescaped: it would connect elsewhere, with
// a piece of the password for a name. Here such a text is refused, with the escape to write
// instead.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

// `text` as libpq takes it: a URL without SQLAlchemy's driver and its options, or the keyword
// string as it is. Throws Error kBadSettings. Thread: any.
std::string TextForLibpq(std::string_view text);

std::string PercentEncoded(char c);  // "@" is "%40"

}  // namespace lockstep

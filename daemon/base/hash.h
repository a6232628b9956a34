// SHA-256, by OpenSSL.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

// 64 lower-case hexadecimal digits.
std::string Sha256(std::string_view bytes);

// The same over the text with every CRLF and lone CR read as LF and a leading BOM left out, so that
// a checkout with other line ends has the same checksum.
std::string Sha256OfText(std::string_view text);

}  // namespace lockstep

// Connection options by libpq's keywords, and the values that may stand in them.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace lockstep {

using ConnectionOptions = std::map<std::string, std::string>;

// What libpq reads from a URL or a keyword string, with each value checked. Throws Error
// kBadSettings.
ConnectionOptions ReadConnectionOptions(const std::string& text);

bool IsConnectionKeyword(std::string_view key);
bool IsPasswordKeyword(std::string_view key);

// The options that came before decide whether an unknown one may be named: after a password, it
// could be the rest of that.
[[noreturn]] void RefuseUnknownOption(std::string_view key, bool after_password);

// Empty, which is the default one, or 1 to 65535.
bool IsPort(std::string_view text);
// Letters, digits and "-._%": percent-encoded names as well.
bool IsHostName(std::string_view host);
bool IsIpv6(std::string_view host);  // without brackets
bool IsControlByte(char c);

}  // namespace lockstep

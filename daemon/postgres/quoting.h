// Quoting for the few places where a parameter cannot stand.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

std::string QuoteIdentifier(std::string_view name);  // "a""b"
// Right whatever standard_conforming_strings says: a text with a backslash becomes E'...'.
std::string QuoteLiteral(std::string_view text);
std::string QuoteArray(const std::vector<std::string>& texts);  // array['a','b']::text[]
// "public.orders" with both parts quoted; a name without a point stands in schema public.
std::string QuoteTable(std::string_view qualified);

}  // namespace lockstep

// One message of PostgreSQL's protocol, and where it ends.
//
// Source: PostgreSQL's documentation, "Frontend/Backend Protocol" (version 3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

// The type byte and what follows the length.
struct WireMessage {
  char type = 0;  // 0: one of the startup, which have none
  std::string_view body;
};

// A message of a buffer, and how many bytes it takes there.
struct FramedMessage {
  WireMessage message;
  std::size_t size = 0;
};

// The first one of `bytes`, and a part of them; nothing while its end has not come.
std::optional<FramedMessage> FrameOf(std::string_view bytes, bool has_type);

// Four bytes of it, the highest first.
std::uint32_t NumberAt(std::string_view bytes, std::size_t at);

// The value of `key` in a startup message's pairs of texts, each ended by a zero byte; or "".
std::string ParameterOf(std::string_view pairs, std::string_view key);

}  // namespace lockstep

#include "support/wire_message.h"

#include <array>
#include <cstring>
#include <vector>

namespace lockstep {

std::uint32_t NumberAt(std::string_view bytes, std::size_t at) {
  std::array<unsigned char, 4> digits{};
  std::memcpy(digits.data(), bytes.data() + at, digits.size());
  std::uint32_t number = 0;
  for (const unsigned char digit : digits) number = number << 8 | digit;
  return number;
}

std::optional<FramedMessage> FrameOf(std::string_view bytes, bool has_type) {
  const std::size_t header = has_type ? 5 : 4;
  if (bytes.size() < header) return {};
  const std::size_t size = NumberAt(bytes, header - 4) + header - 4;
  if (bytes.size() < size) return {};
  return FramedMessage{{has_type ? bytes[0] : '\0', bytes.substr(header, size - header)}, size};
}

std::string ParameterOf(std::string_view pairs, std::string_view key) {
  std::vector<std::string_view> texts;
  for (std::size_t end = 0; (end = pairs.find('\0')) != pairs.npos; pairs.remove_prefix(end + 1)) {
    texts.push_back(pairs.substr(0, end));
  }
  for (std::size_t i = 0; i + 1 < texts.size(); i += 2) {
    if (texts[i] == key) return std::string(texts[i + 1]);
  }
  return {};
}

}  // namespace lockstep

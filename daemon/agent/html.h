// HTML made of texts and elements: escaped and well nested by how it is made. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep {

struct Attribute {
  std::string_view name;
  std::string value;
};

// A piece of HTML. Whatever is text becomes one only by being escaped; there is no other way in.
class Html {
 public:
  Html() = default;
  // Meant to be implicit. Control characters, marks that turn the writing direction and broken
  // UTF-8 are shown as "\x1b"; line ends and tabs stay.
  Html(std::string_view text);
  Html(const std::string& text) : Html(std::string_view(text)) {}
  Html(const char* text) : Html(std::string_view(text)) {}

  Html& operator+=(const Html& more) {
    source_ += more.source_;
    return *this;
  }
  friend Html operator+(Html first, const Html& second) { return std::move(first += second); }

  bool empty() const { return source_.empty(); }
  const std::string& source() const { return source_; }

 private:
  friend Html Element(std::string_view name, const std::vector<Attribute>& attributes,
                      const Html& content);

  std::string source_;
};

// <name attributes>content</name>; for elements that have an end tag.
Html Element(std::string_view name, const std::vector<Attribute>& attributes, const Html& content);
Html Element(std::string_view name, const Html& content);

}  // namespace lockstep

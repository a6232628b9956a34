#include "agent/html.h"

#include <algorithm>

#include "base/text.h"

namespace lockstep {
namespace {

std::string_view ReferenceFor(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

void AppendReferences(std::string_view text, std::string& source) {
  for (const char c : text) {
    const std::string_view reference = ReferenceFor(c);
    if (reference.empty()) {
      source += c;
    } else {
      source += reference;
    }
  }
}

// Other programs send CRLF, too.
std::string_view WithoutCarriageReturn(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

Html::Html(std::string_view text) {
  for (;;) {
    const std::size_t end = std::min(text.find_first_of("\n\t"), text.size());
    AppendReferences(Escaped(WithoutCarriageReturn(text.substr(0, end))), source_);
    if (end == text.size()) return;
    source_ += text[end];
    text.remove_prefix(end + 1);
  }
}

Html Element(std::string_view name, const std::vector<Attribute>& attributes, const Html& content) {
  Html element;
  std::string& source = element.source_;
  source.append("<").append(name);
  for (const Attribute& attribute : attributes) {
    source.append(" ").append(attribute.name).append("=\"");
    source.append(Html(attribute.value).source()).append("\"");
  }
  // A line break right after <pre> would be lost.
  source.append(name == "pre" ? ">\n" : ">");
  source.append(content.source_).append("</").append(name).append(">");
  return element;
}

Html Element(std::string_view name, const Html& content) { return Element(name, {}, content); }

}  // namespace lockstep

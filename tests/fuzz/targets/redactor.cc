// The input is a sentence of another program with a connection in it: the lines form, before,
// user, password, host, after. The password gets a canary into its middle.
#include <array>
#include <cctype>

#include "fuzz/oracle.h"
#include "fuzz/targets.h"
#include "postgres/connection_text.h"
#include "postgres/connection_url.h"

namespace lockstep {
namespace {

constexpr std::string_view kCanary = "C4n4ry";

struct Parts {
  std::string form, before, user, password, host, after;
};

Parts PartsIn(std::string_view input) {
  Parts parts;
  for (std::string* part :
       {&parts.form, &parts.before, &parts.user, &parts.password, &parts.host}) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    *part = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  parts.after = input;
  return parts;
}

// As RFC 3986 wants it in a URL.
std::string Encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    encoded += plain ? std::string(1, c) : PercentEncoded(c);
  }
  return encoded;
}

// As libpq wants it in a keyword string.
std::string InQuotes(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string Middle(const std::string& password) {
  std::string with = password;
  return with.insert(with.size() / 2, kCanary);
}

// A user's name and a host stand there as they are typed, so they are letters here.
std::string Letters(std::string_view text) {
  std::string letters;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-')
      letters += c;
  }
  return letters;
}

// Words around it: a quote that nobody closes could be the end of a password as well.
std::string Words(std::string_view text) {
  std::string words(text);
  std::erase_if(words, [](char c) { return c == '\'' || c == '"' || c == '\\'; });
  return words;
}

// A raw password, as people write it by mistake; a blank would end the URL.
std::string Raw(std::string password) {
  std::erase_if(password, [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; });
  return password;
}

std::string Url(const Parts& parts, const std::string& password) {
  return "postgresql://" + Letters(parts.user) + ":" + password + "@" + Letters(parts.host) + "/x";
}

std::string Connection(const Parts& parts, const std::string& secret) {
  switch (parts.form.empty() ? 'u' : parts.form[0]) {
    case 'k':
      return "host=" + Letters(parts.host) + " password=" + InQuotes(secret) + " user=x";
    case 'q':
      return "postgresql://" + Letters(parts.host) + "/x?user=x&password=" + Encoded(secret);
    case 'r':
      return Url(parts, Raw(secret));
    case 'p':
      return "PGPASSWORD=" + InQuotes(secret);
    default:
      return Url(parts, Encoded(secret));
  }
}

}  // namespace

void FuzzRedactor(std::string_view input) {
  const Parts parts = PartsIn(input);
  const auto text_with = [&parts](const std::string& secret) {
    return Words(parts.before) + " " + Connection(parts, secret) + " " + parts.after;
  };
  if (Holds(text_with(parts.password), kCanary)) return;
  const std::string text = text_with(Middle(parts.password));
  const std::string redacted = RedactSecrets(text);
  Hold(!Holds(redacted, kCanary), "the redactor's output never holds the password", redacted);
  Hold(redacted.size() <= 4 * text.size(), "its size is bounded");
  Hold(!Holds(RedactSecrets(redacted), kCanary), "nor does it find it again");
}

}  // namespace lockstep

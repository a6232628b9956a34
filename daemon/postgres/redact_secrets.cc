#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "postgres/connection_url.h"

// Takes out too much rather than too little: the text is for people, and it may hold broken URLs,
// whose password is not where the grammar expects one.
namespace lockstep {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::string_view kBlanks = " \t\r\n";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A stretch of a text; empty when there is nothing.
struct Stretch {
  std::size_t from = 0, to = 0;
};

std::size_t EndOfWord(std::string_view text) {
  return std::min(text.find_first_of(kBlanks), text.size());
}

// "5432/name", "5432,other:5433", "5432" at the end of a sentence.
bool LooksLikePort(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), IsDigit);
  if (end == text.begin()) return false;
  return end == text.end() || std::string_view("/?,;.\"')>]}").find(*end) != std::string_view::npos;
}

// A word with its "@": from the first ":" to the last "@", whatever stands between.
Stretch PasswordBeforeAt(std::string_view word, std::size_t at) {
  const auto colon = word.find(':');
  if (colon == std::string_view::npos || colon > at) return {};
  return {colon + 1, at};
}

// The password may hold more of them.
std::size_t LastAtOfWord(std::string_view line, std::size_t at) {
  return line.substr(0, at + EndOfWord(line.substr(at))).rfind('@');
}

// A word without an "@": a port, or a password that is cut by a blank or misses its host.
Stretch PasswordWithoutAt(std::string_view line, std::string_view word) {
  const auto bracket = word.starts_with('[') ? std::min(word.find(']'), word.size()) : 0;
  const auto colon = word.find(':', bracket);
  if (colon == std::string_view::npos || LooksLikePort(word.substr(colon + 1))) return {};
  const auto at = line.find('@', word.size());
  return {colon + 1, at == std::string_view::npos ? word.size() : LastAtOfWord(line, at)};
}

// The password in what follows "://".
Stretch PasswordInUrl(std::string_view rest) {
  const std::string_view line = rest.substr(0, rest.find_first_of("\r\n"));
  const std::string_view word = line.substr(0, EndOfWord(line));
  const auto at = word.rfind('@');
  return at == std::string_view::npos ? PasswordWithoutAt(line, word) : PasswordBeforeAt(word, at);
}

std::vector<Stretch> PasswordsOfUrls(std::string_view text) {
  constexpr std::string_view kMark = "://";
  std::vector<Stretch> found;
  std::size_t at = text.find(kMark);
  while (at != std::string_view::npos) {
    at += kMark.size();
    const Stretch password = PasswordInUrl(text.substr(at));
    if (password.to > password.from) found.push_back({at + password.from, at + password.to});
    at = text.find(kMark, at);
  }
  return found;
}

std::string PercentDecoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        std::isxdigit(static_cast<unsigned char>(text[i + 1])) != 0 &&
                        std::isxdigit(static_cast<unsigned char>(text[i + 2])) != 0;
    if (escape) {
      decoded += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

// The word that ends `text`, which is what stands before a "=".
bool EndsInPasswordKey(std::string_view text) {
  text = Trim(text);
  const auto start = std::find_if_not(text.rbegin(), text.rend(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '%';
  });
  const std::string key =
      ToLower(PercentDecoded(text.substr(static_cast<std::size_t>(text.rend() - start))));
  return key.ends_with("password") || key.ends_with("passwd") || key.ends_with("pwd");
}

// The end of a quoted value that begins at `from`, its closing quote included.
std::size_t EndOfQuoted(std::string_view text, std::size_t from) {
  for (std::size_t i = from + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == text[from]) {
      return i + 1;
    }
  }
  return text.size();
}

// The end of what goes on from `from` without a blank, "\ " apart.
std::size_t EndOfUnquoted(std::string_view text, std::size_t from) {
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (kBlanks.find(text[i]) != std::string_view::npos) {
      return i;
    }
  }
  return text.size();
}

// Where the value at the start of `text` lies: after blanks, in quotes or not, up to the next
// blank, since a quote in the middle of a password seems to close it.
Stretch ValueStretch(std::string_view text) {
  const auto from = text.find_first_not_of(kBlanks);
  if (from == std::string_view::npos) return {};
  const bool quoted = text[from] == '\'' || text[from] == '"';
  return {from, EndOfUnquoted(text, quoted ? EndOfQuoted(text, from) : from)};
}

// "&" ends nothing: in a broken URL it may be the password's own.
std::vector<Stretch> AssignedPasswords(std::string_view text) {
  std::vector<Stretch> found;
  std::size_t sign = text.find('=');
  while (sign != std::string_view::npos) {
    const bool secret = EndsInPasswordKey(text.substr(0, sign));
    ++sign;
    const Stretch value = secret ? ValueStretch(text.substr(sign)) : Stretch{};
    if (value.to > value.from) found.push_back({sign + value.from, sign + value.to});
    sign = text.find('=', sign);
  }
  return found;
}

// Stretches that touch or overlap become one.
std::string Masked(std::string_view text, std::vector<Stretch> stretches) {
  std::ranges::sort(stretches, {}, &Stretch::from);
  std::string masked;
  std::size_t end = 0;
  for (const Stretch& stretch : stretches) {
    if (stretch.from > end || end == 0)
      masked.append(text.substr(end, stretch.from - end)).append(kMask);
    end = std::max(end, stretch.to);
  }
  return masked.append(text.substr(end));
}

}  // namespace

// Each mark is looked at, wherever it stands: what is taken for a password may hold the sign of the
// real one.
std::string RedactSecrets(std::string_view text) {
  std::vector<Stretch> found = PasswordsOfUrls(text);
  const std::vector<Stretch> assigned = AssignedPasswords(text);
  found.insert(found.end(), assigned.begin(), assigned.end());
  return Masked(text, std::move(found));
}

}  // namespace lockstep

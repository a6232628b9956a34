#include "base/log_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"

namespace lockstep {
namespace {

constexpr std::string_view kCut = "...";
// Texts are not cut below this; a line of a hundred fields may be longer than it should.
constexpr std::size_t kShortestCut = 64;

// At most `limit` bytes and the three dots; no character is cut in two.
std::string Cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  std::size_t end = limit;
  while (end > 0 && limit - end < 4 && (text[end] & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)).append(kCut);
}

// The line that `make` makes of texts as long as they may be for it to hold `longest` bytes.
template <typename Make>
std::string Fitting(std::size_t longest, Make make) {
  std::size_t limit = longest;
  std::string line = make(limit);
  while (line.size() > longest && limit > kShortestCut) {
    limit /= 2;
    line = make(limit);
  }
  return line;
}

// Shows a value of any type; `show_text` is for those that are text.
template <typename ShowText>
std::string Show(const LogValue& value, ShowText show_text) {
  if (const auto* text = std::get_if<std::string>(&value)) return show_text(*text);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  return fmt::format("{}", std::get<double>(value));
}

bool NeedsQuotes(std::string_view text) {
  return text.empty() || text.find_first_of(" \"=\\") != std::string_view::npos;
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return Escaped(quoted) + '"';
}

// A value that had to be escaped is quoted, so that an escape is told from a backslash that was
// there.
std::string TextValue(std::string_view text) {
  if (NeedsQuotes(text)) return Quoted(text);
  std::string escaped = Escaped(text);
  return escaped == text ? escaped : Quoted(text);
}

std::string_view ColorOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "\x1b[2m";
    case LogLevel::kInfo:
      return "\x1b[32m";
    case LogLevel::kWarning:
      return "\x1b[33m";
    case LogLevel::kError:
      return "\x1b[1;31m";
  }
  return "";
}

std::string LevelText(LogLevel level, Coloring coloring) {
  if (coloring == Coloring::kPlain) return std::string(NameOf(level));
  return fmt::format("{}{}\x1b[0m", ColorOf(level), NameOf(level));
}

std::string MakeTextLine(const LogRecord& record, Coloring coloring, std::size_t limit) {
  std::string line =
      fmt::format("{} {} {} {}", ToIso8601(record.time), LevelText(record.kind.level, coloring),
                  record.kind.name, Escaped(Cut(record.message, limit)));
  for (const auto& [name, value] : record.fields) {
    line += fmt::format(" {}={}", name, Show(value, [limit](std::string_view text) {
                          return TextValue(Cut(text, limit));
                        }));
  }
  return line;
}

std::string ToIso8601WithMilliseconds(WallTime time) {
  using std::chrono::milliseconds;
  const auto since = std::chrono::floor<milliseconds>(time.time_since_epoch());
  std::string text = ToIso8601(time);
  text.pop_back();
  return text + fmt::format(".{:03}Z", since.count() % 1000);
}

std::string WithBrokenUtf8Shown(std::string_view text) {
  std::string shown;
  while (const auto broken = FirstInvalidUtf8(text)) {
    shown += text.substr(0, *broken);
    shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[*broken]));
    text.remove_prefix(*broken + 1);
  }
  return shown.append(text);
}

std::string JsonText(std::string_view text) {
  return json::serialize(json::string(WithBrokenUtf8Shown(text)));
}

// Not by Boost.JSON, which writes a quarter of a second as 2.5E-1.
std::string JsonValue(const LogValue& value, std::size_t limit) {
  const auto* number = std::get_if<double>(&value);
  if (number != nullptr && !std::isfinite(*number)) return "null";
  return Show(value, [limit](std::string_view text) { return JsonText(Cut(text, limit)); });
}

std::string MakeJsonLine(const LogRecord& record, std::size_t limit) {
  std::string line = fmt::format(R"({{"ts":"{}","level":"{}","event":{},"msg":{})",
                                 ToIso8601WithMilliseconds(record.time), NameOf(record.kind.level),
                                 JsonText(record.kind.name), JsonText(Cut(record.message, limit)));
  for (const auto& [name, value] : record.fields) {
    line += fmt::format(",{}:{}", JsonText(name), JsonValue(value, limit));
  }
  return line + "}";
}

// As syslog counts (RFC 5424).
std::string_view PriorityOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "7";
    case LogLevel::kInfo:
      return "6";
    case LogLevel::kWarning:
      return "4";
    case LogLevel::kError:
      return "3";
  }
  return "6";
}

// The journal takes A-Z, 0-9 and _, and drops a field whose name is longer than 64 bytes.
std::string JournalName(std::string_view name) {
  constexpr std::size_t kLongestName = 64;
  std::string journal_name = "LOCKSTEP_";
  for (const char c : name.substr(0, kLongestName - journal_name.size())) {
    const bool letter = c >= 'a' && c <= 'z';
    const bool allowed = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    journal_name += letter ? static_cast<char>(c - 'a' + 'A') : allowed ? c : '_';
  }
  return journal_name;
}

// The message is escaped, because journalctl shows it on terminals; the fields are for programs
// and keep their bytes.
JournalFields MakeJournalFields(const LogRecord& record, std::size_t limit) {
  JournalFields fields = {{"MESSAGE", Escaped(Cut(record.message, limit))},
                          {"PRIORITY", std::string(PriorityOf(record.kind.level))},
                          {"SYSLOG_IDENTIFIER", "lockstepd"},
                          {"LOCKSTEP_EVENT", std::string(record.kind.name)}};
  for (const auto& [name, value] : record.fields) {
    fields.emplace_back(JournalName(name),
                        Show(value, [limit](std::string_view text) { return Cut(text, limit); }));
  }
  return fields;
}

// With its length before it, eight bytes, the least first: such a value may hold anything.
std::string SizedField(const std::string& name, std::string_view value) {
  std::string field = name + "\n";
  for (int byte = 0; byte < 8; ++byte) {
    field += static_cast<char>((static_cast<std::uint64_t>(value.size()) >> (8 * byte)) & 0xFF);
  }
  return field.append(value).append("\n");
}

std::string MakeJournalEntry(const LogRecord& record, std::size_t limit) {
  std::string entry;
  for (const auto& [name, value] : MakeJournalFields(record, limit)) {
    entry += SizedField(name, value);
  }
  return entry;
}

}  // namespace

std::string TextLine(const LogRecord& record, Coloring coloring) {
  return Fitting(kLongestLogLine,
                 [&](std::size_t limit) { return MakeTextLine(record, coloring, limit); });
}

std::string JsonLine(const LogRecord& record) {
  return Fitting(kLongestLogLine, [&](std::size_t limit) { return MakeJsonLine(record, limit); });
}

JournalFields JournalFieldsOf(const LogRecord& record) {
  return MakeJournalFields(record, kLongestJournalField);
}

std::string JournalEntry(const LogRecord& record) {
  return Fitting(kLongestJournalEntry, [&](std::size_t limit) {
    return MakeJournalEntry(record, std::min(limit, kLongestJournalField));
  });
}

}  // namespace lockstep

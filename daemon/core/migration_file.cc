#include "core/migration_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "core/quoted.h"

namespace lockstep {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMostRevisionCharacters = 64;

// A value that cannot be used: what is wrong with it, and what would do.
struct Fault {
  std::string message;
  std::string hint;
};

using Verdict = std::optional<Fault>;

// What keeps `text` from being a revision, as the end of a sentence. A goal like "ae10-1" or "head"
// must never be a revision as well.
std::optional<std::string> WhyNotRevision(std::string_view text) {
  constexpr std::array<std::string_view, 5> kWords = {"head", "heads", "base", "current", "none"};
  if (text.empty()) return "it is empty";
  if (std::find(kWords.begin(), kWords.end(), text) != kWords.end()) {
    return "the word has a meaning of its own";
  }
  if (ByteOfCharacter(text, kMostRevisionCharacters) < text.size()) {
    return fmt::format("it is longer than {} characters", kMostRevisionCharacters);
  }
  if (text.find_first_of(" \t") != std::string_view::npos) return "it holds a blank";
  if (!IsPlain(text)) return "it holds a control character";
  const std::size_t sign = text.find_first_of("@+-:,");
  if (sign == std::string_view::npos) return std::nullopt;
  return fmt::format("\"{}\" in it has a meaning of its own", text[sign]);
}

Verdict CheckRevision(std::string_view text) {
  const auto reason = WhyNotRevision(text);
  if (!reason) return std::nullopt;
  return Fault{fmt::format("{} cannot be a revision: {}", Quoted(text), *reason),
               "use letters, digits, \"_\" and \".\""};
}

Verdict ReadRevision(std::string_view value, MigrationFile& file) {
  file.revision = value;
  return CheckRevision(value);
}

Verdict ReadParents(std::string_view value, MigrationFile& file) {
  file.parents = SplitTrimmed(value, ',');
  if (value == "none") {
    file.parents->clear();
    return std::nullopt;
  }
  for (const std::string& parent : *file.parents) {
    if (auto fault = CheckRevision(parent)) {
      fault->hint = "name the parents with commas between them, or \"none\" alone";
      return fault;
    }
  }
  return std::nullopt;
}

Verdict ReadDescription(std::string_view value, MigrationFile& file) {
  file.description = value;
  return std::nullopt;
}

Verdict ReadIrreversible(std::string_view value, MigrationFile& file) {
  file.irreversible = value;
  return std::nullopt;
}

Verdict ReadSwitch(std::string_view value, bool& into) {
  if (value != "on" && value != "off") {
    return Fault{fmt::format("{} is neither \"on\" nor \"off\"", Quoted(value)), ""};
  }
  into = value == "on";
  return std::nullopt;
}

Verdict ReadTransaction(std::string_view value, MigrationFile& file) {
  return ReadSwitch(value, file.script.transactional);
}

Verdict ReadVariables(std::string_view value, MigrationFile& file) {
  return ReadSwitch(value, file.script.variables);
}

constexpr std::array<std::string_view, 4> kCosts = {"rewrite", "scan", "build", "lock"};

// The table comes first and may hold blanks in quotes; the last word says what is wanted.
Verdict ReadAcknowledge(std::string_view value, MigrationFile& file) {
  const std::size_t blank = value.find_last_of(" \t");
  if (blank == std::string_view::npos) {
    return Fault{fmt::format("{} names no table with its cost", Quoted(value)),
                 "write the table and what is wanted, like \"orders rewrite\""};
  }
  const std::string_view what = value.substr(blank + 1);
  if (std::find(kCosts.begin(), kCosts.end(), what) == kCosts.end()) {
    return Fault{fmt::format("{} is not a cost that can be accepted", Quoted(what)),
                 "write rewrite, scan or build; or lock, which covers all of them"};
  }
  file.script.acknowledged.push_back(
      {std::string(Trim(value.substr(0, blank))), std::string(what)});
  return std::nullopt;
}

// Limits of the table locks share one table with the settings.
std::function<Verdict(std::string_view, MigrationFile&)> ReadLimit(const std::string& key) {
  return [key](std::string_view value, MigrationFile& file) -> Verdict {
    TableLockLimits scratch;
    const std::string problem = SetTableLockLimit(scratch, key, value);
    if (!problem.empty()) return Fault{fmt::format("{} {}", Quoted(key), problem), ""};
    file.script.limits.push_back({key, std::string(value)});
    return std::nullopt;
  };
}

struct Key {
  std::string name;
  std::function<Verdict(std::string_view value, MigrationFile& file)> read;
  int MigrationFile::*line = nullptr;  // remembers where the key stands
  bool repeatable = false;
};

std::vector<Key> MakeKeys() {
  std::vector<Key> keys = {
      {"revision", ReadRevision, &MigrationFile::revision_line},
      {"revises", ReadParents, &MigrationFile::revises_line},
      {"description", ReadDescription, &MigrationFile::description_line},
      {"irreversible", ReadIrreversible, &MigrationFile::irreversible_line},
      {"transaction", ReadTransaction},
      {"variables", ReadVariables},
      {"acknowledge", ReadAcknowledge, nullptr, true},
  };
  for (const std::string& key : TableLockKeys()) keys.push_back({key, ReadLimit(key)});
  return keys;
}

const std::vector<Key>& Keys() {
  static const std::vector<Key> keys = MakeKeys();
  return keys;
}

const Key* KeyNamed(std::string_view name) {
  const auto found = std::ranges::find(Keys(), name, &Key::name);
  return found == Keys().end() ? nullptr : &*found;
}

std::vector<std::string> KeyNames() {
  std::vector<std::string> names;
  for (const Key& key : Keys()) names.push_back(key.name);
  return names;
}

// Walks over the lines of a text; a line ends at CRLF, LF or CR, as a comment of PostgreSQL does.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : text_(text) {}

  bool Next() {
    if (next_ >= text_.size()) return false;
    const std::size_t end = std::min(text_.find_first_of("\r\n", next_), text_.size());
    line_ = text_.substr(next_, end - next_);
    next_ = end + (text_.substr(end).starts_with("\r\n") ? 2 : 1);
    ++number_;
    return true;
  }

  std::string_view line() const { return line_; }
  int number() const { return number_; }

 private:
  std::string_view text_;
  std::string_view line_;
  std::size_t next_ = 0;
  int number_ = 0;
};

// "-- key: value", cut up. Offsets are bytes in the line.
struct KeyLine {
  std::string_view key;
  std::string_view value;
  std::size_t key_offset = 0;
  std::size_t value_offset = 0;
};

// Nothing for prose: a key is in lower case and a blank follows its colon, so that "-- Note: ..."
// and "-- http://..." are prose.
std::optional<KeyLine> ParseKeyLine(std::string_view line) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz_";
  constexpr std::string_view kBlanks = " \t";
  const std::size_t key = std::min(line.find_first_not_of(kBlanks, 2), line.size());
  const std::size_t colon = line.find_first_not_of(kLetters, key);
  if (colon == std::string_view::npos || colon == key || line[colon] != ':') return std::nullopt;
  const std::string_view rest = line.substr(colon + 1);
  if (!rest.empty() && kBlanks.find(rest[0]) == std::string_view::npos) return std::nullopt;
  const std::size_t value = std::min(line.find_first_not_of(kBlanks, colon + 1), line.size());
  return KeyLine{line.substr(key, colon - key), Trim(line.substr(value)), key, value};
}

bool IsComment(std::string_view line) { return line.starts_with("--"); }

// Reads the comment lines at the top of one file, key by key.
class HeaderReader {
 public:
  HeaderReader(MigrationFile& file, Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics), lines_(file.script.text) {}

  void Read() {
    bool more = lines_.Next();
    while (more && Trim(lines_.line()).empty()) more = lines_.Next();
    for (; more && IsComment(lines_.line()); more = lines_.Next()) {
      if (const auto key_line = ParseKeyLine(lines_.line())) ReadKey(*key_line);
    }
    for (; more && IsCommentOrBlank(); more = lines_.Next()) WarnOfLateKey();
  }

 private:
  void ReadKey(const KeyLine& key_line) {
    const Key* key = KeyNamed(key_line.key);
    if (!key) return ReportUnknown(key_line);
    int& first_line = first_lines_[key->name];
    if (first_line > 0 && !key->repeatable) return ReportDuplicate(key_line, first_line);
    first_line = lines_.number();
    if (key->line) file_.*key->line = lines_.number();
    if (key_line.value.empty()) {
      const std::string message = fmt::format("{} has no value", Quoted(key_line.key));
      return Report("bad-value", key_line.value_offset, message, "");
    }
    const Verdict fault = key->read(key_line.value, file_);
    if (fault) Report("bad-value", key_line.value_offset, fault->message, fault->hint);
  }

  void ReportUnknown(const KeyLine& key_line) {
    const auto nearest = Nearest(key_line.key, KeyNames());
    Report("unknown-key", key_line.key_offset,
           fmt::format("unknown key {} in the header", Quoted(key_line.key)),
           nearest ? fmt::format("did you mean {}?", Quoted(*nearest))
                   : "for a remark, begin the line with a capital letter or put it below the "
                     "header's blank line");
  }

  void ReportDuplicate(const KeyLine& key_line, int first_line) {
    Report("duplicate-key", key_line.key_offset,
           fmt::format("{} is given a second time", Quoted(key_line.key)),
           fmt::format("it stands in line {} already; keep one of them", first_line));
  }

  bool IsCommentOrBlank() const { return IsComment(lines_.line()) || Trim(lines_.line()).empty(); }

  // A key below the header would be passed over in silence, and "transaction: off" with it.
  void WarnOfLateKey() {
    if (!IsComment(lines_.line())) return;
    const auto key_line = ParseKeyLine(lines_.line());
    if (!key_line || !KeyNamed(key_line->key)) return;
    Report("late-key", key_line->key_offset,
           fmt::format("{} stands below the header and does not count", Quoted(key_line->key)),
           "a blank line ended the header: move the key above it");
    diagnostics_.back().severity = Severity::kWarning;
  }

  void Report(std::string code, std::size_t offset, std::string message, std::string hint) {
    Diagnostic diagnostic;
    diagnostic.code = std::move(code);
    diagnostic.file = file_.script.file;
    diagnostic.line = lines_.number();
    diagnostic.column = PositionAt(lines_.line(), offset).column;
    diagnostic.message = std::move(message);
    diagnostic.hint = std::move(hint);
    diagnostic.source_line = lines_.line();
    diagnostics_.push_back(std::move(diagnostic));
  }

  MigrationFile& file_;
  Diagnostics& diagnostics_;
  LineReader lines_;
  std::map<std::string, int> first_lines_;  // where each key stood first
};

Diagnostic AtByte(const std::string& path, std::string_view bytes, std::size_t offset) {
  const TextPosition position = PositionAt(bytes, offset);
  Diagnostic diagnostic;
  diagnostic.file = path;
  diagnostic.line = position.line;
  diagnostic.column = position.column;
  diagnostic.source_line = position.source_line;
  return diagnostic;
}

void CheckBytes(const std::string& path, std::string_view bytes, Diagnostics& diagnostics) {
  if (const auto offset = FirstInvalidUtf8(bytes)) {
    Diagnostic diagnostic = AtByte(path, bytes, *offset);
    const auto value = static_cast<unsigned char>(bytes[*offset]);
    const bool utf16 = bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF");
    diagnostic.code = "not-utf8";
    diagnostic.message = fmt::format("byte 0x{:02x} at offset {} is not UTF-8", value, *offset);
    diagnostic.hint = utf16 ? "the file is UTF-16: save it as UTF-8" : "save the file as UTF-8";
    diagnostics.push_back(std::move(diagnostic));
    return;
  }
  const std::size_t nul = bytes.find('\0');
  if (nul == std::string_view::npos) return;
  Diagnostic diagnostic = AtByte(path, bytes, nul);
  diagnostic.code = "nul-byte";
  diagnostic.message = fmt::format("byte 0x00 at offset {}: PostgreSQL takes no NUL in SQL", nul);
  diagnostic.hint = "remove it; in a string of type bytea, write it as '\\x00'";
  diagnostics.push_back(std::move(diagnostic));
}

// The revision that the name gives, when the header names none; an up file's only, since a pair
// shares its name.
void CheckRevisionOfName(const MigrationFile& file, Diagnostics& diagnostics) {
  if (file.revision || file.name.half == Half::kDown) return;
  const auto fault = CheckRevision(file.name.revision);
  if (!fault) return;
  Diagnostic diagnostic;
  diagnostic.code = "bad-value";
  diagnostic.file = file.script.file;
  diagnostic.message = "the file's name gives no revision: " + fault->message;
  diagnostic.hint = "name the revision in the header, like \"-- revision: 0007\"";
  diagnostics.push_back(std::move(diagnostic));
}

}  // namespace

std::optional<MigrationFileName> ParseFileName(std::string_view name) {
  constexpr std::string_view kUpEnd = ".up.sql";
  constexpr std::string_view kDownEnd = ".down.sql";
  const bool up = name.ends_with(kUpEnd);
  if (!up && !name.ends_with(kDownEnd)) return std::nullopt;
  const std::string_view stem = name.substr(0, name.size() - (up ? kUpEnd : kDownEnd).size());
  if (stem.empty()) return std::nullopt;
  return MigrationFileName{std::string(stem), std::string(stem.substr(0, stem.find_first_of("_."))),
                           up ? Half::kUp : Half::kDown};
}

MigrationFile ParseMigrationFile(const MigrationFileName& name, std::string path, std::string bytes,
                                 Diagnostics& diagnostics) {
  CheckBytes(path, bytes, diagnostics);
  MigrationFile file;
  file.name = name;
  file.script.file = std::move(path);
  file.script.checksum = Sha256OfText(bytes);
  if (bytes.starts_with(kByteOrderMark)) bytes.erase(0, kByteOrderMark.size());
  file.script.text = std::move(bytes);
  HeaderReader(file, diagnostics).Read();
  CheckRevisionOfName(file, diagnostics);
  return file;
}

Script ParseStoredScript(std::string path, std::string text) {
  // What was applied was free of faults then; a key that this release does not know must not keep
  // an old migration from being rolled back.
  Diagnostics unused;
  const MigrationFileName name{"", "", Half::kDown};
  return ParseMigrationFile(name, std::move(path), std::move(text), unused).script;
}

}  // namespace lockstep

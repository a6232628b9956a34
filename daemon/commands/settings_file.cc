#include "commands/settings_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/text.h"

namespace lockstep {
namespace {

// ---- The bytes -------------------------------------------------------------------------------

[[noreturn]] void RefuseFile(const std::string& path, const std::string& what,
                             const std::string& hint) {
  throw Error(ErrorCode::kFileRead, "the configuration file \"" + path + "\" " + what, hint);
}

[[noreturn]] void CannotRead(const std::string& path) {
  throw Error(ErrorCode::kFileRead, "cannot read the configuration file \"" + path + "\"",
              "check its name and its permissions");
}

// A pipe would have nothing left to say when the settings are read again.
void RequireFile(const Descriptor& file, const std::string& path) {
  struct stat status {};
  if (!file.open() || fstat(file.get(), &status) != 0) CannotRead(path);
  if (S_ISDIR(status.st_mode)) RefuseFile(path, "is a folder", "name a file in it");
  if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) {
    RefuseFile(path, "is a pipe or a socket", "it is read more than once: name a file");
  }
}

std::string ReadAtMost(const Descriptor& file, const std::string& path) {
  std::string text;
  std::array<char, 16384> buffer{};
  while (text.size() <= kMaxSettingsBytes) {
    const ssize_t size = read(file.get(), buffer.data(), buffer.size());
    if (size == 0) return text;
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) CannotRead(path);
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  RefuseFile(path, "is larger than 1 MiB", "is it the right file?");
}

std::string PlaceIn(const std::string& path, long line, long column) {
  return path + ":" + std::to_string(line) + ":" + std::to_string(column);
}

void RequireText(const std::string& path, const std::string& text) {
  const std::size_t broken =
      std::min(text.find('\0'), FirstInvalidUtf8(text).value_or(std::string::npos));
  if (broken == std::string::npos) return;
  const TextPosition at = PositionAt(text, broken);
  throw Error(ErrorCode::kBadSettings,
              PlaceIn(path, at.line, at.column) + ": this is not text in UTF-8",
              "is it the right file?");
}

std::string ReadText(const std::string& path) {
  // O_NONBLOCK: a FIFO in the file's place must not hold us up.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  RequireFile(file, path);
  std::string text = ReadAtMost(file, path);
  RequireText(path, text);
  return text;
}

// ---- TOML ------------------------------------------------------------------------------------

// The library destroys a.b.c... by recursion, without a limit of its own: 20,000 parts end the
// program. Our deepest key has four, and a key does not go over a line's end.
void RequireShallow(const std::string& path, const std::string& text) {
  constexpr int kMostDots = 256;
  int line = 1;
  int dots = 0;
  for (const char c : text) {
    if (c == '.') ++dots;
    if (c == '\n') ++line;
    if (c == '\n') dots = 0;
    if (dots <= kMostDots) continue;
    throw Error(ErrorCode::kBadSettings,
                PlaceIn(path, line, 1) + ": there are more than 256 \".\" in this line",
                "a setting is written as key = \"value\"");
  }
}

toml::table ParseToml(const std::string& path, const std::string& text) {
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    // Its description may quote what stands in the line.
    const toml::source_position& at = error.source().begin;
    const bool twice = error.description().find("redefine") != std::string_view::npos;
    throw Error(ErrorCode::kBadSettings,
                PlaceIn(path, at.line, at.column) +
                    (twice ? ": this key stands here for the second time" : ": this is not TOML"),
                twice ? "one of the two has to go" : "a setting is written as key = \"value\"");
  }
}

StatedValue ListIn(const toml::array& array) {
  StatedValue value{.kind = StatedValue::Kind::kList, .text = {}, .list = {}};
  for (const toml::node& node : array) {
    if (!node.is_string()) return {.kind = StatedValue::Kind::kOther, .text = {}, .list = {}};
    value.list.push_back(node.as_string()->get());
  }
  return value;
}

StatedValue ValueIn(const toml::node& node) {
  using Kind = StatedValue::Kind;
  if (const auto* text = node.as_string()) return {Kind::kText, text->get(), {}};
  if (const auto* number = node.as_integer()) {
    return {Kind::kNumber, std::to_string(number->get()), {}};
  }
  if (const auto* boolean = node.as_boolean()) {
    return {Kind::kSwitch, boolean->get() ? "on" : "off", {}};
  }
  if (const auto* array = node.as_array()) return ListIn(*array);
  return {node.is_table() ? Kind::kTable : Kind::kOther, {}, {}};
}

// Walks through the tables and remembers what it meets, with its place.
class Walk {
 public:
  explicit Walk(std::string path) : path_(std::move(path)) {}

  void Through(const toml::table& table, const std::string& section, const std::string& prefix,
               int depth) {
    // What lies deeper is below a key that is none.
    constexpr int kDeepest = 4;
    if (depth > kDeepest) return;
    for (const auto& [key, node] : table) {
      const bool targets = section.empty() && prefix.empty() && key.str() == "target";
      if (targets && node.is_table()) {
        ThroughTargets(*node.as_table());
        continue;
      }
      const std::string spelled = prefix + TomlKey(key.str());
      Meet(section, spelled, key, node);
      if (node.is_table()) Through(*node.as_table(), section, spelled + ".", depth + 1);
    }
  }

  // In the order of the file; the library's tables are in that of the alphabet.
  std::vector<StatedSetting> Met() && {
    std::ranges::stable_sort(met_, [](const Found& a, const Found& b) {
      return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
    });
    std::vector<StatedSetting> stated;
    for (Found& found : met_) stated.push_back(std::move(found.stated));
    return stated;
  }

 private:
  struct Found {
    StatedSetting stated;
    toml::source_position place;
  };

  void ThroughTargets(const toml::table& targets) {
    for (const auto& [key, node] : targets) {
      const std::string name(key.str());
      if (!node.is_table() || name.empty()) {
        Meet("", "target." + TomlKey(name), key, node);
        continue;
      }
      Meet(name, "", key, node);
      Through(*node.as_table(), name, "", 1);
    }
  }

  void Meet(const std::string& section, const std::string& spelled, const toml::key& key,
            const toml::node& node) {
    const toml::source_position& at = key.source().begin;
    const toml::source_position& value_at = node.source().begin;
    met_.push_back({{.section = section,
                     .key = spelled,
                     .name = std::string(key.str()),
                     .value = ValueIn(node),
                     .origin = path_ + ":" + std::to_string(at.line),
                     .key_place = PlaceIn(path_, at.line, at.column),
                     .value_place = PlaceIn(path_, value_at.line, value_at.column)},
                    at});
  }

  std::string path_;
  std::vector<Found> met_;
};

}  // namespace

std::vector<StatedSetting> ReadSettingsFile(const std::string& path) {
  const std::string text = ReadText(path);
  RequireShallow(path, text);
  Walk walk(path);
  walk.Through(ParseToml(path, text), "", "", 1);
  return std::move(walk).Met();
}

}  // namespace lockstep

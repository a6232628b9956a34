#include "commands/setting_kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/text.h"
#include "core/duration.h"
#include "core/goal.h"
#include "postgres/connection_text.h"

namespace lockstep {
namespace {

using Problem = std::string;

constexpr Duration kNoLimit = Duration::max();
constexpr Duration kYear = std::chrono::hours(24 * 365);

std::optional<long> WholeNumber(std::string_view text, int base = 10) {
  long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

Problem ReadText(std::string& field, const std::string& text) {
  if (text.empty()) return "must not be empty";
  field = text;
  return "";
}

std::string TellText(const std::string& text) { return text.empty() ? "" : TomlText(text); }

// A kind of text that has to fulfil something.
template <class Check>
SettingKind<std::string> CheckedText(Check check) {
  return {ValueShape::kText,
          [check](std::string& field, const StatedValue& said) -> Problem {
            if (Problem problem = check(said.text); !problem.empty()) return problem;
            return ReadText(field, said.text);
          },
          TellText};
}

Problem ReadDuration(Duration& field, const std::string& text, Duration most) {
  const std::optional<Duration> duration = ParseDuration(text);
  if (!duration) return "must be a time with its unit, such as \"2s\" or \"30min\"";
  if (*duration > most) return "must be at most 365d";
  field = *duration;
  return "";
}

// 0 would mean to PostgreSQL "wait for ever".
Problem ReadLimit(Duration& field, const std::string& text, Duration most) {
  Duration limit{};
  if (Problem problem = ReadDuration(limit, text, most); !problem.empty()) return problem;
  if (limit <= Duration::zero()) return "must be longer than 0";
  field = limit;
  return "";
}

std::string TellDuration(const Duration& duration) { return TomlText(ToSetting(duration)); }

using ReadsDuration = Problem (*)(Duration&, const std::string&, Duration);

SettingKind<Duration> Time(ReadsDuration read, Duration most) {
  return {ValueShape::kText,
          [read, most](Duration& field, const StatedValue& said) {
            return read(field, said.text, most);
          },
          TellDuration};
}

SettingKind<std::optional<Duration>> TimeOr(std::string_view word, ReadsDuration read,
                                            Duration most) {
  const std::string none(word);
  return {ValueShape::kText,
          [=](std::optional<Duration>& field, const StatedValue& said) -> Problem {
            Duration time{};
            const bool named = said.text == none;
            if (!named && !read(time, said.text, most).empty()) {
              return "must be a time such as \"60s\", or \"" + none + "\"";
            }
            field = named ? std::nullopt : std::optional(time);
            return "";
          },
          [none](const std::optional<Duration>& field) {
            return field ? TellDuration(*field) : TomlText(none);
          }};
}

Problem CheckAlembicTable(const std::string& text) {
  const std::vector<std::string> parts = SplitTrimmed(text, '.');
  const bool two_names = parts.size() == 2 && !parts[0].empty() && !parts[1].empty();
  return two_names ? "" : "must be SCHEMA.TABLE, such as \"public.alembic_version\"";
}

// "[::1]" or what a name or an IPv4 address may have.
bool IsHost(std::string_view host) {
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  const std::string_view signs = bracketed ? "0123456789abcdefABCDEF:.%[]"
                                           : "0123456789abcdefghijklmnopqrstuvwxyz"
                                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._";
  return !host.empty() && host.find_first_not_of(signs) == std::string_view::npos;
}

Problem CheckListen(const std::string& text) {
  if (text == "off") return "";
  constexpr long kMostPort = 65535;
  const std::size_t colon = text.rfind(':');
  const bool both = colon != std::string::npos && IsHost(text.substr(0, colon));
  const auto port = both ? WholeNumber(text.substr(colon + 1)) : std::nullopt;
  const bool good = port && *port <= kMostPort;
  return good ? "" : "must be HOST:PORT, such as \"127.0.0.1:8432\" or \"[::1]:8432\", or \"off\"";
}

// sun_path is 108 bytes long, the NUL at its end among them.
Problem CheckSocketPath(const std::string& text) {
  constexpr std::size_t kMost = 107;
  return text.size() <= kMost ? "" : "must be a path of at most 107 bytes: the system's limit";
}

Problem CheckGoal(const std::string& text) {
  const auto parsed = ParseGoal(text);
  const Goal* goal = std::get_if<Goal>(&parsed);
  const bool down = goal != nullptr && (goal->anchor == Goal::Anchor::kBase ||
                                        (goal->anchor == Goal::Anchor::kCurrent));
  if (goal != nullptr && !down) return "";
  return "must be \"heads\", \"head\" or a revision: what the agent goes up to by itself";
}

Problem ReadNames(std::vector<std::string>& field, const StatedValue& said) {
  const bool list = said.kind == StatedValue::Kind::kList;
  std::vector<std::string> names = list ? said.list : SplitTrimmed(said.text, ',');
  if (std::ranges::any_of(names, &std::string::empty)) {
    return "must be names with commas between them";
  }
  field = std::move(names);
  return "";
}

Problem ReadCommandLine(std::vector<std::string>& field, const StatedValue& said) {
  if (said.list.empty()) return "must be a list of strings";
  field = said.list;
  return "";
}

// Arguments may hold a URL.
std::string TellCommandLine(const std::vector<std::string>& words) {
  if (words.empty()) return "";
  std::vector<std::string> told;
  for (const std::string& word : words) told.push_back(RedactSecrets(word));
  return TomlList(told);
}

Problem ReadUrl(std::optional<ConnectionUrl>& field, const StatedValue& said) {
  field = ConnectionUrl::Parse(said.text);
  return "";
}

// Between blanks, since a URL may hold commas.
Problem ReadUrls(std::vector<ConnectionUrl>& field, const StatedValue& said) {
  std::vector<ConnectionUrl> urls;
  std::istringstream words(said.text);
  for (std::string word; words >> word;) urls.push_back(ConnectionUrl::Parse(word));
  if (urls.empty()) return "must be URLs with blanks between them";
  field = std::move(urls);
  return "";
}

// Keywords that ConnectionUrl::Redacted has told already, or that may be or hold a secret.
bool IsToldOrSecret(const ConnectionUrl& url, const std::string& keyword) {
  if (keyword == "hostaddr") return url.Get("host").empty();
  return keyword == "host" || keyword == "port" || keyword == "user" || keyword == "dbname" ||
         keyword == "options" || keyword.find("password") != std::string::npos;
}

std::string InUrl(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    escaped += plain ? std::string(1, c) : PercentEncoded(c);
  }
  return escaped;
}

std::string WithoutSecrets(const ConnectionUrl& url) {
  std::string text = url.Redacted();
  for (const auto& [keyword, value] : url.options()) {
    if (value.empty() || IsToldOrSecret(url, keyword)) continue;
    text += (text.find('?') == std::string::npos ? '?' : '&') + keyword + '=' + InUrl(value);
  }
  return text;
}

std::string TellUrls(const std::vector<ConnectionUrl>& urls) {
  std::vector<std::string> told;
  for (const ConnectionUrl& url : urls) told.push_back(WithoutSecrets(url));
  return TellText(Join(told, " "));
}

}  // namespace

SettingKind<std::string> AnyText() {
  return CheckedText([](const std::string&) { return Problem(); });
}
SettingKind<std::string> AlembicTable() { return CheckedText(CheckAlembicTable); }
SettingKind<std::string> ListenAddress() { return CheckedText(CheckListen); }
SettingKind<std::string> SocketPath() { return CheckedText(CheckSocketPath); }
SettingKind<std::string> UpwardGoal() { return CheckedText(CheckGoal); }

SettingKind<bool> Switch() {
  SettingKind<bool> kind = Word<bool>({{"on", true}, {"off", false}});
  kind.shape = ValueShape::kSwitch;
  return kind;
}

SettingKind<unsigned> FileMode() {
  return {ValueShape::kExact,
          [](unsigned& field, const StatedValue& said) -> Problem {
            constexpr long kMost = 0777;
            const auto mode = WholeNumber(said.text, 8);
            const bool digits = said.text.size() == 3 || said.text.size() == 4;
            if (!mode || !digits || *mode > kMost) return "must be a mode such as \"0660\"";
            field = static_cast<unsigned>(*mode);
            return "";
          },
          [](const unsigned& mode) { return TomlText(fmt::format("{:04o}", mode)); }};
}

SettingKind<std::vector<std::string>> Names() { return {ValueShape::kNames, ReadNames, TomlList}; }

SettingKind<std::vector<std::string>> CommandLine() {
  return {ValueShape::kWords, ReadCommandLine, TellCommandLine};
}

SettingKind<int> Number(int least, int most, std::string problem) {
  return {ValueShape::kText,
          [=](int& field, const StatedValue& said) -> Problem {
            const auto number = WholeNumber(said.text);
            if (!number || *number < least || *number > most) return problem;
            field = static_cast<int>(*number);
            return "";
          },
          [](const int& number) { return std::to_string(number); }};
}

SettingKind<Duration> LongerThanZero() { return Time(ReadLimit, kNoLimit); }
SettingKind<Duration> Pause() { return Time(ReadDuration, kYear); }
SettingKind<Duration> PauseLongerThanZero() { return Time(ReadLimit, kYear); }

SettingKind<std::optional<Duration>> PauseOr(std::string_view word) {
  return TimeOr(word, ReadLimit, kYear);
}

SettingKind<std::optional<Duration>> WaitOr(std::string_view word) {
  return TimeOr(word, ReadDuration, kNoLimit);
}

SettingKind<std::chrono::milliseconds> RoundedUp() {
  return {ValueShape::kText,
          [](std::chrono::milliseconds& field, const StatedValue& said) -> Problem {
            Duration time{};
            if (Problem problem = ReadLimit(time, said.text, kNoLimit); !problem.empty()) {
              return problem;
            }
            field = std::chrono::ceil<std::chrono::milliseconds>(time);
            return "";
          },
          [](const std::chrono::milliseconds& time) { return TellDuration(time); }};
}

SettingKind<std::optional<ConnectionUrl>> Url() {
  return {ValueShape::kText, ReadUrl, [](const std::optional<ConnectionUrl>& url) {
            return url ? TomlText(WithoutSecrets(*url)) : std::string();
          }};
}

SettingKind<std::vector<ConnectionUrl>> Urls() { return {ValueShape::kText, ReadUrls, TellUrls}; }

std::string OneOf(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += '"' + words[i] + '"';
  }
  return text;
}

}  // namespace lockstep

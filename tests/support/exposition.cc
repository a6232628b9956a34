#include "support/exposition.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>
#include <stdexcept>

namespace lockstep {
namespace {

bool IsNameCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == ':';
}

// Reads one line from the left.
class LineReader {
 public:
  explicit LineReader(const std::string& line) : line_(line), left_(line) {}

  [[noreturn]] void Fail(const std::string& why) const {
    throw std::runtime_error(why + ": " + line_);
  }
  bool Take(std::string_view text) {
    if (!left_.starts_with(text)) return false;
    left_.remove_prefix(text.size());
    return true;
  }
  void Expect(std::string_view text) {
    if (!Take(text)) Fail("'" + std::string(text) + "' expected before '" + Rest() + "'");
  }
  std::string Name() {
    const auto end = std::find_if_not(left_.begin(), left_.end(), IsNameCharacter);
    std::string name(left_.begin(), end);
    if (name.empty()) Fail("a name expected before '" + Rest() + "'");
    left_.remove_prefix(name.size());
    return name;
  }
  std::string Quoted() {
    Expect("\"");
    std::string value;
    while (!Take("\"")) {
      if (left_.empty()) Fail("a label's value does not end");
      value += Character();
    }
    return value;
  }
  std::string Rest() const { return std::string(left_); }

 private:
  char Character() {
    if (Take("\\n")) return '\n';
    if (Take("\\\\")) return '\\';
    if (Take("\\\"")) return '"';
    const char c = left_.front();
    if (c == '\\') Fail("an unknown escape");
    left_.remove_prefix(1);
    return c;
  }

  const std::string& line_;
  std::string_view left_;
};

SeriesRead ReadSeries(LineReader& line) {
  SeriesRead series{.name = line.Name()};
  if (!line.Take("{")) return series;
  while (!line.Take("}")) {
    const std::string label = line.Name();
    line.Expect("=");
    if (!series.labels.emplace(label, line.Quoted()).second) line.Fail("a label twice");
    line.Take(",");
  }
  return series;
}

double ReadValue(LineReader& line) {
  line.Expect(" ");
  std::size_t length = 0;
  const std::string text = line.Rest();
  const double value = std::stod(text, &length);
  if (length != text.size()) line.Fail("more than a value");
  return value;
}

bool Belongs(const std::string& sample, const MetricFamilyRead& family) {
  if (family.type != "histogram") return sample == family.name;
  return sample == family.name + "_bucket" || sample == family.name + "_sum" ||
         sample == family.name + "_count";
}

class Parser {
 public:
  void Line(const std::string& text) {
    LineReader line(text);
    if (line.Take("# HELP ")) return Help(line);
    if (line.Take("# TYPE ")) return Type(line);
    Sample(line);
  }
  Exposition Result() { return std::move(result_); }

 private:
  void Help(LineReader& line) {
    const std::string name = line.Name();
    if (!names_.insert(name).second) line.Fail("a family twice");
    line.Expect(" ");
    result_.families.push_back({.name = name, .type = {}, .help = line.Rest(), .labels = {}});
  }
  void Type(LineReader& line) {
    const std::string name = line.Name();
    if (result_.families.empty() || result_.families.back().name != name) {
      line.Fail("a type without its help");
    }
    line.Expect(" ");
    result_.families.back().type = line.Rest();
  }
  void Sample(LineReader& line) {
    const SeriesRead series = ReadSeries(line);
    if (result_.families.empty() || !Belongs(series.name, result_.families.back())) {
      line.Fail("a sample of another family");
    }
    for (const auto& [label, value] : series.labels) {
      if (label != "le") result_.families.back().labels[label].insert(value);
    }
    if (!result_.values.emplace(series, ReadValue(line)).second) line.Fail("a series twice");
  }

  Exposition result_;
  std::set<std::string> names_;
};

std::string Escaped(const std::string& value) {
  std::string escaped;
  for (const char c : value) {
    if (c == '\n') {
      escaped += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::map<SeriesRead, double> Changed(const Exposition& before, const Exposition& after) {
  std::map<SeriesRead, double> changed = after.values;
  for (const auto& [series, value] : before.values) changed[series] -= value;
  std::erase_if(changed, [](const auto& item) { return item.second == 0; });
  return changed;
}

}  // namespace

std::string ToText(const SeriesRead& series) {
  std::string labels;
  for (const auto& [name, value] : series.labels) {
    if (!labels.empty()) labels += ',';
    labels.append(name).append("=\"").append(Escaped(value)).append("\"");
  }
  return labels.empty() ? series.name : series.name + '{' + labels + '}';
}

Exposition ParseExposition(std::string_view text) {
  if (!text.empty() && text.back() != '\n') throw std::runtime_error("the last line does not end");
  Parser parser;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) parser.Line(line);
  return parser.Result();
}

MetricChanges ChangesBetween(const Exposition& before, const Exposition& after) {
  MetricChanges changes;
  for (const auto& [series, change] : Changed(before, after)) changes[ToText(series)] = change;
  return changes;
}

MetricChanges ChangesOf(const std::string& target, const Exposition& before,
                        const Exposition& after) {
  MetricChanges changes;
  for (const auto& [changed, change] : Changed(before, after)) {
    SeriesRead series = changed;
    const auto label = series.labels.find("target");
    if ((label == series.labels.end() ? "" : label->second) != target) continue;
    if (series.name.ends_with("_bucket") || series.name.ends_with("_sum")) continue;
    series.labels.erase("target");
    changes[ToText(series)] = change;
  }
  return changes;
}

}  // namespace lockstep

// What /metrics answers, read back: tests of what is counted compare two of them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep {

struct MetricFamilyRead {
  std::string name;
  std::string type;  // "counter"
  std::string help;
  std::map<std::string, std::set<std::string>> labels;  // and all their values; without "le"
};

// One sample's name and labels, its values as they were before they were escaped.
struct SeriesRead {
  std::string name;
  std::map<std::string, std::string> labels;

  auto operator<=>(const SeriesRead&) const = default;
};

// name{a="x",b="y"}: the labels by name; for messages, and to name series in tests.
std::string ToText(const SeriesRead& series);

struct Exposition {
  std::vector<MetricFamilyRead> families;  // in the order of the text
  std::map<SeriesRead, double> values;
};

// The text format 0.0.4, strictly: HELP and TYPE before a family's samples, which are together; no
// series twice. Throws std::runtime_error with the line.
Exposition ParseExposition(std::string_view text);

// By ToText of the series, how much each has changed; those that have not are left out, one that is
// missing counts as 0.
using MetricChanges = std::map<std::string, double>;
MetricChanges ChangesBetween(const Exposition& before, const Exposition& after);

// The changes of one target's series (or of those without a target, for ""), named without that
// label; of a histogram only its _count.
MetricChanges ChangesOf(const std::string& target, const Exposition& before,
                        const Exposition& after);

}  // namespace lockstep

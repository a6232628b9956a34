// docs/metrics.md and the exposition tell of the same metrics.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "agent/metrics.h"
#include "base/text.h"
#include "support/exposition.h"

namespace lockstep {
namespace {

struct Row {
  std::string type;
  std::set<std::string> labels;
  std::string meaning;
};

// The rows of the page's tables, by name: | `name` | type | label, label | meaning |.
std::map<std::string, Row> RowsOfThePage() {
  std::map<std::string, Row> rows;
  std::ifstream page(std::filesystem::path(LOCKSTEP_SOURCE_DIR) / "docs/metrics.md");
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `")) continue;
    const std::vector<std::string> cells = SplitTrimmed(line.substr(1), '|');
    const std::string name = cells.at(0).substr(1, cells.at(0).size() - 2);
    const auto labels = SplitTrimmed(cells.at(2), ',');
    const Row row{cells.at(1), {labels.begin(), labels.end()}, cells.at(3)};
    EXPECT_TRUE(rows.emplace(name, row).second) << name << " twice";
  }
  return rows;
}

std::vector<MetricFamilyRead> Families() {
  const SystemClock clock;
  Metrics metrics(clock, [] { return LogCounts{}; });
  metrics.ForTarget("shop");
  return ParseExposition(metrics.Exposition()).families;
}

// "counter: result, target".
std::string InWords(const std::string& type, const std::set<std::string>& labels) {
  return type + ": " + Join({labels.begin(), labels.end()}, ", ");
}

TEST(MetricsPageTest, ListsEachMetricWithItsTypeAndLabelsAndNoOther) {
  std::map<std::string, std::string> on_page, exported;
  for (const auto& [name, row] : RowsOfThePage()) on_page[name] = InWords(row.type, row.labels);
  for (const MetricFamilyRead& family : Families()) {
    std::set<std::string> labels;
    for (const auto& [label, values] : family.labels) labels.insert(label);
    exported[family.name] = InWords(family.type, labels);
  }
  EXPECT_EQ(on_page, exported);
}

// A value that is not explained is of no use.
TEST(MetricsPageTest, NamesEachValueOfALabel) {
  const std::set<std::string> explained_elsewhere = {"target", "version", "handler",
                                                     "code",   "pool",    "sqlstate_class"};
  auto rows = RowsOfThePage();
  for (const MetricFamilyRead& family : Families()) {
    for (const auto& [label, values] : family.labels) {
      if (explained_elsewhere.contains(label)) continue;
      for (const std::string& value : values) {
        EXPECT_NE(rows[family.name].meaning.find('`' + value + '`'), std::string::npos)
            << family.name << ": " << label << "=" << value;
      }
    }
  }
}

}  // namespace
}  // namespace lockstep

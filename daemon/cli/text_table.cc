#include "cli/text_table.h"

#include <algorithm>
#include <cstddef>

#include "base/text.h"

namespace lockstep {
namespace {

using Row = std::vector<Cell>;

std::vector<int> WidthsOf(const std::vector<Row>& rows) {
  std::vector<int> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(Escaped(row[i].text)));
    }
  }
  return widths;
}

std::string LineOf(const Row& row, const std::vector<int>& widths, const Paint& paint) {
  std::string line;
  int gap = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (widths[i] == 0) continue;
    const std::string text = Escaped(row[i].text);
    const int width = DisplayWidth(text);
    if (width > 0) {
      line.append(static_cast<std::size_t>(gap), ' ');
      line += paint(row[i].tone, text);
      gap = 0;
    }
    gap += widths[i] - width + 2;
  }
  return line + "\n";
}

}  // namespace

std::string TextTable::Text() const {
  const auto widths = WidthsOf(rows_);
  std::string text;
  for (const auto& row : rows_) text += LineOf(row, widths, paint_);
  return text;
}

}  // namespace lockstep

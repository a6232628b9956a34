#include "commands/text_difference.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace lockstep {
namespace {

using Lines = std::vector<std::string_view>;

constexpr std::size_t kContext = 3;

Lines LinesOf(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

struct Edit {
  char mark = ' ';  // ' ', '-' or '+'
  std::string_view line;
};

void Append(std::vector<Edit>& edits, char mark, const Lines& lines, std::size_t from,
            std::size_t to) {
  for (std::size_t i = from; i < to; ++i) edits.push_back({mark, lines[i]});
}

// The part of both texts between their common start and their common end.
struct Middle {
  std::size_t start = 0, before_end = 0, after_end = 0;
};

Middle FindMiddle(const Lines& before, const Lines& after) {
  Middle middle{0, before.size(), after.size()};
  while (middle.start < std::min(before.size(), after.size()) &&
         before[middle.start] == after[middle.start]) {
    ++middle.start;
  }
  while (middle.before_end > middle.start && middle.after_end > middle.start &&
         before[middle.before_end - 1] == after[middle.after_end - 1]) {
    --middle.before_end;
    --middle.after_end;
  }
  return middle;
}

// Lengths of the longest common subsequences of the rests, row by row.
class CommonLengths {
 public:
  CommonLengths(const Lines& before, const Lines& after, const Middle& middle)
      : start_(middle.start),
        width_(middle.after_end - middle.start + 1),
        cells_((middle.before_end - middle.start + 1) * width_) {
    for (std::size_t i = middle.before_end; i-- > start_;) {
      for (std::size_t j = middle.after_end; j-- > start_;) {
        Cell(i, j) = before[i] == after[j] ? Cell(i + 1, j + 1) + 1
                                           : std::max(Cell(i + 1, j), Cell(i, j + 1));
      }
    }
  }

  std::uint32_t& Cell(std::size_t i, std::size_t j) {
    return cells_[(i - start_) * width_ + (j - start_)];
  }

 private:
  std::size_t start_, width_;
  std::vector<std::uint32_t> cells_;
};

void AppendMiddle(std::vector<Edit>& edits, const Lines& before, const Lines& after,
                  const Middle& middle) {
  CommonLengths lengths(before, after, middle);
  std::size_t i = middle.start, j = middle.start;
  while (i < middle.before_end && j < middle.after_end) {
    if (before[i] == after[j]) {
      edits.push_back({' ', before[i]});
      ++i, ++j;
    } else if (lengths.Cell(i + 1, j) >= lengths.Cell(i, j + 1)) {
      edits.push_back({'-', before[i++]});
    } else {
      edits.push_back({'+', after[j++]});
    }
  }
  Append(edits, '-', before, i, middle.before_end);
  Append(edits, '+', after, j, middle.after_end);
}

std::vector<Edit> EditsBetween(const Lines& before, const Lines& after) {
  const Middle middle = FindMiddle(before, after);
  const std::size_t rows = middle.before_end - middle.start + 1;
  const std::size_t columns = middle.after_end - middle.start + 1;
  std::vector<Edit> edits;
  Append(edits, ' ', before, 0, middle.start);
  if (rows > kMostCells / columns) {
    Append(edits, '-', before, middle.start, middle.before_end);
    Append(edits, '+', after, middle.start, middle.after_end);
  } else {
    AppendMiddle(edits, before, after, middle);
  }
  Append(edits, ' ', before, middle.before_end, before.size());
  return edits;
}

// Which edits are shown: the changes and kContext lines around each.
std::vector<bool> Shown(const std::vector<Edit>& edits) {
  std::vector<bool> shown(edits.size(), false);
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (edits[i].mark == ' ') continue;
    const std::size_t from = i < kContext ? 0 : i - kContext;
    const std::size_t to = std::min(i + kContext + 1, edits.size());
    std::fill(shown.begin() + static_cast<std::ptrdiff_t>(from),
              shown.begin() + static_cast<std::ptrdiff_t>(to), true);
  }
  return shown;
}

std::string HunkHead(std::size_t before_line, std::size_t before_count, std::size_t after_line,
                     std::size_t after_count) {
  const auto range = [](std::size_t line, std::size_t count) {
    return std::to_string(count == 0 ? line - 1 : line) + "," + std::to_string(count);
  };
  return "@@ -" + range(before_line, before_count) + " +" + range(after_line, after_count) +
         " @@\n";
}

std::string Hunks(const std::vector<Edit>& edits) {
  const std::vector<bool> shown = Shown(edits);
  std::string text;
  std::size_t before_line = 1, after_line = 1;
  for (std::size_t i = 0; i < edits.size();) {
    if (!shown[i]) {
      ++i, ++before_line, ++after_line;
      continue;
    }
    std::string body;
    std::size_t before_count = 0, after_count = 0;
    for (; i < edits.size() && shown[i]; ++i) {
      body += edits[i].mark + std::string(edits[i].line) + "\n";
      if (edits[i].mark != '+') ++before_count;
      if (edits[i].mark != '-') ++after_count;
    }
    text += HunkHead(before_line, before_count, after_line, after_count) + body;
    before_line += before_count;
    after_line += after_count;
  }
  return text;
}

}  // namespace

std::string UnifiedDifference(std::string_view before, std::string_view after,
                              std::string_view before_name, std::string_view after_name) {
  const std::string hunks = Hunks(EditsBetween(LinesOf(before), LinesOf(after)));
  if (hunks.empty()) return "";
  return "--- " + std::string(before_name) + "\n+++ " + std::string(after_name) + "\n" + hunks;
}

}  // namespace lockstep

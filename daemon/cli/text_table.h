// Columns of text, aligned by what they take on a terminal.
#pragma once

#include <string>
#include <vector>

#include "cli/paint.h"

namespace lockstep {

struct Cell {
  std::string text;
  Tone tone = Tone::kPlain;

  Cell(std::string content, Tone painted = Tone::kPlain)  // a text is a cell
      : text(std::move(content)), tone(painted) {}
  Cell(const char* content) : text(content) {}
};

// Thread: any, one at a time.
class TextTable {
 public:
  explicit TextTable(Paint paint = Paint(false)) : paint_(paint) {}
  void Add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  // Two blanks between columns, none at the end of a line; columns without any text are left out.
  // Control characters are escaped.
  std::string Text() const;

 private:
  Paint paint_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace lockstep

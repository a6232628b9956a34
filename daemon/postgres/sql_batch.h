// Several statements that travel in one message, counted: the server's answers are told apart by
// number.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

// Thread: any, one at a time.
class SqlBatch {
 public:
  // One statement, without its semicolon.
  void Add(std::string_view statement) {
    text_.append(statement).append(";\n");
    ++statements_;
  }
  void Add(const std::vector<std::string>& statements) {
    for (const std::string& statement : statements) Add(statement);
  }
  // A script of `count` statements, as it stands; returns the byte at which it begins. It may end
  // in a comment, and without a semicolon.
  std::size_t AddScript(std::string_view script, std::size_t count) {
    const std::size_t begin = text_.size();
    // What follows a long one shall not move it.
    text_.reserve(begin + script.size() + script.size() / 8 + 4096);
    text_.append(script).append("\n;\n");
    statements_ += count;
    return begin;
  }

  const std::string& text() const { return text_; }
  std::size_t statements() const { return statements_; }

 private:
  std::string text_;
  std::size_t statements_ = 0;
};

inline std::string OneMessage(const std::vector<std::string>& statements) {
  SqlBatch batch;
  batch.Add(statements);
  return batch.text();
}

}  // namespace lockstep

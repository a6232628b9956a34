// A file descriptor with one owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace lockstep {

// Thread: any, one at a time.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { Close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Close();
    number_ = std::exchange(other.number_, -1);
    return *this;
  }

  int get() const { return number_; }
  bool open() const { return number_ >= 0; }
  // Gives the number away, unclosed.
  int Release() { return std::exchange(number_, -1); }
  void Close() {
    if (open()) ::close(std::exchange(number_, -1));
  }

 private:
  int number_ = -1;
};

}  // namespace lockstep

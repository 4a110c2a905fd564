// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace ring3::os {

// What has just been opened, for good: as another number where the process was started without standard
// input, output or error and it has been given theirs. Closed by exec.
inline int AboveStandard(int opened) {
  constexpr int kFirstOther = STDERR_FILENO + 1;
  if (opened < 0 || opened >= kFirstOther) return opened;
  const int moved = fcntl(opened, F_DUPFD_CLOEXEC, kFirstOther);
  close(opened);
  return moved;
}

// A Linux descriptor that is closed with its object; not one of the standard ones.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int opened) : value_(AboveStandard(opened)) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      Close();
      value_ = std::exchange(other.value_, -1);
    }
    return *this;
  }
  ~Descriptor() { Close(); }

  int get() const { return value_; }
  bool valid() const { return value_ >= 0; }
  int Release() { return std::exchange(value_, -1); }
  void Close() {
    if (value_ >= 0) close(std::exchange(value_, -1));
  }

 private:
  int value_ = -1;
};

}  // namespace ring3::os

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

// A fuzzer is one file with LLVMFuzzerTestOneInput and Seeds. It is linked twice: with libFuzzer (preset
// fuzz), and with replay_main.cpp, which runs the seeds and some variations of them everywhere.
namespace ring3::fuzz {

using Input = std::vector<uint8_t>;
std::vector<Input> Seeds();

// Takes values from an input; zeros at its end.
class Reader {
 public:
  Reader(const uint8_t* data, size_t byte_count) : data_(data), left_(byte_count) {}

  bool empty() const { return left_ == 0; }
  size_t left() const { return left_; }
  template <typename T>
  T Take() {
    T value{};
    TakeBytes(&value, sizeof(value));
    return value;
  }
  // As many as there are.
  size_t TakeBytes(void* destination, size_t byte_count) {
    const size_t count = byte_count < left_ ? byte_count : left_;
    if (count == 0) return 0;
    std::memcpy(destination, data_, count);
    data_ += count;
    left_ -= count;
    return count;
  }

 private:
  const uint8_t* data_;
  size_t left_;
};

// Makes an input that a Reader takes the same values from.
class Writer {
 public:
  template <typename T>
  Writer& Put(T value) {
    const auto* const bytes = reinterpret_cast<const uint8_t*>(&value);
    input_.insert(input_.end(), bytes, bytes + sizeof(value));
    return *this;
  }
  Writer& Text(std::string_view text) {
    input_.insert(input_.end(), text.begin(), text.end());
    return *this;
  }
  const Input& input() const { return input_; }

 private:
  Input input_;
};

}  // namespace ring3::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t byte_count);

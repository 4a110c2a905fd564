// SPDX-License-Identifier: MIT
// The inline ranges of a request: whatever they say, nothing outside the channel's data is read or written,
// and what is read and written is the byte that the address stands for.
#include <cstdlib>
#include <memory>

#include "fuzz_target.h"
#include "host/inline_window.h"

namespace ring3::fuzz {
namespace {

using transport::Channel;

void Require(bool holds) {
  if (!holds) std::abort();
}

// Only its address is used.
const mm::AddressSpace& NoSpace() {
  alignas(16) static const char place[16] = {};
  return reinterpret_cast<const mm::AddressSpace&>(place);
}

constexpr uint32_t kIn = transport::kRangeIn;
constexpr uint32_t kOut = transport::kRangeOut;

void PutRange(Writer& writer, uint64_t address, uint32_t byte_count, uint32_t offset, uint32_t use) {
  writer.Put(transport::InlineRange{address, byte_count, offset, use, 0});
}

// operation, address, byte count
void PutAccess(Writer& writer, uint8_t operation, uint64_t address, uint16_t byte_count) {
  writer.Put(operation).Put(address).Put(byte_count);
}

}  // namespace

std::vector<Input> Seeds() {
  std::vector<Input> seeds;
  for (uint32_t offset : {0u, 8u, uint32_t{Channel::kDataBytes - 64}, uint32_t{Channel::kDataBytes}, ~0u}) {
    for (uint32_t byte_count : {0u, 64u, uint32_t{Channel::kDataBytes}, ~0u}) {
      Writer writer;
      writer.Put(uint32_t{4});
      PutRange(writer, 0x10000, byte_count, offset, kIn | kOut);
      PutRange(writer, 0x7FFF'FFFF'F000, byte_count, offset, kIn);
      PutRange(writer, ~uint64_t{0} - 8, byte_count, offset, kOut);
      PutRange(writer, 0, byte_count, offset, ~0u);
      for (uint8_t operation = 0; operation < 4; ++operation) {
        PutAccess(writer, operation, 0x10000, 64);
        PutAccess(writer, operation, 0x10000 + byte_count - 1, 2);
        PutAccess(writer, operation, 0x7FFF'FFFF'F000, 16);
        PutAccess(writer, operation, ~uint64_t{0} - 8, 8);
      }
      seeds.push_back(writer.input());
    }
  }
  return seeds;
}

}  // namespace ring3::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t byte_count) {
  using namespace ring3;
  using fuzz::Require;
  using transport::Channel;
  fuzz::Reader reader(data, byte_count);
  // On the heap, where a sanitizer sees its ends.
  const std::unique_ptr<char[]> memory(new char[Channel::kByteCount + 64]);
  std::memset(memory.get(), 0x5A, Channel::kByteCount + 64);
  auto& channel = *new (
      reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(memory.get()) + 63) & ~uintptr_t{63})) Channel;

  transport::Request request = {};
  request.range_count = reader.Take<uint32_t>();
  for (auto& range : request.ranges) range = reader.Take<transport::InlineRange>();
  host::InlineWindow window(fuzz::NoSpace(), channel, request);
  static char buffer[Channel::kByteCount + 0x10000];
  while (!reader.empty()) {
    const auto operation = reader.Take<uint8_t>();
    const auto address = reader.Take<uint64_t>();
    const auto count = reader.Take<uint16_t>();
    switch (operation % 4) {
      case 0:
        Require(window.Read(buffer, address, count) == window.Covers(address, count, mm::Access::kRead));
        break;
      case 1: {
        std::memset(buffer, operation, count);
        const bool covers = window.Covers(address, count, mm::Access::kWrite);
        Require(!window.Write(address, buffer, count) || covers);
        break;
      }
      case 2: {
        // What is written in one piece is read as written where both are allowed.
        std::memset(buffer, 0x33, count);
        if (window.Write(address, buffer, count) && window.Read(buffer, address, count)) break;
        break;
      }
      case 3:
        if (count == 0xFFFF) {
          transport::WrittenExtent written[transport::kMostRanges];
          window.TakeWritten(written);
          Require(!window.Covers(address, 1, mm::Access::kRead));
        }
        break;
    }
    transport::WrittenExtent written[transport::kMostRanges];
    window.GiveWritten(written);
    for (const auto& extent : written)
      Require(extent.begin <= extent.end && extent.end <= Channel::kDataBytes);
  }
  return 0;
}

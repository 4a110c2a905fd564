// SPDX-License-Identifier: MIT
#include "host/inline_window.h"

#include <algorithm>
#include <cstring>

namespace ring3::host {

using transport::Channel;
using transport::InlineRange;
using transport::WrittenExtent;

InlineWindow::InlineWindow(const mm::AddressSpace& space, Channel& channel, const transport::Request& request)
    : mm::InlineMemory(space), channel_(channel) {
  const uint32_t count = std::min<uint32_t>(request.range_count, transport::kMostRanges);
  for (uint32_t i = 0; i < count; ++i) {
    InlineRange range = request.ranges[i];
    const bool inside = range.offset <= Channel::kDataBytes &&
                        range.byte_count <= Channel::kDataBytes - range.offset &&
                        mm::IsUserRange(range.address, range.byte_count);
    // It keeps its place, which the application's side knows it by.
    if (!inside) range = {};
    ranges_[count_++] = range;
  }
}

const InlineRange* InlineWindow::Find(uintptr_t address, size_t byte_count, uint32_t use) const {
  for (uint32_t i = 0; i < count_; ++i) {
    const InlineRange& range = ranges_[i];
    const uint64_t offset = address - range.address;
    if ((range.use & use) != 0 && offset < range.byte_count && byte_count <= range.byte_count - offset)
      return &range;
  }
  return nullptr;
}

bool InlineWindow::Read(void* destination, uintptr_t address, size_t byte_count) {
  const InlineRange* const range = Find(address, byte_count, transport::kRangeIn);
  if (range == nullptr) return false;
  std::memcpy(destination, channel_.data() + range->offset + (address - range->address), byte_count);
  return true;
}

// A range keeps one extent: a write that would leave a hole of bytes that nobody wrote, and that did not come
// with the request, goes to the process itself.
bool InlineWindow::Write(uintptr_t address, const void* source, size_t byte_count) {
  const InlineRange* const range = Find(address, byte_count, transport::kRangeOut);
  if (range == nullptr) return false;
  WrittenExtent& extent = written_[range - ranges_];
  const auto begin = static_cast<uint32_t>(address - range->address);
  const auto end = static_cast<uint32_t>(begin + byte_count);
  const bool empty = extent.begin == extent.end;
  const bool joins = empty || (begin <= extent.end && end >= extent.begin);
  if (!joins && (range->use & transport::kRangeIn) == 0) return false;
  std::memcpy(channel_.data() + range->offset + begin, source, byte_count);
  extent = empty ? WrittenExtent{begin, end}
                 : WrittenExtent{std::min(begin, extent.begin), std::max(end, extent.end)};
  return true;
}

bool InlineWindow::Covers(uintptr_t address, size_t byte_count, mm::Access access) const {
  return Find(address, byte_count,
              access == mm::Access::kRead ? transport::kRangeIn : transport::kRangeOut) != nullptr;
}

void InlineWindow::GiveWritten(WrittenExtent* written) const {
  std::copy(std::begin(written_), std::end(written_), written);
}

void InlineWindow::TakeWritten(WrittenExtent* written) {
  GiveWritten(written);
  count_ = 0;
  std::fill(std::begin(written_), std::end(written_), WrittenExtent{});
}

}  // namespace ring3::host

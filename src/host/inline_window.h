// SPDX-License-Identifier: MIT
#pragma once

#include "mm/user_memory.h"
#include "transport/channel.h"

namespace ring3::host {

// The application memory that travels with one service request (transport::InlineRange), as mm sees it: reads
// and writes go to the channel, and what was written is noted for the application's side to copy out.
class InlineWindow final : public mm::InlineMemory {
 public:
  // Ranges that are not inside the channel's data are dropped.
  InlineWindow(const mm::AddressSpace& space, transport::Channel& channel, const transport::Request& request);

  bool Read(void* destination, uintptr_t address, size_t byte_count) override;
  bool Write(uintptr_t address, const void* source, size_t byte_count) override;
  bool Covers(uintptr_t address, size_t byte_count, mm::Access access) const override;

  // What the application's side has to copy out. After TakeWritten the window is empty: the application runs,
  // and its memory is newer than the channel's.
  void GiveWritten(transport::WrittenExtent* written) const;
  void TakeWritten(transport::WrittenExtent* written);

 private:
  const transport::InlineRange* Find(uintptr_t address, size_t byte_count, uint32_t use) const;

  transport::Channel& channel_;
  uint32_t count_ = 0;
  transport::InlineRange ranges_[transport::kMostRanges];
  transport::WrittenExtent written_[transport::kMostRanges] = {};
};

}  // namespace ring3::host

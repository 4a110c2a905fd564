// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "transport/channel.h"

namespace ring3::transport {

// Which memory of the application travels with a service's arguments in the channel: small, and certain to be
// looked at. Everything else the host fetches from the process when it needs it. A range that this process
// cannot access is left out: then the host finds that too, and says so the documented way.
class InlineArguments {
 public:
  // Chooses for `service`, fills channel.request's ranges and copies what goes in.
  InlineArguments(Channel& channel, uint32_t service, const uint64_t* arguments);

  // Copies out what the host wrote. False: a range cannot be written any more.
  bool CopyOut(Channel& channel, const WrittenExtent* written);

 private:
  void Add(Channel& channel, uint64_t address, uint64_t byte_count, uint32_t use);
  void AddResult(Channel& channel, const uint64_t* arguments, uint64_t address, uint64_t byte_count,
                 uint32_t use);

  // The channel's copy may change under us; the host is trusted, but not needed.
  InlineRange ranges_[kMostRanges];
  uint32_t count_ = 0;
  uint32_t used_ = 0;
};

}  // namespace ring3::transport

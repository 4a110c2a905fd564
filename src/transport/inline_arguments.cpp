// SPDX-License-Identifier: MIT
#include "transport/inline_arguments.h"

#include <winternl.h>

#include "nt/services.h"
#include "os/guarded_copy.h"
#include "transport/service_index.h"

namespace ring3::transport {
namespace {

// Larger buffers cost less by one copy between the processes than by two through the channel.
constexpr uint64_t kMostInlineBytes = 8 * 1024;
constexpr uint64_t kPageBytes = 4096;
constexpr uint32_t kAlignment = 16;
constexpr uint32_t kInOut = kRangeIn | kRangeOut;
constexpr uint32_t kMethodNeither = 3;
constexpr uint64_t kMostHandles = 64;

bool IsWritable(uint64_t address, uint64_t byte_count) {
  for (uint64_t at = address; at < address + byte_count; at = (at & ~(kPageBytes - 1)) + kPageBytes) {
    if (!os::GuardedProbeWriteByte(reinterpret_cast<volatile void*>(at))) return false;
  }
  return true;
}

}  // namespace

InlineArguments::InlineArguments(Channel& channel, uint32_t service, const uint64_t* arguments) {
  constexpr uint64_t kStatusBlockBytes = sizeof(IO_STATUS_BLOCK);
  switch (service) {
    case kNtDeviceIoControlFile: {
      AddResult(channel, arguments, arguments[4], kStatusBlockBytes, kInOut);
      const uint64_t method = arguments[5] & 3;
      if (method == kMethodNeither) break;
      Add(channel, arguments[6], static_cast<uint32_t>(arguments[7]), kRangeIn);
      if (method == 0)
        AddResult(channel, arguments, arguments[8], static_cast<uint32_t>(arguments[9]), kRangeOut);
      break;
    }
    case kNtReadFile:
      AddResult(channel, arguments, arguments[4], kStatusBlockBytes, kInOut);
      AddResult(channel, arguments, arguments[5], static_cast<uint32_t>(arguments[6]), kRangeOut);
      Add(channel, arguments[7], sizeof(LARGE_INTEGER), kRangeIn);
      break;
    case kNtWriteFile:
      AddResult(channel, arguments, arguments[4], kStatusBlockBytes, kInOut);
      Add(channel, arguments[5], static_cast<uint32_t>(arguments[6]), kRangeIn);
      Add(channel, arguments[7], sizeof(LARGE_INTEGER), kRangeIn);
      break;
    case kNtWaitForSingleObject:
      Add(channel, arguments[2], sizeof(LARGE_INTEGER), kRangeIn);
      break;
    case kNtWaitForMultipleObjects:
      if (arguments[0] <= kMostHandles) Add(channel, arguments[1], arguments[0] * sizeof(HANDLE), kRangeIn);
      Add(channel, arguments[4], sizeof(LARGE_INTEGER), kRangeIn);
      break;
    case kNtDelayExecution:
      Add(channel, arguments[1], sizeof(LARGE_INTEGER), kRangeIn);
      break;
    case kNtSetEvent:
    case kNtResetEvent:
    case kNtReleaseMutant:
      Add(channel, arguments[1], sizeof(LONG), kRangeOut);
      break;
    case kNtReleaseSemaphore:
      Add(channel, arguments[2], sizeof(LONG), kRangeOut);
      break;
    case kNtRemoveIoCompletion:
      Add(channel, arguments[1], sizeof(PVOID), kRangeOut);
      Add(channel, arguments[2], sizeof(PVOID), kRangeOut);
      Add(channel, arguments[3], kStatusBlockBytes, kRangeOut);
      Add(channel, arguments[5], sizeof(LARGE_INTEGER), kRangeIn);
      break;
    default:
      break;
  }
  channel.request.range_count = count_;
}

// Of a request that has an event, an APC or its context (for a completion port), other threads may hear
// before this one has its answer. Its results are where the application looks before that: the host writes
// them there.
void InlineArguments::AddResult(Channel& channel, const uint64_t* arguments, uint64_t address,
                                uint64_t byte_count, uint32_t use) {
  if ((arguments[1] | arguments[2] | arguments[3]) == 0) Add(channel, address, byte_count, use);
}

void InlineArguments::Add(Channel& channel, uint64_t address, uint64_t byte_count, uint32_t use) {
  if (address == 0 || byte_count == 0 || byte_count > kMostInlineBytes || count_ == kMostRanges) return;
  if (address + byte_count < address || used_ + byte_count > Channel::kDataBytes) return;
  if ((use & kRangeOut) != 0 && !IsWritable(address, byte_count)) return;
  char* const copy = channel.data() + used_;
  if ((use & kRangeIn) != 0 &&
      !os::GuardedCopy(copy, reinterpret_cast<const void*>(address), static_cast<size_t>(byte_count))) {
    return;
  }
  ranges_[count_] = {address, static_cast<uint32_t>(byte_count), used_, use, 0};
  channel.request.ranges[count_] = ranges_[count_];
  ++count_;
  used_ += (static_cast<uint32_t>(byte_count) + kAlignment - 1) & ~(kAlignment - 1);
}

bool InlineArguments::CopyOut(Channel& channel, const WrittenExtent* written) {
  bool copied = true;
  for (uint32_t i = 0; i < count_; ++i) {
    const WrittenExtent extent = written[i];
    const InlineRange& range = ranges_[i];
    if (extent.begin >= extent.end || extent.end > range.byte_count || (range.use & kRangeOut) == 0) continue;
    copied = os::GuardedCopy(reinterpret_cast<void*>(range.address + extent.begin),
                             channel.data() + range.offset + extent.begin, extent.end - extent.begin) &&
             copied;
  }
  return copied;
}

}  // namespace ring3::transport

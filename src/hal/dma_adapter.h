// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/hal.h>

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/spin_lock.h"

// A DMA adapter. Logical addresses are physical ones, where the device can reach them; where it cannot (a
// 32-bit device, memory above 4 GiB; a device without scatter/gather, scattered memory), map registers stand
// between: pages within its reach, copied before or after the transfer.
namespace ring3::hal {

// Pages of a transfer that the device reaches instead of the caller's. The MapRegisterBase of the DDIs.
struct MapRegisters {
  uint32_t count = 0;      // pages
  uint32_t used = 0;       // from the beginning
  void* bounce = nullptr;  // `count` contiguous pages, made when first needed
  uint64_t bounce_physical = 0;
  // What lies where in the bounce pages, for the copy back.
  struct Piece {
    PMDL mdl;
    uint64_t mdl_offset;
    uint32_t bounce_offset;
    uint32_t byte_count;
  };
  std::vector<Piece> pieces;
};

class DmaAdapter {
 public:
  // Null where memory is exhausted.
  static DmaAdapter* Create(const DEVICE_DESCRIPTION& description);
  static DmaAdapter* Of(PDMA_ADAPTER adapter) { return reinterpret_cast<DmaAdapter*>(adapter); }
  void Destroy();

  PDMA_ADAPTER handle() { return &public_; }
  const DEVICE_DESCRIPTION& description() const { return description_; }
  uint32_t most_map_registers() const { return most_map_registers_; }
  uint64_t highest_address() const { return highest_address_; }
  bool scatters() const { return description_.ScatterGather != FALSE; }

  void* AllocateCommonBuffer(uint64_t lowest, uint64_t highest, ULONG byte_count, MEMORY_CACHING_TYPE caching,
                             PPHYSICAL_ADDRESS logical);
  void FreeCommonBuffer(void* address, ULONG byte_count, MEMORY_CACHING_TYPE caching);

  MapRegisters* AllocateRegisters(uint32_t count);
  void FreeRegisters(MapRegisters* registers);

  // Maps the beginning of [offset, offset + *byte_count) of the MDL chain; *byte_count is what one logical
  // run covers. 0 where memory for bouncing is exhausted.
  uint64_t Map(PMDL mdl, MapRegisters* registers, uint64_t offset, uint32_t* byte_count,
               bool write_to_device);
  // The transfer is over: the device's bytes go to the caller's memory.
  void Flush(MapRegisters* registers, bool write_to_device);

  // The channel: one holder at a time, the others wait in order.
  NTSTATUS AllocateChannel(PDEVICE_OBJECT device, uint32_t register_count, PDRIVER_CONTROL routine,
                           void* context);
  void FreeChannel();
  bool CancelWaiting(PDEVICE_OBJECT device);

 private:
  explicit DmaAdapter(const DEVICE_DESCRIPTION& description);
  void RunChannel(PDEVICE_OBJECT device);

  DMA_ADAPTER public_;
  DEVICE_DESCRIPTION description_;
  uint64_t highest_address_;
  uint32_t most_map_registers_;
  SpinLock lock_{LockRank::kAdapter};
  bool busy_ RING3_GUARDED_BY(lock_) = false;
  std::vector<PDEVICE_OBJECT> waiting_ RING3_GUARDED_BY(lock_);
  // What the holder has, for DeallocateObject by FreeAdapterChannel.
  MapRegisters* held_ RING3_GUARDED_BY(lock_) = nullptr;
};

struct Statistics {
  std::atomic<int64_t> adapters{0};
  std::atomic<int64_t> common_buffers{0};
  std::atomic<int64_t> map_registers{0};
  std::atomic<int64_t> scatter_gather_lists{0};
};
extern Statistics g_statistics;

extern DMA_OPERATIONS g_dma_operations;

// Pages that [va, va + byte_count) touches.
inline uint32_t PagesSpanned(uint64_t va, uint64_t byte_count) {
  return byte_count == 0 ? 0 : static_cast<uint32_t>(((va & 0xfff) + byte_count + 0xfff) >> 12);
}

}  // namespace ring3::hal

// SPDX-License-Identifier: MIT
#include "hal/dma_adapter.h"

#include <ddi/mm_ntifs.h>
#include <ntstatus.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "ke/driver_gate.h"

namespace ring3::hal {

Statistics g_statistics;

namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr uint32_t kMostBouncedPages = 16;  // 64 KiB, as Windows gives 32-bit devices at least

// The MDL of the chain that has `offset`, which becomes relative to it.
PMDL Locate(PMDL mdl, uint64_t* offset) {
  while (mdl != nullptr && *offset >= mdl->ByteCount) {
    *offset -= mdl->ByteCount;
    mdl = mdl->Next;
  }
  return mdl;
}

uint64_t PhysicalOf(PMDL mdl, uint64_t offset) {
  uint64_t at = mdl->ByteOffset + offset;
  return (MmGetMdlPfnArray(mdl)[at / kPageBytes] * kPageBytes) + at % kPageBytes;
}

// Bytes from `offset` that lie physically behind each other, across the MDLs of the chain.
uint32_t ContiguousBytes(PMDL mdl, uint64_t offset, uint32_t most, uint64_t highest) {
  uint64_t start = PhysicalOf(mdl, offset);
  uint64_t byte_count = 0;
  while (mdl != nullptr && byte_count < most) {
    uint64_t physical = PhysicalOf(mdl, offset);
    if (physical != start + byte_count || physical > highest) break;
    uint64_t step = std::min<uint64_t>(kPageBytes - physical % kPageBytes, mdl->ByteCount - offset);
    byte_count += step;
    offset += step;
    if (offset == mdl->ByteCount) {
      mdl = mdl->Next;
      offset = 0;
    }
  }
  return static_cast<uint32_t>(std::min<uint64_t>(byte_count, most));
}

void CopyPiece(const MapRegisters& registers, const MapRegisters::Piece& piece, bool to_bounce) {
  PMDL mdl = piece.mdl;
  uint64_t offset = piece.mdl_offset;
  auto* bounce = static_cast<char*>(registers.bounce) + piece.bounce_offset;
  uint32_t left = piece.byte_count;
  while (left != 0 && (mdl = Locate(mdl, &offset)) != nullptr) {
    auto* memory = static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
    if (memory == nullptr) return;
    auto step = static_cast<uint32_t>(std::min<uint64_t>(left, mdl->ByteCount - offset));
    if (to_bounce) {
      std::memcpy(bounce, memory + offset, step);
    } else {
      std::memcpy(memory + offset, bounce, step);
    }
    bounce += step;
    offset += step;
    left -= step;
  }
}

}  // namespace

DmaAdapter::DmaAdapter(const DEVICE_DESCRIPTION& description) : description_(description) {
  public_.Version = static_cast<USHORT>(description.Version >= DEVICE_DESCRIPTION_VERSION3 ? 3 : 1);
  public_.Size = sizeof(DmaAdapter);
  public_.DmaOperations = &g_dma_operations;
  uint32_t width = 24;
  if (description.Dma32BitAddresses) width = 32;
  if (description.Dma64BitAddresses) width = 64;
  if (description.Version >= DEVICE_DESCRIPTION_VERSION3 && description.DmaAddressWidth != 0) {
    width = description.DmaAddressWidth;
  }
  highest_address_ = width >= 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
  uint32_t wanted =
      description.MaximumLength == ~ULONG{0}
          ? ~uint32_t{0} >> 12
          : static_cast<uint32_t>((uint64_t{description.MaximumLength} + kPageBytes - 1) / kPageBytes + 1);
  most_map_registers_ = width >= 64 && scatters() ? wanted : std::min(wanted, kMostBouncedPages + 1);
}

DmaAdapter* DmaAdapter::Create(const DEVICE_DESCRIPTION& description) {
  auto* adapter = new (std::nothrow) DmaAdapter(description);
  if (adapter != nullptr) g_statistics.adapters.fetch_add(1, std::memory_order_relaxed);
  return adapter;
}

void DmaAdapter::Destroy() {
  g_statistics.adapters.fetch_sub(1, std::memory_order_relaxed);
  delete this;
}

void* DmaAdapter::AllocateCommonBuffer(uint64_t lowest, uint64_t highest, ULONG byte_count,
                                       MEMORY_CACHING_TYPE caching, PPHYSICAL_ADDRESS logical) {
  PHYSICAL_ADDRESS low, high, boundary;
  low.QuadPart = static_cast<LONGLONG>(lowest);
  high.QuadPart = static_cast<LONGLONG>(std::min(highest, highest_address_));
  boundary.QuadPart = 0;
  void* buffer = MmAllocateContiguousMemorySpecifyCache(byte_count, low, high, boundary, caching);
  if (buffer == nullptr) return nullptr;
  std::memset(buffer, 0, byte_count);
  *logical = MmGetPhysicalAddress(buffer);
  g_statistics.common_buffers.fetch_add(1, std::memory_order_relaxed);
  return buffer;
}

void DmaAdapter::FreeCommonBuffer(void* address, ULONG byte_count, MEMORY_CACHING_TYPE caching) {
  MmFreeContiguousMemorySpecifyCache(address, byte_count, caching);
  g_statistics.common_buffers.fetch_sub(1, std::memory_order_relaxed);
}

MapRegisters* DmaAdapter::AllocateRegisters(uint32_t count) {
  auto* registers = new (std::nothrow) MapRegisters;
  if (registers == nullptr) return nullptr;
  registers->count = count;
  g_statistics.map_registers.fetch_add(count, std::memory_order_relaxed);
  return registers;
}

void DmaAdapter::FreeRegisters(MapRegisters* registers) {
  if (registers == nullptr) return;
  if (registers->bounce != nullptr) MmFreeContiguousMemory(registers->bounce);
  g_statistics.map_registers.fetch_sub(registers->count, std::memory_order_relaxed);
  delete registers;
}

uint64_t DmaAdapter::Map(PMDL chain, MapRegisters* registers, uint64_t offset, uint32_t* byte_count,
                         bool write_to_device) {
  PMDL mdl = Locate(chain, &offset);
  if (mdl == nullptr || *byte_count == 0) {
    *byte_count = 0;
    return 0;
  }
  uint32_t direct = ContiguousBytes(mdl, offset, *byte_count, highest_address_);
  bool reachable = PhysicalOf(mdl, offset) <= highest_address_ && direct != 0;
  if (reachable && (scatters() || direct == *byte_count)) {
    *byte_count = direct;
    return PhysicalOf(mdl, offset);
  }
  uint64_t in_page = PhysicalOf(mdl, offset) % kPageBytes;
  if (registers == nullptr || registers->used >= registers->count) return 0;
  if (registers->bounce == nullptr) {
    PHYSICAL_ADDRESS highest;
    highest.QuadPart = static_cast<LONGLONG>(highest_address_);
    registers->bounce = MmAllocateContiguousMemory(registers->count * kPageBytes, highest);
    if (registers->bounce == nullptr) return 0;
    registers->bounce_physical = static_cast<uint64_t>(MmGetPhysicalAddress(registers->bounce).QuadPart);
  }
  // With scatter/gather only the page that the device cannot reach; without, everything in one run.
  uint64_t room = (registers->count - registers->used) * kPageBytes - in_page;
  uint64_t wanted = scatters() ? std::min<uint64_t>(*byte_count, kPageBytes - in_page) : *byte_count;
  *byte_count = static_cast<uint32_t>(std::min(room, wanted));
  auto bounce_offset = static_cast<uint32_t>(registers->used * kPageBytes + in_page);
  registers->used += PagesSpanned(in_page, *byte_count);
  registers->pieces.push_back({mdl, offset, bounce_offset, *byte_count});
  if (write_to_device) CopyPiece(*registers, registers->pieces.back(), true);
  return registers->bounce_physical + bounce_offset;
}

void DmaAdapter::Flush(MapRegisters* registers, bool write_to_device) {
  if (registers == nullptr) return;
  if (!write_to_device) {
    for (const MapRegisters::Piece& piece : registers->pieces) CopyPiece(*registers, piece, false);
  }
  registers->pieces.clear();
  registers->used = 0;
}

NTSTATUS DmaAdapter::AllocateChannel(PDEVICE_OBJECT device, uint32_t register_count, PDRIVER_CONTROL routine,
                                     void* context) {
  if (register_count > most_map_registers_) return STATUS_INSUFFICIENT_RESOURCES;
  PWAIT_CONTEXT_BLOCK block = &device->Queue.Wcb;
  block->DeviceRoutine = routine;
  block->DeviceContext = context;
  block->NumberOfMapRegisters = register_count;
  block->DeviceObject = device;
  block->CurrentIrp = device->CurrentIrp;
  {
    SpinLockGuard guard(lock_);
    if (busy_) {
      waiting_.push_back(device);
      return STATUS_SUCCESS;
    }
    busy_ = true;
  }
  RunChannel(device);
  return STATUS_SUCCESS;
}

void DmaAdapter::RunChannel(PDEVICE_OBJECT device) {
  while (device != nullptr) {
    PWAIT_CONTEXT_BLOCK block = &device->Queue.Wcb;
    MapRegisters* registers = AllocateRegisters(block->NumberOfMapRegisters);
    {
      SpinLockGuard guard(lock_);
      held_ = registers;
    }
    IO_ALLOCATION_ACTION action = ke::CallDriver(
        device->DriverObject, ke::Callback::kAllocator, block->DeviceRoutine, device,
        static_cast<PIRP>(block->CurrentIrp), static_cast<PVOID>(registers), block->DeviceContext);
    if (action == KeepObject) return;
    SpinLockGuard guard(lock_);
    MapRegisters* to_free = action == DeallocateObject ? held_ : nullptr;
    held_ = nullptr;
    if (to_free != nullptr) FreeRegisters(to_free);
    device = nullptr;
    if (waiting_.empty()) {
      busy_ = false;
    } else {
      device = waiting_.front();
      waiting_.erase(waiting_.begin());
    }
  }
}

void DmaAdapter::FreeChannel() {
  PDEVICE_OBJECT next = nullptr;
  MapRegisters* registers = nullptr;
  {
    SpinLockGuard guard(lock_);
    registers = held_;
    held_ = nullptr;
    if (waiting_.empty()) {
      busy_ = false;
    } else {
      next = waiting_.front();
      waiting_.erase(waiting_.begin());
    }
  }
  FreeRegisters(registers);
  RunChannel(next);
}

bool DmaAdapter::CancelWaiting(PDEVICE_OBJECT device) {
  SpinLockGuard guard(lock_);
  return std::erase(waiting_, device) != 0;
}

}  // namespace ring3::hal

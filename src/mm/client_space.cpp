// SPDX-License-Identifier: MIT
// ClientAddressSpace: access to the memory, and changes of it.
#include "mm/client_space.h"

#include <algorithm>
#include <cstring>

#include "mm/state.h"
#include "mm/user_memory.h"
#include "mm/user_window.h"
#include "ntstatus.h"

namespace ring3::mm {
Result<std::unique_ptr<AddressSpace>> AddressSpace::CreateForClient(os::PeerProcess& process,
                                                                    ClientPort& port) {
  return std::unique_ptr<AddressSpace>(std::make_unique<ClientAddressSpace>(process, port));
}

// ---- Access

bool ClientAddressSpace::Read(void* destination, uintptr_t address, size_t byte_count) {
  InlineMemory* inlined = t_inline_memory;
  if (inlined != nullptr && inlined->space == this && inlined->Read(destination, address, byte_count))
    return true;
  const ClientMemory::Use use(memory_);
  if (!use) return false;
  return memory_.Read(destination, address, byte_count);
}

bool ClientAddressSpace::Write(uintptr_t address, const void* source, size_t byte_count) {
  InlineMemory* inlined = t_inline_memory;
  if (inlined != nullptr && inlined->space == this && inlined->Write(address, source, byte_count))
    return true;
  const ClientMemory::Use use(memory_);
  if (!use) return false;
  return memory_.Write(address, source, byte_count);
}

size_t ClientAddressSpace::WritePieces(std::span<const os::PeerProcess::Piece> pieces) {
  const InlineMemory* inlined = t_inline_memory;
  const bool some_inline =
      inlined != nullptr && inlined->space == this &&
      std::any_of(pieces.begin(), pieces.end(), [inlined](const os::PeerProcess::Piece& piece) {
        return inlined->Covers(piece.address, piece.byte_count, Access::kWrite);
      });
  if (some_inline) return AddressSpace::WritePieces(pieces);
  const ClientMemory::Use use(memory_);
  return use ? memory_.WritePieces(pieces) : 0;
}

bool ClientAddressSpace::Fill(uintptr_t address, uint8_t value, size_t byte_count) {
  uint8_t pattern[kPageBytes];
  std::memset(pattern, value, std::min(byte_count, sizeof pattern));
  while (byte_count != 0) {
    const size_t piece = std::min(byte_count, sizeof pattern);
    if (!Write(address, pattern, piece)) return false;
    address += piece;
    byte_count -= piece;
  }
  return true;
}

bool ClientAddressSpace::Grants(uintptr_t start, uintptr_t end, Access access) {
  const InlineMemory* inlined = t_inline_memory;
  if (inlined != nullptr && inlined->space == this && inlined->Covers(start, end - start, access))
    return true;
  return AddressSpace::Grants(start, end, access);
}

bool ClientAddressSpace::Find(uintptr_t address, os::Region* region) {
  const ClientMemory::Use use(memory_);
  return use && FindSettled(address, region);
}

bool ClientAddressSpace::FindSettled(uintptr_t address, os::Region* region) {
  for (int waits = 0;; ++waits) {
    const uint32_t exchanges = memory_.exchanges();
    if (!memory_.process().Regions().Find(address, region)) return false;
    if (region->writable || (region->shared && region->readable) || waits == ClientMemory::kMostWaits)
      return true;
    if (!memory_.WaitForExchange(exchanges)) return true;
  }
}

bool ClientAddressSpace::FindOrNext(uintptr_t address, os::Region* region) {
  const ClientMemory::Use use(memory_);
  return use && memory_.process().Regions().FindOrNext(address, region);
}

bool ClientAddressSpace::FindFrames(uintptr_t address, os::Region* region, FrameRun* frames) {
  if (!Find(address, region)) return false;
  uintptr_t end = region->end;
  return LookAt(address & ~(kPageBytes - 1), *region, &end, frames) == Frames::kThere;
}

// ---- Changes

Result<uint64_t> ClientAddressSpace::Port::Carry(const ProcessOrder& order) {
  const ClientMemory::Use use(space_.memory_);
  if (!use) return STATUS_PROCESS_IS_TERMINATING;
  return space_.memory_.port().Carry(order);
}

Status ClientAddressSpace::Port::SendObject(uint32_t object, int descriptor) {
  const ClientMemory::Use use(space_.memory_);
  if (!use) return STATUS_PROCESS_IS_TERMINATING;
  return space_.memory_.port().SendObject(object, descriptor);
}

namespace {

Status StatusOf(const Result<uint64_t>& carried) {
  return carried.ok() ? STATUS_SUCCESS : carried.status();
}

}  // namespace

Status ClientAddressSpace::ReserveAt(uintptr_t address, uint64_t byte_count) {
  return StatusOf(port_.Carry({.kind = OrderKind::kReserveAt, .address = address, .byte_count = byte_count}));
}

uintptr_t ClientAddressSpace::ReserveAnywhere(uint64_t byte_count, uint64_t alignment, uintptr_t limit,
                                              os::Placement placement) {
  const Result<uint64_t> address = port_.Carry({.kind = OrderKind::kReserveAnywhere,
                                                .byte_count = byte_count,
                                                .placement = static_cast<uint32_t>(placement),
                                                .alignment = alignment,
                                                .limit = limit});
  if (!address.ok() || address.value() == 0) return 0;
  // What the application's own library would not answer.
  if (address.value() % alignment != 0 || !IsUserRange(address.value(), byte_count)) return 0;
  return address.value();
}

Status ClientAddressSpace::Map(OrderKind kind, uintptr_t address, uint64_t byte_count, Pfn first,
                               os::Protection protection) {
  return StatusOf(port_.Carry({.kind = kind,
                               .object = kOwnMemoryObject,
                               .address = address,
                               .byte_count = byte_count,
                               .offset = ClientMemory::OffsetOf(first),
                               .protection = static_cast<uint32_t>(protection)}));
}

Status ClientAddressSpace::ShowOwnFrames(uintptr_t address, const FrameRun& frames,
                                         os::Protection protection) {
  const ClientMemory::Use use(memory_);
  if (!use) return STATUS_PROCESS_IS_TERMINATING;
  os::MutexGuard guard(memory_.changes);
  if (!memory_.Has(frames)) return STATUS_NOT_SUPPORTED;
  return Map(OrderKind::kMapObject, address, frames.count * kPageBytes, frames.first, protection);
}

Status ClientAddressSpace::Commit(uintptr_t address, uint64_t byte_count, os::Protection protection) {
  const ClientMemory::Use use(memory_);
  if (!use) return STATUS_PROCESS_IS_TERMINATING;
  os::MutexGuard guard(memory_.changes);
  RING3_TRY_ASSIGN(const Pfn first,
                   memory_.Place(address, byte_count >> kPageShift, ClientMemory::Contents::kZeros));
  const Status mapped = Map(OrderKind::kMapObject, address, byte_count, first, protection);
  if (!mapped.ok()) memory_.Free({{first, byte_count >> kPageShift}});
  return mapped;
}

Status ClientAddressSpace::TakeAway(OrderKind kind, uintptr_t address, uint64_t byte_count) {
  const ClientMemory::Use use(memory_);
  if (!use) return STATUS_PROCESS_IS_TERMINATING;
  os::MutexGuard guard(memory_.changes);
  std::vector<FrameRun> shown;
  const uintptr_t end = address + byte_count;
  os::Region region;
  for (uintptr_t at = address; at < end && memory_.process().Regions().FindOrNext(at, &region);
       at = region.end) {
    at = std::max(at, region.start);
    FrameRun frames;
    while (at < std::min(end, region.end) && memory_.FramesOf(region, at, &frames)) {
      const uint64_t count = std::min(frames.count, (std::min(end, region.end) - at) >> kPageShift);
      shown.push_back({frames.first, count});
      at += count * kPageBytes;
    }
  }
  const UserWindowMoment gone = UserWindowNow();
  RING3_TRY(StatusOf(port_.Carry({.kind = kind, .address = address, .byte_count = byte_count})));
  ForgetUserRange(process(), address, end, gone);
  memory_.Free(shown);
  return STATUS_SUCCESS;
}

void ClientAddressSpace::Release(uintptr_t address, uint64_t byte_count) {
  // Where the process does not do it, it keeps its own memory.
  (void)TakeAway(OrderKind::kRelease, address, byte_count).ok();
}

Result<AddressSpace::Decommitted> ClientAddressSpace::Decommit(uintptr_t address, uint64_t byte_count) {
  RING3_TRY(TakeAway(OrderKind::kDecommit, address, byte_count));
  return Decommitted::kDone;
}

Status ClientAddressSpace::Protect(uintptr_t address, uint64_t byte_count, os::Protection protection) {
  // An adoption under way would bring the old protection back.
  os::MutexGuard guard(memory_.changes);
  // To what is read-only afterwards nothing can be written back.
  SettleUserWindow(process());
  RING3_TRY(StatusOf(port_.Carry({.kind = OrderKind::kProtect,
                                  .address = address,
                                  .byte_count = byte_count,
                                  .protection = static_cast<uint32_t>(protection)})));
  ForgetUserRange(process(), address, address + byte_count);
  return STATUS_SUCCESS;
}

// ---- Stacks

void ClientAddressSpace::RegisterStack(uintptr_t low, uintptr_t high) {
  if (low >= high) return;
  SpinLockGuard guard(stacks_lock_);
  stacks_[low] = high;
}

void ClientAddressSpace::ForgetStack(uintptr_t low) {
  SpinLockGuard guard(stacks_lock_);
  stacks_.erase(low);
}

bool ClientAddressSpace::IsInStack(uintptr_t address, const os::Region& region, uintptr_t* end) {
  const uintptr_t first_stack = memory_.process().first_stack();
  if (region.start <= first_stack && first_stack < region.end) return true;
  // What the application says about its stacks need not make sense: they may overlap.
  SpinLockGuard guard(stacks_lock_);
  for (const auto& [low, high] : stacks_) {
    const uintptr_t page_low = low & ~(kPageBytes - 1);
    if (page_low >= *end) break;
    if (page_low > address) {
      *end = page_low;
      return false;
    }
    if (high <= address) continue;
    *end = std::min(*end, (high + kPageBytes - 1) & ~(kPageBytes - 1));
    return true;
  }
  return false;
}

}  // namespace ring3::mm

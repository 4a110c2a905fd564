// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <span>

#include "mm/address_space.h"
#include "mm/client_lock.h"
#include "mm/client_memory.h"

namespace ring3::mm {

struct LockedRange;

// The memory of an application that is a Linux process of its own.
//
// Pages have frames that drivers can have when the process shows pages of its memory object, or of an object
// of driver memory (a user view). What VirtualAlloc gives is of the first kind from the start; other private
// memory becomes it when it is first locked (adoption). What cannot be adopted is locked by a copy: see
// ClientLock::Bounce.
class ClientAddressSpace final : public AddressSpace {
 public:
  ClientAddressSpace(os::PeerProcess& process, ClientPort& port)
      : AddressSpace(Kind::kClient),
        shared_memory_(std::make_shared<ClientMemory>(process, port)),
        memory_(*shared_memory_),
        port_(*this) {
    views().SetClient(port_, process.process_id());
  }

  bool Read(void* destination, uintptr_t address, size_t byte_count) override;
  bool Write(uintptr_t address, const void* source, size_t byte_count) override;
  size_t WritePieces(std::span<const os::PeerProcess::Piece> pieces) override;
  bool Fill(uintptr_t address, uint8_t value, size_t byte_count) override;
  bool Grants(uintptr_t start, uintptr_t end, Access access) override;
  bool Find(uintptr_t address, os::Region* region) override;
  bool FindOrNext(uintptr_t address, os::Region* region) override;
  bool FindFrames(uintptr_t address, os::Region* region, FrameRun* frames) override;

  Status ReserveAt(uintptr_t address, uint64_t byte_count) override;
  uintptr_t ReserveAnywhere(uint64_t byte_count, uint64_t alignment, uintptr_t limit,
                            os::Placement placement) override;
  Status Commit(uintptr_t address, uint64_t byte_count, os::Protection protection) override;
  void Release(uintptr_t address, uint64_t byte_count) override;
  Result<Decommitted> Decommit(uintptr_t address, uint64_t byte_count) override;
  Status Protect(uintptr_t address, uint64_t byte_count, os::Protection protection) override;

  Status ShowOwnFrames(uintptr_t address, const FrameRun& frames, os::Protection protection) override;

  void RegisterStack(uintptr_t low, uintptr_t high) override;
  void ForgetStack(uintptr_t low) override;

  // Locks pages, in the order of `ranges`, and writes the frame array of `mdl`. `entry` has all but `client`;
  // it is in the table of locked pages afterwards. STATUS_ACCESS_VIOLATION, STATUS_INSUFFICIENT_RESOURCES.
  // May wait for the process; IRQL <= APC_LEVEL.
  struct PageRange {
    uintptr_t start;
    uint64_t page_count;
  };
  Status Lock(PMDL mdl, std::span<const PageRange> ranges, const LockedRange& entry);

  ClientMemory& memory() { return memory_; }

 private:
  // The way to the process: no longer there once the space has ended.
  class Port final : public ClientPort {
   public:
    explicit Port(ClientAddressSpace& space) : space_(space) {}
    Result<uint64_t> Carry(const ProcessOrder& order) override;
    Status SendObject(uint32_t object, int descriptor) override;

   private:
    ClientAddressSpace& space_;
  };

  enum class Frames : uint8_t { kThere, kAdoptable, kNone };
  // What there is from `at` on, up to `*end`, which is lowered.
  Frames LookAt(uintptr_t at, const os::Region& region, uintptr_t* end, FrameRun* frames);
  enum class Adoption : uint8_t { kWanted, kRefused };
  // False: what was found may have changed meanwhile.
  Result<bool> TryLock(PMDL mdl, std::span<const PageRange> ranges, Adoption adoption, LockedRange entry);
  // As Find, and not while the memory is read-only for being adopted, or held. Within a Use.
  bool FindSettled(uintptr_t address, os::Region* region);
  Status LockPages(uintptr_t start, uintptr_t end, Access access, Adoption adoption, ClientLock* lock);
  Status Adopt(uintptr_t start, uintptr_t end);
  Status Bounce(uintptr_t start, uintptr_t end, Access access, ClientLock* lock);
  Status Map(OrderKind kind, uintptr_t address, uint64_t byte_count, Pfn first, os::Protection protection)
      RING3_REQUIRES(memory_.changes);
  // Has what is mapped in the range taken away by `kind`, and frees the frames.
  Status TakeAway(OrderKind kind, uintptr_t address, uint64_t byte_count);
  bool IsInStack(uintptr_t address, const os::Region& region, uintptr_t* end);

  void End() override { memory_.End(); }

  const std::shared_ptr<ClientMemory> shared_memory_;
  ClientMemory& memory_;
  Port port_;
  SpinLock stacks_lock_{LockRank::kAddressSpace};
  std::map<uintptr_t, uintptr_t> stacks_ RING3_GUARDED_BY(stacks_lock_);  // low → high
};

}  // namespace ring3::mm

// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/spin_lock.h"
#include "mm/client_port.h"
#include "mm/extent_set.h"
#include "mm/frame_run.h"
#include "mm/gate.h"
#include "mm/layout.h"
#include "os/memory.h"
#include "os/mutex.h"
#include "os/peer_process.h"

namespace ring3::mm {

class ClientMemory;

// Who has which part of the system addresses that are kept for frames of clients. Given out in blocks of 1
// GiB.
class ClientWindow {
 public:
  static constexpr uint64_t kBlockBytes = kGiB;
  static constexpr uint64_t kBlockPages = kBlockBytes >> kPageShift;
  static constexpr uint64_t kBlocks = kClientFramesBytes / kBlockBytes;

  ClientWindow();

  // Consecutive blocks, owned by nobody until SetOwner. False: none are free.
  bool Take(uint64_t count, uint64_t* first);
  bool TakeAt(uint64_t block);
  void GiveBack(uint64_t first, uint64_t count);
  uint64_t free_count();

  // From here on others find the frames, which are mapped; null: they are not any more. Any thread, no lock.
  void SetOwner(uint64_t first, uint64_t count, const ClientMemory* owner);
  const ClientMemory* OwnerOf(uint64_t block) const { return owners_[block].load(std::memory_order_acquire); }
  bool IsMapped(Pfn first, uint64_t count) const;

 private:
  SpinLock lock_{LockRank::kFrames};
  ExtentSet free_ RING3_GUARDED_BY(lock_);
  std::atomic<const ClientMemory*> owners_[kBlocks] = {};
};

// The frames of one client, and the way to its process. Outlives the address space while drivers have pages
// locked.
//
// Frames are pages of one memory object, which the process has too. A page is
//   free    no address of the client that we know of shows it. It reads as zeros, unless it is also stale
//   stale   what a sweep found, with its old contents: memory that is adopted at the same address next is
//           copied over them, which is cheaper than finding new pages
//   used    given to an address by Place. That the client has taken it away from there is found out by
//           Sweep.
// Frames that an MDL has locked stay used. Who locks looks at the generation, asks Linux what is mapped,
// enters the lock, and starts again where the generation has changed; who frees changes the generation and
// then looks for locks.
class ClientMemory {
 public:
  ClientMemory(os::PeerProcess& process, ClientPort& port) : process_(process), port_(port) {}
  ClientMemory(const ClientMemory&) = delete;
  ClientMemory& operator=(const ClientMemory&) = delete;
  // No page is locked any more.
  ~ClientMemory();

  // ---- The process. Looked at only within a Use that was granted; none is after End.

  class Use {
   public:
    explicit Use(ClientMemory& memory) : memory_(memory), granted_(memory.users_.TryEnter()) {}
    ~Use() {
      if (granted_) memory_.users_.Leave();
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    explicit operator bool() const { return granted_; }

   private:
    ClientMemory& memory_;
    const bool granted_;
  };

  os::PeerProcess& process() { return process_; }
  ClientPort& port() { return port_; }
  // Waits for uses under way. Frees what is not locked where the process has ended; else it goes with this.
  void End();

  // ---- Frames

  // The frames that a mapping of the process shows from the page of `address` on. False: the mapping is not
  // of this object, or of frames that the process has not been given. Any thread, no lock.
  bool FramesOf(const os::Region& region, uintptr_t address, FrameRun* frames) const;
  // Whether all of them are this client's.
  bool Has(const FrameRun& frames) const;
  uint64_t generation() const { return generation_.load(std::memory_order_seq_cst); }
  static uint64_t OffsetOf(Pfn pfn) { return (pfn - kClientPfnBase) << kPageShift; }

  // Held by who changes what the process has mapped.
  os::Mutex changes;

  // Lives while memory of the process is exchanged for other memory at the same addresses: while it carries
  // an order to adopt out (what it adopts is mapped read-only meanwhile), or while a view of driver memory is
  // held. Whoever has begun one waits for nobody who may look at the process' memory.
  class Exchange {
   public:
    explicit Exchange(ClientMemory& memory);
    ~Exchange();
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

   private:
    ClientMemory& memory_;
  };
  // Who finds that memory cannot be accessed asks whether an exchange was the reason; who has written,
  // whether it was to what is no longer there. `since` is what exchanges() was before. Where one may have
  // been, waits for its end and returns true: look, or write, again. A process that takes too long over one
  // is waited for once.
  uint32_t exchanges() const {
    const uint32_t count = exchanges_.load(std::memory_order_seq_cst);
    return count | (under_way_.load(std::memory_order_seq_cst) != 0 ? 1 : 0);
  }
  bool WaitForExchange(uint32_t since);
  // A process that exchanges memory all the time is given up on.
  static constexpr int kMostWaits = 100;

  // AddressSpace::Read, Write and WritePieces, of what the process itself has. Within a Use.
  bool Read(void* destination, uintptr_t address, size_t byte_count);
  bool Write(uintptr_t address, const void* source, size_t byte_count);
  size_t WritePieces(std::span<const os::PeerProcess::Piece> pieces);

  // kAny: all of it will be overwritten.
  enum class Contents : uint8_t { kZeros, kAny };
  // Free frames for [address, +page_count pages): neighbours of those of neighbouring addresses where that
  // can be. They are used from here on. Within a Use. STATUS_INSUFFICIENT_RESOURCES.
  Result<Pfn> Place(uintptr_t address, uint64_t page_count, Contents contents) RING3_REQUIRES(changes);
  // The process shows them no longer: those that are not locked are free.
  void Free(const std::vector<FrameRun>& runs) RING3_REQUIRES(changes);
  // Finds the used frames that the process does not show any more and frees them. One question to Linux per
  // mapping of the process. Within a Use.
  void Sweep() RING3_REQUIRES(changes);

  uint64_t used_pages() RING3_REQUIRES(changes) { return used_.free_count(); }
  uint64_t block_count() RING3_REQUIRES(changes) { return block_count_; }

 private:
  Status SendObject() RING3_REQUIRES(changes);
  bool MayTake(uint64_t block_count) RING3_REQUIRES(changes);
  bool TakeBlocks(uint64_t block_count, uint64_t* first) RING3_REQUIRES(changes);
  bool TakeBlockAt(uint64_t block) RING3_REQUIRES(changes);
  bool MapBlocks(uint64_t first, uint64_t count) RING3_REQUIRES(changes);
  void GiveBlockBack(uint64_t block) RING3_REQUIRES(changes);
  bool FindHinted(uintptr_t address, uint64_t page_count, uint64_t* page) RING3_REQUIRES(changes);
  void MarkUsed(uint64_t page, uint64_t page_count) RING3_REQUIRES(changes);
  // Pages of the object.
  enum class Memory : uint8_t { kGiveBack, kKeepSome };
  void FreePages(ExtentSet& pages, Memory memory) RING3_REQUIRES(changes);
  // Stale pages of the range become zeros.
  void PunchStale(uint64_t page, uint64_t page_count) RING3_REQUIRES(changes);

  os::PeerProcess& process_;
  ClientPort& port_;
  Gate users_;  // closed for good by End
  std::atomic<uint64_t> generation_{0};
  std::atomic<uint32_t> under_way_{0};  // exchanges
  std::atomic<uint32_t> exchanges_{0};  // rises by two when one has begun and when it has ended. A futex
  std::atomic<uint32_t> given_up_{0};   // what exchanges() was when somebody had waited long enough

  os::MemoryObject object_ RING3_GUARDED_BY(changes);
  os::FileIdentity identity_{};  // written before the first block has its owner
  bool has_object_ RING3_GUARDED_BY(changes) = false;
  bool is_sent_ RING3_GUARDED_BY(changes) = false;
  // By pages of the object. All pages of its blocks are in one or the other.
  ExtentSet used_ RING3_GUARDED_BY(changes);
  ExtentSet free_ RING3_GUARDED_BY(changes);
  ExtentSet stale_ RING3_GUARDED_BY(changes);  // of the free ones
  uint64_t block_count_ RING3_GUARDED_BY(changes) = 0;
  // Where the frames of the client's GiB n are to be looked for first: a block of the window.
  std::map<uint64_t, uint64_t> hints_ RING3_GUARDED_BY(changes);
  uint64_t placed_since_sweep_ RING3_GUARDED_BY(changes) = 0;
  uint64_t used_after_sweep_ RING3_GUARDED_BY(changes) = 0;
};

}  // namespace ring3::mm

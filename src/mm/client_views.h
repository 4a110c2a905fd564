// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/process_order.h"
#include "base/result.h"
#include "base/spin_lock.h"
#include "mm/gate.h"
#include "mm/page_runs.h"
#include "mm/shared_frames.h"

namespace ring3::mm {

class AddressSpace;
class ClientPort;

// An application in a process of its own, as those see it who map driver memory into it. Its port may be used
// between Enter and Leave.
class ViewClient {
 public:
  ViewClient(AddressSpace& space, ClientPort& port, int process_id)
      : space_(space), port_(port), process_id_(process_id) {}

  AddressSpace& space() const { return space_; }
  ClientPort& port() const { return port_; }
  int process_id() const { return process_id_; }
  // A number that the process does not use for another object. Those below kFirstObject are for the space
  // itself.
  static constexpr uint32_t kFirstObject = 0x1'0000;
  uint32_t NewObjectNumber() { return next_object_.fetch_add(1, std::memory_order_relaxed); }

  // False: the process is being taken down.
  bool Enter() { return gate_.TryEnter(); }
  void Leave() { gate_.Leave(); }
  // Waits until everybody has left; nobody enters any more.
  void End() { gate_.Close(); }

 private:
  AddressSpace& space_;
  ClientPort& port_;
  const int process_id_;
  std::atomic<uint32_t> next_object_{kFirstObject};
  Gate gate_;
};

// A view of driver memory in such an application.
//   mapping → mapped → unmapping → gone; mapping → gone where it fails
struct ClientView {
  // Consecutive pages of the view that are consecutive pages of an object.
  struct Piece {
    SharedObjectRef object;
    uint64_t object_page;
    uint64_t index;
    uint64_t count;
  };
  enum class State : uint8_t { kMapping, kMapped, kUnmapping };

  ViewClient* client;
  uintptr_t address;
  uint64_t page_count;
  bool writable;
  PageRuns runs;   // in the view's order
  PageRuns pages;  // sorted, each once

  // The rest is guarded by ClientViews' lock.
  State state = State::kMapping;
  // While it was being mapped, pages of it have moved: what the application was told is out of date.
  bool stale = false;
  std::vector<Piece> pieces;
  // Every object that the application got for it.
  std::vector<SharedObjectRef> given;
};

using ClientViewRef = std::shared_ptr<ClientView>;

// All views of driver memory in applications that have processes of their own. An application gets a
// descriptor of an object only while every page that is in the object is in the view; one through which it
// can write only where it may write. Who is to see a part, or to write where others may only read, gets the
// pages in a fresh object, and the others' views are mapped anew.
//
// When the last view of an object has ended and nobody has the object any more, it stays for the next view:
// mapping and unmapping the same memory again copies nothing. Where somebody kept it, the pages leave it.
class ClientViews {
 public:
  // Shows `view` at its address, which is reserved in the application. Where it fails, the reservation is
  // given back. PASSIVE_LEVEL, blocks for answers of this and, where views have to be mapped anew, other
  // applications.
  Status Map(const ClientViewRef& view);
  void Unmap(const ClientViewRef& view);
  // The process has ended.
  void Abandon(const ClientViewRef& view);

 private:
  // Pages whose object is being chosen or changed: by one thread at a time.
  class BusyPages {
   public:
    void Take(const PageRuns& sorted);
    void Give(const PageRuns& sorted);

   private:
    bool TryTake(const PageRuns& sorted);
    SpinLock lock_{LockRank::kSharedFrames};
    std::vector<const PageRuns*> taken_ RING3_GUARDED_BY(lock_);
    std::atomic<uint32_t> changes_{0};
  };
  class BusyScope {
   public:
    BusyScope(BusyPages& busy, const PageRuns& sorted) : busy_(busy), pages_(&sorted) { busy_.Take(sorted); }
    ~BusyScope() { End(); }
    BusyScope(const BusyScope&) = delete;
    BusyScope& operator=(const BusyScope&) = delete;
    void End() {
      if (pages_ != nullptr) busy_.Give(*std::exchange(pages_, nullptr));
    }

   private:
    BusyPages& busy_;
    const PageRuns* pages_;
  };

  struct Range {
    uint64_t index;
    uint64_t count;
  };

  enum class Others : uint8_t { kGoOn, kWait };
  Status TryMap(const ClientViewRef& view, Others others, bool* again);
  // Sees to it that every page of the view is in an object that the application may have. Adds objects that
  // are shown in the view already.
  Status Prepare(const ClientViewRef& view, std::vector<SharedObjectRef>* shown);
  // Moves pages from `from` (null: RAM) to a fresh object, and maps the views of them anew. `newcomer`, a
  // view that is being made for writing, is shown the object where nobody could be shown it for writing
  // afterwards.
  Status Regroup(const PageRuns& runs, const SharedObjectRef& from, const ClientViewRef& newcomer,
                 std::vector<SharedObjectRef>* shown);
  // Applications wait when they access the pages of the view, until they are shown again; so does whoever
  // accesses them for an application while the caller has an Exchange.
  Status Hold(const ClientView& view, const PageRuns& pages);
  void ShowAgain(const ClientViewRef& view, const PageRuns& pages);
  void Hide(const ClientView& view, const PageRuns& pages);
  // Has the application map the pieces.
  Status Show(const ClientViewRef& view, const std::vector<ClientView::Piece>& pieces);
  // Sees to it that the application cannot see later contents of what it was given for the view, unless
  // others of its views show them.
  void Revoke(const ClientViewRef& view);

  void Remove(const ClientViewRef& view);
  std::vector<ClientView::Piece> PiecesOf(const PageRuns& runs, uint64_t index);
  // Of pages that are to be in the object, in the order of `runs`.
  static std::vector<ClientView::Piece> PiecesIn(const ClientView& view, const SharedObjectRef& object,
                                                 const PageRuns& runs);
  static std::vector<Range> RangesIn(const ClientView& view, const PageRuns& pages);
  static PageRuns RunsIn(const ClientView& view, const Range& range);

  SharedFrames& Frames();

  BusyPages busy_;
  SpinLock lock_{LockRank::kSharedFrames};
  std::vector<ClientViewRef> views_ RING3_GUARDED_BY(lock_);
};

}  // namespace ring3::mm

// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/ex.h>

#include "base/leak_report.h"

namespace ring3::ex {

enum class Patience : uint8_t { kWait, kDoNotWait };

// How a request for shared access stands to threads that wait for exclusive access.
enum class SharedPolicy : uint8_t {
  kFair,          // behind them, unless the caller has access already
  kStarve,        // before them
  kBehindAlways,  // behind them, even when the caller shares the resource already
};

// The operations on an executive resource. The owner table and the queues of waiters are kept in the
// structure, under its own spin lock; access is handed over by the thread that releases, so nobody can slip
// in between.
//
//   free ── shared by n owners ── exclusive, held n times ── free
class Resource {
 public:
  static Resource& Of(PERESOURCE resource) { return *reinterpret_cast<Resource*>(resource); }

  void Initialize();
  // Back to free and unused; keeps the owner table.
  void Reinitialize();
  void Delete();

  bool AcquireExclusive(Patience patience);
  bool AcquireShared(SharedPolicy policy, Patience patience);
  void Release(ERESOURCE_THREAD owner);
  // Makes `owner_pointer` own what the calling thread does.
  void SetOwner(ERESOURCE_THREAD owner_pointer);
  void ConvertToShared();

  bool IsExclusiveMine();
  ULONG TimesMine();
  ULONG ExclusiveWaiters();
  ULONG SharedWaiters();

 private:
  struct Waiter;
  class Guard;

  bool IsExclusive() const { return (state_.Flag & ResourceOwnedExclusive) != 0; }
  OWNER_ENTRY* FindOwner(ERESOURCE_THREAD owner);
  void AddSharedOwner(ERESOURCE_THREAD owner, ULONG count);
  void TakeExclusive(ERESOURCE_THREAD owner);
  void DropExclusive();
  // What the resource's state allows to be granted now; returns the waiters to wake.
  Waiter* GrantAfterExclusive();
  Waiter* GrantAllShared();
  Waiter* GrantAfterShared();
  static void Wake(Waiter* granted);
  void Enqueue(PVOID& queue, Waiter& waiter, ULONG& count);
  [[noreturn]] void NotOwned(ERESOURCE_THREAD owner);

  ERESOURCE state_;
};

// Resources that were not deleted are reported, and forgotten.
void ShutdownResources(LeakReport& leaks);
// The initialised resource that lies in [start, start + byte_count), null when there is none.
PERESOURCE FindResourceIn(const void* start, size_t byte_count);

}  // namespace ring3::ex

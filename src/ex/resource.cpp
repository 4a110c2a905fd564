// SPDX-License-Identifier: MIT
#include "ex/resource.h"

#include <ddi/list.h>

#include <fmt/format.h>

#include "base/spin_lock.h"
#include "ex/lock_checks.h"
#include "ke/kspin_lock.h"

namespace ring3::ex {
namespace {

// All initialised resources, by SystemResourcesList.
struct Registry {
  SpinLock lock{LockRank::kResource};
  LIST_ENTRY head RING3_GUARDED_BY(lock) = {&head, &head};
};

Registry& TheRegistry() {
  static Registry& registry = *new Registry;
  return registry;
}

ERESOURCE_THREAD Me() {
  return reinterpret_cast<ERESOURCE_THREAD>(ke::CurrentThread());
}

}  // namespace

struct Resource::Waiter {
  ERESOURCE_THREAD owner;
  Waiter* next = nullptr;
  KEVENT granted;
};

class Resource::Guard {
 public:
  explicit Guard(Resource& resource) : thread_(ke::CurrentThread()), lock_(&resource.state_.SpinLock) {
    ke::AcquireKSpinLock(thread_, lock_);
  }
  ~Guard() { ke::ReleaseKSpinLock(thread_, lock_); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  PKTHREAD thread_;
  PKSPIN_LOCK lock_;
};

void Resource::Initialize() {
  state_ = {};
  Registry& registry = TheRegistry();
  SpinLockGuard guard(registry.lock);
  InsertTailList(&registry.head, &state_.SystemResourcesList);
}

void Resource::Reinitialize() {
  Guard guard(*this);
  for (ULONG i = 0; state_.OwnerTable != nullptr && i < state_.OwnerTable[0].TableSize; ++i)
    state_.OwnerTable[i + 1] = {};
  state_.ActiveCount = 0;
  state_.Flag = 0;
  state_.OwnerEntry = {};
  state_.ActiveEntries = 0;
  state_.ContentionCount = 0;
}

void Resource::Delete() {
  {
    Registry& registry = TheRegistry();
    SpinLockGuard guard(registry.lock);
    if (state_.SystemResourcesList.Flink == nullptr) ReportLockViolation(kResourceNotInitialized, this);
    RemoveEntryList(&state_.SystemResourcesList);
    state_.SystemResourcesList = {};
  }
  delete[] state_.OwnerTable;
  state_.OwnerTable = nullptr;
}

// The first owner is kept in OwnerEntry, the others in the table; its entry 0 holds the number of entries
// that follow.
OWNER_ENTRY* Resource::FindOwner(ERESOURCE_THREAD owner) {
  if (state_.OwnerEntry.OwnerThread == owner && state_.OwnerEntry.OwnerCount != 0) return &state_.OwnerEntry;
  if (state_.OwnerTable == nullptr) return nullptr;
  for (ULONG i = 1; i <= state_.OwnerTable[0].TableSize; ++i) {
    if (state_.OwnerTable[i].OwnerThread == owner && state_.OwnerTable[i].OwnerCount != 0)
      return &state_.OwnerTable[i];
  }
  return nullptr;
}

void Resource::AddSharedOwner(ERESOURCE_THREAD owner, ULONG count) {
  if (OWNER_ENTRY* entry = FindOwner(owner)) {
    entry->OwnerCount += count;
    return;
  }
  ++state_.ActiveEntries;
  OWNER_ENTRY* free_entry = state_.OwnerEntry.OwnerCount == 0 ? &state_.OwnerEntry : nullptr;
  const ULONG size = state_.OwnerTable != nullptr ? state_.OwnerTable[0].TableSize : 0;
  for (ULONG i = 1; free_entry == nullptr && i <= size; ++i) {
    if (state_.OwnerTable[i].OwnerCount == 0) free_entry = &state_.OwnerTable[i];
  }
  if (free_entry == nullptr) {
    const ULONG larger = size == 0 ? 3 : size * 2;
    auto* table = new OWNER_ENTRY[larger + 1]();
    for (ULONG i = 1; i <= size; ++i) table[i] = state_.OwnerTable[i];
    table[0].TableSize = larger;
    delete[] state_.OwnerTable;
    state_.OwnerTable = table;
    free_entry = &table[size + 1];
  }
  *free_entry = {};
  free_entry->OwnerThread = owner;
  free_entry->OwnerCount = count;
}

void Resource::TakeExclusive(ERESOURCE_THREAD owner) {
  state_.Flag |= ResourceOwnedExclusive;
  state_.ActiveEntries = 1;
  state_.ActiveCount = 1;
  state_.OwnerEntry = {};
  state_.OwnerEntry.OwnerThread = owner;
  state_.OwnerEntry.OwnerCount = 1;
}

void Resource::Enqueue(PVOID& queue, Waiter& waiter, ULONG& count) {
  KeInitializeEvent(&waiter.granted, NotificationEvent, FALSE);
  auto** end = reinterpret_cast<Waiter**>(&queue);
  while (*end != nullptr) end = &(*end)->next;
  *end = &waiter;
  ++count;
  ++state_.ContentionCount;
}

bool Resource::AcquireExclusive(Patience patience) {
  Waiter waiter{Me(), nullptr, {}};
  {
    Guard guard(*this);
    if (state_.ActiveEntries == 0) {
      TakeExclusive(waiter.owner);
      return true;
    }
    if (IsExclusive() && state_.OwnerEntry.OwnerThread == waiter.owner) {
      ++state_.OwnerEntry.OwnerCount;
      return true;
    }
    if (patience == Patience::kDoNotWait) return false;
    // Shared by the caller itself: on Windows it waits for ever.
    if (!IsExclusive() && FindOwner(waiter.owner) != nullptr) ReportLockViolation(kSelfDeadlock, this);
    Enqueue(state_.ExclusiveWaiters, waiter, state_.NumberOfExclusiveWaiters);
  }
  WaitForEvent(&waiter.granted);
  return true;
}

bool Resource::AcquireShared(SharedPolicy policy, Patience patience) {
  Waiter waiter{Me(), nullptr, {}};
  {
    Guard guard(*this);
    if (IsExclusive() && state_.OwnerEntry.OwnerThread == waiter.owner) {
      ++state_.OwnerEntry.OwnerCount;
      return true;
    }
    const bool mine = FindOwner(waiter.owner) != nullptr;
    const bool behind = state_.NumberOfExclusiveWaiters != 0 &&
                        (policy == SharedPolicy::kBehindAlways || (policy == SharedPolicy::kFair && !mine));
    if (!IsExclusive() && !behind) {
      AddSharedOwner(waiter.owner, 1);
      state_.ActiveCount = static_cast<SHORT>(state_.ActiveEntries);
      return true;
    }
    if (patience == Patience::kDoNotWait) return false;
    Enqueue(state_.SharedWaiters, waiter, state_.NumberOfSharedWaiters);
  }
  WaitForEvent(&waiter.granted);
  return true;
}

Resource::Waiter* Resource::GrantAllShared() {
  auto* granted = static_cast<Waiter*>(state_.SharedWaiters);
  state_.SharedWaiters = nullptr;
  state_.NumberOfSharedWaiters = 0;
  for (Waiter* waiter = granted; waiter != nullptr; waiter = waiter->next) AddSharedOwner(waiter->owner, 1);
  state_.ActiveCount = static_cast<SHORT>(state_.ActiveEntries);
  return granted;
}

Resource::Waiter* Resource::GrantAfterShared() {
  auto* granted = static_cast<Waiter*>(state_.ExclusiveWaiters);
  if (granted == nullptr) return GrantAllShared();
  state_.ExclusiveWaiters = granted->next;
  granted->next = nullptr;
  --state_.NumberOfExclusiveWaiters;
  TakeExclusive(granted->owner);
  return granted;
}

// Those who want to share go first, and the next one who wants it alone after them: both kinds get their
// turn.
Resource::Waiter* Resource::GrantAfterExclusive() {
  return state_.SharedWaiters != nullptr ? GrantAllShared() : GrantAfterShared();
}

void Resource::Wake(Waiter* granted) {
  while (granted != nullptr) {
    Waiter* next = granted->next;  // before its thread goes on
    KeSetEvent(&granted->granted, 0, FALSE);
    granted = next;
  }
}

void Resource::NotOwned(ERESOURCE_THREAD owner) {
  KeBugCheckEx(RESOURCE_NOT_OWNED, reinterpret_cast<ULONG_PTR>(this), owner,
               reinterpret_cast<ULONG_PTR>(state_.OwnerTable), 0);
}

void Resource::DropExclusive() {
  state_.Flag &= static_cast<USHORT>(~ResourceOwnedExclusive);
  state_.OwnerEntry = {};
  state_.ActiveEntries = 0;
  state_.ActiveCount = 0;
}

void Resource::Release(ERESOURCE_THREAD owner) {
  Waiter* granted = nullptr;
  bool owned = true;
  {
    Guard guard(*this);
    OWNER_ENTRY* entry = FindOwner(owner);
    if (entry == nullptr) {
      owned = false;
    } else if (--entry->OwnerCount == 0) {
      if (IsExclusive()) {
        DropExclusive();
        granted = GrantAfterExclusive();
      } else {
        entry->OwnerThread = 0;
        if (--state_.ActiveEntries == 0) {
          state_.ActiveCount = 0;
          granted = GrantAfterShared();
        } else {
          state_.ActiveCount = static_cast<SHORT>(state_.ActiveEntries);
        }
      }
    }
  }
  if (!owned) NotOwned(owner);
  Wake(granted);
}

void Resource::SetOwner(ERESOURCE_THREAD owner_pointer) {
  const ERESOURCE_THREAD me = Me();
  bool owned = true;
  {
    Guard guard(*this);
    OWNER_ENTRY* entry = FindOwner(me);
    if (entry == nullptr) {
      owned = false;
    } else if (OWNER_ENTRY* other = FindOwner(owner_pointer); other != nullptr && other != entry) {
      other->OwnerCount += entry->OwnerCount;
      *entry = {};
      --state_.ActiveEntries;
    } else {
      entry->OwnerThread = owner_pointer;
    }
  }
  if (!owned) NotOwned(me);
}

void Resource::ConvertToShared() {
  Waiter* granted = nullptr;
  bool owned = true;
  {
    Guard guard(*this);
    // Whoever owns it: also an owner pointer does.
    if (!IsExclusive()) {
      owned = false;
    } else {
      state_.Flag &= static_cast<USHORT>(~ResourceOwnedExclusive);
      granted = GrantAllShared();
    }
  }
  if (!owned) NotOwned(Me());
  Wake(granted);
}

bool Resource::IsExclusiveMine() {
  Guard guard(*this);
  return IsExclusive() && state_.OwnerEntry.OwnerThread == Me();
}

ULONG Resource::TimesMine() {
  Guard guard(*this);
  OWNER_ENTRY* entry = FindOwner(Me());
  return entry != nullptr ? entry->OwnerCount : 0;
}

ULONG Resource::ExclusiveWaiters() {
  Guard guard(*this);
  return state_.NumberOfExclusiveWaiters;
}

ULONG Resource::SharedWaiters() {
  Guard guard(*this);
  return state_.NumberOfSharedWaiters;
}

void ShutdownResources(LeakReport& leaks) {
  Registry& registry = TheRegistry();
  SpinLockGuard guard(registry.lock);
  size_t count = 0;
  for (LIST_ENTRY* entry = registry.head.Flink; entry != &registry.head && count < 1000; entry = entry->Flink)
    ++count;
  if (count != 0) leaks.Add(fmt::format("{} executive resources (ERESOURCE) not deleted", count));
  // Their memory may be gone: they are dropped, not unlinked.
  registry.head = {&registry.head, &registry.head};
}

PERESOURCE FindResourceIn(const void* start, size_t byte_count) {
  Registry& registry = TheRegistry();
  SpinLockGuard guard(registry.lock);
  for (LIST_ENTRY* entry = registry.head.Flink; entry != &registry.head; entry = entry->Flink) {
    auto* resource = CONTAINING_RECORD(entry, ERESOURCE, SystemResourcesList);
    const char* at = reinterpret_cast<const char*>(resource);
    if (at >= static_cast<const char*>(start) && at < static_cast<const char*>(start) + byte_count)
      return resource;
  }
  return nullptr;
}

}  // namespace ring3::ex

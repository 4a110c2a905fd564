// SPDX-License-Identifier: MIT
#include <ddi/ex.h>
#include <ddi/list.h>

#include "ke/kspin_lock.h"

// Lists and numbers under the caller's spin lock, from any IRQL. On Windows these routines mask interrupts
// meanwhile; here nothing interrupts a thread in a way that could take the same lock.
namespace {

class InterlockedGuard {
 public:
  explicit InterlockedGuard(PKSPIN_LOCK lock) : thread_(ring3::ke::CurrentThread()), lock_(lock) {
    ring3::ke::AcquireKSpinLock(thread_, lock_);
  }
  ~InterlockedGuard() { ring3::ke::ReleaseKSpinLock(thread_, lock_); }
  InterlockedGuard(const InterlockedGuard&) = delete;
  InterlockedGuard& operator=(const InterlockedGuard&) = delete;

 private:
  PKTHREAD thread_;
  PKSPIN_LOCK lock_;
};

}  // namespace

// Returns the entry that was first, null where the list was empty. wdm/nf-wdm-exinterlockedinsertheadlist
extern "C" PLIST_ENTRY ExInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
                                                   PKSPIN_LOCK Lock) {
  InterlockedGuard guard(Lock);
  PLIST_ENTRY first = IsListEmpty(ListHead) ? nullptr : ListHead->Flink;
  InsertHeadList(ListHead, ListEntry);
  return first;
}

// Returns the entry that was last, null where the list was empty. wdm/nf-wdm-exinterlockedinserttaillist
extern "C" PLIST_ENTRY ExInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
                                                   PKSPIN_LOCK Lock) {
  InterlockedGuard guard(Lock);
  PLIST_ENTRY last = IsListEmpty(ListHead) ? nullptr : ListHead->Blink;
  InsertTailList(ListHead, ListEntry);
  return last;
}

// Returns the entry removed, null where the list is empty. wdm/nf-wdm-exinterlockedremoveheadlist
extern "C" PLIST_ENTRY ExInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PKSPIN_LOCK Lock) {
  InterlockedGuard guard(Lock);
  return IsListEmpty(ListHead) ? nullptr : RemoveHeadList(ListHead);
}

// Returns the entry removed, null where the list is empty. wdm/nf-wdm-exinterlockedpopentrylist
extern "C" PSINGLE_LIST_ENTRY ExInterlockedPopEntryList(PSINGLE_LIST_ENTRY ListHead, PKSPIN_LOCK Lock) {
  InterlockedGuard guard(Lock);
  PSINGLE_LIST_ENTRY first = ListHead->Next;
  if (first != nullptr) ListHead->Next = first->Next;
  return first;
}

// Returns the entry that was first, null where the list was empty. wdm/nf-wdm-exinterlockedpushentrylist
extern "C" PSINGLE_LIST_ENTRY ExInterlockedPushEntryList(PSINGLE_LIST_ENTRY ListHead,
                                                         PSINGLE_LIST_ENTRY ListEntry, PKSPIN_LOCK Lock) {
  InterlockedGuard guard(Lock);
  PSINGLE_LIST_ENTRY first = ListHead->Next;
  ListEntry->Next = first;
  ListHead->Next = ListEntry;
  return first;
}

// Returns the value before the addition. wdm/nf-wdm-exinterlockedaddlargeinteger
extern "C" LARGE_INTEGER ExInterlockedAddLargeInteger(PLARGE_INTEGER Addend, LARGE_INTEGER Increment,
                                                      PKSPIN_LOCK Lock) {
  InterlockedGuard guard(Lock);
  const LARGE_INTEGER before = *Addend;
  Addend->QuadPart = static_cast<LONGLONG>(static_cast<ULONGLONG>(before.QuadPart) +
                                           static_cast<ULONGLONG>(Increment.QuadPart));
  return before;
}

// Returns the value before the addition. wdm/nf-wdm-exinterlockedaddulong
extern "C" ULONG ExInterlockedAddUlong(PULONG Addend, ULONG Increment, PKSPIN_LOCK Lock) {
  InterlockedGuard guard(Lock);
  const ULONG before = *Addend;
  *Addend = before + Increment;
  return before;
}

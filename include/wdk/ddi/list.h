// SPDX-License-Identifier: MIT
// Doubly and singly linked lists.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/singly-and-doubly-linked-lists
#ifndef RING3_DDI_LIST_H
#define RING3_DDI_LIST_H

#include <ntdef.h>

#define FAST_FAIL_CORRUPT_LIST_ENTRY 3
// A link whose neighbours do not point back is KERNEL_SECURITY_CHECK_FAILURE, never silent corruption.
NTKERNELAPI EXTERN_C DECLSPEC_NORETURN VOID NTAPI RtlFailFast(_In_ ULONG Code);
#define FatalListEntryError(p1, p2, p3) RtlFailFast(FAST_FAIL_CORRUPT_LIST_ENTRY)

#ifdef __cplusplus
extern "C++" {
#endif

RING3_INLINE VOID InitializeListHead(_Out_ PLIST_ENTRY ListHead) { ListHead->Flink = ListHead->Blink = ListHead; }

RING3_INLINE BOOLEAN IsListEmpty(_In_ const LIST_ENTRY* ListHead) { return (BOOLEAN)(ListHead->Flink == ListHead); }

RING3_INLINE VOID RtlpCheckListEntry(_In_ PLIST_ENTRY Entry) {
  if (Entry->Flink->Blink != Entry || Entry->Blink->Flink != Entry) RtlFailFast(FAST_FAIL_CORRUPT_LIST_ENTRY);
}

RING3_INLINE BOOLEAN RemoveEntryListUnsafe(_In_ PLIST_ENTRY Entry) {
  PLIST_ENTRY next = Entry->Flink;
  PLIST_ENTRY previous = Entry->Blink;
  previous->Flink = next;
  next->Blink = previous;
  return (BOOLEAN)(next == previous);
}

// TRUE when the list is empty afterwards.
RING3_INLINE BOOLEAN RemoveEntryList(_In_ PLIST_ENTRY Entry) {
  RtlpCheckListEntry(Entry);
  return RemoveEntryListUnsafe(Entry);
}

RING3_INLINE PLIST_ENTRY RemoveHeadList(_Inout_ PLIST_ENTRY ListHead) {
  PLIST_ENTRY entry = ListHead->Flink;
  RtlpCheckListEntry(entry);
  RemoveEntryListUnsafe(entry);
  return entry;
}

RING3_INLINE PLIST_ENTRY RemoveTailList(_Inout_ PLIST_ENTRY ListHead) {
  PLIST_ENTRY entry = ListHead->Blink;
  RtlpCheckListEntry(entry);
  RemoveEntryListUnsafe(entry);
  return entry;
}

RING3_INLINE VOID InsertTailList(_Inout_ PLIST_ENTRY ListHead, _Out_ PLIST_ENTRY Entry) {
  PLIST_ENTRY last = ListHead->Blink;
  if (last->Flink != ListHead) RtlFailFast(FAST_FAIL_CORRUPT_LIST_ENTRY);
  Entry->Flink = ListHead;
  Entry->Blink = last;
  last->Flink = Entry;
  ListHead->Blink = Entry;
}

RING3_INLINE VOID InsertHeadList(_Inout_ PLIST_ENTRY ListHead, _Out_ PLIST_ENTRY Entry) {
  PLIST_ENTRY first = ListHead->Flink;
  if (first->Blink != ListHead) RtlFailFast(FAST_FAIL_CORRUPT_LIST_ENTRY);
  Entry->Flink = first;
  Entry->Blink = ListHead;
  first->Blink = Entry;
  ListHead->Flink = Entry;
}

// `ListToAppend` is a ring without a head of its own.
RING3_INLINE VOID AppendTailList(_Inout_ PLIST_ENTRY ListHead, _Inout_ PLIST_ENTRY ListToAppend) {
  PLIST_ENTRY last = ListHead->Blink;
  PLIST_ENTRY appended_last = ListToAppend->Blink;
  RtlpCheckListEntry(ListHead);
  RtlpCheckListEntry(ListToAppend);
  last->Flink = ListToAppend;
  ListHead->Blink = appended_last;
  appended_last->Flink = ListHead;
  ListToAppend->Blink = last;
}

RING3_INLINE VOID PushEntryList(_Inout_ PSINGLE_LIST_ENTRY ListHead, _Inout_ PSINGLE_LIST_ENTRY Entry) {
  Entry->Next = ListHead->Next;
  ListHead->Next = Entry;
}

RING3_INLINE PSINGLE_LIST_ENTRY PopEntryList(_Inout_ PSINGLE_LIST_ENTRY ListHead) {
  PSINGLE_LIST_ENTRY first = ListHead->Next;
  if (first) ListHead->Next = first->Next;
  return first;
}

RING3_INLINE VOID InitializeListHead32(_Out_ PLIST_ENTRY32 ListHead) {
  ListHead->Flink = ListHead->Blink = PtrToUlong(ListHead);
}

#ifdef __cplusplus
}
#endif

#endif

// SPDX-License-Identifier: MIT
#include <ddi/ex_ntifs.h>
#include <ntstatus.h>

#include "ex/lookaside.h"

using namespace ring3::ex;  // NOLINT(google-build-using-namespace)

namespace {

LookasideList& ListOf(void* lookaside) {
  return *static_cast<LookasideList*>(lookaside);
}

void InitializePlain(void* lookaside, PALLOCATE_FUNCTION allocate, PFREE_FUNCTION free, POOL_TYPE base,
                     ULONG flags, SIZE_T size, ULONG tag) {
  constexpr ULONG kKnownFlags = POOL_RAISE_IF_ALLOCATION_FAILURE | POOL_NX_ALLOCATION;
  LookasideList& list = ListOf(lookaside);
  list.Allocate = allocate != nullptr ? allocate : &ExAllocatePoolWithTag;
  list.Free = free != nullptr ? free : &ExFreePool;
  InitializeLookaside(list, static_cast<POOL_TYPE>(base | (flags & kKnownFlags)), tag, size);
}

bool IsPoolType(POOL_TYPE type) {
  switch (type & ~POOL_COLD_ALLOCATION) {
    case NonPagedPool:
    case PagedPool:
    case NonPagedPoolCacheAligned:
    case PagedPoolCacheAligned:
    case NonPagedPoolNx:
    case NonPagedPoolNxCacheAligned:
    case NonPagedPoolSession:
    case PagedPoolSession:
    case NonPagedPoolSessionNx:
      return true;
    default:
      return false;
  }
}

}  // namespace

// Makes an empty list of entries of `Size` bytes of nonpaged pool. `Flags`: 0,
// POOL_RAISE_IF_ALLOCATION_FAILURE, POOL_NX_ALLOCATION. IRQL <= DISPATCH_LEVEL.
// wdm/nf-wdm-exinitializenpagedlookasidelist
extern "C" VOID ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate,
                                                PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag,
                                                USHORT) {
  InitializePlain(Lookaside, Allocate, Free, NonPagedPool, Flags, Size, Tag);
}

// The same of paged pool. wdm/nf-wdm-exinitializepagedlookasidelist
extern "C" VOID ExInitializePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate,
                                               PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag,
                                               USHORT) {
  InitializePlain(Lookaside, Allocate, Free, PagedPool, Flags, Size, Tag);
}

// Frees the list's entries and forgets it; nobody may be using it. IRQL <= DISPATCH_LEVEL.
// wdm/nf-wdm-exdeletenpagedlookasidelist
extern "C" VOID ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside) {
  DeleteLookaside(ListOf(Lookaside), LookasideKind::kPlain);
}

// IRQL <= APC_LEVEL. wdm/nf-wdm-exdeletepagedlookasidelist
extern "C" VOID ExDeletePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside) {
  DeleteLookaside(ListOf(Lookaside), LookasideKind::kPlain);
}

// The entry freed last, or a new one; null when there is no memory. IRQL <= DISPATCH_LEVEL.
// wdm/nf-wdm-exallocatefromnpagedlookasidelist
extern "C" PVOID ExAllocateFromNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside) {
  return AllocateFromLookaside(ListOf(Lookaside), LookasideKind::kPlain);
}

// IRQL <= APC_LEVEL. wdm/nf-wdm-exallocatefrompagedlookasidelist
extern "C" PVOID ExAllocateFromPagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside) {
  return AllocateFromLookaside(ListOf(Lookaside), LookasideKind::kPlain);
}

// Puts an entry back; one that finds the list full is freed. IRQL <= DISPATCH_LEVEL.
// wdm/nf-wdm-exfreetonpagedlookasidelist
extern "C" VOID ExFreeToNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PVOID Entry) {
  FreeToLookaside(ListOf(Lookaside), Entry, LookasideKind::kPlain);
}

// IRQL <= APC_LEVEL. wdm/nf-wdm-exfreetopagedlookasidelist
extern "C" VOID ExFreeToPagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside, PVOID Entry) {
  FreeToLookaside(ListOf(Lookaside), Entry, LookasideKind::kPlain);
}

// Makes an empty list of the given pool type; custom routines get the list's address.
// STATUS_INVALID_PARAMETER_4: no pool type; STATUS_INVALID_PARAMETER_5: unknown flags, or both. IRQL <=
// DISPATCH_LEVEL. wdm/nf-wdm-exinitializelookasidelistex
extern "C" NTSTATUS ExInitializeLookasideListEx(PLOOKASIDE_LIST_EX Lookaside, PALLOCATE_FUNCTION_EX Allocate,
                                                PFREE_FUNCTION_EX Free, POOL_TYPE PoolType, ULONG Flags,
                                                SIZE_T Size, ULONG Tag, USHORT) {
  if (!IsPoolType(PoolType)) return STATUS_INVALID_PARAMETER_4;
  int type = PoolType;
  switch (Flags) {
    case 0:
      break;
    case EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL:
      type |= POOL_RAISE_IF_ALLOCATION_FAILURE;
      break;
    case EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE:
      type |= POOL_QUOTA_FAIL_INSTEAD_OF_RAISE;
      break;
    default:
      return STATUS_INVALID_PARAMETER_5;
  }
  LookasideList& list = ListOf(Lookaside);
  list.AllocateEx = Allocate;
  list.FreeEx = Free;
  if (Allocate == nullptr) list.Allocate = &ExAllocatePoolWithTag;
  if (Free == nullptr) list.Free = &ExFreePool;
  InitializeLookaside(list, static_cast<POOL_TYPE>(type), Tag, Size);
  return STATUS_SUCCESS;
}

// wdm/nf-wdm-exdeletelookasidelistex
extern "C" VOID ExDeleteLookasideListEx(PLOOKASIDE_LIST_EX Lookaside) {
  DeleteLookaside(ListOf(Lookaside), LookasideKind::kEx);
}

// Frees what the list holds; it stays usable. wdm/nf-wdm-exflushlookasidelistex
extern "C" VOID ExFlushLookasideListEx(PLOOKASIDE_LIST_EX Lookaside) {
  FlushLookaside(ListOf(Lookaside), LookasideKind::kEx);
}

// wdm/nf-wdm-exallocatefromlookasidelistex
extern "C" PVOID ExAllocateFromLookasideListEx(PLOOKASIDE_LIST_EX Lookaside) {
  return AllocateFromLookaside(ListOf(Lookaside), LookasideKind::kEx);
}

// wdm/nf-wdm-exfreetolookasidelistex
extern "C" VOID ExFreeToLookasideListEx(PLOOKASIDE_LIST_EX Lookaside, PVOID Entry) {
  FreeToLookaside(ListOf(Lookaside), Entry, LookasideKind::kEx);
}

// Adapts the depth of every list now instead of when a second has passed.
// ntifs/nf-ntifs-exadjustlookasidedepth
extern "C" VOID ExAdjustLookasideDepth(VOID) {
  AdjustLookasideDepths();
}

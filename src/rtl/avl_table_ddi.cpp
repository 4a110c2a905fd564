// SPDX-License-Identifier: MIT
// Generic tables over AVL trees. An element is RTL_BALANCED_LINKS and the caller's data. The caller
// serialises access; IRQL as its routines and memory allow.
#include <ddi/rtl_table.h>
#include <ntstatus.h>

#include <cstring>

#include "rtl/avl_tree.h"

namespace rtl = ring3::rtl;

namespace {

constexpr CLONG kHeader = sizeof(RTL_BALANCED_LINKS);

PVOID DataOf(PRTL_BALANCED_LINKS node) {
  return node + 1;
}

TABLE_SEARCH_RESULT Search(PRTL_AVL_TABLE table, PVOID buffer, PRTL_BALANCED_LINKS* found) {
  PRTL_BALANCED_LINKS n = table->BalancedRoot.RightChild;
  *found = nullptr;
  if (!n) return TableEmptyTree;
  for (;;) {
    *found = n;
    switch (table->CompareRoutine(table, buffer, DataOf(n))) {
      case GenericLessThan:
        if (!n->LeftChild) return TableInsertAsLeft;
        n = n->LeftChild;
        break;
      case GenericGreaterThan:
        if (!n->RightChild) return TableInsertAsRight;
        n = n->RightChild;
        break;
      default:
        return TableFoundNode;
    }
  }
}

void Remove(PRTL_AVL_TABLE table, PRTL_BALANCED_LINKS node) {
  // An enumeration that stands on the node goes on behind its predecessor.
  if (table->RestartKey == node) table->RestartKey = rtl::AvlPrevious(&table->BalancedRoot, node);
  rtl::AvlRemove(&table->BalancedRoot, node);
  --table->NumberGenericTableElements;
  ++table->DeleteCount;
  table->WhichOrderedElement = 0;
  table->OrderedPointer = nullptr;
  table->FreeRoutine(table, node);
}

}  // namespace

extern "C" {

// nf-ntddk-rtlinitializegenerictableavl
VOID NTAPI RtlInitializeGenericTableAvl(PRTL_AVL_TABLE Table, PRTL_AVL_COMPARE_ROUTINE CompareRoutine,
                                        PRTL_AVL_ALLOCATE_ROUTINE AllocateRoutine,
                                        PRTL_AVL_FREE_ROUTINE FreeRoutine, PVOID TableContext) {
  *Table = {};
  Table->BalancedRoot.Parent = &Table->BalancedRoot;
  Table->CompareRoutine = CompareRoutine;
  Table->AllocateRoutine = AllocateRoutine;
  Table->FreeRoutine = FreeRoutine;
  Table->TableContext = TableContext;
}

// A copy of the caller's data, or the equal element that is there already; null when the allocation fails.
// nf-ntddk-rtlinsertelementgenerictableavl
PVOID NTAPI RtlInsertElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer, CLONG BufferSize,
                                            PBOOLEAN NewElement) {
  PRTL_BALANCED_LINKS node;
  TABLE_SEARCH_RESULT result = Search(Table, Buffer, &node);
  return RtlInsertElementGenericTableFullAvl(Table, Buffer, BufferSize, NewElement, node, result);
}

// With the place that RtlLookupElementGenericTableFullAvl found. nf-ntddk-rtlinsertelementgenerictablefullavl
PVOID NTAPI RtlInsertElementGenericTableFullAvl(PRTL_AVL_TABLE Table, PVOID Buffer, CLONG BufferSize,
                                                PBOOLEAN NewElement, PVOID NodeOrParent,
                                                TABLE_SEARCH_RESULT SearchResult) {
  auto* parent = static_cast<PRTL_BALANCED_LINKS>(NodeOrParent);
  if (NewElement) *NewElement = FALSE;
  if (SearchResult == TableFoundNode) return DataOf(parent);
  auto* node = static_cast<PRTL_BALANCED_LINKS>(Table->AllocateRoutine(Table, BufferSize + kHeader));
  if (!node) return nullptr;
  memset(node, 0, kHeader);
  memcpy(DataOf(node), Buffer, BufferSize);
  if (SearchResult == TableEmptyTree) parent = &Table->BalancedRoot;
  rtl::AvlInsert(&Table->BalancedRoot, parent, SearchResult == TableInsertAsLeft, node);
  ++Table->NumberGenericTableElements;
  Table->WhichOrderedElement = 0;
  Table->OrderedPointer = nullptr;
  if (NewElement) *NewElement = TRUE;
  return DataOf(node);
}

// FALSE when there is no such element. nf-ntddk-rtldeleteelementgenerictableavl
BOOLEAN NTAPI RtlDeleteElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer) {
  PRTL_BALANCED_LINKS node;
  if (Search(Table, Buffer, &node) != TableFoundNode) return FALSE;
  Remove(Table, node);
  return TRUE;
}
// The node that a full look-up found.
VOID NTAPI RtlDeleteElementGenericTableAvlEx(PRTL_AVL_TABLE Table, PVOID NodeOrParent) {
  Remove(Table, static_cast<PRTL_BALANCED_LINKS>(NodeOrParent));
}

// nf-ntddk-rtllookupelementgenerictableavl
PVOID NTAPI RtlLookupElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer) {
  PRTL_BALANCED_LINKS node;
  return Search(Table, Buffer, &node) == TableFoundNode ? DataOf(node) : nullptr;
}
// nf-ntddk-rtllookupelementgenerictablefullavl
PVOID NTAPI RtlLookupElementGenericTableFullAvl(PRTL_AVL_TABLE Table, PVOID Buffer, PVOID* NodeOrParent,
                                                TABLE_SEARCH_RESULT* SearchResult) {
  PRTL_BALANCED_LINKS node;
  *SearchResult = Search(Table, Buffer, &node);
  *NodeOrParent = node;
  return *SearchResult == TableFoundNode ? DataOf(node) : nullptr;
}

// In order; the place is kept in the table. nf-ntddk-rtlenumerategenerictableavl
PVOID NTAPI RtlEnumerateGenericTableAvl(PRTL_AVL_TABLE Table, BOOLEAN Restart) {
  if (Restart) Table->RestartKey = nullptr;
  PVOID key = Table->RestartKey;
  PVOID element = RtlEnumerateGenericTableWithoutSplayingAvl(Table, &key);
  Table->RestartKey = static_cast<PRTL_BALANCED_LINKS>(key);
  return element;
}

// In order; the place is the caller's *RestartKey, null to begin with.
// nf-ntddk-rtlenumerategenerictablewithoutsplayingavl
PVOID NTAPI RtlEnumerateGenericTableWithoutSplayingAvl(PRTL_AVL_TABLE Table, PVOID* RestartKey) {
  auto* last = static_cast<PRTL_BALANCED_LINKS>(*RestartKey);
  PRTL_BALANCED_LINKS next =
      last ? rtl::AvlNext(&Table->BalancedRoot, last) : rtl::AvlFirst(&Table->BalancedRoot);
  if (!next) return nullptr;
  *RestartKey = next;
  return DataOf(next);
}

// From Buffer's place on, or from *RestartKey when nothing was deleted since; skips what MatchFunction
// answers with STATUS_NO_MATCH, ends at STATUS_NO_MORE_MATCHES.
// nf-ntddk-rtlenumerategenerictablelikeadirectory
PVOID NTAPI RtlEnumerateGenericTableLikeADirectory(PRTL_AVL_TABLE Table,
                                                   PRTL_AVL_MATCH_FUNCTION MatchFunction, PVOID MatchData,
                                                   ULONG NextFlag, PVOID* RestartKey, PULONG DeleteCount,
                                                   PVOID Buffer) {
  const PRTL_BALANCED_LINKS header = &Table->BalancedRoot;
  auto* node = static_cast<PRTL_BALANCED_LINKS>(*RestartKey);
  if (*DeleteCount != Table->DeleteCount) node = nullptr;
  if (node) {
    if (NextFlag) node = rtl::AvlNext(header, node);
  } else {
    TABLE_SEARCH_RESULT result = Search(Table, Buffer, &node);
    // The element itself, or what follows its place.
    bool behind = (result == TableFoundNode && NextFlag) || result == TableInsertAsRight;
    if (behind) node = rtl::AvlNext(header, node);
  }
  for (; node; node = rtl::AvlNext(header, node)) {
    NTSTATUS status = MatchFunction ? MatchFunction(Table, DataOf(node), MatchData) : STATUS_SUCCESS;
    if (status == STATUS_NO_MORE_MATCHES) break;
    if (status != STATUS_SUCCESS) continue;
    *RestartKey = node;
    *DeleteCount = Table->DeleteCount;
    return DataOf(node);
  }
  return nullptr;
}

// The leftmost of the elements that the compare routine calls equal. *RestartKey serves
// RtlEnumerateGenericTableWithoutSplayingAvl. nf-ntddk-rtllookupfirstmatchingelementgenerictableavl
PVOID NTAPI RtlLookupFirstMatchingElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer,
                                                         PVOID* RestartKey) {
  PRTL_BALANCED_LINKS node;
  *RestartKey = nullptr;
  if (Search(Table, Buffer, &node) != TableFoundNode) return nullptr;
  for (PRTL_BALANCED_LINKS previous = node;
       (previous = rtl::AvlPrevious(&Table->BalancedRoot, previous)) &&
       Table->CompareRoutine(Table, Buffer, DataOf(previous)) == GenericEqual;) {
    node = previous;
  }
  *RestartKey = node;
  return DataOf(node);
}

// The element of that number in order. nf-ntddk-rtlgetelementgenerictableavl
PVOID NTAPI RtlGetElementGenericTableAvl(PRTL_AVL_TABLE Table, ULONG I) {
  if (I >= Table->NumberGenericTableElements) return nullptr;
  // From the first, or from the element asked for last; WhichOrderedElement counts from 1.
  ULONG wanted = I + 1;
  auto* node = static_cast<PRTL_BALANCED_LINKS>(Table->OrderedPointer);
  ULONG at = Table->WhichOrderedElement;
  if (!node || wanted < at) {
    node = rtl::AvlFirst(&Table->BalancedRoot);
    at = 1;
  }
  for (; at < wanted; ++at) node = rtl::AvlNext(&Table->BalancedRoot, node);
  Table->OrderedPointer = node;
  Table->WhichOrderedElement = at;
  return DataOf(node);
}

// nf-ntddk-rtlnumbergenerictableelementsavl
ULONG NTAPI RtlNumberGenericTableElementsAvl(PRTL_AVL_TABLE Table) {
  return Table->NumberGenericTableElements;
}
// nf-ntddk-rtlisgenerictableemptyavl
BOOLEAN NTAPI RtlIsGenericTableEmptyAvl(PRTL_AVL_TABLE Table) {
  return Table->NumberGenericTableElements == 0;
}

}  // extern "C"

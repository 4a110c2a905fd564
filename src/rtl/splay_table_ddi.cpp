// SPDX-License-Identifier: MIT
// Generic tables over splay trees. An element is RTL_SPLAY_LINKS, a LIST_ENTRY of insertion order, then the
// caller's data. The caller serialises access; IRQL as its routines and memory allow.
#include <ddi/list.h>
#include <ddi/rtl_table.h>

#include <cstring>

namespace {

struct Node {
  RTL_SPLAY_LINKS links;
  LIST_ENTRY order;
  alignas(8) UCHAR data[1];
};
constexpr CLONG kHeader = FIELD_OFFSET(Node, data);
static_assert(kHeader == sizeof(RTL_SPLAY_LINKS) + sizeof(LIST_ENTRY));

Node* NodeOf(PVOID links) {
  return static_cast<Node*>(links);
}
Node* NodeOfOrder(PLIST_ENTRY entry) {
  return CONTAINING_RECORD(entry, Node, order);
}

// Where `buffer` is or would be.
TABLE_SEARCH_RESULT Search(PRTL_GENERIC_TABLE table, PVOID buffer, Node** found) {
  PRTL_SPLAY_LINKS n = table->TableRoot;
  if (!n) return TableEmptyTree;
  for (;;) {
    *found = NodeOf(n);
    switch (table->CompareRoutine(table, buffer, NodeOf(n)->data)) {
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

PRTL_SPLAY_LINKS Leftmost(PRTL_SPLAY_LINKS n) {
  while (n && n->LeftChild) n = n->LeftChild;
  return n;
}

}  // namespace

extern "C" {

// nf-ntddk-rtlinitializegenerictable
VOID NTAPI RtlInitializeGenericTable(PRTL_GENERIC_TABLE Table, PRTL_GENERIC_COMPARE_ROUTINE CompareRoutine,
                                     PRTL_GENERIC_ALLOCATE_ROUTINE AllocateRoutine,
                                     PRTL_GENERIC_FREE_ROUTINE FreeRoutine, PVOID TableContext) {
  *Table = {};
  InitializeListHead(&Table->InsertOrderList);
  Table->OrderedPointer = &Table->InsertOrderList;
  Table->CompareRoutine = CompareRoutine;
  Table->AllocateRoutine = AllocateRoutine;
  Table->FreeRoutine = FreeRoutine;
  Table->TableContext = TableContext;
}

// A copy of the caller's data, or the equal element that is there already; null when the allocation fails.
// nf-ntddk-rtlinsertelementgenerictable
PVOID NTAPI RtlInsertElementGenericTable(PRTL_GENERIC_TABLE Table, PVOID Buffer, CLONG BufferSize,
                                         PBOOLEAN NewElement) {
  Node* node = nullptr;
  TABLE_SEARCH_RESULT result = Search(Table, Buffer, &node);
  return RtlInsertElementGenericTableFull(Table, Buffer, BufferSize, NewElement, node, result);
}

// With the place that RtlLookupElementGenericTableFull found.
PVOID NTAPI RtlInsertElementGenericTableFull(PRTL_GENERIC_TABLE Table, PVOID Buffer, CLONG BufferSize,
                                             PBOOLEAN NewElement, PVOID NodeOrParent,
                                             TABLE_SEARCH_RESULT SearchResult) {
  Node* node = NodeOf(NodeOrParent);
  if (NewElement) *NewElement = SearchResult != TableFoundNode;
  if (SearchResult != TableFoundNode) {
    Node* parent = node;
    node = static_cast<Node*>(Table->AllocateRoutine(Table, BufferSize + kHeader));
    if (!node) {
      if (NewElement) *NewElement = FALSE;
      return nullptr;
    }
    RtlInitializeSplayLinks(&node->links);
    InsertTailList(&Table->InsertOrderList, &node->order);
    ++Table->NumberGenericTableElements;
    if (SearchResult == TableInsertAsLeft) RtlInsertAsLeftChild(&parent->links, &node->links);
    if (SearchResult == TableInsertAsRight) RtlInsertAsRightChild(&parent->links, &node->links);
    memcpy(node->data, Buffer, BufferSize);
  }
  Table->TableRoot = RtlSplay(&node->links);
  return node->data;
}

// FALSE when there is no such element. nf-ntddk-rtldeleteelementgenerictable
BOOLEAN NTAPI RtlDeleteElementGenericTable(PRTL_GENERIC_TABLE Table, PVOID Buffer) {
  Node* node = nullptr;
  if (Search(Table, Buffer, &node) != TableFoundNode) return FALSE;
  Table->TableRoot = RtlDelete(&node->links);
  RemoveEntryList(&node->order);
  --Table->NumberGenericTableElements;
  Table->OrderedPointer = &Table->InsertOrderList;
  Table->WhichOrderedElement = 0;
  Table->FreeRoutine(Table, node);
  return TRUE;
}

// nf-ntddk-rtllookupelementgenerictable
PVOID NTAPI RtlLookupElementGenericTable(PRTL_GENERIC_TABLE Table, PVOID Buffer) {
  PVOID node;
  TABLE_SEARCH_RESULT result;
  return RtlLookupElementGenericTableFull(Table, Buffer, &node, &result);
}

PVOID NTAPI RtlLookupElementGenericTableFull(PRTL_GENERIC_TABLE Table, PVOID Buffer, PVOID* NodeOrParent,
                                             TABLE_SEARCH_RESULT* SearchResult) {
  Node* node = nullptr;
  *SearchResult = Search(Table, Buffer, &node);
  *NodeOrParent = node;
  if (*SearchResult != TableFoundNode) return nullptr;
  Table->TableRoot = RtlSplay(&node->links);
  return node->data;
}

// In order; splays each element, so that the table becomes a sorted list. nf-ntddk-rtlenumerategenerictable
PVOID NTAPI RtlEnumerateGenericTable(PRTL_GENERIC_TABLE Table, BOOLEAN Restart) {
  if (!Table->TableRoot) return nullptr;
  PRTL_SPLAY_LINKS next = Restart ? Leftmost(Table->TableRoot) : RtlRealSuccessor(Table->TableRoot);
  if (!next) return nullptr;
  Table->TableRoot = RtlSplay(next);
  return NodeOf(next)->data;
}

// In order, without changing the tree; *RestartKey is null to begin with.
// nf-ntddk-rtlenumerategenerictablewithoutsplaying
PVOID NTAPI RtlEnumerateGenericTableWithoutSplaying(PRTL_GENERIC_TABLE Table, PVOID* RestartKey) {
  if (!Table->TableRoot) return nullptr;
  auto* last = static_cast<PRTL_SPLAY_LINKS>(*RestartKey);
  PRTL_SPLAY_LINKS next = last ? RtlRealSuccessor(last) : Leftmost(Table->TableRoot);
  if (!next) return nullptr;
  *RestartKey = next;
  return NodeOf(next)->data;
}

// The element inserted as number I, of those that are there. nf-ntddk-rtlgetelementgenerictable
PVOID NTAPI RtlGetElementGenericTable(PRTL_GENERIC_TABLE Table, ULONG I) {
  if (I >= Table->NumberGenericTableElements) return nullptr;
  // From the head, or from the element asked for last when that is nearer; WhichOrderedElement counts from 1.
  ULONG wanted = I + 1;
  if (Table->WhichOrderedElement == 0 || wanted < Table->WhichOrderedElement) {
    Table->OrderedPointer = &Table->InsertOrderList;
    Table->WhichOrderedElement = 0;
  }
  for (; Table->WhichOrderedElement < wanted; ++Table->WhichOrderedElement) {
    Table->OrderedPointer = Table->OrderedPointer->Flink;
  }
  return NodeOfOrder(Table->OrderedPointer)->data;
}

// nf-ntddk-rtlnumbergenerictableelements
ULONG NTAPI RtlNumberGenericTableElements(PRTL_GENERIC_TABLE Table) {
  return Table->NumberGenericTableElements;
}
// nf-ntddk-rtlisgenerictableempty
BOOLEAN NTAPI RtlIsGenericTableEmpty(PRTL_GENERIC_TABLE Table) {
  return Table->TableRoot == nullptr;
}

}  // extern "C"

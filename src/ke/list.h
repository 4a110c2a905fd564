// SPDX-License-Identifier: MIT
#pragma once

#include <ntdef.h>

// Doubly linked lists of LIST_ENTRY, for the insides of the kernel.
namespace ring3::ke {

inline void InitializeList(LIST_ENTRY& head) {
  head.Flink = head.Blink = &head;
}
inline bool IsEmpty(const LIST_ENTRY& head) {
  return head.Flink == &head;
}
inline void InsertBefore(LIST_ENTRY& position, LIST_ENTRY& entry) {
  entry.Flink = &position;
  entry.Blink = position.Blink;
  position.Blink->Flink = &entry;
  position.Blink = &entry;
}
inline void InsertTail(LIST_ENTRY& head, LIST_ENTRY& entry) {
  InsertBefore(head, entry);
}
inline void InsertHead(LIST_ENTRY& head, LIST_ENTRY& entry) {
  InsertBefore(*head.Flink, entry);
}
inline void Remove(LIST_ENTRY& entry) {
  entry.Blink->Flink = entry.Flink;
  entry.Flink->Blink = entry.Blink;
}
inline LIST_ENTRY* RemoveHead(LIST_ENTRY& head) {
  LIST_ENTRY* first = head.Flink;
  Remove(*first);
  return first;
}

}  // namespace ring3::ke

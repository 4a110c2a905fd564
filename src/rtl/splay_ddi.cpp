// SPDX-License-Identifier: MIT
// Splay links. The root's parent is itself. The caller serialises access; any IRQL when the nodes are
// resident.
#include <ddi/rtl_table.h>

namespace {

using Links = RTL_SPLAY_LINKS;

// Puts `n` in the place of its parent.
void RotateUp(Links* n) {
  Links* p = n->Parent;
  Links* g = p->Parent;
  bool left = p->LeftChild == n;
  Links* inner = left ? n->RightChild : n->LeftChild;
  (left ? p->LeftChild : p->RightChild) = inner;
  if (inner) inner->Parent = p;
  (left ? n->RightChild : n->LeftChild) = p;
  p->Parent = n;
  if (g == p) {
    n->Parent = n;
  } else {
    n->Parent = g;
    (g->LeftChild == p ? g->LeftChild : g->RightChild) = n;
  }
}

// Puts `with` (may be null) where `n` is in its parent; a root replaced becomes one.
void Replace(Links* n, Links* with) {
  bool root = n->Parent == n;
  if (with) with->Parent = root ? with : n->Parent;
  if (!root) (n->Parent->LeftChild == n ? n->Parent->LeftChild : n->Parent->RightChild) = with;
}

// Takes `n` out of the tree. Returns the node from which on the tree changed downwards: the parent of the
// place that was emptied, or the new root; null when the tree is empty now.
Links* Unlink(Links* n) {
  if (n->LeftChild && n->RightChild) {
    // The subtree predecessor, which has no right child, takes the node's place.
    Links* p = RtlSubtreePredecessor(n);
    Links* changed = p->Parent == n ? p : p->Parent;
    Replace(p, p->LeftChild);
    p->LeftChild = n->LeftChild;
    p->RightChild = n->RightChild;
    if (p->LeftChild) p->LeftChild->Parent = p;
    p->RightChild->Parent = p;
    Replace(n, p);
    return changed;
  }
  Links* child = n->LeftChild ? n->LeftChild : n->RightChild;
  bool root = n->Parent == n;
  Replace(n, child);
  return root ? child : n->Parent;
}

}  // namespace

extern "C" {

// Makes the node the root and returns it. nf-ntddk-rtlsplay
PRTL_SPLAY_LINKS NTAPI RtlSplay(PRTL_SPLAY_LINKS Links) {
  while (Links->Parent != Links) {
    PRTL_SPLAY_LINKS p = Links->Parent;
    if (p->Parent != p) RotateUp(RtlIsLeftChild(p) == RtlIsLeftChild(Links) ? p : Links);
    RotateUp(Links);
  }
  return Links;
}

// Takes the node out, splays what is left and returns its root; null when nothing is left. nf-ntddk-rtldelete
PRTL_SPLAY_LINKS NTAPI RtlDelete(PRTL_SPLAY_LINKS Links) {
  PRTL_SPLAY_LINKS changed = Unlink(Links);
  return changed ? RtlSplay(changed) : nullptr;
}

// Takes the node out; *Root is corrected when the root changes. nf-ntddk-rtldeletenosplay
VOID NTAPI RtlDeleteNoSplay(PRTL_SPLAY_LINKS Links, PRTL_SPLAY_LINKS* Root) {
  bool was_root = RtlIsRoot(Links);
  PRTL_SPLAY_LINKS changed = Unlink(Links);
  if (!was_root) return;
  while (changed && changed->Parent != changed) changed = changed->Parent;
  *Root = changed;
}

// nf-ntddk-rtlsubtreesuccessor
PRTL_SPLAY_LINKS NTAPI RtlSubtreeSuccessor(PRTL_SPLAY_LINKS Links) {
  PRTL_SPLAY_LINKS n = Links->RightChild;
  while (n && n->LeftChild) n = n->LeftChild;
  return n;
}
// nf-ntddk-rtlsubtreepredecessor
PRTL_SPLAY_LINKS NTAPI RtlSubtreePredecessor(PRTL_SPLAY_LINKS Links) {
  PRTL_SPLAY_LINKS n = Links->LeftChild;
  while (n && n->RightChild) n = n->RightChild;
  return n;
}
// nf-ntddk-rtlrealsuccessor
PRTL_SPLAY_LINKS NTAPI RtlRealSuccessor(PRTL_SPLAY_LINKS Links) {
  if (Links->RightChild) return RtlSubtreeSuccessor(Links);
  while (RtlIsRightChild(Links)) Links = Links->Parent;
  return RtlIsLeftChild(Links) ? Links->Parent : nullptr;
}
// nf-ntddk-rtlrealpredecessor
PRTL_SPLAY_LINKS NTAPI RtlRealPredecessor(PRTL_SPLAY_LINKS Links) {
  if (Links->LeftChild) return RtlSubtreePredecessor(Links);
  while (RtlIsLeftChild(Links)) Links = Links->Parent;
  return RtlIsRightChild(Links) ? Links->Parent : nullptr;
}

}  // extern "C"

// SPDX-License-Identifier: MIT
#include "rtl/avl_tree.h"

#include <utility>

namespace ring3::rtl {
namespace {

// Balance is the height of the right subtree less that of the left: -1, 0 or 1.

void Attach(AvlLinks* parent, bool left, AvlLinks* child) {
  (left ? parent->LeftChild : parent->RightChild) = child;
  if (child) child->Parent = parent;
}

bool IsLeft(const AvlLinks* n) {
  return n->Parent->LeftChild == n;
}

// Turns `n`'s child on the other side of `to_left` into the root of the subtree.
AvlLinks* Rotate(AvlLinks* n, bool to_left) {
  AvlLinks* child = to_left ? n->RightChild : n->LeftChild;
  AvlLinks* parent = n->Parent;
  bool left = IsLeft(n);
  Attach(n, !to_left, to_left ? child->LeftChild : child->RightChild);
  Attach(child, to_left, n);
  Attach(parent, left, child);
  return child;
}

// `n` leans by two towards `heavy` (1 right, -1 left). Returns the subtree's new root; its Balance is 0 when
// the subtree became lower by one.
AvlLinks* Rebalance(AvlLinks* n, int heavy) {
  bool to_left = heavy > 0;
  AvlLinks* child = to_left ? n->RightChild : n->LeftChild;
  if (child->Balance == -heavy) {
    AvlLinks* grandchild = to_left ? child->LeftChild : child->RightChild;
    Rotate(child, !to_left);
    Rotate(n, to_left);
    n->Balance = static_cast<CHAR>(grandchild->Balance == heavy ? -heavy : 0);
    child->Balance = static_cast<CHAR>(grandchild->Balance == -heavy ? heavy : 0);
    grandchild->Balance = 0;
    return grandchild;
  }
  Rotate(n, to_left);
  bool lower = child->Balance == heavy;
  n->Balance = static_cast<CHAR>(lower ? 0 : heavy);
  child->Balance = static_cast<CHAR>(lower ? 0 : -heavy);
  return child;
}

AvlLinks* Extreme(AvlLinks* n, bool left) {
  while (n && (left ? n->LeftChild : n->RightChild)) n = left ? n->LeftChild : n->RightChild;
  return n;
}

AvlLinks* Neighbour(const AvlLinks* header, AvlLinks* n, bool next) {
  AvlLinks* below = next ? n->RightChild : n->LeftChild;
  if (below) return Extreme(below, next);
  while (n->Parent != header && IsLeft(n) != next) n = n->Parent;
  return n->Parent == header ? nullptr : n->Parent;
}

}  // namespace

void AvlInsert(AvlLinks* header, AvlLinks* parent, bool as_left, AvlLinks* node) {
  node->LeftChild = node->RightChild = nullptr;
  node->Balance = 0;
  Attach(parent, as_left, node);
  for (AvlLinks* n = node; n->Parent != header;) {
    int side = IsLeft(n) ? -1 : 1;
    n = n->Parent;
    if (n->Balance == -side) {
      n->Balance = 0;
      return;
    }
    if (n->Balance == side) {
      Rebalance(n, side);
      return;
    }
    n->Balance = static_cast<CHAR>(side);
  }
}

void AvlRemove(AvlLinks* header, AvlLinks* node) {
  if (node->LeftChild && node->RightChild) {
    // The successor, which has no left child, changes places with the node.
    AvlLinks* s = Extreme(node->RightChild, true);
    AvlLinks* s_right = s->RightChild;
    AvlLinks* s_parent = s->Parent;
    Attach(node->Parent, IsLeft(node), s);
    Attach(s, true, node->LeftChild);
    if (s_parent == node) {
      Attach(s, false, node);
    } else {
      Attach(s, false, node->RightChild);
      Attach(s_parent, true, node);
    }
    node->LeftChild = nullptr;
    Attach(node, false, s_right);
    std::swap(node->Balance, s->Balance);
  }
  AvlLinks* n = node->Parent;
  int side = n == header ? 1 : IsLeft(node) ? -1 : 1;
  Attach(n, side < 0, node->LeftChild ? node->LeftChild : node->RightChild);
  // The subtree of `n` on `side` became lower by one.
  while (n != header) {
    AvlLinks* subtree = n;
    if (n->Balance == 0) {
      n->Balance = static_cast<CHAR>(-side);
      return;
    }
    if (n->Balance == side) {
      n->Balance = 0;
    } else {
      subtree = Rebalance(n, -side);
      if (subtree->Balance != 0) return;
    }
    n = subtree->Parent;
    side = n == header ? 1 : n->LeftChild == subtree ? -1 : 1;
  }
}

AvlLinks* AvlFirst(const AvlLinks* header) {
  return Extreme(header->RightChild, true);
}
AvlLinks* AvlNext(const AvlLinks* header, AvlLinks* node) {
  return Neighbour(header, node, true);
}
AvlLinks* AvlPrevious(const AvlLinks* header, AvlLinks* node) {
  return Neighbour(header, node, false);
}

}  // namespace ring3::rtl

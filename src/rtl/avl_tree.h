// SPDX-License-Identifier: MIT
// The balanced tree below RTL_AVL_TABLE. `header` is BalancedRoot: its right child is the root, whose parent
// it is.
#pragma once

#include <ddi/rtl_table.h>

namespace ring3::rtl {

using AvlLinks = RTL_BALANCED_LINKS;

// `parent` is the header for the first node. `node` has no children.
void AvlInsert(AvlLinks* header, AvlLinks* parent, bool as_left, AvlLinks* node);
void AvlRemove(AvlLinks* header, AvlLinks* node);

// In order; null at the ends.
AvlLinks* AvlFirst(const AvlLinks* header);
AvlLinks* AvlNext(const AvlLinks* header, AvlLinks* node);
AvlLinks* AvlPrevious(const AvlLinks* header, AvlLinks* node);

}  // namespace ring3::rtl

// SPDX-License-Identifier: MIT
#pragma once

namespace ring3::mm {

class LockedPageTable;

// From here until RefuseUserUnmaps, which waits for calls under way, UnmapUserMemory and RunUnlessLocked look
// at `table`.
void AcceptUserUnmaps(LockedPageTable& table);
void RefuseUserUnmaps();

}  // namespace ring3::mm

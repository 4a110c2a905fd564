// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "os/memory.h"

// Private memory of this process becomes shared memory in place, while other threads use it. In
// libring3-win32.so.
//
// Writers are held off by write protection: who writes faults, waits in the fault hook until the memory is
// back, and tries again. System calls of other threads that write there meanwhile fail with EFAULT instead;
// so the time is kept short. Stacks cannot be held off: a thread could not even take the signal.
namespace ring3::os {

// Once, before the first of the others. Needs InstallFaultHandlers.
void PrepareForAdoption();

// Copies [address, +byte_count), which is mapped whole and readable, into the object at `offset` and maps
// that over the same addresses with `protection`. Blocks other writers for as long as it takes.
// STATUS_INSUFFICIENT_RESOURCES: nothing has changed.
Status AdoptMemory(uintptr_t address, size_t byte_count, int object, uint64_t offset, Protection protection);

// Holds off whoever accesses the range, until EndHold for a range that reaches its end.
Status HoldAccess(uintptr_t address, size_t byte_count);
void EndHold(uintptr_t address, size_t byte_count);
// Whoever would end them is gone: lets everybody go on with the memory as it is, now and in holds to come.
// Writes to no memory of the process.
void EndAllHolds();

// Around a fork. A fork waits for holds, which nobody would end in the child, and holds wait for a fork.
void BeginFork();
void EndFork();
// In a forked child: memory of this object becomes private memory in place, with a copy of what it holds.
// What cannot be copied stays shared.
void MakeAdoptedPrivate(int object, const FileIdentity& identity);

// Maps an object's [offset, +byte_count) over whatever is at `address`.
Status MapObject(uintptr_t address, size_t byte_count, int object, uint64_t offset, Protection protection);

}  // namespace ring3::os

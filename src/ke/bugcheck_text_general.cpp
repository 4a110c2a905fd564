// SPDX-License-Identifier: MIT
// debugger/bug-check-0x*: execution, objects, I/O.
#include <bugcodes.h>

#include "ke/bugcheck_text_tables.h"

namespace ring3::ke {
namespace {

constexpr long long kAny = kAnyViolation;

// clang-format off: a row a line.
constexpr BugCheckEntry kEntries[] = {
    {kMissingDdi, kAny, {"The driver called a routine that Ring3 does not implement; the driver's build lists them all.", {"the routine's name"}}},
    {kExecutiveFault, kAny, {"A defect in Ring3 itself, or memory of the executive that was overwritten.", {}}},
    {APC_INDEX_MISMATCH, kAny, {"A system service or driver routine returned with other APC disable counts than it was called with: critical or guarded regions were entered and left unevenly.", {"address of the function", "original and current APC state index", "kernel APC disable count and special APC disable count", "0: system service, 1: driver or other callout"}}},
    {IRQL_NOT_LESS_OR_EQUAL, kAny, {"The executive touched an address that is not there while the IRQL was too high; most often a driver passed a bad pointer.", {"address touched", "IRQL at that time", "0: read, 1: write, 8: execute", "instruction"}}},
    {DRIVER_IRQL_NOT_LESS_OR_EQUAL, kAny, {"A driver touched an address that is not there, or pageable, while the IRQL was too high.", {"address touched", "IRQL at that time", "0: read, 1: write, 8: execute", "instruction"}}},
    {IRQL_NOT_DISPATCH_LEVEL, kAny, {"The IRQL is not DISPATCH_LEVEL where it has to be.", {}}},
    {IRQL_NOT_GREATER_OR_EQUAL, kAny, {"The IRQL is lower than required.", {}}},
    {IRQL_GT_ZERO_AT_SYSTEM_SERVICE, kAny, {"A system service returned to user mode with the IRQL above PASSIVE_LEVEL.", {"address of the service", "current IRQL", nullptr, nullptr}}},
    {IRQL_UNEXPECTED_VALUE, kAny, {"A routine came back at another IRQL than it was called at.", {"IRQL now << 16 | IRQL before << 8 | kind of routine", "routine", "what it was called with", nullptr}}},
    {SPIN_LOCK_ALREADY_OWNED, kAny, {"A spin lock was acquired by the one that holds it already.", {"spin lock", nullptr, nullptr, nullptr}}},
    {SPIN_LOCK_NOT_OWNED, kAny, {"A spin lock was released that is not held.", {"spin lock", nullptr, nullptr, nullptr}}},
    {SPIN_LOCK_INIT_FAILURE, kAny, {"A spin lock was used that is not initialised.", {"spin lock", nullptr, nullptr, nullptr}}},
    {THREAD_NOT_MUTEX_OWNER, kAny, {"A thread released a mutex that it does not own.", {"thread", "mutex", nullptr, nullptr}}},
    {MUTEX_LEVEL_NUMBER_VIOLATION, kAny, {"Mutexes were acquired out of order.", {"level of the thread", "level of the mutex", nullptr, nullptr}}},
    {MUTEX_ALREADY_OWNED, kAny, {"A fast mutex was acquired by the thread that owns it.", {"mutex", nullptr, nullptr, nullptr}}},
    {THREAD_TERMINATE_HELD_MUTEX, kAny, {"A thread ended while it owned a mutex.", {"thread", "mutex", nullptr, nullptr}}},
    {TRAP_CAUSE_UNKNOWN, kAny, {"An unexpected exception.", {}}},
    {KMODE_EXCEPTION_NOT_HANDLED, kAny, {"An exception in kernel mode was not handled.", {"exception code", "instruction", "first exception parameter", "second exception parameter"}}},
    {SYSTEM_THREAD_EXCEPTION_NOT_HANDLED, kAny, {"An exception in a system thread was not handled.", {"exception code", "instruction", "EXCEPTION_RECORD", "CONTEXT"}}},
    {SYSTEM_SERVICE_EXCEPTION, kAny, {"An exception in a driver or system service, on behalf of an application, was not handled.", {"exception code", "instruction", "CONTEXT", nullptr}}},
    {KERNEL_MODE_EXCEPTION_NOT_HANDLED, kAny, {"An exception in kernel mode was not handled.", {"exception code", "instruction", "trap frame", nullptr}}},
    {UNEXPECTED_KERNEL_MODE_TRAP, 8, {"The kernel stack overflowed (double fault).", {"8: double fault", "address touched", "stack pointer", "instruction"}}},
    {UNEXPECTED_KERNEL_MODE_TRAP, kAny, {"The processor raised a trap that kernel mode cannot take.", {"trap number", nullptr, nullptr, nullptr}}},
    {PANIC_STACK_SWITCH, kAny, {"The kernel stack is used up.", {}}},
    {KERNEL_STACK_INPAGE_ERROR, kAny, {"A page of a kernel stack could not be brought in.", {}}},
    {ATTEMPTED_SWITCH_FROM_DPC, kAny, {"A DPC waited, or did something else that needs a thread switch.", {"original or current thread", "new thread", "stack address of the original thread", nullptr}}},
    {MAXIMUM_WAIT_OBJECTS_EXCEEDED, kAny, {"A wait on more objects than there may be: THREAD_WAIT_OBJECTS without wait blocks, MAXIMUM_WAIT_OBJECTS with them.", {}}},
    {DPC_WATCHDOG_VIOLATION, 0, {"A DPC or interrupt service routine ran longer than allowed.", {"0: one DPC", "time, ticks", "allowed time, ticks", nullptr}}},
    {DPC_WATCHDOG_VIOLATION, kAny, {"The system spent too long at DISPATCH_LEVEL or above.", {"kind", nullptr, nullptr, nullptr}}},
    {TIMER_OR_DPC_INVALID, 0, {"An active timer lies in memory that is being freed or is not valid.", {"0: timer", "timer object", "start of the memory", "end of the memory"}}},
    {TIMER_OR_DPC_INVALID, 1, {"A queued DPC lies in memory that is being freed or is not valid.", {"1: DPC", "DPC object", "start of the memory", "end of the memory"}}},
    {TIMER_OR_DPC_INVALID, 3, {"A DPC's target processor does not exist.", {"3", "DPC object", "processor", "number of processors"}}},
    {TIMER_OR_DPC_INVALID, 4, {"A DPC routine entered or left critical regions unevenly.", {"4", "DPC routine", "APC disable count before", "APC disable count after"}}},
    {TIMER_OR_DPC_INVALID, 5, {"The DPC routine of a timer entered or left critical regions unevenly.", {"5", "DPC routine", "APC disable count before", "APC disable count after"}}},
    {TIMER_OR_DPC_INVALID, kAny, {"A timer or DPC lies in memory where it may not.", {"kind", "object", "start of the memory", "end of the memory"}}},
    {INVALID_PROCESS_ATTACH_ATTEMPT, kAny, {"A thread attached to a process in a state where it may not.", {"current process", "process to attach to", "APC state index", "whether a DPC runs"}}},
    {INVALID_PROCESS_DETACH_ATTEMPT, kAny, {"A thread detached from a process in a state where it may not.", {}}},
    {KERNEL_APC_PENDING_DURING_EXIT, kAny, {"The APC disable count is not zero where a thread or service ends.", {"APC found pending", "APC disable count", "current IRQL", nullptr}}},
    {KERNEL_AUTO_BOOST_LOCK_ACQUISITION_WITH_RAISED_IRQL, kAny, {"A lock that may wait was acquired at DISPATCH_LEVEL or above.", {"lock", "current IRQL", nullptr, nullptr}}},
    {KERNEL_SECURITY_CHECK_FAILURE, 3, {"A LIST_ENTRY is corrupt: removed twice, or overwritten.", {"3: corrupt list entry", "trap frame", "exception record", nullptr}}},
    {KERNEL_SECURITY_CHECK_FAILURE, kAny, {"The kernel found one of its structures corrupt.", {"kind of corruption", "trap frame", "exception record", nullptr}}},
    {CRITICAL_STRUCTURE_CORRUPTION, kAny, {"A critical structure was modified.", {}}},
    {REFERENCE_BY_POINTER, kAny, {"The reference count of an object is wrong: dereferenced too often, or referenced when it was gone.", {"object type", "object", nullptr, nullptr}}},
    {INVALID_KERNEL_HANDLE, kAny, {"Kernel code used or closed a handle that is not valid, or that is protected from closing.", {"handle", "0: protected from closing, 1: not valid", nullptr, nullptr}}},
    {OBJECT_INITIALIZATION_FAILED, kAny, {"The object manager could not come up.", {}}},
    {MULTIPLE_IRP_COMPLETE_REQUESTS, kAny, {"An IRP was completed that is completed already: two drivers, or one driver twice, think that it is theirs.", {"IRP", nullptr, nullptr, nullptr}}},
    {NO_MORE_IRP_STACK_LOCATIONS, kAny, {"A driver passed an IRP on that has no stack location left for the next one.", {"IRP", nullptr, nullptr, nullptr}}},
    {CANCEL_STATE_IN_COMPLETED_IRP, kAny, {"An IRP was completed that still has a cancel routine, or was cancelled after its completion.", {"IRP", "cancel routine", nullptr, nullptr}}},
    {INCONSISTENT_IRP, kAny, {"An IRP's fields contradict each other.", {"IRP", nullptr, nullptr, nullptr}}},
    {DEVICE_REFERENCE_COUNT_NOT_ZERO, kAny, {"A device object was deleted that is still referenced.", {"device object", nullptr, nullptr, nullptr}}},
    {INVALID_IO_BOOST_STATE, kAny, {"A thread ended with an I/O boost.", {}}},
    {DEVICE_QUEUE_NOT_BUSY, kAny, {"A device queue was expected to be busy and is not.", {}}},
    {RESOURCE_NOT_OWNED, kAny, {"A thread released a resource that it does not own.", {"resource", "thread", "owner table", nullptr}}},
    {DRIVER_CAUGHT_MODIFYING_FREED_POOL, kAny, {"A driver wrote to pool that is freed.", {"address", "0: read, 1: write", "mode", nullptr}}},
    {DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS, kAny, {"A driver was unloaded that still had timers, DPCs, threads or callbacks pending: they would use memory of it that is gone.", {"address in the driver", "0: read, 1: write", "instruction", nullptr}}},
    {SYSTEM_SCAN_AT_RAISED_IRQL_CAUGHT_IMPROPER_DRIVER_UNLOAD, kAny, {"A driver was unloaded that still had something pending.", {}}},
    {DRIVER_LEFT_LOCKED_PAGES_IN_PROCESS, kAny, {"A driver did not unlock all the pages that it had locked, or not before the IRP was complete.", {"where they were locked", nullptr, "MDL, zero when it was freed", "number of locked pages"}}},
    {PROCESS_HAS_LOCKED_PAGES, 0, {"A process ended while pages of it were locked: a driver did not unlock them after an I/O operation.", {"0: process ends", "process", "number of locked pages", "driver stacks"}}},
    {PROCESS_HAS_LOCKED_PAGES, 1, {"A driver unlocks pages of a process that are not locked.", {"1: unlocked too often", "MDL", "pages still locked in the process", "driver stacks"}}},
    {RDR_FILE_SYSTEM, kAny, {"The redirector failed.", {}}},
    {SYSTEM_EXIT_OWNED_MUTEX, kAny, {"A system worker thread came back owning a mutex.", {}}},
    {WORKER_INVALID, kAny, {"A work item lies in memory that is being freed, or was queued twice.", {"0: freed, 1: twice", "work item", "start of the memory or queue", "end of the memory"}}},
    {WORKER_THREAD_RETURNED_AT_BAD_IRQL, kAny, {"A work item's routine came back above PASSIVE_LEVEL.", {"routine", "current IRQL", "work item", nullptr}}},
    {WORKER_THREAD_RETURNED_WHILE_ATTACHED_TO_SILO, kAny, {"A work item's routine came back attached.", {}}},
    {ASSIGN_DRIVE_LETTERS_FAILED, kAny, {"Drive letters could not be assigned.", {}}},
    {MANUALLY_INITIATED_CRASH, kAny, {"Somebody asked for this.", {}}},
    {MANUALLY_INITIATED_CRASH1, kAny, {"Somebody asked for this.", {}}},
    {DRIVER_OVERRAN_STACK_BUFFER, kAny, {"A driver ran over a buffer on the stack.", {"cookie found", "cookie expected", "complement of the cookie", nullptr}}},
    {ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY, kAny, {"A driver tried to execute memory that is not executable.", {"address", "page table entry", nullptr, nullptr}}},
    {ATTEMPTED_WRITE_TO_READONLY_MEMORY, kAny, {"A driver wrote to memory that is read-only.", {"address", "page table entry", nullptr, nullptr}}},
    {INVALID_SOFTWARE_INTERRUPT, kAny, {"A software interrupt at a level that does not exist.", {"level", nullptr, nullptr, nullptr}}},
    {DRIVER_RETURNED_HOLDING_CANCEL_LOCK, kAny, {"A dispatch routine came back holding the cancel spin lock.", {"IRP or function", nullptr, nullptr, nullptr}}},
    {DRIVER_RETURNED_STATUS_REPARSE_FOR_VOLUME_OPEN, kAny, {"A driver returned STATUS_REPARSE where it may not.", {"device object", nullptr, nullptr, nullptr}}},
    {INVALID_DRIVER_HANDLE, kAny, {"An open handle of a driver was closed behind its back.", {}}},
    {INVALID_WORK_QUEUE_ITEM, kAny, {"A work item is queued that is in use: freed or reinitialised while queued.", {"Flink", "Blink", "queue", "work item"}}},
    {PAGE_FAULT_WITH_INTERRUPTS_OFF, kAny, {"A page fault with interrupts disabled.", {}}},
    {EXCEPTION_SCOPE_INVALID, kAny, {"Exception handling found its own structures corrupt.", {}}},
    {PNP_DETECTED_FATAL_ERROR, 2, {"An invalid device object was passed to a plug and play routine.", {"2: invalid physical device object", "device object", nullptr, nullptr}}},
    {PNP_DETECTED_FATAL_ERROR, kAny, {"Plug and play met an error that it cannot recover from.", {"kind", "device object", nullptr, nullptr}}},
    {DRIVER_POWER_STATE_FAILURE, kAny, {"A driver is in an inconsistent power state.", {"kind", "device object", "functional device object or thread", "IRP"}}},
    {WDF_VIOLATION, kAny, {"The framework found a defect in a driver.", {"kind", nullptr, nullptr, nullptr}}},
};
// clang-format on

}  // namespace

std::span<const BugCheckEntry> GeneralBugChecks() {
  return kEntries;
}

}  // namespace ring3::ke

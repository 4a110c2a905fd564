# Which behaviour ends how. Codes and parameters as in debugger/bug-check-0x*.md.

# Requests and objects.
stops(CompleteTwice 44 MULTIPLE_IRP_COMPLETE_REQUESTS system 0 0 0 "CompleteTwice at requests.c"
      "IRP with 1 stack locations, completed" "device object of driver .Driver.misbehaviour")
stops(CompletePending C9 DRIVER_VERIFIER_IOMANAGER_VIOLATION 6 103 system 0 "STATUS_PENDING"
      "CompletePending at requests.c")
stops(LeaveCancelRoutine C9 DRIVER_VERIFIER_IOMANAGER_VIOLATION 7 any system 0 "with a cancel routine set"
      "LeaveCancelRoutine at requests.c")
stops(UseUpStackLocations 35 NO_MORE_IRP_STACK_LOCATIONS system 0 0 0 "UseUpStackLocations at requests.c")
stops(CompletionRaisesIrql C4 DRIVER_VERIFIER_DETECTED_VIOLATION FA any 0 2 "in driver: completion routine OnCompletionRaise"
      "CompletionRaisesIrql at requests.c")
stops(CompletionEntersRegion C4 DRIVER_VERIFIER_DETECTED_VIOLATION FB any FFFFFFFFFFFFFFFF 0
      "in driver: completion routine OnCompletionEnter" "CompletionEntersRegion at requests.c")
stops(DereferenceTooOften 18 REFERENCE_BY_POINTER any system any any "DereferenceTooOften at requests.c"
      SEEN_BY_ASAN)
ends(DeleteDeviceInUse 0 "")
stops(ForwardWithCancelRoutine C9 DRIVER_VERIFIER_IOMANAGER_VIOLATION 203 any system 0
      "ForwardWithCancelRoutine at requests.c")
stops(FreeIrpTwice C9 DRIVER_VERIFIER_IOMANAGER_VIOLATION 1 system 0 0 "FreeIrpTwice at requests.c")
ends(CloseBadHandle 1 "the request failed: error 6\n")

# Pool.
stops(FreePoolTwice C2 BAD_POOL_CALLER 7 0 any system "FreePoolTwice at pool.c" "tag 'Msbv', freed" "freed by"
      "FreePoolTwice at pool.c")
stops(FreePoolTwice C1 SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION system 0 0 20 "FreePoolTwice at pool.c" "freed by"
      SPECIAL_POOL)
stops(FreeStackAddress C2 BAD_POOL_CALLER 40 any system 0 "FreeStackAddress at pool.c")
stops(FreeInsidePool C2 BAD_POOL_CALLER 99 system 0 0 "FreeInsidePool at pool.c")
stops(FreeInsidePool C1 SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION system any any 21 "FreeInsidePool at pool.c"
      SPECIAL_POOL)
stops(FreeWithWrongTag C2 BAD_POOL_CALLER A system 7662734D 676E7257 "FreeWithWrongTag at pool.c" "tag 'Msbv', allocated")
stops(OverrunPool 19 BAD_POOL_HEADER 21 system 40 any "OverrunPool at pool.c" "64 bytes" "tag 'Msbv'"
      SEEN_BY_ASAN)
stops(OverrunPoolByOne 19 BAD_POOL_HEADER 21 system 3C any "OverrunPoolByOne at pool.c" "60 bytes" "tag 'Msbv'"
      SEEN_BY_ASAN)
stops(OverrunPoolByOne C1 SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION system system 0 24 "OverrunPoolByOne at pool.c"
      "60 bytes" SPECIAL_POOL)
stops(OverrunPoolToGuard D6 DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION system 1 any 0 "OverrunPoolToGuard at pool.c"
      "64 bytes" "tag 'Msbv', allocated" SPECIAL_POOL)
stops(UsePoolAfterFree CC PAGE_FAULT_IN_FREED_SPECIAL_POOL system 0 any 0 "UsePoolAfterFree at pool.c"
      "tag 'Msbv', freed" "freed by" SPECIAL_POOL)
stops(AllocatePagedAtDispatch C2 BAD_POOL_CALLER 8 2 1 40 "AllocatePagedAtDispatch at pool.c")
ends(LeakPool 87 "ring3: left: pool: tag 'Msbv', nonpaged: 148 bytes in 2 blocks.*LeakPool at pool.c" --fail-on-leaks)

# IRQL, locks and waits.
stops(ReturnAtDispatch C9 DRIVER_VERIFIER_IOMANAGER_VIOLATION 5 system 0 2 "dispatch routine Control at driver.c")
stops(DpcLowersIrql C4 DRIVER_VERIFIER_DETECTED_VIOLATION 31 2 0 1 "in driver: DPC LoweringDpc")
stops(DpcRaisesIrql C8 IRQL_UNEXPECTED_VALUE 50202 any system 0 "in driver: DPC RaisingDpc")
stops(DpcEntersRegion C4 DRIVER_VERIFIER_DETECTED_VIOLATION 11A 2 0 0 "in driver: DPC EnteringDpc")
stops(DpcWaits B8 ATTEMPTED_SWITCH_FROM_DPC system 0 any 0 "in driver: DPC WaitingDpc")
stops(WaitAtDispatch C4 DRIVER_VERIFIER_DETECTED_VIOLATION 121 any system 0 "WaitAtDispatch at levels.c")
stops(KeepSpinLock C9 DRIVER_VERIFIER_IOMANAGER_VIOLATION 5 system 0 2 "holds, or is in: 1x spin lock"
      "dispatch routine Control at driver.c")
stops(KeepSpinLockAtOldIrql F SPIN_LOCK_ALREADY_OWNED any any any any "KeepSpinLockAtOldIrql at levels.c")
stops(KeepFastMutex C9 DRIVER_VERIFIER_IOMANAGER_VIOLATION 5 system 0 1 "dispatch routine Control at driver.c")
stops(KeepUnsafeFastMutex F SPIN_LOCK_ALREADY_OWNED any system 0 1 "dispatch routine Control at driver.c")
stops(EnterRegion C4 DRIVER_VERIFIER_DETECTED_VIOLATION C5 any FFFFFFFFFFFFFFFF 0 "dispatch routine Control at driver.c")
stops(LeaveRegion C4 DRIVER_VERIFIER_DETECTED_VIOLATION 3E 0 0 0 "LeaveRegion at levels.c")
stops(AcquireSpinLockTwice F SPIN_LOCK_ALREADY_OWNED system any 0 0 "AcquireSpinLockTwice at levels.c")
stops(AcquireFastMutexTwice C4 DRIVER_VERIFIER_DETECTED_VIOLATION 1000 system 0 0 "AcquireFastMutexTwice at levels.c")
stops(ReleaseSpinLockNotHeld 10 SPIN_LOCK_NOT_OWNED system 0 any 0 "ReleaseSpinLockNotHeld at levels.c")
stops(ReleaseMutexOfOthers 3B SYSTEM_SERVICE_EXCEPTION FFFFFFFFC0000046 any any 0 "STATUS_MUTANT_NOT_OWNED"
      "ReleaseMutexOfOthers at levels.c")

# MDLs.
stops(LockPagesForever 76 PROCESS_HAS_LOCKED_PAGES 0 system 4 0 "LockedMdl at memory.c")
stops(LockImagePagesForever CB DRIVER_LEFT_LOCKED_PAGES_IN_PROCESS any 0 system 2 "LockedMdl at memory.c")
stops(FreeMdlWhileLocked CB DRIVER_LEFT_LOCKED_PAGES_IN_PROCESS any 0 0 1 "freed meanwhile.*LockedMdl at memory.c")
stops(FreeMdlWhileMapped C4 DRIVER_VERIFIER_DETECTED_VIOLATION B8 system any 0 "FreeMdlWhileMapped at memory.c")
stops(FreeMdlWhileMappedToUser C4 DRIVER_VERIFIER_DETECTED_VIOLATION B8 system any 0 "FreeMdlWhileMappedToUser at memory.c")
stops(UnlockNonPagedPool C4 DRIVER_VERIFIER_DETECTED_VIOLATION 7D system any 0 "UnlockNonPagedPool at memory.c")
stops(UnlockTwice 4E PFN_LIST_CORRUPT 7 any 0 0 "UnlockTwice at memory.c")
stops(UnmapAtWrongAddress DA SYSTEM_PTE_MISUSE 3 system system system "UnmapAtWrongAddress at memory.c")
stops(MapWithoutBuilding C4 DRIVER_VERIFIER_DETECTED_VIOLATION B3 system any any "MapWithoutBuilding at memory.c")

# Faults.
stops(TouchUserPointer 3B SYSTEM_SERVICE_EXCEPTION FFFFFFFFC0000005 any any 0 "TouchUserPointer at faults.c")
stops(TouchNull 3B SYSTEM_SERVICE_EXCEPTION FFFFFFFFC0000005 any any 0 "STATUS_ACCESS_VIOLATION"
      "process: client [(]id [0-9]+[)], 0x7b" "TouchNull at faults.c")
stops(TouchNullAtDispatch D1 DRIVER_IRQL_NOT_LESS_OR_EQUAL any 2 1 any "TouchNullAtDispatch at faults.c")
stops(TouchFreedSystemAddress 50 PAGE_FAULT_IN_NONPAGED_AREA 7BFF00000000 0 any 0 "TouchFreedSystemAddress at faults.c")
if(NOT RING3_SANITIZER STREQUAL "undefined") # which reports the division itself
stops(DivideByZero 3B SYSTEM_SERVICE_EXCEPTION FFFFFFFFC0000094 any any 0 "STATUS_INTEGER_DIVIDE_BY_ZERO"
      "DivideByZero at faults.c")
endif()
stops(SystemThreadFaults 7E SYSTEM_THREAD_EXCEPTION_NOT_HANDLED FFFFFFFFC0000005 any any any
      "process: System [(]id 4[)], 0x7b" "FaultingThread at faults.c")
stops(SystemThreadReturnsRaised C8 IRQL_UNEXPECTED_VALUE 20002 any any 0 "in driver: system thread RaisingThread")
stops(WorkItemReturnsRaised C8 IRQL_UNEXPECTED_VALUE 20002 any any 0 "in driver: work item RaisingWorkItem")
stops(OverflowStack 7F UNEXPECTED_KERNEL_MODE_TRAP 8 any any any "kernel stack overflowed" "Deeper at faults.c")
stops(CallMissingDdi 52330001 RING3_MISSING_DDI any 0 0 0 "CallMissingDdi|Control at driver.c"
      "missing DDI: HalDoWhatNobodyKnows")
stops(BugCheckItself DEADDEAD MANUALLY_INITIATED_CRASH1 11 22 33 44 "BugCheckItself at faults.c")

# Loading and unloading.
stops(UnloadWithTimer C7 TIMER_OR_DPC_INVALID 0 system system system "in driver: DriverUnload Unload at driver.c")
stops(UnloadWithPoolTimer CE DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS any 0 0 0
      "a timer is still set.*TimerDpc at unload.c")
stops(UnloadWithThread CE DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS any 0 0 0
      "a system thread still runs: StayingThread at unload.c")
stops(UnloadWithDpc C7 TIMER_OR_DPC_INVALID 1 system system system "in driver: DriverUnload Unload at driver.c")
stops(FreeTimerThatIsSet C7 TIMER_OR_DPC_INVALID 0 system system system "FreeTimerThatIsSet at unload.c")
# The driver goes before the process whose pages it has.
stop_report(report CB DRIVER_LEFT_LOCKED_PAGES_IN_PROCESS "any;0;system;4")
run_test(LockPagesForever/unload 86 "${report}.*LockedMdl at memory.c" --driver ${CMAKE_CURRENT_BINARY_DIR}/misbehaviour.sys
  -- ${CMAKE_CURRENT_BINARY_DIR}/client LockPagesForever stop)
stop_report(report C8 IRQL_UNEXPECTED_VALUE "10002;any;system;0")
entry(entry_raises_irql 86 "${report}.*DriverEntry at entry.c")
stop_report(report 1 APC_INDEX_MISMATCH "any;0;FFFF;1")
entry(unload_enters_region 86 "${report}.*DriverUnload Unload at entry.c")
entry(entry_fails 125 "entry_fails.sys was not loaded: DriverEntry returned 0xc0000182")
entry(has_no_unload 0 "")
run_test(module_is_text 125 "was not loaded: it is no driver" --driver ${CMAKE_CURRENT_SOURCE_DIR}/client.c
  -- ${CMAKE_CURRENT_BINARY_DIR}/client)

# Not the driver's and not the kernel's fault: the application's.
run_test(user_apc_caught 0 "" -- ${CMAKE_CURRENT_BINARY_DIR}/apc_client caught)
set(status 139)
set(report "ended by signal 11")
if(RING3_SANITIZER STREQUAL "address")
  set(status 1)
  set(report "AddressSanitizer: SEGV")
endif()
if(RING3_SANITIZER STREQUAL "undefined")
  set(status 1)
  set(report "UndefinedBehaviorSanitizer: SEGV")
endif()
if(RING3_SANITIZER STREQUAL "thread")
  set(status 66)
  set(report "ThreadSanitizer: SEGV")
endif()
run_test(user_apc_fatal ${status} "${report}" -- ${CMAKE_CURRENT_BINARY_DIR}/apc_client fatal)

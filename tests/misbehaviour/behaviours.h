// SPDX-License-Identifier: MIT
// What the driver does wrong, one control code each. The client asks for a behaviour by its name.
#ifndef BEHAVIOURS_H
#define BEHAVIOURS_H

// clang-format off: a name a line.
#define BEHAVIOURS(X)            \
  X(CompleteTwice)               \
  X(CompletePending)             \
  X(LeaveCancelRoutine)          \
  X(UseUpStackLocations)         \
  X(CompletionRaisesIrql)        \
  X(CompletionEntersRegion)      \
  X(DereferenceTooOften)         \
  X(DeleteDeviceInUse)           \
  X(ForwardWithCancelRoutine)    \
  X(FreeIrpTwice)                \
  X(CloseBadHandle)              \
  X(FreePoolTwice)               \
  X(FreeStackAddress)            \
  X(FreeInsidePool)              \
  X(FreeWithWrongTag)            \
  X(OverrunPool)                 \
  X(OverrunPoolToGuard)          \
  X(OverrunPoolByOne)            \
  X(UsePoolAfterFree)            \
  X(AllocatePagedAtDispatch)     \
  X(LeakPool)                    \
  X(ReturnAtDispatch)            \
  X(DpcLowersIrql)               \
  X(DpcEntersRegion)             \
  X(DpcRaisesIrql)               \
  X(DpcWaits)                    \
  X(WaitAtDispatch)              \
  X(KeepSpinLock)                \
  X(KeepSpinLockAtOldIrql)       \
  X(KeepFastMutex)               \
  X(KeepUnsafeFastMutex)         \
  X(EnterRegion)                 \
  X(LeaveRegion)                 \
  X(AcquireSpinLockTwice)        \
  X(AcquireFastMutexTwice)       \
  X(ReleaseSpinLockNotHeld)      \
  X(ReleaseMutexOfOthers)        \
  X(LockPagesForever)            \
  X(LockImagePagesForever)       \
  X(FreeMdlWhileLocked)          \
  X(FreeMdlWhileMapped)          \
  X(FreeMdlWhileMappedToUser)    \
  X(UnlockTwice)                 \
  X(UnlockNonPagedPool)          \
  X(UnmapAtWrongAddress)         \
  X(MapWithoutBuilding)          \
  X(TouchUserPointer)            \
  X(TouchNull)                   \
  X(TouchNullAtDispatch)         \
  X(TouchFreedSystemAddress)     \
  X(DivideByZero)                \
  X(SystemThreadFaults)          \
  X(SystemThreadReturnsRaised)   \
  X(WorkItemReturnsRaised)       \
  X(OverflowStack)               \
  X(CallMissingDdi)              \
  X(BugCheckItself)              \
  X(UnloadWithTimer)             \
  X(UnloadWithPoolTimer)         \
  X(UnloadWithDpc)               \
  X(FreeTimerThatIsSet)          \
  X(UnloadWithThread)
// clang-format on

enum {
#define CODE(name) Behave##name,
  BEHAVIOURS(CODE)
#undef CODE
      BehaviourCount
};

#define IOCTL_OF_BEHAVIOUR(index) CTL_CODE(0x8000, 0x800 + (index), METHOD_BUFFERED, FILE_ANY_ACCESS)
#define BEHAVIOUR_OF_IOCTL(code) ((((code) >> 2) & 0xFFF) - 0x800)

#endif

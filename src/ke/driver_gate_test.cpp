// SPDX-License-Identifier: MIT
#include "ke/driver_gate.h"

#include "ke/kernel_test.h"
#include "ke/service_scope.h"

namespace ring3::ke {
namespace {

using DriverGateTest = KernelTest;
using DriverGateDeathTest = KernelTest;

int g_driver;

NTSTATUS Well(PVOID, PVOID) {
  const DriverCall* call = CurrentThread()->driver_call;
  EXPECT_EQ(call->driver, &g_driver);
  EXPECT_EQ(call->callback, Callback::kDispatch);
  return STATUS_PENDING;
}

TEST_F(DriverGateTest, KnowsTheDriverAndReturnsWhatItReturned) {
  EXPECT_EQ(CallDriver(&g_driver, Callback::kDispatch, Well, nullptr, nullptr), STATUS_PENDING);
  EXPECT_EQ(CurrentThread()->driver_call, nullptr);
}

NTSTATUS Raises(PVOID, PVOID) {
  KeRaiseIrqlToDpcLevel();
  return STATUS_SUCCESS;
}
NTSTATUS Disables(PVOID, PVOID) {
  KeEnterCriticalRegion();
  return STATUS_SUCCESS;
}
NTSTATUS KeepsLock(PVOID lock, PVOID) {
  KeAcquireSpinLockAtDpcLevel(static_cast<PKSPIN_LOCK>(lock));
  return STATUS_SUCCESS;
}
void KeepsLockAsAgreed(PVOID lock) {
  KeAcquireSpinLockRaiseToDpc(static_cast<PKSPIN_LOCK>(lock));
}

TEST_F(DriverGateTest, LocksMayDifferWhereTheyMay) {
  KSPIN_LOCK lock = 0;
  CallDriver<OnReturn::kLocksMayDiffer>(&g_driver, Callback::kOther, KeepsLockAsAgreed,
                                        static_cast<PVOID>(&lock));
  EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
  KeReleaseSpinLock(&lock, PASSIVE_LEVEL);
}

TEST_F(DriverGateDeathTest, AnotherIrql) {
  EXPECT_BUGCHECK(CallDriver(&g_driver, Callback::kDispatch, Raises, nullptr, nullptr),
                  "DRIVER_VERIFIER_IOMANAGER_VIOLATION");
  EXPECT_BUGCHECK(CallDriver(&g_driver, Callback::kCompletion, Raises, nullptr, nullptr),
                  "DRIVER_VERIFIER_DETECTED_VIOLATION");
  EXPECT_BUGCHECK(CallDriver(&g_driver, Callback::kWorkItem, Raises, nullptr, nullptr),
                  "IRQL_UNEXPECTED_VALUE");
}

TEST_F(DriverGateDeathTest, AnotherApcState) {
  EXPECT_BUGCHECK(CallDriver(&g_driver, Callback::kDispatch, Disables, nullptr, nullptr),
                  "DRIVER_VERIFIER_DETECTED_VIOLATION");
  EXPECT_BUGCHECK(CallDriver(&g_driver, Callback::kWorkItem, Disables, nullptr, nullptr),
                  "APC_INDEX_MISMATCH");
  EXPECT_BUGCHECK(CallDriver(&g_driver, Callback::kDpc, Disables, nullptr, nullptr), "TIMER_OR_DPC_INVALID");
}

TEST_F(DriverGateDeathTest, ALockKept) {
  EXPECT_BUGCHECK(
      {
        KSPIN_LOCK lock = 0;
        KeRaiseIrqlToDpcLevel();
        CallDriver(&g_driver, Callback::kDispatch, KeepsLock, static_cast<PVOID>(&lock), nullptr);
      },
      "SPIN_LOCK_ALREADY_OWNED");
}

TEST_F(DriverGateTest, ServicesNest) {
  PKTHREAD thread = CurrentThread();
  const uint32_t depth = thread->kernel_depth;
  {
    ServiceScope user(UserMode);
    EXPECT_EQ(thread->previous_mode, UserMode);
    {
      ServiceScope kernel(KernelMode);
      EXPECT_EQ(thread->previous_mode, KernelMode);
      EXPECT_EQ(thread->kernel_depth, depth + 2);
    }
    EXPECT_EQ(thread->previous_mode, UserMode);
  }
  EXPECT_EQ(thread->kernel_depth, depth);
}

}  // namespace
}  // namespace ring3::ke

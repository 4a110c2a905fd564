// SPDX-License-Identifier: MIT
#include "ke/interrupt.h"

#include <atomic>

#include "ke/kernel_test.h"

namespace ring3::ke {
namespace {

using InterruptTest = KernelTest;

struct Device {
  std::atomic<int> interrupts{0};
  int count = 0;
  KIRQL irql = 0;
};

BOOLEAN Service(PKINTERRUPT, PVOID context) {
  auto* device = static_cast<Device*>(context);
  device->irql = KeGetCurrentIrql();
  ++device->count;
  ++device->interrupts;
  return TRUE;
}

BOOLEAN Synchronized(PVOID context) {
  ++static_cast<Device*>(context)->count;
  return TRUE;
}

TEST_F(InterruptTest, ServiceRoutineAndSynchronizedCodeExclude) {
  Device device;
  _KINTERRUPT interrupt;
  interrupt.service_routine = Service;
  interrupt.service_context = &device;
  interrupt.irql = interrupt.synchronize_irql = 7;
  ASSERT_TRUE(ConnectInterrupt(&interrupt).ok());
  {
    TestThread firing([&] {
      for (int i = 0; i < 2000; ++i) EXPECT_TRUE(FireInterrupt(&interrupt));
    });
    TestThread synchronizing([&] {
      for (int i = 0; i < 2000; ++i) EXPECT_TRUE(KeSynchronizeExecution(&interrupt, Synchronized, &device));
    });
  }
  EXPECT_EQ(device.count, 4000);
  EXPECT_EQ(device.irql, 7);
  const KIRQL old_irql = KeAcquireInterruptSpinLock(&interrupt);
  EXPECT_EQ(KeGetCurrentIrql(), 7);
  KeReleaseInterruptSpinLock(&interrupt, old_irql);
  DisconnectInterrupt(&interrupt);
  EXPECT_FALSE(FireInterrupt(&interrupt));
}

}  // namespace
}  // namespace ring3::ke

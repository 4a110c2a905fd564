// SPDX-License-Identifier: MIT
#include "ke/kernel_test.h"

namespace ring3::ke {
namespace {

class DeviceQueueTest : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    KeInitializeDeviceQueue(&queue_);
    KeRaiseIrql(DISPATCH_LEVEL, &old_irql_);
  }
  void TearDown() override {
    KeLowerIrql(old_irql_);
    KernelTest::TearDown();
  }

  KDEVICE_QUEUE queue_;
  KDEVICE_QUEUE_ENTRY entries_[4] = {};
  KIRQL old_irql_;
};

TEST_F(DeviceQueueTest, FirstOneIsForTheCallerTheRestWait) {
  EXPECT_FALSE(KeInsertDeviceQueue(&queue_, &entries_[0]));
  EXPECT_TRUE(queue_.Busy);
  EXPECT_TRUE(KeInsertDeviceQueue(&queue_, &entries_[1]));
  EXPECT_TRUE(KeInsertDeviceQueue(&queue_, &entries_[2]));
  EXPECT_EQ(KeRemoveDeviceQueue(&queue_), &entries_[1]);
  EXPECT_EQ(KeRemoveDeviceQueue(&queue_), &entries_[2]);
  EXPECT_EQ(KeRemoveDeviceQueue(&queue_), nullptr);
  EXPECT_FALSE(queue_.Busy);
}

TEST_F(DeviceQueueTest, KeysMakeTheOrder) {
  EXPECT_FALSE(KeInsertByKeyDeviceQueue(&queue_, &entries_[0], 5));
  EXPECT_TRUE(KeInsertByKeyDeviceQueue(&queue_, &entries_[1], 30));
  EXPECT_TRUE(KeInsertByKeyDeviceQueue(&queue_, &entries_[2], 10));
  EXPECT_TRUE(KeInsertByKeyDeviceQueue(&queue_, &entries_[3], 20));
  EXPECT_EQ(KeRemoveByKeyDeviceQueue(&queue_, 15), &entries_[3]);
  EXPECT_EQ(KeRemoveByKeyDeviceQueue(&queue_, 99), &entries_[2]);
  EXPECT_EQ(KeRemoveDeviceQueue(&queue_), &entries_[1]);
  EXPECT_EQ(KeRemoveByKeyDeviceQueue(&queue_, 0), nullptr);
}

TEST_F(DeviceQueueTest, EntryCanBeTakenOut) {
  KeInsertDeviceQueue(&queue_, &entries_[0]);
  KeInsertDeviceQueue(&queue_, &entries_[1]);
  EXPECT_FALSE(KeRemoveEntryDeviceQueue(&queue_, &entries_[0]));
  EXPECT_TRUE(KeRemoveEntryDeviceQueue(&queue_, &entries_[1]));
  EXPECT_FALSE(KeRemoveEntryDeviceQueue(&queue_, &entries_[1]));
}

using DeviceQueueDeathTest = KernelTest;

TEST_F(DeviceQueueDeathTest, BelowDispatchLevel) {
  EXPECT_BUGCHECK(
      {
        KDEVICE_QUEUE queue;
        KeInitializeDeviceQueue(&queue);
        KeRemoveDeviceQueue(&queue);
      },
      "DRIVER_VERIFIER_DETECTED_VIOLATION");
}

}  // namespace
}  // namespace ring3::ke

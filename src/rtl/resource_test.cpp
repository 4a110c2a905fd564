// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <wdm.h>

TEST(ResourceRange, LargeLengthsAreKeptInLargerUnits) {
  CM_PARTIAL_RESOURCE_DESCRIPTOR d = {};
  ULONGLONG start;
  EXPECT_EQ(RtlCmEncodeMemIoResource(&d, CmResourceTypeMemory, 0x1000, 0xF0000000), STATUS_SUCCESS);
  EXPECT_EQ(d.Type, CmResourceTypeMemory);
  EXPECT_EQ(RtlCmDecodeMemIoResource(&d, &start), 0x1000u);
  EXPECT_EQ(start, 0xF0000000u);
  EXPECT_EQ(RtlCmEncodeMemIoResource(&d, CmResourceTypeMemory, 0x200000000, 0), STATUS_SUCCESS);
  EXPECT_EQ(d.Type, CmResourceTypeMemoryLarge);
  EXPECT_EQ(RtlCmDecodeMemIoResource(&d, nullptr), 0x200000000u);
  EXPECT_EQ(RtlCmEncodeMemIoResource(&d, CmResourceTypeMemory, 0x200000001, 0), STATUS_UNSUCCESSFUL);
  EXPECT_EQ(RtlCmEncodeMemIoResource(&d, CmResourceTypePort, 0x200000000, 0), STATUS_UNSUCCESSFUL);
  EXPECT_EQ(RtlCmEncodeMemIoResource(&d, CmResourceTypeDma, 1, 0), STATUS_INVALID_PARAMETER);
}

TEST(ResourceRange, RequirementsKeepTheirAlignment) {
  IO_RESOURCE_DESCRIPTOR d = {};
  ULONGLONG alignment, low, high;
  EXPECT_EQ(RtlIoEncodeMemIoResource(&d, CmResourceTypeMemory, 0x100000000, 0x1000, 0x1000, 0xFFFFFFFFFF),
            STATUS_SUCCESS);
  EXPECT_EQ(RtlIoDecodeMemIoResource(&d, &alignment, &low, &high), 0x100000000u);
  EXPECT_EQ(alignment, 0x1000u);
  EXPECT_EQ(low, 0x1000u);
  EXPECT_EQ(high, 0xFFFFFFFFFFu);
}

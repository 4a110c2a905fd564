// SPDX-License-Identifier: MIT
#include <ddi/rtl_ntifs.h>
#include <gtest/gtest.h>
#include <ntstatus.h>

TEST(DosError, WellKnownCodes) {
  EXPECT_EQ(RtlNtStatusToDosError(STATUS_SUCCESS), 0u);
  EXPECT_EQ(RtlNtStatusToDosError(STATUS_PENDING), 997u);
  EXPECT_EQ(RtlNtStatusToDosError(STATUS_ACCESS_VIOLATION), 998u);
  EXPECT_EQ(RtlNtStatusToDosError(STATUS_INVALID_DEVICE_REQUEST), 1u);
  EXPECT_EQ(RtlNtStatusToDosError(STATUS_BUFFER_TOO_SMALL), 122u);
  EXPECT_EQ(RtlNtStatusToDosError(STATUS_BUFFER_OVERFLOW), 234u);
  EXPECT_EQ(RtlNtStatusToDosError(STATUS_CANCELLED), 995u);
  EXPECT_EQ(RtlNtStatusToDosError(STATUS_OBJECT_NAME_NOT_FOUND), 2u);
  EXPECT_EQ(RtlNtStatusToDosError(STATUS_INSUFFICIENT_RESOURCES), 1450u);
}

TEST(DosError, OtherClasses) {
  EXPECT_EQ(RtlNtStatusToDosError(static_cast<NTSTATUS>(0xC0070005)), 5u);           // a wrapped Win32 code
  EXPECT_EQ(RtlNtStatusToDosError(static_cast<NTSTATUS>(0xE0001234)), 0xE0001234u);  // a customer code
  EXPECT_EQ(RtlNtStatusToDosError(static_cast<NTSTATUS>(0xC0FF1234)), 317u);         // no mapping
}

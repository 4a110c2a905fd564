// SPDX-License-Identifier: MIT
#include <ddi/rtl_ntifs.h>
#include <gtest/gtest.h>
#include <ntstatus.h>

namespace {

struct Bitmap : testing::Test {
  ULONG words[4] = {};
  RTL_BITMAP map;
  void SetUp() override { RtlInitializeBitMap(&map, words, 100); }
};

TEST_F(Bitmap, RangesAndCounts) {
  RtlSetBits(&map, 30, 40);
  EXPECT_EQ(RtlNumberOfSetBits(&map), 40u);
  EXPECT_EQ(RtlNumberOfClearBits(&map), 60u);
  EXPECT_TRUE(RtlAreBitsSet(&map, 30, 40));
  EXPECT_FALSE(RtlAreBitsSet(&map, 29, 2));
  EXPECT_FALSE(RtlAreBitsSet(&map, 30, 0));
  EXPECT_TRUE(RtlAreBitsClear(&map, 70, 30));
  EXPECT_FALSE(RtlAreBitsClear(&map, 70, 31));  // outside
  RtlClearBit(&map, 50);
  EXPECT_FALSE(RtlTestBit(&map, 50));
  EXPECT_TRUE(RtlCheckBit(&map, 51));
  EXPECT_EQ(RtlNumberOfSetBitsInRange(&map, 45, 10), 9u);
  RtlSetAllBits(&map);
  EXPECT_EQ(RtlNumberOfSetBits(&map), 100u);
  EXPECT_EQ(words[3] & ~0xFu, 0u);  // nothing behind the end
  RtlClearAllBits(&map);
  EXPECT_EQ(RtlNumberOfSetBits(&map), 0u);
}

TEST_F(Bitmap, FindWrapsAroundFromTheHint) {
  RtlSetBits(&map, 10, 85);  // clear: 0..9, 95..99
  EXPECT_EQ(RtlFindClearBits(&map, 5, 20), 95u);
  EXPECT_EQ(RtlFindClearBits(&map, 6, 20), 0u);
  EXPECT_EQ(RtlFindClearBits(&map, 11, 0), 0xFFFFFFFFu);
  EXPECT_EQ(RtlFindClearBits(&map, 101, 0), 0xFFFFFFFFu);
  EXPECT_EQ(RtlFindClearBitsAndSet(&map, 10, 50), 0u);
  EXPECT_TRUE(RtlAreBitsSet(&map, 0, 95));
  EXPECT_EQ(RtlFindSetBits(&map, 95, 0), 0u);
  EXPECT_EQ(RtlFindSetBitsAndClear(&map, 3, 40), 40u);
  EXPECT_TRUE(RtlAreBitsClear(&map, 40, 3));
}

TEST_F(Bitmap, Runs) {
  RtlSetAllBits(&map);
  RtlClearBits(&map, 3, 2);
  RtlClearBits(&map, 20, 30);
  RtlClearBits(&map, 90, 10);
  RTL_BITMAP_RUN runs[2];
  EXPECT_EQ(RtlFindClearRuns(&map, runs, 2, FALSE), 2u);
  EXPECT_EQ(runs[0].StartingIndex, 3u);
  EXPECT_EQ(runs[1].StartingIndex, 20u);
  EXPECT_EQ(RtlFindClearRuns(&map, runs, 2, TRUE), 2u);
  EXPECT_EQ(runs[0].StartingIndex, 20u);
  EXPECT_EQ(runs[0].NumberOfBits, 30u);
  EXPECT_EQ(runs[1].StartingIndex, 90u);
  ULONG start;
  EXPECT_EQ(RtlFindLongestRunClear(&map, &start), 30u);
  EXPECT_EQ(start, 20u);
  EXPECT_EQ(RtlFindFirstRunClear(&map, &start), 2u);
  EXPECT_EQ(start, 3u);
  EXPECT_EQ(RtlFindNextForwardRunClear(&map, 25, &start), 25u);
  EXPECT_EQ(RtlFindNextForwardRunClear(&map, 50, &start), 10u);
  EXPECT_EQ(start, 90u);
  EXPECT_EQ(RtlFindLastBackwardRunClear(&map, 80, &start), 30u);
  EXPECT_EQ(start, 20u);
  EXPECT_EQ(RtlFindLastBackwardRunClear(&map, 2, &start), 0u);
}

TEST(Bits, OfIntegers) {
  EXPECT_EQ(RtlFindMostSignificantBit(0), -1);
  EXPECT_EQ(RtlFindMostSignificantBit(0x8000000000000000ull), 63);
  EXPECT_EQ(RtlFindLeastSignificantBit(0), -1);
  EXPECT_EQ(RtlFindLeastSignificantBit(0x18), 3);
  EXPECT_EQ(RtlNumberOfSetBitsUlongPtr(0xF0F), 8u);
}

TEST(Time, FieldsBothWays) {
  TIME_FIELDS fields = {2024, 2, 29, 23, 59, 58, 999, 0};
  LARGE_INTEGER time;
  ASSERT_TRUE(RtlTimeFieldsToTime(&fields, &time));
  TIME_FIELDS back;
  RtlTimeToTimeFields(&time, &back);
  EXPECT_EQ(back.Year, 2024);
  EXPECT_EQ(back.Month, 2);
  EXPECT_EQ(back.Day, 29);
  EXPECT_EQ(back.Hour, 23);
  EXPECT_EQ(back.Milliseconds, 999);
  EXPECT_EQ(back.Weekday, 4);  // a Thursday
  fields.Year = 2023;
  EXPECT_FALSE(RtlTimeFieldsToTime(&fields, &time));
}

TEST(Time, Seconds) {
  LARGE_INTEGER time;
  RtlSecondsSince1970ToTime(0, &time);
  EXPECT_EQ(time.QuadPart, 116444736000000000LL);
  ULONG seconds = 1;
  EXPECT_TRUE(RtlTimeToSecondsSince1970(&time, &seconds));
  EXPECT_EQ(seconds, 0u);
  EXPECT_FALSE(RtlTimeToSecondsSince1980(&time, &seconds));
  RtlSecondsSince1980ToTime(5, &time);
  EXPECT_TRUE(RtlTimeToSecondsSince1980(&time, &seconds));
  EXPECT_EQ(seconds, 5u);
}

TEST(Version, VerifyComparesInOrder) {
  RTL_OSVERSIONINFOEXW v = {};
  v.dwOSVersionInfoSize = sizeof(v);
  EXPECT_EQ(RtlGetVersion(reinterpret_cast<PRTL_OSVERSIONINFOW>(&v)), STATUS_SUCCESS);
  EXPECT_EQ(v.dwMajorVersion, 10u);
  ULONGLONG at_least = 0;
  VER_SET_CONDITION(at_least, VER_MAJORVERSION, VER_GREATER_EQUAL);
  VER_SET_CONDITION(at_least, VER_MINORVERSION, VER_GREATER_EQUAL);
  constexpr ULONG kBoth = VER_MAJORVERSION | VER_MINORVERSION;
  RTL_OSVERSIONINFOEXW wanted = {};
  wanted.dwMajorVersion = 6;
  wanted.dwMinorVersion = 3;
  EXPECT_EQ(RtlVerifyVersionInfo(&wanted, kBoth, at_least), STATUS_SUCCESS);
  wanted.dwMajorVersion = 10;
  EXPECT_EQ(RtlVerifyVersionInfo(&wanted, kBoth, at_least), STATUS_REVISION_MISMATCH);
  wanted.dwMinorVersion = 0;
  EXPECT_EQ(RtlVerifyVersionInfo(&wanted, kBoth, at_least), STATUS_SUCCESS);
  wanted.dwMajorVersion = 11;
  EXPECT_EQ(RtlVerifyVersionInfo(&wanted, kBoth, at_least), STATUS_REVISION_MISMATCH);
  EXPECT_EQ(RtlVerifyVersionInfo(&wanted, 0, at_least), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(RtlVerifyVersionInfo(&wanted, VER_BUILDNUMBER, at_least), STATUS_INVALID_PARAMETER);
  EXPECT_TRUE(RtlIsNtDdiVersionAvailable(NTDDI_WIN7));
  EXPECT_FALSE(RtlIsNtDdiVersionAvailable(0x0B000000));
}

TEST(Random, RepeatsForTheSameSeed) {
  ULONG a = 42, b = 42;
  for (int i = 0; i < 100; ++i) {
    ULONG x = RtlRandomEx(&a);
    EXPECT_EQ(x, RtlRandomEx(&b));
    EXPECT_LT(x, static_cast<ULONG>(MAXLONG));
  }
}

TEST(RunOnce, BeginAndComplete) {
  RTL_RUN_ONCE once = RTL_RUN_ONCE_INIT;
  PVOID context = nullptr;
  EXPECT_EQ(RtlRunOnceBeginInitialize(&once, RTL_RUN_ONCE_CHECK_ONLY, &context), STATUS_UNSUCCESSFUL);
  EXPECT_EQ(RtlRunOnceComplete(&once, 0, nullptr), STATUS_UNSUCCESSFUL);
  EXPECT_EQ(RtlRunOnceBeginInitialize(&once, RTL_RUN_ONCE_ASYNC, &context), STATUS_PENDING);
  EXPECT_EQ(RtlRunOnceBeginInitialize(&once, RTL_RUN_ONCE_ASYNC, &context), STATUS_PENDING);
  EXPECT_EQ(RtlRunOnceBeginInitialize(&once, 0, &context), STATUS_INVALID_PARAMETER);
  alignas(4) int data;
  EXPECT_EQ(RtlRunOnceComplete(&once, RTL_RUN_ONCE_ASYNC, &data), STATUS_SUCCESS);
  EXPECT_EQ(RtlRunOnceComplete(&once, RTL_RUN_ONCE_ASYNC, &data), STATUS_UNSUCCESSFUL);
  EXPECT_EQ(RtlRunOnceBeginInitialize(&once, 0, &context), STATUS_SUCCESS);
  EXPECT_EQ(context, &data);
  RtlRunOnceInitialize(&once);
  EXPECT_EQ(RtlRunOnceBeginInitialize(&once, 0, &context), STATUS_PENDING);
  EXPECT_EQ(RtlRunOnceComplete(&once, RTL_RUN_ONCE_INIT_FAILED, nullptr), STATUS_SUCCESS);
  EXPECT_EQ(RtlRunOnceBeginInitialize(&once, 0, &context), STATUS_PENDING);
}

}  // namespace

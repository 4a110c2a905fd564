// SPDX-License-Identifier: MIT
// Bitmaps. The caller serialises access; any IRQL when the bitmap is resident.
#include <ddi/rtl_bitmap.h>

#include <algorithm>
#include <bit>

namespace {

constexpr ULONG kNotFound = 0xFFFFFFFF;

bool Test(const RTL_BITMAP* map, ULONG bit) {
  return (map->Buffer[bit / 32] >> (bit % 32)) & 1;
}

// The first bit at or behind `from` that is `value`, or the size.
ULONG Find(const RTL_BITMAP* map, ULONG from, bool value) {
  while (from < map->SizeOfBitMap) {
    ULONG word = map->Buffer[from / 32];
    if (!value) word = ~word;
    word &= ~0u << (from % 32);
    if (word) return std::min(from / 32 * 32 + static_cast<ULONG>(std::countr_zero(word)), map->SizeOfBitMap);
    from = (from / 32 + 1) * 32;
  }
  return map->SizeOfBitMap;
}

struct Run {
  ULONG start;
  ULONG length;
};

// The first run of bits that are `value` at or behind `from`; length 0 when there is none.
Run NextRun(const RTL_BITMAP* map, ULONG from, bool value) {
  ULONG start = Find(map, from, value);
  return {start, Find(map, start, !value) - start};
}

bool InRange(const RTL_BITMAP* map, ULONG start, ULONG length) {
  return start <= map->SizeOfBitMap && length <= map->SizeOfBitMap - start;
}

void Fill(PRTL_BITMAP map, ULONG start, ULONG length, bool value) {
  while (length) {
    ULONG n = std::min(32 - start % 32, length);
    ULONG mask = (n == 32 ? ~0u : (1u << n) - 1) << (start % 32);
    if (value)
      map->Buffer[start / 32] |= mask;
    else
      map->Buffer[start / 32] &= ~mask;
    start += n;
    length -= n;
  }
}

// A run of `count` bits that starts in [from, to).
ULONG FindRunStartingIn(const RTL_BITMAP* map, ULONG count, ULONG from, ULONG to, bool value) {
  for (ULONG at = from; at < to;) {
    Run run = NextRun(map, at, value);
    if (!run.length || run.start >= to) return kNotFound;
    if (run.length >= count) return run.start;
    at = run.start + run.length;
  }
  return kNotFound;
}

ULONG FindBits(const RTL_BITMAP* map, ULONG count, ULONG hint, bool value) {
  if (count > map->SizeOfBitMap) return kNotFound;
  if (hint >= map->SizeOfBitMap) hint = 0;
  if (count == 0) return hint & ~7u;
  ULONG found = FindRunStartingIn(map, count, hint, map->SizeOfBitMap, value);
  return found != kNotFound ? found : FindRunStartingIn(map, count, 0, hint, value);
}

ULONG CountSet(const RTL_BITMAP* map, ULONG start, ULONG length) {
  ULONG count = 0;
  for (ULONG at = start; at < start + length;) {
    Run run = NextRun(map, at, true);
    if (run.start >= start + length) break;
    count += std::min(run.length, start + length - run.start);
    at = run.start + run.length;
  }
  return count;
}

}  // namespace

extern "C" {

// nf-wdm-rtlinitializebitmap: the bits themselves are not changed.
VOID NTAPI RtlInitializeBitMap(PRTL_BITMAP BitMapHeader, PULONG BitMapBuffer, ULONG SizeOfBitMap) {
  *BitMapHeader = {SizeOfBitMap, BitMapBuffer};
}
// nf-wdm-rtlclearbit
VOID NTAPI RtlClearBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber) {
  Fill(BitMapHeader, BitNumber, 1, false);
}
// nf-wdm-rtlsetbit
VOID NTAPI RtlSetBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber) {
  Fill(BitMapHeader, BitNumber, 1, true);
}
// nf-wdm-rtltestbit
BOOLEAN NTAPI RtlTestBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber) {
  return Test(BitMapHeader, BitNumber);
}
// nf-wdm-rtlclearallbits
VOID NTAPI RtlClearAllBits(PRTL_BITMAP BitMapHeader) {
  Fill(BitMapHeader, 0, BitMapHeader->SizeOfBitMap, false);
}
// nf-wdm-rtlsetallbits
VOID NTAPI RtlSetAllBits(PRTL_BITMAP BitMapHeader) {
  Fill(BitMapHeader, 0, BitMapHeader->SizeOfBitMap, true);
}
// nf-wdm-rtlclearbits
VOID NTAPI RtlClearBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToClear) {
  Fill(BitMapHeader, StartingIndex, NumberToClear, false);
}
// nf-wdm-rtlsetbits
VOID NTAPI RtlSetBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToSet) {
  Fill(BitMapHeader, StartingIndex, NumberToSet, true);
}

// The index of a run of NumberToFind bits, looked for from the hint to the end and then from the beginning;
// 0xFFFFFFFF. nf-wdm-rtlfindclearbits
ULONG NTAPI RtlFindClearBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex) {
  return FindBits(BitMapHeader, NumberToFind, HintIndex, false);
}
// nf-wdm-rtlfindsetbits
ULONG NTAPI RtlFindSetBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex) {
  return FindBits(BitMapHeader, NumberToFind, HintIndex, true);
}
// nf-wdm-rtlfindclearbitsandset
ULONG NTAPI RtlFindClearBitsAndSet(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex) {
  ULONG found = RtlFindClearBits(BitMapHeader, NumberToFind, HintIndex);
  if (found != kNotFound) Fill(BitMapHeader, found, NumberToFind, true);
  return found;
}
// nf-wdm-rtlfindsetbitsandclear
ULONG NTAPI RtlFindSetBitsAndClear(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex) {
  ULONG found = RtlFindSetBits(BitMapHeader, NumberToFind, HintIndex);
  if (found != kNotFound) Fill(BitMapHeader, found, NumberToFind, false);
  return found;
}

// The first runs, or the longest ones from longest to shortest; returns how many. nf-wdm-rtlfindclearruns
ULONG NTAPI RtlFindClearRuns(PRTL_BITMAP BitMapHeader, PRTL_BITMAP_RUN RunArray, ULONG SizeOfRunArray,
                             BOOLEAN LocateLongestRuns) {
  ULONG count = 0;
  for (ULONG at = 0; SizeOfRunArray;) {
    Run run = NextRun(BitMapHeader, at, false);
    if (!run.length || (!LocateLongestRuns && count == SizeOfRunArray)) break;
    at = run.start + run.length;
    ULONG place = count;
    if (LocateLongestRuns) {
      while (place && RunArray[place - 1].NumberOfBits < run.length) --place;
      if (place == SizeOfRunArray) continue;
      ULONG last = std::min(count, SizeOfRunArray - 1);
      for (ULONG i = last; i > place; --i) RunArray[i] = RunArray[i - 1];
    }
    RunArray[place] = {run.start, run.length};
    count = std::min(count + 1, SizeOfRunArray);
  }
  return count;
}

// nf-wdm-rtlfindlongestrunclear
ULONG NTAPI RtlFindLongestRunClear(PRTL_BITMAP BitMapHeader, PULONG StartingIndex) {
  RTL_BITMAP_RUN run = {};
  RtlFindClearRuns(BitMapHeader, &run, 1, TRUE);
  *StartingIndex = run.StartingIndex;
  return run.NumberOfBits;
}
// nf-wdm-rtlfindfirstrunclear
ULONG NTAPI RtlFindFirstRunClear(PRTL_BITMAP BitMapHeader, PULONG StartingIndex) {
  return RtlFindNextForwardRunClear(BitMapHeader, 0, StartingIndex);
}
// nf-wdm-rtlfindnextforwardrunclear
ULONG NTAPI RtlFindNextForwardRunClear(PRTL_BITMAP BitMapHeader, ULONG FromIndex, PULONG StartingRunIndex) {
  Run run = NextRun(BitMapHeader, FromIndex, false);
  *StartingRunIndex = run.start;
  return run.length;
}
// The run of clear bits that ends nearest at or before FromIndex. nf-wdm-rtlfindlastbackwardrunclear
ULONG NTAPI RtlFindLastBackwardRunClear(PRTL_BITMAP BitMapHeader, ULONG FromIndex, PULONG StartingRunIndex) {
  if (!BitMapHeader->SizeOfBitMap) return 0;
  ULONG end = std::min(FromIndex, BitMapHeader->SizeOfBitMap - 1) + 1;
  while (end && Test(BitMapHeader, end - 1)) --end;
  ULONG start = end;
  while (start && !Test(BitMapHeader, start - 1)) --start;
  *StartingRunIndex = start;
  return end - start;
}

// nf-wdm-rtlnumberofsetbits
ULONG NTAPI RtlNumberOfSetBits(PRTL_BITMAP BitMapHeader) {
  return CountSet(BitMapHeader, 0, BitMapHeader->SizeOfBitMap);
}
// nf-wdm-rtlnumberofclearbits
ULONG NTAPI RtlNumberOfClearBits(PRTL_BITMAP BitMapHeader) {
  return BitMapHeader->SizeOfBitMap - RtlNumberOfSetBits(BitMapHeader);
}
ULONG NTAPI RtlNumberOfSetBitsInRange(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length) {
  return InRange(BitMapHeader, StartingIndex, Length) ? CountSet(BitMapHeader, StartingIndex, Length) : 0;
}
ULONG NTAPI RtlNumberOfClearBitsInRange(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length) {
  return InRange(BitMapHeader, StartingIndex, Length) ? Length - CountSet(BitMapHeader, StartingIndex, Length)
                                                      : 0;
}
// nf-wdm-rtlnumberofsetbitsulongptr
ULONG NTAPI RtlNumberOfSetBitsUlongPtr(ULONG_PTR Target) {
  return static_cast<ULONG>(std::popcount(Target));
}

// FALSE for an empty range or one outside the bitmap. nf-wdm-rtlarebitsclear
BOOLEAN NTAPI RtlAreBitsClear(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length) {
  return Length && InRange(BitMapHeader, StartingIndex, Length) &&
         Find(BitMapHeader, StartingIndex, true) >= StartingIndex + Length;
}
// nf-wdm-rtlarebitsset
BOOLEAN NTAPI RtlAreBitsSet(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length) {
  return Length && InRange(BitMapHeader, StartingIndex, Length) &&
         Find(BitMapHeader, StartingIndex, false) >= StartingIndex + Length;
}

// -1 for no bit. nf-wdm-rtlfindmostsignificantbit
CCHAR NTAPI RtlFindMostSignificantBit(ULONGLONG Set) {
  return static_cast<CCHAR>(63 - std::countl_zero(Set));
}
// nf-wdm-rtlfindleastsignificantbit
CCHAR NTAPI RtlFindLeastSignificantBit(ULONGLONG Set) {
  return Set ? static_cast<CCHAR>(std::countr_zero(Set)) : CCHAR{-1};
}

}  // extern "C"

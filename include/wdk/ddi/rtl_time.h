// SPDX-License-Identifier: MIT
// System time (100 ns since 1601), calendar fields, seconds; large integers.
#ifndef RING3_DDI_RTL_TIME_H
#define RING3_DDI_RTL_TIME_H

#include <ntdef.h>

EXTERN_C_START

typedef struct _TIME_FIELDS {
  CSHORT Year;  // 1601...
  CSHORT Month;
  CSHORT Day;
  CSHORT Hour;
  CSHORT Minute;
  CSHORT Second;
  CSHORT Milliseconds;
  CSHORT Weekday;  // 0 is Sunday
} TIME_FIELDS, *PTIME_FIELDS;

NTSYSAPI VOID NTAPI RtlTimeToTimeFields(_In_ PLARGE_INTEGER Time, _Out_ PTIME_FIELDS TimeFields);
NTSYSAPI BOOLEAN NTAPI RtlTimeFieldsToTime(_In_ PTIME_FIELDS TimeFields, _Out_ PLARGE_INTEGER Time);
NTSYSAPI BOOLEAN NTAPI RtlTimeToSecondsSince1980(_In_ PLARGE_INTEGER Time, _Out_ PULONG ElapsedSeconds);
NTSYSAPI VOID NTAPI RtlSecondsSince1980ToTime(_In_ ULONG ElapsedSeconds, _Out_ PLARGE_INTEGER Time);
NTSYSAPI BOOLEAN NTAPI RtlTimeToSecondsSince1970(_In_ PLARGE_INTEGER Time, _Out_ PULONG ElapsedSeconds);
NTSYSAPI VOID NTAPI RtlSecondsSince1970ToTime(_In_ ULONG ElapsedSeconds, _Out_ PLARGE_INTEGER Time);

EXTERN_C_END

#ifdef __cplusplus
extern "C++" {
#endif
RING3_INLINE LARGE_INTEGER RtlConvertLongToLargeInteger(_In_ LONG SignedInteger) {
  LARGE_INTEGER v;
  v.QuadPart = SignedInteger;
  return v;
}
RING3_INLINE LARGE_INTEGER RtlConvertUlongToLargeInteger(_In_ ULONG UnsignedInteger) {
  LARGE_INTEGER v;
  v.QuadPart = UnsignedInteger;
  return v;
}
RING3_INLINE LARGE_INTEGER RtlLargeIntegerAdd(_In_ LARGE_INTEGER a, _In_ LARGE_INTEGER b) {
  LARGE_INTEGER v;
  v.QuadPart = (LONGLONG)((ULONGLONG)a.QuadPart + (ULONGLONG)b.QuadPart);
  return v;
}
RING3_INLINE LARGE_INTEGER RtlLargeIntegerSubtract(_In_ LARGE_INTEGER a, _In_ LARGE_INTEGER b) {
  LARGE_INTEGER v;
  v.QuadPart = (LONGLONG)((ULONGLONG)a.QuadPart - (ULONGLONG)b.QuadPart);
  return v;
}
RING3_INLINE LARGE_INTEGER RtlLargeIntegerNegate(_In_ LARGE_INTEGER a) {
  LARGE_INTEGER v;
  v.QuadPart = (LONGLONG)(0ull - (ULONGLONG)a.QuadPart);
  return v;
}
RING3_INLINE LARGE_INTEGER RtlEnlargedIntegerMultiply(_In_ LONG a, _In_ LONG b) {
  LARGE_INTEGER v;
  v.QuadPart = (LONGLONG)a * b;
  return v;
}
RING3_INLINE LARGE_INTEGER RtlEnlargedUnsignedMultiply(_In_ ULONG a, _In_ ULONG b) {
  LARGE_INTEGER v;
  v.QuadPart = (LONGLONG)((ULONGLONG)a * b);
  return v;
}
RING3_INLINE ULONG RtlEnlargedUnsignedDivide(_In_ ULARGE_INTEGER Dividend, _In_ ULONG Divisor, _Out_opt_ PULONG Remainder) {
  if (Remainder) *Remainder = (ULONG)(Dividend.QuadPart % Divisor);
  return (ULONG)(Dividend.QuadPart / Divisor);
}
RING3_INLINE LARGE_INTEGER RtlExtendedIntegerMultiply(_In_ LARGE_INTEGER Multiplicand, _In_ LONG Multiplier) {
  LARGE_INTEGER v;
  v.QuadPart = (LONGLONG)((ULONGLONG)Multiplicand.QuadPart * (ULONGLONG)(LONGLONG)Multiplier);
  return v;
}
RING3_INLINE LARGE_INTEGER RtlExtendedLargeIntegerDivide(_In_ LARGE_INTEGER Dividend, _In_ ULONG Divisor,
                                                         _Out_opt_ PULONG Remainder) {
  LARGE_INTEGER v;
  v.QuadPart = (LONGLONG)((ULONGLONG)Dividend.QuadPart / Divisor);
  if (Remainder) *Remainder = (ULONG)((ULONGLONG)Dividend.QuadPart % Divisor);
  return v;
}
RING3_INLINE LARGE_INTEGER RtlLargeIntegerDivide(_In_ LARGE_INTEGER Dividend, _In_ LARGE_INTEGER Divisor,
                                                 _Out_opt_ PLARGE_INTEGER Remainder) {
  LARGE_INTEGER v;
  v.QuadPart = Dividend.QuadPart / Divisor.QuadPart;
  if (Remainder) Remainder->QuadPart = Dividend.QuadPart % Divisor.QuadPart;
  return v;
}
RING3_INLINE LARGE_INTEGER RtlLargeIntegerShiftLeft(_In_ LARGE_INTEGER a, _In_ CCHAR ShiftCount) {
  LARGE_INTEGER v;
  v.QuadPart = (LONGLONG)((ULONGLONG)a.QuadPart << (ShiftCount & 63));
  return v;
}
RING3_INLINE LARGE_INTEGER RtlLargeIntegerShiftRight(_In_ LARGE_INTEGER a, _In_ CCHAR ShiftCount) {
  LARGE_INTEGER v;
  v.QuadPart = (LONGLONG)((ULONGLONG)a.QuadPart >> (ShiftCount & 63));
  return v;
}
RING3_INLINE LARGE_INTEGER RtlLargeIntegerArithmeticShift(_In_ LARGE_INTEGER a, _In_ CCHAR ShiftCount) {
  LARGE_INTEGER v;
  v.QuadPart = a.QuadPart >> (ShiftCount & 63);
  return v;
}
#ifdef __cplusplus
}
#endif

#define RtlLargeIntegerAnd(Result, Source, Mask) Result.QuadPart = Source.QuadPart & Mask.QuadPart
#define RtlLargeIntegerGreaterThan(X, Y) ((X).QuadPart > (Y).QuadPart)
#define RtlLargeIntegerGreaterThanOrEqualTo(X, Y) ((X).QuadPart >= (Y).QuadPart)
#define RtlLargeIntegerEqualTo(X, Y) ((X).QuadPart == (Y).QuadPart)
#define RtlLargeIntegerNotEqualTo(X, Y) ((X).QuadPart != (Y).QuadPart)
#define RtlLargeIntegerLessThan(X, Y) ((X).QuadPart < (Y).QuadPart)
#define RtlLargeIntegerLessThanOrEqualTo(X, Y) ((X).QuadPart <= (Y).QuadPart)
#define RtlLargeIntegerGreaterThanZero(X) ((X).QuadPart > 0)
#define RtlLargeIntegerGreaterOrEqualToZero(X) ((X).QuadPart >= 0)
#define RtlLargeIntegerEqualToZero(X) ((X).QuadPart == 0)
#define RtlLargeIntegerNotEqualToZero(X) ((X).QuadPart != 0)
#define RtlLargeIntegerLessThanZero(X) ((X).QuadPart < 0)
#define RtlLargeIntegerLessOrEqualToZero(X) ((X).QuadPart <= 0)
#define Int32x32To64(a, b) ((LONGLONG)(LONG)(a) * (LONGLONG)(LONG)(b))
#define UInt32x32To64(a, b) ((ULONGLONG)(ULONG)(a) * (ULONGLONG)(ULONG)(b))
#define Int64ShllMod32(a, b) ((ULONGLONG)(a) << (b))
#define Int64ShraMod32(a, b) (((LONGLONG)(a)) >> (b))
#define Int64ShrlMod32(a, b) (((ULONGLONG)(a)) >> (b))

#endif

// SPDX-License-Identifier: MIT
// Overflow-checked integers for ntintsafe.h and intsafe.h. The includer defines
//   RING3_INT_NAME(x)    the function's full name (Rtl##x, or x)
//   RING3_INT_RESULT, RING3_INT_OK, RING3_INT_OVERFLOW
// A result that does not fit is the type's error value: all ones for unsigned types, -1 or the maximum for others as documented.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntintsafe/

#define FN static inline __attribute__((unused)) RING3_INT_RESULT

#define RING3_INT_CONVERT(Name, From, To, Error)                        \
  FN RING3_INT_NAME(Name)(From value, To * result) {                    \
    if (__builtin_add_overflow(value, (From)0, result)) {               \
      *result = Error;                                                  \
      return RING3_INT_OVERFLOW;                                        \
    }                                                                   \
    return RING3_INT_OK;                                                \
  }
#define RING3_INT_ARITHMETIC(Name, Type, Error, op, builtin)            \
  FN RING3_INT_NAME(Name##op)(Type a, Type b, Type * result) {          \
    if (builtin(a, b, result)) {                                        \
      *result = Error;                                                  \
      return RING3_INT_OVERFLOW;                                        \
    }                                                                   \
    return RING3_INT_OK;                                                \
  }
#define RING3_INT_TYPE(Name, Type, Error)                               \
  RING3_INT_ARITHMETIC(Name, Type, Error, Add, __builtin_add_overflow)  \
  RING3_INT_ARITHMETIC(Name, Type, Error, Sub, __builtin_sub_overflow)  \
  RING3_INT_ARITHMETIC(Name, Type, Error, Mult, __builtin_mul_overflow)

#ifndef INT8_ERROR
#define INT8_ERROR (-1)
#define UINT8_ERROR 0xff
#define BYTE_ERROR 0xff
#define SHORT_ERROR (-1)
#define INT16_ERROR (-1)
#define USHORT_ERROR 0xffff
#define UINT16_ERROR 0xffff
#define WORD_ERROR 0xffff
#define INT_ERROR (-1)
#define INT32_ERROR (-1)
#define UINT_ERROR 0xffffffff
#define UINT32_ERROR 0xffffffff
#define LONG_ERROR (-1)
#define ULONG_ERROR 0xffffffff
#define DWORD_ERROR 0xffffffff
#define INT_PTR_ERROR (-1)
#define UINT_PTR_ERROR 0xffffffffffffffff
#define LONG_PTR_ERROR (-1)
#define ULONG_PTR_ERROR 0xffffffffffffffff
#define DWORD_PTR_ERROR 0xffffffffffffffff
#define PTRDIFF_T_ERROR (-1)
#define SIZE_T_ERROR 0xffffffffffffffff
#define SSIZE_T_ERROR (-1)
#define LONGLONG_ERROR (-1LL)
#define INT64_ERROR (-1LL)
#define ULONGLONG_ERROR 0xffffffffffffffffULL
#define UINT64_ERROR 0xffffffffffffffffULL
#define DWORDLONG_ERROR 0xffffffffffffffffULL
#define DWORDLONG64_ERROR 0xffffffffffffffffULL
#endif

RING3_INT_TYPE(Int8, signed char, INT8_ERROR)
RING3_INT_TYPE(UInt8, UINT8, UINT8_ERROR)
RING3_INT_TYPE(Short, SHORT, SHORT_ERROR)
RING3_INT_TYPE(Int16, INT16, INT16_ERROR)
RING3_INT_TYPE(UShort, USHORT, USHORT_ERROR)
RING3_INT_TYPE(UInt16, UINT16, UINT16_ERROR)
RING3_INT_TYPE(Word, USHORT, WORD_ERROR)
RING3_INT_TYPE(Int, INT, INT_ERROR)
RING3_INT_TYPE(Int32, INT32, INT32_ERROR)
RING3_INT_TYPE(UInt, UINT, UINT_ERROR)
RING3_INT_TYPE(UInt32, UINT32, UINT32_ERROR)
RING3_INT_TYPE(Long, LONG, LONG_ERROR)
RING3_INT_TYPE(ULong, ULONG, ULONG_ERROR)
RING3_INT_TYPE(DWord, ULONG, DWORD_ERROR)
RING3_INT_TYPE(IntPtr, INT_PTR, INT_PTR_ERROR)
RING3_INT_TYPE(UIntPtr, UINT_PTR, UINT_PTR_ERROR)
RING3_INT_TYPE(LongPtr, LONG_PTR, LONG_PTR_ERROR)
RING3_INT_TYPE(ULongPtr, ULONG_PTR, ULONG_PTR_ERROR)
RING3_INT_TYPE(DWordPtr, ULONG_PTR, DWORD_PTR_ERROR)
RING3_INT_TYPE(PtrdiffT, LONG_PTR, PTRDIFF_T_ERROR)
RING3_INT_TYPE(SizeT, SIZE_T, SIZE_T_ERROR)
RING3_INT_TYPE(SSIZET, SSIZE_T, SSIZE_T_ERROR)
RING3_INT_TYPE(LongLong, LONGLONG, LONGLONG_ERROR)
RING3_INT_TYPE(Int64, INT64, INT64_ERROR)
RING3_INT_TYPE(ULongLong, ULONGLONG, ULONGLONG_ERROR)
RING3_INT_TYPE(UInt64, UINT64, UINT64_ERROR)
RING3_INT_TYPE(DWordLong, ULONGLONG, DWORDLONG_ERROR)

// Every conversion between the types.
#define RING3_INT_FROM(Name, Type) \
  RING3_INT_CONVERT(Name##ToChar, Type, CHAR, '\0') \
  RING3_INT_CONVERT(Name##ToInt8, Type, signed char, INT8_ERROR) \
  RING3_INT_CONVERT(Name##ToUChar, Type, UCHAR, '\0') \
  RING3_INT_CONVERT(Name##ToUInt8, Type, UINT8, UINT8_ERROR) \
  RING3_INT_CONVERT(Name##ToByte, Type, UCHAR, UINT8_ERROR) \
  RING3_INT_CONVERT(Name##ToShort, Type, SHORT, SHORT_ERROR) \
  RING3_INT_CONVERT(Name##ToInt16, Type, INT16, INT16_ERROR) \
  RING3_INT_CONVERT(Name##ToUShort, Type, USHORT, USHORT_ERROR) \
  RING3_INT_CONVERT(Name##ToUInt16, Type, UINT16, UINT16_ERROR) \
  RING3_INT_CONVERT(Name##ToWord, Type, USHORT, WORD_ERROR) \
  RING3_INT_CONVERT(Name##ToInt, Type, INT, INT_ERROR) \
  RING3_INT_CONVERT(Name##ToInt32, Type, INT32, INT32_ERROR) \
  RING3_INT_CONVERT(Name##ToUInt, Type, UINT, UINT_ERROR) \
  RING3_INT_CONVERT(Name##ToUInt32, Type, UINT32, UINT32_ERROR) \
  RING3_INT_CONVERT(Name##ToLong, Type, LONG, LONG_ERROR) \
  RING3_INT_CONVERT(Name##ToULong, Type, ULONG, ULONG_ERROR) \
  RING3_INT_CONVERT(Name##ToDWord, Type, ULONG, DWORD_ERROR) \
  RING3_INT_CONVERT(Name##ToIntPtr, Type, INT_PTR, INT_PTR_ERROR) \
  RING3_INT_CONVERT(Name##ToUIntPtr, Type, UINT_PTR, UINT_PTR_ERROR) \
  RING3_INT_CONVERT(Name##ToLongPtr, Type, LONG_PTR, LONG_PTR_ERROR) \
  RING3_INT_CONVERT(Name##ToULongPtr, Type, ULONG_PTR, ULONG_PTR_ERROR) \
  RING3_INT_CONVERT(Name##ToDWordPtr, Type, ULONG_PTR, DWORD_PTR_ERROR) \
  RING3_INT_CONVERT(Name##ToPtrdiffT, Type, LONG_PTR, PTRDIFF_T_ERROR) \
  RING3_INT_CONVERT(Name##ToSizeT, Type, SIZE_T, SIZE_T_ERROR) \
  RING3_INT_CONVERT(Name##ToSSIZET, Type, SSIZE_T, SSIZE_T_ERROR) \
  RING3_INT_CONVERT(Name##ToLongLong, Type, LONGLONG, LONGLONG_ERROR) \
  RING3_INT_CONVERT(Name##ToInt64, Type, INT64, INT64_ERROR) \
  RING3_INT_CONVERT(Name##ToULongLong, Type, ULONGLONG, ULONGLONG_ERROR) \
  RING3_INT_CONVERT(Name##ToUInt64, Type, UINT64, UINT64_ERROR) \
  RING3_INT_CONVERT(Name##ToDWordLong, Type, ULONGLONG, DWORDLONG_ERROR)
RING3_INT_FROM(Char, CHAR)
RING3_INT_FROM(Int8, signed char)
RING3_INT_FROM(UChar, UCHAR)
RING3_INT_FROM(UInt8, UINT8)
RING3_INT_FROM(Byte, UCHAR)
RING3_INT_FROM(Short, SHORT)
RING3_INT_FROM(Int16, INT16)
RING3_INT_FROM(UShort, USHORT)
RING3_INT_FROM(UInt16, UINT16)
RING3_INT_FROM(Word, USHORT)
RING3_INT_FROM(Int, INT)
RING3_INT_FROM(Int32, INT32)
RING3_INT_FROM(UInt, UINT)
RING3_INT_FROM(UInt32, UINT32)
RING3_INT_FROM(Long, LONG)
RING3_INT_FROM(ULong, ULONG)
RING3_INT_FROM(DWord, ULONG)
RING3_INT_FROM(IntPtr, INT_PTR)
RING3_INT_FROM(UIntPtr, UINT_PTR)
RING3_INT_FROM(LongPtr, LONG_PTR)
RING3_INT_FROM(ULongPtr, ULONG_PTR)
RING3_INT_FROM(DWordPtr, ULONG_PTR)
RING3_INT_FROM(PtrdiffT, LONG_PTR)
RING3_INT_FROM(SizeT, SIZE_T)
RING3_INT_FROM(SSIZET, SSIZE_T)
RING3_INT_FROM(LongLong, LONGLONG)
RING3_INT_FROM(Int64, INT64)
RING3_INT_FROM(ULongLong, ULONGLONG)
RING3_INT_FROM(UInt64, UINT64)
RING3_INT_FROM(DWordLong, ULONGLONG)

#undef FN
#undef RING3_INT_CONVERT
#undef RING3_INT_ARITHMETIC
#undef RING3_INT_TYPE
#undef RING3_INT_FROM

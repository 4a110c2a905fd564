// SPDX-License-Identifier: MIT
// Interlocked operations, for drivers and applications. Those that return a value are full barriers unless their
// name ends in Acquire, Release or NoFence.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-interlockedincrement
#ifndef RING3_INTERLOCKED_H
#define RING3_INTERLOCKED_H

#include <ntdef.h>

#ifdef __cplusplus
extern "C++" {
#endif

// The operations of one width; `s` is the name's suffix (8, 16, none, 64).
#define RING3_INTERLOCKED_ORDERED(T, s, suffix, order)                                                       \
  RING3_INLINE T InterlockedIncrement##s##suffix(volatile T* p) { return (T)__atomic_add_fetch(p, 1, order); }  \
  RING3_INLINE T InterlockedDecrement##s##suffix(volatile T* p) { return (T)__atomic_sub_fetch(p, 1, order); }  \
  RING3_INLINE T InterlockedExchange##s##suffix(volatile T* p, T v) { return __atomic_exchange_n(p, v, order); } \
  RING3_INLINE T InterlockedExchangeAdd##s##suffix(volatile T* p, T v) { return __atomic_fetch_add(p, v, order); } \
  RING3_INLINE T InterlockedAdd##s##suffix(volatile T* p, T v) { return (T)__atomic_add_fetch(p, v, order); }   \
  RING3_INLINE T InterlockedAnd##s##suffix(volatile T* p, T v) { return __atomic_fetch_and(p, v, order); }      \
  RING3_INLINE T InterlockedOr##s##suffix(volatile T* p, T v) { return __atomic_fetch_or(p, v, order); }        \
  RING3_INLINE T InterlockedXor##s##suffix(volatile T* p, T v) { return __atomic_fetch_xor(p, v, order); }
#define RING3_INTERLOCKED_COMPARE(T, s, suffix, order, failure)                                   \
  RING3_INLINE T InterlockedCompareExchange##s##suffix(volatile T* p, T exchange, T comparand) {  \
    __atomic_compare_exchange_n(p, &comparand, exchange, 0, order, failure);                      \
    return comparand;                                                                             \
  }
#define RING3_INTERLOCKED(T, s)                                                       \
  RING3_INTERLOCKED_ORDERED(T, s, , __ATOMIC_SEQ_CST)                                 \
  RING3_INTERLOCKED_ORDERED(T, s, Acquire, __ATOMIC_ACQUIRE)                          \
  RING3_INTERLOCKED_ORDERED(T, s, Release, __ATOMIC_RELEASE)                          \
  RING3_INTERLOCKED_ORDERED(T, s, NoFence, __ATOMIC_RELAXED)                          \
  RING3_INTERLOCKED_COMPARE(T, s, , __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)               \
  RING3_INTERLOCKED_COMPARE(T, s, Acquire, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)        \
  RING3_INTERLOCKED_COMPARE(T, s, Release, __ATOMIC_RELEASE, __ATOMIC_RELAXED)        \
  RING3_INTERLOCKED_COMPARE(T, s, NoFence, __ATOMIC_RELAXED, __ATOMIC_RELAXED)

RING3_INTERLOCKED(CHAR, 8)
RING3_INTERLOCKED(SHORT, 16)
RING3_INTERLOCKED(LONG, )
RING3_INTERLOCKED(LONG64, 64)
#ifdef __cplusplus
RING3_INTERLOCKED(ULONG, )
RING3_INTERLOCKED(ULONG64, 64)
#ifdef __SIZEOF_LONG__
#if __SIZEOF_LONG__ == 8
// size_t and ptrdiff_t are built on long here.
RING3_INTERLOCKED(LONG_PTR, 64)
RING3_INTERLOCKED(ULONG_PTR, 64)
#endif
#endif
#endif

#define RING3_INTERLOCKED_POINTER(suffix, order, failure)                                                          \
  RING3_INLINE PVOID InterlockedExchangePointer##suffix(PVOID volatile* p, PVOID v) {                              \
    return __atomic_exchange_n(p, v, order);                                                                       \
  }                                                                                                                \
  RING3_INLINE PVOID InterlockedCompareExchangePointer##suffix(PVOID volatile* p, PVOID exchange, PVOID comparand) { \
    __atomic_compare_exchange_n(p, &comparand, exchange, 0, order, failure);                                       \
    return comparand;                                                                                              \
  }
RING3_INTERLOCKED_POINTER(, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
RING3_INTERLOCKED_POINTER(Acquire, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)
RING3_INTERLOCKED_POINTER(Release, __ATOMIC_RELEASE, __ATOMIC_RELAXED)
RING3_INTERLOCKED_POINTER(NoFence, __ATOMIC_RELAXED, __ATOMIC_RELAXED)

// `destination` is 16-byte aligned; `comparand` receives what was there. Returns 1 when the exchange was made.
RING3_INLINE UCHAR InterlockedCompareExchange128(volatile LONG64* destination, LONG64 exchange_high,
                                                 LONG64 exchange_low, LONG64* comparand) {
  UCHAR exchanged;
  __asm__ volatile("lock cmpxchg16b %1"
                   : "=@ccz"(exchanged), "+m"(*(volatile __int128*)destination), "+a"(comparand[0]), "+d"(comparand[1])
                   : "b"(exchange_low), "c"(exchange_high)
                   : "memory");
  return exchanged;
}

#define RING3_INTERLOCKED_BIT(T, s, bits)                                                  \
  RING3_INLINE UCHAR InterlockedBitTestAndSet##s(volatile T* base, T bit) {                \
    T mask = (T)1 << (bit & (bits - 1));                                                   \
    return (__atomic_fetch_or(base + bit / bits, mask, __ATOMIC_SEQ_CST) & mask) != 0;     \
  }                                                                                        \
  RING3_INLINE UCHAR InterlockedBitTestAndReset##s(volatile T* base, T bit) {              \
    T mask = (T)1 << (bit & (bits - 1));                                                   \
    return (__atomic_fetch_and(base + bit / bits, ~mask, __ATOMIC_SEQ_CST) & mask) != 0;   \
  }                                                                                        \
  RING3_INLINE UCHAR InterlockedBitTestAndComplement##s(volatile T* base, T bit) {         \
    T mask = (T)1 << (bit & (bits - 1));                                                   \
    return (__atomic_fetch_xor(base + bit / bits, mask, __ATOMIC_SEQ_CST) & mask) != 0;    \
  }
RING3_INTERLOCKED_BIT(LONG, , 32)
RING3_INTERLOCKED_BIT(LONG64, 64, 64)

#undef RING3_INTERLOCKED_ORDERED
#undef RING3_INTERLOCKED_COMPARE
#undef RING3_INTERLOCKED
#undef RING3_INTERLOCKED_POINTER
#undef RING3_INTERLOCKED_BIT

RING3_INLINE LONG InterlockedAddLargeStatistic(volatile LARGE_INTEGER* addend, ULONG value) {
  __atomic_fetch_add(&addend->QuadPart, (LONGLONG)value, __ATOMIC_RELAXED);
  return 0;
}

// Plain accesses with a stated order.
#define RING3_READ_WRITE(Name, T)                                                                              \
  RING3_INLINE T Read##Name##Acquire(const volatile T* p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }     \
  RING3_INLINE T Read##Name##NoFence(const volatile T* p) { return __atomic_load_n(p, __ATOMIC_RELAXED); }     \
  RING3_INLINE T Read##Name##Raw(const volatile T* p) { return *p; }                                           \
  RING3_INLINE void Write##Name##Release(volatile T* p, T v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }     \
  RING3_INLINE void Write##Name##NoFence(volatile T* p, T v) { __atomic_store_n(p, v, __ATOMIC_RELAXED); }     \
  RING3_INLINE void Write##Name##Raw(volatile T* p, T v) { *p = v; }
RING3_READ_WRITE(8, CHAR)
RING3_READ_WRITE(16, SHORT)
RING3_READ_WRITE(, LONG)
RING3_READ_WRITE(64, LONG64)
RING3_READ_WRITE(UChar, UCHAR)
RING3_READ_WRITE(UShort, USHORT)
RING3_READ_WRITE(ULong, ULONG)
RING3_READ_WRITE(ULong64, ULONG64)
RING3_READ_WRITE(Boolean, BOOLEAN)
RING3_READ_WRITE(Int8, INT8)
RING3_READ_WRITE(Int16, INT16)
RING3_READ_WRITE(Int32, INT32)
RING3_READ_WRITE(Int64, INT64)
RING3_READ_WRITE(UInt8, UINT8)
RING3_READ_WRITE(UInt16, UINT16)
RING3_READ_WRITE(UInt32, UINT32)
RING3_READ_WRITE(UInt64, UINT64)
#undef RING3_READ_WRITE
RING3_INLINE PVOID ReadPointerAcquire(PVOID const volatile* p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
RING3_INLINE PVOID ReadPointerNoFence(PVOID const volatile* p) { return __atomic_load_n(p, __ATOMIC_RELAXED); }
RING3_INLINE PVOID ReadPointerRaw(PVOID const volatile* p) { return *p; }
RING3_INLINE void WritePointerRelease(PVOID volatile* p, PVOID v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
RING3_INLINE void WritePointerNoFence(PVOID volatile* p, PVOID v) { __atomic_store_n(p, v, __ATOMIC_RELAXED); }
RING3_INLINE void WritePointerRaw(PVOID volatile* p, PVOID v) { *p = v; }

#ifdef __cplusplus
}
#endif

// The compiler's names for the same.
#define _InterlockedIncrement8 InterlockedIncrement8
#define _InterlockedIncrement16 InterlockedIncrement16
#define _InterlockedIncrement InterlockedIncrement
#define _InterlockedIncrement64 InterlockedIncrement64
#define _InterlockedDecrement8 InterlockedDecrement8
#define _InterlockedDecrement16 InterlockedDecrement16
#define _InterlockedDecrement InterlockedDecrement
#define _InterlockedDecrement64 InterlockedDecrement64
#define _InterlockedExchange8 InterlockedExchange8
#define _InterlockedExchange16 InterlockedExchange16
#define _InterlockedExchange InterlockedExchange
#define _InterlockedExchange64 InterlockedExchange64
#define _InterlockedExchangeAdd8 InterlockedExchangeAdd8
#define _InterlockedExchangeAdd16 InterlockedExchangeAdd16
#define _InterlockedExchangeAdd InterlockedExchangeAdd
#define _InterlockedExchangeAdd64 InterlockedExchangeAdd64
#define _InterlockedAnd8 InterlockedAnd8
#define _InterlockedAnd16 InterlockedAnd16
#define _InterlockedAnd InterlockedAnd
#define _InterlockedAnd64 InterlockedAnd64
#define _InterlockedOr8 InterlockedOr8
#define _InterlockedOr16 InterlockedOr16
#define _InterlockedOr InterlockedOr
#define _InterlockedOr64 InterlockedOr64
#define _InterlockedXor8 InterlockedXor8
#define _InterlockedXor16 InterlockedXor16
#define _InterlockedXor InterlockedXor
#define _InterlockedXor64 InterlockedXor64
#define _InterlockedCompareExchange8 InterlockedCompareExchange8
#define _InterlockedCompareExchange16 InterlockedCompareExchange16
#define _InterlockedCompareExchange InterlockedCompareExchange
#define _InterlockedCompareExchange64 InterlockedCompareExchange64
#define _InterlockedAdd InterlockedAdd
#define _InterlockedAdd64 InterlockedAdd64
#define _InterlockedExchangePointer InterlockedExchangePointer
#define _InterlockedCompareExchangePointer InterlockedCompareExchangePointer
#define _InterlockedCompareExchange128 InterlockedCompareExchange128
#define _interlockedbittestandset InterlockedBitTestAndSet
#define _interlockedbittestandset64 InterlockedBitTestAndSet64
#define _interlockedbittestandreset InterlockedBitTestAndReset
#define _interlockedbittestandreset64 InterlockedBitTestAndReset64

// Unsigned variants and other spellings.
#define InterlockedIncrementUInt(p) ((UINT)InterlockedIncrement((volatile LONG*)(p)))
#define InterlockedIncrementSizeT(p) ((SIZE_T)InterlockedIncrement64((volatile LONG64*)(p)))
#define InterlockedDecrementSizeT(p) ((SIZE_T)InterlockedDecrement64((volatile LONG64*)(p)))
#define InterlockedExchangeAddSizeT(p, v) ((SIZE_T)InterlockedExchangeAdd64((volatile LONG64*)(p), (LONG64)(v)))
#define InterlockedAddPtr(p, v) ((LONG_PTR)InterlockedAdd64((volatile LONG64*)(p), (LONG64)(v)))
#define InterlockedIncrementULong(p) ((ULONG)InterlockedIncrement((volatile LONG*)(p)))
#define InterlockedDecrementULong(p) ((ULONG)InterlockedDecrement((volatile LONG*)(p)))
#define InterlockedExchangeULong(p, v) ((ULONG)InterlockedExchange((volatile LONG*)(p), (LONG)(v)))
#define InterlockedAndAffinity InterlockedAnd64
#define InterlockedOrAffinity InterlockedOr64

#endif

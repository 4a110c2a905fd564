// SPDX-License-Identifier: MIT
// Memory: copying, filling, comparing, unaligned access, byte order.
#ifndef RING3_DDI_RTL_MEMORY_H
#define RING3_DDI_RTL_MEMORY_H

#include <ntdef.h>

EXTERN_C_START

// Macros over the compiler's builtins on Windows as well. The destination may overlap in RtlMoveMemory only.
#define RtlCopyMemory(Destination, Source, Length) __builtin_memcpy((Destination), (Source), (Length))
#define RtlMoveMemory(Destination, Source, Length) __builtin_memmove((Destination), (Source), (Length))
#define RtlCopyBytes RtlCopyMemory
#define RtlZeroBytes RtlZeroMemory
#define RtlFillBytes RtlFillMemory
#define RtlFillMemory(Destination, Length, Fill) __builtin_memset((Destination), (Fill), (Length))
#define RtlZeroMemory(Destination, Length) __builtin_memset((Destination), 0, (Length))
#define RtlEqualMemory(Source1, Source2, Length) (!__builtin_memcmp((Source1), (Source2), (Length)))
#define RtlCopyVolatileMemory(Destination, Source, Length) \
  RtlpCopyVolatile((volatile VOID*)(Destination), (const volatile VOID*)(Source), (Length))
#define RtlMoveVolatileMemory RtlCopyVolatileMemory
#define RtlFillVolatileMemory(Destination, Length, Fill) \
  RtlpFillVolatile((volatile VOID*)(Destination), (Length), (UCHAR)(Fill))
#define RtlZeroVolatileMemory(Destination, Length) RtlFillVolatileMemory((Destination), (Length), 0)
#define RtlSetVolatileMemory(Destination, Fill, Length) RtlFillVolatileMemory((Destination), (Length), (Fill))
#define RtlSecureZeroMemory2 RtlSecureZeroMemory
#define RtlPrefetchMemoryNonTemporal(Source, Length) RtlpPrefetchNonTemporal((const VOID*)(Source), (Length))
#define ZeroAndFreePoolWithTag(p, n, tag) (RtlSecureZeroMemory((p), (n)), ExFreePoolWithTag((p), (tag)))

RING3_INLINE volatile VOID* RtlpCopyVolatile(volatile VOID* to, const volatile VOID* from, SIZE_T n) {
  volatile UCHAR* d = (volatile UCHAR*)to;
  const volatile UCHAR* s = (const volatile UCHAR*)from;
  while (n--) *d++ = *s++;
  return to;
}
RING3_INLINE volatile VOID* RtlpFillVolatile(volatile VOID* to, SIZE_T n, UCHAR fill) {
  volatile UCHAR* d = (volatile UCHAR*)to;
  while (n--) *d++ = fill;
  return to;
}
RING3_INLINE VOID RtlpPrefetchNonTemporal(const VOID* from, SIZE_T n) {
  const CHAR* p = (const CHAR*)from;
  SIZE_T i;
  for (i = 0; i < n; i += 64) __builtin_prefetch(p + i, 0, 0);
}

// Not optimised away, even when the memory is not read again.
RING3_INLINE PVOID RtlSecureZeroMemory(_Out_writes_bytes_all_(Length) PVOID Destination, _In_ SIZE_T Length) {
  __builtin_memset(Destination, 0, Length);
  __asm__ volatile("" ::"r"(Destination) : "memory");
  return Destination;
}

NTSYSAPI SIZE_T NTAPI RtlCompareMemory(_In_ const VOID* Source1, _In_ const VOID* Source2, _In_ SIZE_T Length);
NTSYSAPI SIZE_T NTAPI RtlCompareMemoryUlong(_In_ PVOID Source, _In_ SIZE_T Length, _In_ ULONG Pattern);
NTSYSAPI LOGICAL NTAPI RtlConstantTimeEqualMemory(_In_ const void* v1, _In_ const void* v2, ULONG len);
NTSYSAPI VOID NTAPI RtlCopyMemoryNonTemporal(VOID* Destination, CONST VOID* Source, SIZE_T Length);
NTSYSAPI VOID NTAPI RtlFillMemoryNonTemporal(VOID* Destination, SIZE_T Length, CONST UCHAR Value);
NTSYSAPI VOID NTAPI RtlFillMemoryUlong(_Out_ PVOID Destination, _In_ SIZE_T Length, _In_ ULONG Pattern);
NTSYSAPI VOID NTAPI RtlFillMemoryUlonglong(_Out_ PVOID Destination, _In_ SIZE_T Length, _In_ ULONGLONG Pattern);
NTSYSAPI BOOLEAN NTAPI RtlIsZeroMemory(_In_ PVOID Buffer, _In_ SIZE_T Length);
// The same as functions, for what was compiled against them.
#ifdef RING3_EXECUTIVE
#undef RtlCopyMemory
#undef RtlMoveMemory
#undef RtlFillMemory
#undef RtlZeroMemory
NTSYSAPI VOID NTAPI RtlCopyMemory(VOID* Destination, CONST VOID* Source, SIZE_T Length);
NTSYSAPI VOID NTAPI RtlMoveMemory(VOID* Destination, CONST VOID* Source, SIZE_T Length);
NTSYSAPI VOID NTAPI RtlFillMemory(VOID* Destination, SIZE_T Length, INT Fill);
NTSYSAPI VOID NTAPI RtlZeroMemory(VOID* Destination, SIZE_T Length);
#endif

EXTERN_C_END

#define RtlUshortByteSwap(x) __builtin_bswap16((USHORT)(x))
#define RtlUlongByteSwap(x) __builtin_bswap32((ULONG)(x))
#define RtlUlonglongByteSwap(x) __builtin_bswap64((ULONGLONG)(x))

// Memory that may not be aligned for its type.
#define RtlStoreUshort(Address, Value) RtlpStore(Address, USHORT, Value)
#define RtlStoreUlong(Address, Value) RtlpStore(Address, ULONG, Value)
#define RtlStoreUlonglong(Address, Value) RtlpStore(Address, ULONGLONG, Value)
#define RtlStoreUlongPtr(Address, Value) RtlpStore(Address, ULONG_PTR, Value)
#define RtlpStore(Address, Type, Value)                   \
  do {                                                    \
    Type ring3_stored = (Type)(Value);                    \
    __builtin_memcpy((Address), &ring3_stored, sizeof(Type)); \
  } while (0)
#define RtlRetrieveUshort(DestAddress, SrcAddress) __builtin_memcpy((DestAddress), (SrcAddress), sizeof(USHORT))
#define RtlRetrieveUlong(DestAddress, SrcAddress) __builtin_memcpy((DestAddress), (SrcAddress), sizeof(ULONG))

#define SHORT_LEAST_SIGNIFICANT_BIT 0
#define SHORT_MOST_SIGNIFICANT_BIT 1
#define LONG_LEAST_SIGNIFICANT_BIT 0
#define LONG_3RD_MOST_SIGNIFICANT_BIT 1
#define LONG_2ND_MOST_SIGNIFICANT_BIT 2
#define LONG_MOST_SIGNIFICANT_BIT 3
#define SHORT_SIZE (sizeof(USHORT))
#define SHORT_MASK (SHORT_SIZE - 1)
#define LONG_SIZE (sizeof(LONG))
#define LONGLONG_SIZE (sizeof(LONGLONG))
#define LONG_MASK (LONG_SIZE - 1)
#define LONGLONG_MASK (LONGLONG_SIZE - 1)
#define LOWBYTE_MASK 0x00FF
#define FIRSTBYTE(VALUE) ((VALUE) & LOWBYTE_MASK)
#define SECONDBYTE(VALUE) (((VALUE) >> 8) & LOWBYTE_MASK)
#define THIRDBYTE(VALUE) (((VALUE) >> 16) & LOWBYTE_MASK)
#define FOURTHBYTE(VALUE) (((VALUE) >> 24) & LOWBYTE_MASK)

#endif

// SPDX-License-Identifier: MIT
// The compiler intrinsics of Microsoft C for x64 that drivers and applications use. Privileged ones are here too:
// executed in user mode they raise STATUS_PRIVILEGED_INSTRUCTION.
// https://learn.microsoft.com/cpp/intrinsics/x64-amd64-intrinsics-list
#ifndef RING3_INTRIN_H
#define RING3_INTRIN_H

#include <interlocked.h>

#ifdef __cplusplus
extern "C" {
#endif
void _mm_pause(void);
void _mm_mfence(void);
void _mm_lfence(void);
#ifdef __cplusplus
}
#endif

#define _ReadWriteBarrier() __asm__ volatile("" ::: "memory")
#define _ReadBarrier() _ReadWriteBarrier()
#define _WriteBarrier() _ReadWriteBarrier()
#define __faststorefence() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define MemoryBarrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define YieldProcessor() __builtin_ia32_pause()
#define __debugbreak() __asm__ volatile("int3")
#define __ud2() __asm__ volatile("ud2")
#define __nop() __asm__ volatile("nop")
#define __halt() __asm__ volatile("hlt")
#define __fastfail(code) __builtin_trap()
#define __noop(...) ((void)0)
#define __assume(e) __builtin_assume(!!(e))
#define _ReturnAddress() __builtin_return_address(0)
#define _AddressOfReturnAddress() ((void*)((void**)__builtin_frame_address(0) + 1))
#ifndef __rdtsc
#define __rdtsc() (__builtin_ia32_rdtsc())
#endif
#define ReadTimeStampCounter() __rdtsc()
#define PreFetchCacheLine(level, address) __builtin_prefetch(address)
#define PF_TEMPORAL_LEVEL_1 3
#define PF_TEMPORAL_LEVEL_2 2
#define PF_TEMPORAL_LEVEL_3 1
#define PF_NON_TEMPORAL_LEVEL_ALL 0

#ifdef __cplusplus
extern "C++" {
#endif

// The compiler knows many of these names as builtins, with linkage of its own: the macros below keep ours apart.

// `index` receives the bit found; 0 is returned, and `index` left alone, when `mask` is 0.
RING3_INLINE UCHAR Ring3_BitScanForward(ULONG* index, ULONG mask) {
  if (!mask) return 0;
  *index = (ULONG)__builtin_ctz(mask);
  return 1;
}
RING3_INLINE UCHAR Ring3_BitScanReverse(ULONG* index, ULONG mask) {
  if (!mask) return 0;
  *index = 31u - (ULONG)__builtin_clz(mask);
  return 1;
}
RING3_INLINE UCHAR Ring3_BitScanForward64(ULONG* index, ULONG64 mask) {
  if (!mask) return 0;
  *index = (ULONG)__builtin_ctzll(mask);
  return 1;
}
RING3_INLINE UCHAR Ring3_BitScanReverse64(ULONG* index, ULONG64 mask) {
  if (!mask) return 0;
  *index = 63u - (ULONG)__builtin_clzll(mask);
  return 1;
}
RING3_INLINE UCHAR Ring3_bittest(const LONG* base, LONG bit) { return (base[bit >> 5] >> (bit & 31)) & 1; }
RING3_INLINE UCHAR Ring3_bittestandset(LONG* base, LONG bit) {
  UCHAR old = Ring3_bittest(base, bit);
  base[bit >> 5] |= (LONG)(1u << (bit & 31));
  return old;
}
RING3_INLINE UCHAR Ring3_bittestandreset(LONG* base, LONG bit) {
  UCHAR old = Ring3_bittest(base, bit);
  base[bit >> 5] &= (LONG) ~(1u << (bit & 31));
  return old;
}
RING3_INLINE UCHAR Ring3_bittestandcomplement(LONG* base, LONG bit) {
  UCHAR old = Ring3_bittest(base, bit);
  base[bit >> 5] ^= (LONG)(1u << (bit & 31));
  return old;
}
RING3_INLINE UCHAR Ring3_bittest64(const LONG64* base, LONG64 bit) { return (base[bit >> 6] >> (bit & 63)) & 1; }
RING3_INLINE UCHAR Ring3_bittestandset64(LONG64* base, LONG64 bit) {
  UCHAR old = Ring3_bittest64(base, bit);
  base[bit >> 6] |= (LONG64)(1ull << (bit & 63));
  return old;
}
RING3_INLINE UCHAR Ring3_bittestandreset64(LONG64* base, LONG64 bit) {
  UCHAR old = Ring3_bittest64(base, bit);
  base[bit >> 6] &= (LONG64) ~(1ull << (bit & 63));
  return old;
}
RING3_INLINE UCHAR Ring3_bittestandcomplement64(LONG64* base, LONG64 bit) {
  UCHAR old = Ring3_bittest64(base, bit);
  base[bit >> 6] ^= (LONG64)(1ull << (bit & 63));
  return old;
}
#define BitScanForward _BitScanForward
#define BitScanReverse _BitScanReverse
#define BitScanForward64 _BitScanForward64
#define BitScanReverse64 _BitScanReverse64
#define BitTest _bittest
#define BitTestAndSet _bittestandset
#define BitTestAndReset _bittestandreset
#define BitTestAndComplement _bittestandcomplement
#define BitTest64 _bittest64
#define BitTestAndSet64 _bittestandset64
#define BitTestAndReset64 _bittestandreset64
#define BitTestAndComplement64 _bittestandcomplement64

#define _byteswap_ushort(x) __builtin_bswap16(x)
#define _byteswap_ulong(x) __builtin_bswap32(x)
#define _byteswap_uint64(x) __builtin_bswap64(x)
#ifndef _rotl
#define _rotl(x, n) __builtin_rotateleft32((x), (unsigned int)(n))
#define _rotr(x, n) __builtin_rotateright32((x), (unsigned int)(n))
#define _lrotl(x, n) __builtin_rotateleft32((ULONG)(x), (unsigned int)(n))
#define _lrotr(x, n) __builtin_rotateright32((ULONG)(x), (unsigned int)(n))
#endif
#define _rotl8(x, n) __builtin_rotateleft8((x), (UCHAR)(n))
#define _rotr8(x, n) __builtin_rotateright8((x), (UCHAR)(n))
#define _rotl16(x, n) __builtin_rotateleft16((x), (USHORT)(n))
#define _rotr16(x, n) __builtin_rotateright16((x), (USHORT)(n))
#define _rotl64(x, n) __builtin_rotateleft64((x), (ULONG64)(n))
#define _rotr64(x, n) __builtin_rotateright64((x), (ULONG64)(n))
#define RotateLeft8 _rotl8
#define RotateLeft16 _rotl16
#define RotateLeft32 _rotl
#define RotateLeft64 _rotl64
#define RotateRight8 _rotr8
#define RotateRight16 _rotr16
#define RotateRight32 _rotr
#define RotateRight64 _rotr64
#define __popcnt16(x) ((USHORT)__builtin_popcount((USHORT)(x)))
#define __popcnt(x) ((UINT)__builtin_popcount(x))
#define __popcnt64(x) ((ULONG64)__builtin_popcountll(x))
#define PopulationCount64 __popcnt64

RING3_INLINE UINT Ring3__lzcnt(UINT x) { return x ? (UINT)__builtin_clz(x) : 32; }
RING3_INLINE ULONG64 Ring3__lzcnt64(ULONG64 x) { return x ? (ULONG64)__builtin_clzll(x) : 64; }
RING3_INLINE LONG64 Ring3__mulh(LONG64 a, LONG64 b) { return (LONG64)(((__int128)a * b) >> 64); }
RING3_INLINE ULONG64 Ring3__umulh(ULONG64 a, ULONG64 b) { return (ULONG64)(((unsigned __int128)a * b) >> 64); }
RING3_INLINE LONG64 Ring3_mul128(LONG64 a, LONG64 b, LONG64* high) {
  __int128 product = (__int128)a * b;
  *high = (LONG64)(product >> 64);
  return (LONG64)product;
}
RING3_INLINE ULONG64 Ring3_umul128(ULONG64 a, ULONG64 b, ULONG64* high) {
  unsigned __int128 product = (unsigned __int128)a * b;
  *high = (ULONG64)(product >> 64);
  return (ULONG64)product;
}
RING3_INLINE ULONG64 Ring3__shiftleft128(ULONG64 low, ULONG64 high, UCHAR shift) {
  return (ULONG64)(((((unsigned __int128)high << 64) | low) << (shift & 63)) >> 64);
}
RING3_INLINE ULONG64 Ring3__shiftright128(ULONG64 low, ULONG64 high, UCHAR shift) {
  return (ULONG64)((((unsigned __int128)high << 64) | low) >> (shift & 63));
}
RING3_INLINE ULONG64 Ring3__emulu(UINT a, UINT b) { return (ULONG64)a * b; }
RING3_INLINE LONG64 Ring3__emul(INT a, INT b) { return (LONG64)a * b; }
#define UnsignedMultiplyHigh __umulh
#define MultiplyHigh __mulh
#define UnsignedMultiply128 _umul128
#define Multiply128 _mul128
#define ShiftLeft128 __shiftleft128
#define ShiftRight128 __shiftright128

RING3_INLINE void Ring3__stosb(UCHAR* to, UCHAR v, SIZE_T n) { __builtin_memset(to, v, n); }
RING3_INLINE void Ring3__stosw(USHORT* to, USHORT v, SIZE_T n) { while (n--) *to++ = v; }
RING3_INLINE void Ring3__stosd(ULONG* to, ULONG v, SIZE_T n) { while (n--) *to++ = v; }
RING3_INLINE void Ring3__stosq(ULONG64* to, ULONG64 v, SIZE_T n) { while (n--) *to++ = v; }
RING3_INLINE void Ring3__movsb(UCHAR* to, const UCHAR* from, SIZE_T n) { while (n--) *to++ = *from++; }
RING3_INLINE void Ring3__movsw(USHORT* to, const USHORT* from, SIZE_T n) { while (n--) *to++ = *from++; }
RING3_INLINE void Ring3__movsd(ULONG* to, const ULONG* from, SIZE_T n) { while (n--) *to++ = *from++; }
RING3_INLINE void Ring3__movsq(ULONG64* to, const ULONG64* from, SIZE_T n) { while (n--) *to++ = *from++; }

#ifndef RING3_EXECUTIVE
// <cpuid.h> gives these names another meaning; a driver has no use for it.
#undef __cpuid
RING3_INLINE void Ring3__cpuidex(INT info[4], INT leaf, INT subleaf) {
  __asm__ volatile("cpuid" : "=a"(info[0]), "=b"(info[1]), "=c"(info[2]), "=d"(info[3]) : "a"(leaf), "c"(subleaf));
}
RING3_INLINE void Ring3__cpuid(INT info[4], INT leaf) { Ring3__cpuidex(info, leaf, 0); }
#endif
RING3_INLINE ULONG64 Ring3_xgetbv(UINT xcr) {
  ULONG low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(xcr));
  return ((ULONG64)high << 32) | low;
}

RING3_INLINE ULONG64 Ring3__readmsr(ULONG msr) {
  ULONG low, high;
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
  return ((ULONG64)high << 32) | low;
}
RING3_INLINE void Ring3__writemsr(ULONG msr, ULONG64 v) {
  __asm__ volatile("wrmsr" ::"c"(msr), "a"((ULONG)v), "d"((ULONG)(v >> 32)));
}
#define RING3_CONTROL_REGISTER(n)                          \
  RING3_INLINE ULONG64 Ring3__readcr##n(void) {                 \
    ULONG64 v;                                             \
    __asm__ volatile("mov %%cr" #n ", %0" : "=r"(v));      \
    return v;                                              \
  }                                                        \
  RING3_INLINE void Ring3__writecr##n(ULONG64 v) { __asm__ volatile("mov %0, %%cr" #n ::"r"(v)); }
RING3_CONTROL_REGISTER(0)
RING3_CONTROL_REGISTER(2)
RING3_CONTROL_REGISTER(3)
RING3_CONTROL_REGISTER(4)
RING3_CONTROL_REGISTER(8)
#undef RING3_CONTROL_REGISTER
RING3_INLINE void Ring3__invlpg(void* p) { __asm__ volatile("invlpg (%0)" ::"r"(p) : "memory"); }
RING3_INLINE void Ring3__wbinvd(void) { __asm__ volatile("wbinvd" ::: "memory"); }
RING3_INLINE void Ring3__sidt(void* p) { __asm__ volatile("sidt (%0)" ::"r"(p) : "memory"); }
RING3_INLINE void Ring3__lidt(void* p) { __asm__ volatile("lidt (%0)" ::"r"(p) : "memory"); }
RING3_INLINE void Ring3_sgdt(void* p) { __asm__ volatile("sgdt (%0)" ::"r"(p) : "memory"); }
RING3_INLINE void Ring3_lgdt(void* p) { __asm__ volatile("lgdt (%0)" ::"r"(p) : "memory"); }
RING3_INLINE void Ring3_enable(void) { __asm__ volatile("sti" ::: "memory"); }
RING3_INLINE void Ring3_disable(void) { __asm__ volatile("cli" ::: "memory"); }
RING3_INLINE ULONG64 Ring3__readeflags(void) {
  ULONG64 v;
  __asm__ volatile("pushfq; popq %0" : "=r"(v)::"memory");
  return v;
}

RING3_INLINE UCHAR Ring3__inbyte(USHORT port) {
  UCHAR v;
  __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
  return v;
}
RING3_INLINE USHORT Ring3__inword(USHORT port) {
  USHORT v;
  __asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
  return v;
}
RING3_INLINE ULONG Ring3__indword(USHORT port) {
  ULONG v;
  __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
  return v;
}
RING3_INLINE void Ring3__outbyte(USHORT port, UCHAR v) { __asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port)); }
RING3_INLINE void Ring3__outword(USHORT port, USHORT v) { __asm__ volatile("outw %0, %1" ::"a"(v), "Nd"(port)); }
RING3_INLINE void Ring3__outdword(USHORT port, ULONG v) { __asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port)); }

#ifdef __cplusplus
}
#endif

#define _BitScanForward Ring3_BitScanForward
#define _BitScanReverse Ring3_BitScanReverse
#define _BitScanForward64 Ring3_BitScanForward64
#define _BitScanReverse64 Ring3_BitScanReverse64
#define _bittest Ring3_bittest
#define _bittestandset Ring3_bittestandset
#define _bittestandreset Ring3_bittestandreset
#define _bittestandcomplement Ring3_bittestandcomplement
#define _bittest64 Ring3_bittest64
#define _bittestandset64 Ring3_bittestandset64
#define _bittestandreset64 Ring3_bittestandreset64
#define _bittestandcomplement64 Ring3_bittestandcomplement64
#define __lzcnt Ring3__lzcnt
#define __lzcnt64 Ring3__lzcnt64
#define __mulh Ring3__mulh
#define __umulh Ring3__umulh
#define _mul128 Ring3_mul128
#define _umul128 Ring3_umul128
#define __shiftleft128 Ring3__shiftleft128
#define __shiftright128 Ring3__shiftright128
#define __emulu Ring3__emulu
#define __emul Ring3__emul
#define __stosb Ring3__stosb
#define __stosw Ring3__stosw
#define __stosd Ring3__stosd
#define __stosq Ring3__stosq
#define __movsb Ring3__movsb
#define __movsw Ring3__movsw
#define __movsd Ring3__movsd
#define __movsq Ring3__movsq
#define _xgetbv Ring3_xgetbv
#define __readmsr Ring3__readmsr
#define __writemsr Ring3__writemsr
#define __invlpg Ring3__invlpg
#define __wbinvd Ring3__wbinvd
#define __sidt Ring3__sidt
#define __lidt Ring3__lidt
#define _sgdt Ring3_sgdt
#define _lgdt Ring3_lgdt
#define _enable Ring3_enable
#define _disable Ring3_disable
#define __readeflags Ring3__readeflags
#define __inbyte Ring3__inbyte
#define __inword Ring3__inword
#define __indword Ring3__indword
#define __outbyte Ring3__outbyte
#define __outword Ring3__outword
#define __outdword Ring3__outdword
#define __readcr0 Ring3__readcr0
#define __writecr0 Ring3__writecr0
#define __readcr2 Ring3__readcr2
#define __writecr2 Ring3__writecr2
#define __readcr3 Ring3__readcr3
#define __writecr3 Ring3__writecr3
#define __readcr4 Ring3__readcr4
#define __writecr4 Ring3__writecr4
#define __readcr8 Ring3__readcr8
#define __writecr8 Ring3__writecr8
#ifndef RING3_EXECUTIVE
#define __cpuid Ring3__cpuid
#define __cpuidex Ring3__cpuidex
#endif

#endif

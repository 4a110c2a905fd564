// SPDX-License-Identifier: MIT
// Integer types of fixed size. LP64 has a 64-bit long: every Windows type that is 32 bits wide is built on int.
// Pointer-sized types are the compiler's size_t, so that SIZE_T and size_t are one type, as on Windows.
#ifndef RING3_BASETSD_H
#define RING3_BASETSD_H

typedef signed char INT8, *PINT8;
typedef short INT16, *PINT16;
typedef int INT32, *PINT32;
typedef long long INT64, *PINT64;
typedef unsigned char UINT8, *PUINT8;
typedef unsigned short UINT16, *PUINT16;
typedef unsigned int UINT32, *PUINT32;
typedef unsigned long long UINT64, *PUINT64;

typedef int LONG32, *PLONG32;
typedef unsigned int ULONG32, *PULONG32;
typedef unsigned int DWORD32, *PDWORD32;
typedef long long LONG64, *PLONG64;
typedef unsigned long long ULONG64, *PULONG64;
typedef unsigned long long DWORD64, *PDWORD64;

typedef __PTRDIFF_TYPE__ INT_PTR, *PINT_PTR;
typedef __SIZE_TYPE__ UINT_PTR, *PUINT_PTR;
typedef __PTRDIFF_TYPE__ LONG_PTR, *PLONG_PTR;
typedef __SIZE_TYPE__ ULONG_PTR, *PULONG_PTR;
typedef ULONG_PTR DWORD_PTR, *PDWORD_PTR;
typedef ULONG_PTR SIZE_T, *PSIZE_T;
typedef LONG_PTR SSIZE_T, *PSSIZE_T;
typedef int HALF_PTR, *PHALF_PTR;
typedef unsigned int UHALF_PTR, *PUHALF_PTR;
typedef ULONG_PTR KAFFINITY, *PKAFFINITY;

#define __int3264 __int64
#define ADDRESS_TAG_BIT 0x40000000000ULL
#define MAXUINT8 ((UINT8) ~((UINT8)0))
#define MAXINT8 ((INT8)(MAXUINT8 >> 1))
#define MININT8 ((INT8) ~MAXINT8)
#define MAXUINT16 ((UINT16) ~((UINT16)0))
#define MAXINT16 ((INT16)(MAXUINT16 >> 1))
#define MININT16 ((INT16) ~MAXINT16)
#define MAXUINT32 ((UINT32) ~((UINT32)0))
#define MAXINT32 ((INT32)(MAXUINT32 >> 1))
#define MININT32 ((INT32) ~MAXINT32)
#define MAXUINT64 ((UINT64) ~((UINT64)0))
#define MAXINT64 ((INT64)(MAXUINT64 >> 1))
#define MININT64 ((INT64) ~MAXINT64)
#define MAXULONG32 MAXUINT32
#define MAXLONG32 MAXINT32
#define MAXULONG64 MAXUINT64
#define MAXLONG64 MAXINT64
#define MINLONG64 MININT64
#define MAXULONG_PTR ((ULONG_PTR) ~((ULONG_PTR)0))
#define MAXLONG_PTR ((LONG_PTR)(MAXULONG_PTR >> 1))
#define MAXUINT_PTR MAXULONG_PTR
#define MAXINT_PTR MAXLONG_PTR
#define MAXSIZE_T MAXULONG_PTR
#define MAXSSIZE_T MAXLONG_PTR
#define MAXUINT ((UINT) ~((UINT)0))
#define MAXINT ((INT)(MAXUINT >> 1))
#define MAXDWORD32 MAXUINT32
#define MAXDWORD64 MAXUINT64
#define MAXULONGLONG ((ULONGLONG) ~((ULONGLONG)0))

#define HandleToULong(h) ((ULONG)(ULONG_PTR)(h))
#define HandleToLong(h) ((LONG)(LONG_PTR)(h))
#define HandleToUlong(h) HandleToULong(h)
#define ULongToHandle(ul) ((HANDLE)(ULONG_PTR)(ul))
#define UlongToHandle(ul) ULongToHandle(ul)
#define LongToHandle(l) ((HANDLE)(LONG_PTR)(l))
#define PtrToUlong(p) ((ULONG)(ULONG_PTR)(p))
#define PtrToULong(p) PtrToUlong(p)
#define PtrToLong(p) ((LONG)(LONG_PTR)(p))
#define PtrToUint(p) ((unsigned int)(UINT_PTR)(p))
#define PtrToInt(p) ((int)(INT_PTR)(p))
#define PtrToUshort(p) ((unsigned short)(ULONG_PTR)(p))
#define PtrToShort(p) ((short)(LONG_PTR)(p))
#define ULongToPtr(ul) ((void*)(ULONG_PTR)((ULONG)(ul)))
#define UlongToPtr(ul) ULongToPtr(ul)
#define LongToPtr(l) ((void*)(LONG_PTR)((LONG)(l)))
#define UIntToPtr(ui) ((void*)(UINT_PTR)((unsigned int)(ui)))
#define UintToPtr(ui) UIntToPtr(ui)
#define IntToPtr(i) ((void*)(INT_PTR)((int)(i)))
#define PtrToPtr64(p) ((void*)(p))
#define Ptr64ToPtr(p) ((void*)(p))
#define HandleToHandle64(h) (h)
#define Handle64ToHandle(h) (h)
#define PtrToPtr32(p) ((void*)(ULONG_PTR)(ULONG)(ULONG_PTR)(p))
#define Ptr32ToPtr(p) ((void*)(ULONG_PTR)(ULONG)(ULONG_PTR)(p))

#endif

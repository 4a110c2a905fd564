// SPDX-License-Identifier: MIT
// GUID, and DEFINE_GUID, which declares until <initguid.h> has been included and defines from there on.
#ifndef RING3_GUIDDEF_H
#define RING3_GUIDDEF_H

typedef struct _GUID {
  unsigned int Data1;
  unsigned short Data2;
  unsigned short Data3;
  unsigned char Data4[8];
} GUID;
#define GUID_DEFINED
typedef GUID *LPGUID, *PGUID;
typedef const GUID* LPCGUID;
typedef GUID IID, *LPIID, CLSID, *LPCLSID, FMTID, *LPFMTID;
#define IID_NULL GUID_NULL
#define CLSID_NULL GUID_NULL

#ifdef __cplusplus
#define REFGUID const GUID&
#define REFIID const IID&
#define REFCLSID const CLSID&
#define REFFMTID const FMTID&
#define _REFGUID_DEFINED
extern "C++" {
static inline bool InlineIsEqualGUID(const GUID& a, const GUID& b) { return __builtin_memcmp(&a, &b, sizeof(GUID)) == 0; }
static inline int IsEqualGUID(const GUID& a, const GUID& b) { return InlineIsEqualGUID(a, b); }
static inline bool operator==(const GUID& a, const GUID& b) { return InlineIsEqualGUID(a, b); }
#if __cplusplus < 202002L
static inline bool operator!=(const GUID& a, const GUID& b) { return !(a == b); }
#endif
}
#else
#define REFGUID const GUID* const
#define REFIID const IID* const
#define REFCLSID const CLSID* const
#define REFFMTID const FMTID* const
#define IsEqualGUID(a, b) (!__builtin_memcmp((a), (b), sizeof(GUID)))
#define InlineIsEqualGUID(a, b) IsEqualGUID(a, b)
#endif
#define IsEqualIID(a, b) IsEqualGUID(a, b)
#define IsEqualCLSID(a, b) IsEqualGUID(a, b)

#endif

// Outside the include guard: <initguid.h> comes back here to switch over.
#undef DEFINE_GUID
#undef RING3_GUID_DECLARE
#ifdef __cplusplus
#define RING3_GUID_DECLARE extern "C"
#else
#define RING3_GUID_DECLARE extern
#endif
#ifdef INITGUID
// Weak: several files of one driver may define the same GUID, as selectany allows.
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) \
  RING3_GUID_DECLARE const GUID name;                                \
  const GUID name __attribute__((weak)) = {l, w1, w2, {b1, b2, b3, b4, b5, b6, b7, b8}}
#else
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) RING3_GUID_DECLARE const GUID name
#endif
#undef DEFINE_OLEGUID
#define DEFINE_OLEGUID(name, l, w1, w2) DEFINE_GUID(name, l, w1, w2, 0xC0, 0, 0, 0, 0, 0, 0, 0x46)

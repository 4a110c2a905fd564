// SPDX-License-Identifier: MIT
// Lengths of address ranges in resource descriptors: ranges of 4 GiB and more are kept in larger units.
#include <ddi/rtl.h>
#include <wdm.h>

namespace {

constexpr USHORT kLargeFlags =
    CM_RESOURCE_MEMORY_LARGE_40 | CM_RESOURCE_MEMORY_LARGE_48 | CM_RESOURCE_MEMORY_LARGE_64;

bool IsRange(UCHAR type) {
  return type == CmResourceTypeMemory || type == CmResourceTypeMemoryLarge || type == CmResourceTypePort;
}

struct Encoding {
  USHORT flag;  // 0: bytes
  int shift;
};

Encoding EncodingOf(USHORT flags) {
  if (flags & CM_RESOURCE_MEMORY_LARGE_40) return {CM_RESOURCE_MEMORY_LARGE_40, 8};
  if (flags & CM_RESOURCE_MEMORY_LARGE_48) return {CM_RESOURCE_MEMORY_LARGE_48, 16};
  if (flags & CM_RESOURCE_MEMORY_LARGE_64) return {CM_RESOURCE_MEMORY_LARGE_64, 32};
  return {0, 0};
}

// The finest unit that can hold `length`, of which `length` and `alignment` are multiples.
bool Choose(UCHAR type, ULONGLONG length, ULONGLONG alignment, Encoding& encoding) {
  constexpr Encoding kEncodings[] = {{0, 0},
                                     {CM_RESOURCE_MEMORY_LARGE_40, 8},
                                     {CM_RESOURCE_MEMORY_LARGE_48, 16},
                                     {CM_RESOURCE_MEMORY_LARGE_64, 32}};
  for (const Encoding& e : kEncodings) {
    if (type == CmResourceTypePort && e.flag) return false;
    ULONGLONG below = (1ull << e.shift) - 1;
    if (length >> e.shift > 0xFFFFFFFF || alignment >> e.shift > 0xFFFFFFFF) continue;
    if (length & below || alignment & below) return false;
    encoding = e;
    return true;
  }
  return false;
}

}  // namespace

extern "C" {

// STATUS_INVALID_PARAMETER for another type, STATUS_UNSUCCESSFUL for a length that no unit fits.
// nf-wdm-rtlcmencodememioresource
NTSTATUS NTAPI RtlCmEncodeMemIoResource(PCM_PARTIAL_RESOURCE_DESCRIPTOR Descriptor, UCHAR Type,
                                        ULONGLONG Length, ULONGLONG Start) {
  if (!IsRange(Type)) return STATUS_INVALID_PARAMETER;
  Encoding encoding;
  if (!Choose(Type, Length, 0, encoding)) return STATUS_UNSUCCESSFUL;
  if (Type != CmResourceTypePort) Type = encoding.flag ? CmResourceTypeMemoryLarge : CmResourceTypeMemory;
  Descriptor->Type = Type;
  Descriptor->Flags = static_cast<USHORT>((Descriptor->Flags & ~kLargeFlags) | encoding.flag);
  Descriptor->u.Generic.Start.QuadPart = static_cast<LONGLONG>(Start);
  Descriptor->u.Generic.Length = static_cast<ULONG>(Length >> encoding.shift);
  return STATUS_SUCCESS;
}

// The length in bytes. nf-wdm-rtlcmdecodememioresource
ULONGLONG NTAPI RtlCmDecodeMemIoResource(PCM_PARTIAL_RESOURCE_DESCRIPTOR Descriptor, PULONGLONG Start) {
  if (Start) *Start = static_cast<ULONGLONG>(Descriptor->u.Generic.Start.QuadPart);
  int shift = Descriptor->Type == CmResourceTypeMemoryLarge ? EncodingOf(Descriptor->Flags).shift : 0;
  return ULONGLONG{Descriptor->u.Generic.Length} << shift;
}

// As RtlCmEncodeMemIoResource, for the alignment too. nf-wdm-rtlioencodememioresource
NTSTATUS NTAPI RtlIoEncodeMemIoResource(PIO_RESOURCE_DESCRIPTOR Descriptor, UCHAR Type, ULONGLONG Length,
                                        ULONGLONG Alignment, ULONGLONG MinimumAddress,
                                        ULONGLONG MaximumAddress) {
  if (!IsRange(Type)) return STATUS_INVALID_PARAMETER;
  Encoding encoding;
  if (!Choose(Type, Length, Alignment, encoding)) return STATUS_UNSUCCESSFUL;
  if (Type != CmResourceTypePort) Type = encoding.flag ? CmResourceTypeMemoryLarge : CmResourceTypeMemory;
  Descriptor->Type = Type;
  Descriptor->Flags = static_cast<USHORT>((Descriptor->Flags & ~kLargeFlags) | encoding.flag);
  Descriptor->u.Generic.Length = static_cast<ULONG>(Length >> encoding.shift);
  Descriptor->u.Generic.Alignment = static_cast<ULONG>(Alignment >> encoding.shift);
  Descriptor->u.Generic.MinimumAddress.QuadPart = static_cast<LONGLONG>(MinimumAddress);
  Descriptor->u.Generic.MaximumAddress.QuadPart = static_cast<LONGLONG>(MaximumAddress);
  return STATUS_SUCCESS;
}

// The length in bytes. nf-wdm-rtliodecodememioresource
ULONGLONG NTAPI RtlIoDecodeMemIoResource(PIO_RESOURCE_DESCRIPTOR Descriptor, PULONGLONG Alignment,
                                         PULONGLONG MinimumAddress, PULONGLONG MaximumAddress) {
  int shift = Descriptor->Type == CmResourceTypeMemoryLarge ? EncodingOf(Descriptor->Flags).shift : 0;
  if (Alignment) *Alignment = ULONGLONG{Descriptor->u.Generic.Alignment} << shift;
  if (MinimumAddress) *MinimumAddress = static_cast<ULONGLONG>(Descriptor->u.Generic.MinimumAddress.QuadPart);
  if (MaximumAddress) *MaximumAddress = static_cast<ULONGLONG>(Descriptor->u.Generic.MaximumAddress.QuadPart);
  return ULONGLONG{Descriptor->u.Generic.Length} << shift;
}

}  // extern "C"

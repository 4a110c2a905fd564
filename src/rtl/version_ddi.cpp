// SPDX-License-Identifier: MIT
// The version that Ring3 shows: Windows 10.0, build 22000, a workstation.
#include <ddi/rtl_ntifs.h>
#include <ntstatus.h>

namespace {

constexpr ULONG kMajor = 10;
constexpr ULONG kMinor = 0;
constexpr ULONG kBuild = 22000;
constexpr ULONG kNtddiVersion = NTDDI_WIN10_CO;
constexpr ULONG kSuites = VER_SUITE_SINGLEUSERTS | VER_SUITE_TERMINAL;

bool Compare(ULONG actual, ULONG wanted, ULONG condition) {
  switch (condition) {
    case VER_EQUAL:
      return actual == wanted;
    case VER_GREATER:
      return actual > wanted;
    case VER_GREATER_EQUAL:
      return actual >= wanted;
    case VER_LESS:
      return actual < wanted;
    case VER_LESS_EQUAL:
      return actual <= wanted;
    default:
      return false;
  }
}

int BitIndex(ULONG type) {
  return __builtin_ctz(type);
}

ULONG ConditionOf(ULONGLONG mask, ULONG type) {
  return static_cast<ULONG>(mask >> (BitIndex(type) * VER_NUM_BITS_PER_CONDITION_MASK)) & VER_CONDITION_MASK;
}

}  // namespace

extern "C" {

// Fills the structure that dwOSVersionInfoSize says it is. nf-wdm-rtlgetversion
NTSTATUS NTAPI RtlGetVersion(PRTL_OSVERSIONINFOW lpVersionInformation) {
  auto* v = lpVersionInformation;
  v->dwMajorVersion = kMajor;
  v->dwMinorVersion = kMinor;
  v->dwBuildNumber = kBuild;
  v->dwPlatformId = VER_PLATFORM_WIN32_NT;
  v->szCSDVersion[0] = 0;
  if (v->dwOSVersionInfoSize == sizeof(RTL_OSVERSIONINFOEXW)) {
    auto* ex = reinterpret_cast<PRTL_OSVERSIONINFOEXW>(v);
    ex->wServicePackMajor = 0;
    ex->wServicePackMinor = 0;
    ex->wSuiteMask = static_cast<USHORT>(kSuites);
    ex->wProductType = VER_NT_WORKSTATION;
    ex->wReserved = 0;
  }
  return STATUS_SUCCESS;
}

// STATUS_REVISION_MISMATCH where a comparison fails, STATUS_INVALID_PARAMETER without a type or condition.
// Major, minor and service pack are compared as one number, most significant first.
// nf-wdm-rtlverifyversioninfo
NTSTATUS NTAPI RtlVerifyVersionInfo(PRTL_OSVERSIONINFOEXW VersionInfo, ULONG TypeMask,
                                    ULONGLONG ConditionMask) {
  constexpr ULONG kKnown = 0xFF;
  if (!TypeMask || (TypeMask & ~kKnown) || !ConditionMask) return STATUS_INVALID_PARAMETER;
  for (ULONG rest = TypeMask; rest; rest &= rest - 1) {
    if (!ConditionOf(ConditionMask, rest & (0 - rest))) return STATUS_INVALID_PARAMETER;
  }
  if (TypeMask & VER_SUITENAME) {
    ULONG condition = ConditionOf(ConditionMask, VER_SUITENAME);
    ULONG wanted = VersionInfo->wSuiteMask;
    if (condition != VER_AND && condition != VER_OR) return STATUS_INVALID_PARAMETER;
    if (condition == VER_AND && (kSuites & wanted) != wanted) return STATUS_REVISION_MISMATCH;
    if (condition == VER_OR && wanted && !(kSuites & wanted)) return STATUS_REVISION_MISMATCH;
  }
  struct {
    ULONG type, actual, wanted;
  } const versions[] = {{VER_MAJORVERSION, kMajor, VersionInfo->dwMajorVersion},
                        {VER_MINORVERSION, kMinor, VersionInfo->dwMinorVersion},
                        {VER_SERVICEPACKMAJOR, 0, VersionInfo->wServicePackMajor},
                        {VER_SERVICEPACKMINOR, 0, VersionInfo->wServicePackMinor}};
  for (const auto& v : versions) {
    if (!(TypeMask & v.type)) continue;
    ULONG condition = ConditionOf(ConditionMask, v.type);
    // A part that already decides the order leaves the lesser parts unlooked at.
    bool decides = condition != VER_EQUAL && v.actual != v.wanted;
    if (!decides && condition != VER_EQUAL) {
      bool lesser = (TypeMask & (VER_MINORVERSION | VER_SERVICEPACKMAJOR | VER_SERVICEPACKMINOR)) &&
                    v.type != VER_SERVICEPACKMINOR;
      bool allows_equal = condition == VER_GREATER_EQUAL || condition == VER_LESS_EQUAL;
      if (!allows_equal && !lesser) return STATUS_REVISION_MISMATCH;
      continue;
    }
    if (!Compare(v.actual, v.wanted, condition)) return STATUS_REVISION_MISMATCH;
    if (decides) break;
  }
  struct {
    ULONG type, actual, wanted;
  } const others[] = {{VER_BUILDNUMBER, kBuild, VersionInfo->dwBuildNumber},
                      {VER_PLATFORMID, VER_PLATFORM_WIN32_NT, VersionInfo->dwPlatformId},
                      {VER_PRODUCT_TYPE, VER_NT_WORKSTATION, VersionInfo->wProductType}};
  for (const auto& o : others) {
    if ((TypeMask & o.type) && !Compare(o.actual, o.wanted, ConditionOf(ConditionMask, o.type))) {
      return STATUS_REVISION_MISMATCH;
    }
  }
  return STATUS_SUCCESS;
}

// Sets the condition of each type of the mask. Any IRQL. nf-wdm-versetconditionmask
ULONGLONG NTAPI VerSetConditionMask(ULONGLONG ConditionMask, ULONG TypeMask, UCHAR Condition) {
  for (ULONG rest = TypeMask; rest; rest &= rest - 1) {
    int shift = BitIndex(rest) * VER_NUM_BITS_PER_CONDITION_MASK;
    ConditionMask |= static_cast<ULONGLONG>(Condition & VER_CONDITION_MASK) << shift;
  }
  return ConditionMask;
}

// nf-wdm-rtlisntddiversionavailable
BOOLEAN NTAPI RtlIsNtDdiVersionAvailable(ULONG Version) {
  return Version <= kNtddiVersion;
}
// There are no service packs of this version. nf-wdm-rtlisservicepackversioninstalled
BOOLEAN NTAPI RtlIsServicePackVersionInstalled(ULONG Version) {
  return OSVER(Version) == OSVER(kNtddiVersion) && SPVER(Version) == 0;
}

// nf-ntddk-rtlisstateseparationenabled
BOOLEAN NTAPI RtlIsStateSeparationEnabled(VOID) {
  return FALSE;
}

// A linear congruential step modulo 2^31 - 1: the same seed gives the same sequence. 0 to MAXLONG - 1. Any
// IRQL. nf-ntifs-rtlrandomex
ULONG NTAPI RtlRandomEx(PULONG Seed) {
  constexpr ULONGLONG kModulus = MAXLONG;
  *Seed = static_cast<ULONG>((*Seed * 0x7FFFFFEDull + 0x7FFFFFC3ull) % kModulus);
  return *Seed;
}
// nf-ntifs-rtlrandom
ULONG NTAPI RtlRandom(PULONG Seed) {
  return RtlRandomEx(Seed);
}

}  // extern "C"

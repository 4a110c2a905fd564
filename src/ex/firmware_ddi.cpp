// SPDX-License-Identifier: MIT
#include <ddi/ex.h>
#include <ntstatus.h>

// There is no firmware below: STATUS_NOT_IMPLEMENTED, as on a platform without UEFI; STATUS_INVALID_PARAMETER
// where a pointer is missing. PASSIVE_LEVEL. wdm/nf-wdm-exgetfirmwareenvironmentvariable
extern "C" NTSTATUS ExGetFirmwareEnvironmentVariable(PUNICODE_STRING VariableName, struct _GUID* VendorGuid,
                                                     PVOID, PULONG ValueLength, PULONG) {
  if (VariableName == nullptr || VendorGuid == nullptr || ValueLength == nullptr)
    return STATUS_INVALID_PARAMETER;
  return STATUS_NOT_IMPLEMENTED;
}

// wdm/nf-wdm-exsetfirmwareenvironmentvariable
extern "C" NTSTATUS ExSetFirmwareEnvironmentVariable(PUNICODE_STRING VariableName, struct _GUID* VendorGuid,
                                                     PVOID, ULONG, ULONG Attributes) {
  if (VariableName == nullptr || VendorGuid == nullptr) return STATUS_INVALID_PARAMETER;
  if ((Attributes & VARIABLE_ATTRIBUTE_NON_VOLATILE) == 0) return STATUS_INVALID_PARAMETER;
  return STATUS_NOT_IMPLEMENTED;
}

// wdm/nf-wdm-exgetfirmwaretype
extern "C" FIRMWARE_TYPE ExGetFirmwareType(VOID) {
  return FirmwareTypeUnknown;
}

// wdm/nf-wdm-exissoftboot
extern "C" BOOLEAN ExIsSoftBoot(VOID) {
  return FALSE;
}

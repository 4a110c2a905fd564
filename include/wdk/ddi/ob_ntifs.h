// SPDX-License-Identifier: MIT
// Objects and handles: what ntifs.h adds.
#ifndef RING3_DDI_OB_NTIFS_H
#define RING3_DDI_OB_NTIFS_H

#include <ddi/ob_ntddk.h>

EXTERN_C_START

typedef enum _OBJECT_INFORMATION_CLASS {
  ObjectBasicInformation = 0,
  ObjectNameInformation = 1,
  ObjectTypeInformation = 2
} OBJECT_INFORMATION_CLASS;
typedef struct _PUBLIC_OBJECT_BASIC_INFORMATION {
  ULONG Attributes;
  ACCESS_MASK GrantedAccess;
  ULONG HandleCount;
  ULONG PointerCount;
  ULONG Reserved[10];
} PUBLIC_OBJECT_BASIC_INFORMATION, *PPUBLIC_OBJECT_BASIC_INFORMATION;
typedef struct _PUBLIC_OBJECT_TYPE_INFORMATION {
  UNICODE_STRING TypeName;
  ULONG Reserved[22];
} PUBLIC_OBJECT_TYPE_INFORMATION, *PPUBLIC_OBJECT_TYPE_INFORMATION;

NTKERNELAPI NTSTATUS ObInsertObject(_In_ PVOID Object, _Inout_opt_ PACCESS_STATE PassedAccessState,
                                    _In_opt_ ACCESS_MASK DesiredAccess, _In_ ULONG ObjectPointerBias,
                                    _Out_opt_ PVOID* NewObject, _Out_opt_ PHANDLE Handle);
NTKERNELAPI BOOLEAN ObIsKernelHandle(_In_ HANDLE Handle);
NTKERNELAPI VOID ObMakeTemporaryObject(_In_ PVOID Object);
NTKERNELAPI NTSTATUS ObOpenObjectByPointer(_In_ PVOID Object, _In_ ULONG HandleAttributes,
                                           _In_opt_ PACCESS_STATE PassedAccessState, _In_ ACCESS_MASK DesiredAccess,
                                           _In_opt_ POBJECT_TYPE ObjectType, _In_ KPROCESSOR_MODE AccessMode,
                                           _Out_ PHANDLE Handle);
NTKERNELAPI NTSTATUS ObQueryNameString(_In_ PVOID Object, _Out_opt_ POBJECT_NAME_INFORMATION ObjectNameInfo,
                                       _In_ ULONG Length, _Out_ PULONG ReturnLength);
NTKERNELAPI NTSTATUS ObQueryObjectAuditingByHandle(_In_ HANDLE Handle, _Out_ PBOOLEAN GenerateOnClose);
// Exported and widely used, though no page describes them.
NTKERNELAPI NTSTATUS ObReferenceObjectByName(_In_ PUNICODE_STRING ObjectName, _In_ ULONG Attributes,
                                             _In_opt_ PACCESS_STATE AccessState, _In_opt_ ACCESS_MASK DesiredAccess,
                                             _In_ POBJECT_TYPE ObjectType, _In_ KPROCESSOR_MODE AccessMode,
                                             _Inout_opt_ PVOID ParseContext, _Out_ PVOID* Object);
NTKERNELAPI POBJECT_TYPE ObGetObjectType(_In_ PVOID Object);

EXTERN_C_END

#endif

// SPDX-License-Identifier: MIT
// The structures that the components' headers mention before the component that defines them is reached.
#ifndef RING3_DDI_FORWARD_H
#define RING3_DDI_FORWARD_H

#include <ntdef.h>

typedef struct _MDL MDL, *PMDL;
typedef struct _IRP IRP, *PIRP;
typedef struct _IO_STACK_LOCATION IO_STACK_LOCATION, *PIO_STACK_LOCATION;
typedef struct _DEVICE_OBJECT* PDEVICE_OBJECT;
typedef struct _DRIVER_OBJECT* PDRIVER_OBJECT;
typedef struct _FILE_OBJECT* PFILE_OBJECT;
typedef struct _OBJECT_TYPE* POBJECT_TYPE;
typedef struct _KTHREAD* PKTHREAD;
typedef struct _KTHREAD* PRKTHREAD;
typedef struct _ETHREAD* PETHREAD;
typedef struct _KPROCESS* PKPROCESS;
typedef struct _KPROCESS* PRKPROCESS;
typedef struct _EPROCESS* PEPROCESS;
typedef struct _KINTERRUPT* PKINTERRUPT;
typedef struct _ADAPTER_OBJECT* PADAPTER_OBJECT;
typedef PVOID PSECURITY_DESCRIPTOR;
typedef PVOID PSID;

#endif

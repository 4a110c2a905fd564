// SPDX-License-Identifier: MIT
// What run.py has gdb print.
#include <ntifs.h>

typedef struct _RECORD {
  int Value;
  LIST_ENTRY Link;
} RECORD;

UNICODE_STRING g_name = RTL_CONSTANT_STRING(L"\\Device\\Fill");
UNICODE_STRING g_nobody = {4, 4, (PWCH)16};
LARGE_INTEGER g_number = {.QuadPart = -2};
MDL g_mdl = {.MdlFlags = MDL_PAGES_LOCKED, .StartVa = (PVOID)0x10000, .ByteOffset = 0x20, .ByteCount = 300};
DRIVER_OBJECT g_driver = {.DriverName = RTL_CONSTANT_STRING(L"\\Driver\\fill")};
DEVICE_OBJECT g_device = {.DriverObject = &g_driver, .Flags = DO_BUFFERED_IO | DO_EXCLUSIVE};
IO_STACK_LOCATION g_location = {
    .MajorFunction = IRP_MJ_DEVICE_CONTROL,
    .Control = SL_PENDING_RETURNED,
    .Parameters = {.DeviceIoControl = {.OutputBufferLength = 100, .InputBufferLength = 8, .IoControlCode = 0x222002}}};
IRP g_irp = {.StackCount = 1,
             .CurrentLocation = 1,
             .Cancel = TRUE,
             .Tail = {.Overlay = {.CurrentStackLocation = &g_location}}};
LIST_ENTRY g_empty = {&g_empty, &g_empty};
extern RECORD g_records[2];
LIST_ENTRY g_list = {&g_records[0].Link, &g_records[1].Link};
RECORD g_records[2] = {{10, {&g_records[1].Link, &g_list}}, {20, {&g_list, &g_records[0].Link}}};

void Reached(void) {}

int main(void) {
  Reached();
  return g_name.Length == 0 || g_nobody.Length == 0 || g_number.QuadPart == 0 || g_mdl.ByteCount == 0 ||
         g_device.DriverObject == NULL || g_irp.Cancel == FALSE || g_empty.Flink == NULL;
}

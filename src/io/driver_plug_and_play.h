// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/io_ntifs.h>

namespace ring3::io {

// For a driver with AddDevice: a root-enumerated physical device, AddDevice, IRP_MN_START_DEVICE.
// What AddDevice returned, or the start request.
NTSTATUS AddRootDevice(PDRIVER_OBJECT driver);

// IRP_MN_QUERY_REMOVE_DEVICE is not asked: surprise is no option here. Sends IRP_MN_REMOVE_DEVICE to what
// AddRootDevice made for `driver`, and deletes it.
void RemoveRootDevices(PDRIVER_OBJECT driver);

NTSTATUS StartPlugAndPlay();
void StopPlugAndPlay();

}  // namespace ring3::io

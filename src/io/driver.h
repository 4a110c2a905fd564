// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/io_ntifs.h>

#include <string>
#include <string_view>

namespace ring3::io {

// Loads a module built by ring3-cc: \Driver\<service_name>, the service key, DriverEntry at PASSIVE_LEVEL in
// the system process. What DriverEntry returned; STATUS_OBJECT_NAME_NOT_FOUND, STATUS_INVALID_IMAGE_FORMAT or
// STATUS_ENTRYPOINT_NOT_FOUND where there is no such module, or it cannot be loaded, `error` says why then;
// STATUS_IMAGE_ALREADY_LOADED, STATUS_OBJECT_NAME_INVALID.
NTSTATUS LoadDriver(const std::string& module_path, std::u16string_view service_name, std::string* error);
// The same for a driver that is linked into the program.
NTSTATUS LoadDriver(PDRIVER_INITIALIZE entry, std::u16string_view service_name);

// Calls DriverUnload and takes the module away. STATUS_OBJECT_NAME_NOT_FOUND; STATUS_INVALID_DEVICE_REQUEST
// where the driver has no DriverUnload. While handles to its devices are open the driver stays, and goes with
// the last of them.
NTSTATUS UnloadDriver(std::u16string_view service_name);

// Tells devices that registered for it about the shutdown (IRP_MJ_SHUTDOWN), then unloads the drivers, last
// loaded first; what cannot be unloaded is taken away without. Returns when no driver code will run any more.
void UnloadAllDrivers();

// The driver that `address` is code or data of; null when none.
PDRIVER_OBJECT DriverOfAddress(const void* address);

}  // namespace ring3::io

// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/io_ntifs.h>

#include "base/result.h"
#include "ob/object.h"

namespace ring3::io {

extern ob::ObjectType* g_io_completion_type;
Status InitializeCompletionPorts();

// Puts a packet into the port (an IoCompletion object's body). IRQL <= DISPATCH_LEVEL. Packets that cannot be
// allocated are lost, as on Windows: false.
bool PostCompletion(void* port, void* key, void* apc_context, NTSTATUS status, ULONG_PTR information);

}  // namespace ring3::io

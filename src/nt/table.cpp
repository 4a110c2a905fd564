// SPDX-License-Identifier: MIT
#include "nt/table.h"

namespace ring3::nt {

const Ring3NtServices g_services = {
#define RING3_NAME_SERVICE(name, parameters) .name = name,
    RING3_NT_SERVICES(RING3_NAME_SERVICE)
#undef RING3_NAME_SERVICE
};

}  // namespace ring3::nt

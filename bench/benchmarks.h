// SPDX-License-Identifier: MIT
#pragma once

// Each file registers its rows. They run in the order of registration.
namespace ring3 {

void RegisterRawRows();
void RegisterRequestRows();
void RegisterMemoryRows();
void RegisterBootRow();

}  // namespace ring3

// SPDX-License-Identifier: MIT
#pragma once

// Rows of ring3-process-bench: an application whose drivers are in the host that RING3_HOST names. Each file
// registers its own; they run in the order of registration.
namespace ring3 {

void RegisterRawProcessRows();
void RegisterProcessRequestRows();
void RegisterProcessMemoryRows();
void RegisterClientRows();

// The body of a copy of this program that process/clients/N starts; `descriptor` is of the board that they
// share.
int RunClientCopy(int descriptor, int place);

}  // namespace ring3

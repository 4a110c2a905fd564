// SPDX-License-Identifier: MIT
#pragma once

#include <ntstatus.h>

#include <cstddef>

namespace ring3::rtl {

bool DebugOutputIsOn();
void WriteDebugOutput(const char* text, size_t count);
void ResetDebugFilters();

}  // namespace ring3::rtl

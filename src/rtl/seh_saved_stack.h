// SPDX-License-Identifier: MIT
#pragma once

#include "rtl/seh_frame.h"

namespace ring3::rtl {

inline constexpr size_t kRedZoneBytes = 128;
inline constexpr size_t kSmallSaveBytes = 8192;

// Puts the bytes of [low, high) aside, into `small` (kSmallSaveBytes of it) where they fit, with what
// AddressSanitizer knows about them. Nothing is saved when the two addresses are not on one stack.
void SaveStack(SavedStack& saved, uintptr_t low, uintptr_t high, std::byte* small);
// Puts them back.
void RestoreStack(SavedStack& saved);
// Makes a stretch of dead stack addressable again for AddressSanitizer.
void ForgetPoison(uintptr_t low, uintptr_t high);

}  // namespace ring3::rtl

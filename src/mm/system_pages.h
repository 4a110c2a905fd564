// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "mm/layout.h"

namespace ring3::mm {

enum class PageContents : uint8_t { kUninitialized, kZeroed };

// Physically and virtually contiguous system memory in whole pages: what pool and the other components build
// on. Any IRQL up to DISPATCH_LEVEL. May enter the kernel for large blocks; never waits. Returns null where
// RAM is exhausted.
void* AllocateSystemPages(size_t page_count, PageContents contents);

// `address` and `page_count` as allocated. Large blocks go back to Linux and read as zeros afterwards.
void FreeSystemPages(void* address, size_t page_count);

// Frames that are allocated now, in pages; zero when nothing but the executive's fixed memory is left.
size_t AllocatedSystemPages();

}  // namespace ring3::mm

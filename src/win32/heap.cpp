// SPDX-License-Identifier: MIT
#include "win32/win32.h"

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

namespace ring3::win32 {
namespace {

constexpr uint32_t kLive = 0x70616548;   // "Heap"
constexpr uint32_t kFreed = 0x65657246;  // "Free"

class Heap;

// In front of every block, which therefore is 16-byte aligned as on Windows.
struct alignas(16) BlockHeader {
  Heap* heap;
  BlockHeader* next;
  BlockHeader* previous;
  size_t byte_count;
  uint32_t magic;
};

// A private heap remembers its blocks, so that HeapDestroy can free them. Blocks come from malloc: the
// application's sanitizer sees them.
class Heap {
 public:
  Heap(DWORD options, size_t most_byte_count) : options_(options), most_byte_count_(most_byte_count) {}

  ~Heap() {
    while (first_ != nullptr) {
      BlockHeader* const header = first_;
      first_ = header->next;
      std::free(header);
    }
  }

  void* Allocate(DWORD flags, size_t byte_count) {
    if (byte_count > SIZE_MAX - sizeof(BlockHeader)) return nullptr;
    std::lock_guard<std::mutex> guard(mutex_);
    if (most_byte_count_ != 0 && (byte_count > most_byte_count_ || used_ > most_byte_count_ - byte_count)) {
      return nullptr;
    }
    void* const memory = std::malloc(sizeof(BlockHeader) + byte_count);
    if (memory == nullptr) return nullptr;
    auto* const header = new (memory) BlockHeader{this, first_, nullptr, byte_count, kLive};
    if (first_ != nullptr) first_->previous = header;
    first_ = header;
    used_ += byte_count;
    if ((flags | options_) & HEAP_ZERO_MEMORY) std::memset(header + 1, 0, byte_count);
    return header + 1;
  }

  // Returns the header of a live block of this heap, or null.
  BlockHeader* HeaderOf(const void* block) const {
    auto* const header = static_cast<BlockHeader*>(const_cast<void*>(block)) - 1;
    return header->magic == kLive && header->heap == this ? header : nullptr;
  }

  bool Free(void* block) {
    std::lock_guard<std::mutex> guard(mutex_);
    BlockHeader* const header = HeaderOf(block);
    if (header == nullptr) return false;
    (header->previous != nullptr ? header->previous->next : first_) = header->next;
    if (header->next != nullptr) header->next->previous = header->previous;
    used_ -= header->byte_count;
    header->magic = kFreed;
    std::free(header);
    return true;
  }

  bool Shrink(void* block, size_t byte_count) {
    std::lock_guard<std::mutex> guard(mutex_);
    BlockHeader* const header = HeaderOf(block);
    if (header == nullptr || byte_count > header->byte_count) return false;
    used_ -= header->byte_count - byte_count;
    header->byte_count = byte_count;
    return true;
  }

  // Null, or an exception. No lock is held.
  void* Exhausted(DWORD flags) const {
    if ((flags | options_) & HEAP_GENERATE_EXCEPTIONS) {
      RaiseException(static_cast<DWORD>(STATUS_NO_MEMORY), 0, 0, nullptr);
    }
    return nullptr;
  }

 private:
  std::mutex mutex_;
  BlockHeader* first_ = nullptr;
  size_t used_ = 0;
  const DWORD options_;
  const size_t most_byte_count_;
};

Heap& ProcessHeap() {
  // Never destroyed: blocks are freed from other threads and destructors until the very end.
  static Heap& heap = *new Heap(0, 0);
  return heap;
}

Heap& Of(HANDLE heap) {
  return *static_cast<Heap*>(heap);
}

}  // namespace

extern "C" {

HANDLE GetProcessHeap() {
  return &ProcessHeap();
}

HANDLE HeapCreate(DWORD flOptions, SIZE_T dwInitialSize, SIZE_T dwMaximumSize) {
  if (dwMaximumSize != 0 && dwInitialSize > dwMaximumSize) {
    FailWith(ERROR_INVALID_PARAMETER);
    return nullptr;
  }
  auto* const heap = new (std::nothrow) Heap(flOptions, dwMaximumSize);
  if (heap == nullptr) FailWith(ERROR_NOT_ENOUGH_MEMORY);
  return heap;
}

BOOL HeapDestroy(HANDLE hHeap) {
  if (hHeap == nullptr || hHeap == &ProcessHeap()) return FailWith(ERROR_INVALID_HANDLE);
  delete &Of(hHeap);
  return TRUE;
}

// Sets no last error on failure, as documented; raises STATUS_NO_MEMORY where HEAP_GENERATE_EXCEPTIONS asks
// for it.
LPVOID HeapAlloc(HANDLE hHeap, DWORD dwFlags, SIZE_T dwBytes) {
  void* const block = Of(hHeap).Allocate(dwFlags, dwBytes);
  return block != nullptr ? block : Of(hHeap).Exhausted(dwFlags);
}

// Grown memory is zero where HEAP_ZERO_MEMORY asks for it. In place a block can only shrink.
LPVOID HeapReAlloc(HANDLE hHeap, DWORD dwFlags, LPVOID lpMem, SIZE_T dwBytes) {
  const BlockHeader* const old = Of(hHeap).HeaderOf(lpMem);
  if (old == nullptr) return nullptr;
  if (dwFlags & HEAP_REALLOC_IN_PLACE_ONLY) {
    return Of(hHeap).Shrink(lpMem, dwBytes) ? lpMem : Of(hHeap).Exhausted(dwFlags);
  }
  void* const block = Of(hHeap).Allocate(dwFlags, dwBytes);
  if (block == nullptr) return Of(hHeap).Exhausted(dwFlags);
  std::memcpy(block, lpMem, old->byte_count < dwBytes ? old->byte_count : dwBytes);
  Of(hHeap).Free(lpMem);
  return block;
}

BOOL HeapFree(HANDLE hHeap, DWORD, LPVOID lpMem) {
  if (lpMem == nullptr) return TRUE;
  return Of(hHeap).Free(lpMem) ? TRUE : FailWith(ERROR_INVALID_PARAMETER);
}

SIZE_T HeapSize(HANDLE hHeap, DWORD, LPCVOID lpMem) {
  const BlockHeader* const header = Of(hHeap).HeaderOf(lpMem);
  return header == nullptr ? static_cast<SIZE_T>(-1) : header->byte_count;
}

BOOL HeapValidate(HANDLE hHeap, DWORD, LPCVOID lpMem) {
  return lpMem == nullptr || Of(hHeap).HeaderOf(lpMem) != nullptr;
}

HLOCAL LocalAlloc(UINT uFlags, SIZE_T uBytes) {
  void* const block = ProcessHeap().Allocate(uFlags & LMEM_ZEROINIT ? HEAP_ZERO_MEMORY : 0, uBytes);
  if (block == nullptr) FailWith(ERROR_NOT_ENOUGH_MEMORY);
  return block;
}

// Returns null on success, and the block itself on failure.
HLOCAL LocalFree(HLOCAL hMem) {
  if (hMem == nullptr || ProcessHeap().Free(hMem)) return nullptr;
  FailWith(ERROR_INVALID_HANDLE);
  return hMem;
}

HGLOBAL GlobalAlloc(UINT uFlags, SIZE_T dwBytes) {
  return LocalAlloc(uFlags, dwBytes);
}
HGLOBAL GlobalFree(HGLOBAL hMem) {
  return LocalFree(hMem);
}

}  // extern "C"

}  // namespace ring3::win32

// SPDX-License-Identifier: MIT
#include "win32/page_lock.h"

#include <mutex>
#include <set>

namespace ring3::win32 {
namespace {

constexpr ULONG_PTR kPageSize = 4096;

std::mutex g_mutex;
std::set<ULONG_PTR> g_locked_pages;  // their numbers

struct Pages {
  Pages(LPCVOID address, SIZE_T byte_count)
      : first(reinterpret_cast<ULONG_PTR>(address) / kPageSize),
        end((reinterpret_cast<ULONG_PTR>(address) + byte_count - 1) / kPageSize + 1) {}
  ULONG_PTR first;
  ULONG_PTR end;
};

bool IsRange(LPCVOID address, SIZE_T byte_count) {
  return byte_count != 0 &&
         reinterpret_cast<ULONG_PTR>(address) + byte_count - 1 >= reinterpret_cast<ULONG_PTR>(address);
}

bool IsAccessible(const Pages& pages) {
  for (ULONG_PTR page = pages.first; page < pages.end;) {
    MEMORY_BASIC_INFORMATION region{};
    if (VirtualQuery(reinterpret_cast<LPCVOID>(page * kPageSize), &region, sizeof(region)) == 0) return false;
    if (region.State != MEM_COMMIT || (region.Protect & (PAGE_NOACCESS | PAGE_GUARD)) != 0) return false;
    page = (reinterpret_cast<ULONG_PTR>(region.BaseAddress) + region.RegionSize) / kPageSize;
  }
  return true;
}

}  // namespace

void ForgetLockedPages(LPCVOID address, SIZE_T byte_count) {
  if (!IsRange(address, byte_count)) return;
  const Pages pages(address, byte_count);
  std::lock_guard<std::mutex> guard(g_mutex);
  g_locked_pages.erase(g_locked_pages.lower_bound(pages.first), g_locked_pages.lower_bound(pages.end));
}

extern "C" {

// Nothing is paged out under a driver: what a client sees of a lock is what it may lock, and what it may
// unlock. ERROR_INVALID_PARAMETER, ERROR_NOACCESS (pages that are not committed, or not accessible).
// https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtuallock
BOOL VirtualLock(LPVOID lpAddress, SIZE_T dwSize) {
  if (!IsRange(lpAddress, dwSize)) return FailWith(ERROR_INVALID_PARAMETER);
  const Pages pages(lpAddress, dwSize);
  if (!IsAccessible(pages)) return FailWith(ERROR_NOACCESS);
  std::lock_guard<std::mutex> guard(g_mutex);
  for (ULONG_PTR page = pages.first; page < pages.end; ++page) g_locked_pages.insert(page);
  return TRUE;
}

// ERROR_NOT_LOCKED where a page of the range is not locked; those that are stay so.
BOOL VirtualUnlock(LPVOID lpAddress, SIZE_T dwSize) {
  if (!IsRange(lpAddress, dwSize)) return FailWith(ERROR_INVALID_PARAMETER);
  const Pages pages(lpAddress, dwSize);
  std::lock_guard<std::mutex> guard(g_mutex);
  const auto first = g_locked_pages.lower_bound(pages.first);
  const auto end = g_locked_pages.lower_bound(pages.end);
  if (static_cast<ULONG_PTR>(std::distance(first, end)) != pages.end - pages.first)
    return FailWith(ERROR_NOT_LOCKED);
  g_locked_pages.erase(first, end);
  return TRUE;
}

}  // extern "C"

}  // namespace ring3::win32

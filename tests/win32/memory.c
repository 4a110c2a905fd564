// SPDX-License-Identifier: MIT
// Virtual memory, page locks and heaps.
#include "check.h"

#include <string.h>

#define PAGE 4096
#define KIB64 65536

static MEMORY_BASIC_INFORMATION Query(LPCVOID address) {
  MEMORY_BASIC_INFORMATION information = {0};
  CHECK_EQ(VirtualQuery(address, &information, sizeof(information)), sizeof(information));
  return information;
}

static void Allocation(void) {
  SYSTEM_INFO system;
  GetSystemInfo(&system);
  CHECK_EQ(system.dwPageSize, PAGE);
  CHECK_EQ(system.dwAllocationGranularity, KIB64);

  unsigned char* base = VirtualAlloc(NULL, 3 * PAGE + 1, MEM_RESERVE, PAGE_NOACCESS);
  CHECK(base != NULL && (ULONG_PTR)base % KIB64 == 0);
  MEMORY_BASIC_INFORMATION region = Query(base);
  CHECK_EQ(region.State, MEM_RESERVE);
  CHECK_EQ(region.RegionSize, 4 * PAGE);
  CHECK_EQ(region.Type, MEM_PRIVATE);
  CHECK_EQ(region.AllocationProtect, PAGE_NOACCESS);

  CHECK(VirtualAlloc(base + PAGE + 5, 10, MEM_COMMIT, PAGE_READWRITE) == base + PAGE);  // rounded down
  region = Query(base + PAGE + 100);
  CHECK(region.BaseAddress == base + PAGE && region.AllocationBase == base);
  CHECK_EQ(region.State, MEM_COMMIT);
  CHECK_EQ(region.Protect, PAGE_READWRITE);
  CHECK_EQ(region.RegionSize, PAGE);
  CHECK_EQ(base[PAGE], 0);
  memset(base + PAGE, 0xAB, PAGE);

  DWORD old = 0;
  CHECK(VirtualProtect(base + PAGE, PAGE, PAGE_READONLY, &old));
  CHECK_EQ(old, PAGE_READWRITE);
  CHECK_EQ(Query(base + PAGE).Protect, PAGE_READONLY);
  CHECK_EQ(base[PAGE], 0xAB);
  CHECK_FAILS(VirtualProtect(base, PAGE, PAGE_READWRITE, &old), ERROR_INVALID_ADDRESS);  // not committed
  CHECK_FAILS(VirtualProtect(base + PAGE, PAGE, 0x12345, &old), ERROR_INVALID_PARAMETER);
  CHECK_FAILS(VirtualProtect(base + PAGE, PAGE, PAGE_READWRITE, NULL), ERROR_NOACCESS);

  CHECK_FAILS(VirtualFree(base, PAGE, MEM_RELEASE), ERROR_INVALID_PARAMETER);
  CHECK_FAILS(VirtualFree(base + PAGE, 0, MEM_RELEASE), ERROR_INVALID_ADDRESS);
  CHECK_FAILS(VirtualFree(base, 0, MEM_RELEASE | MEM_DECOMMIT), ERROR_INVALID_PARAMETER);
  CHECK_FAILS(VirtualFree(base, 0, 0), ERROR_INVALID_PARAMETER);
  CHECK(VirtualFree(base + PAGE, PAGE, MEM_DECOMMIT));
  CHECK_EQ(Query(base + PAGE).State, MEM_RESERVE);
  CHECK(VirtualFree(base, 0, MEM_RELEASE));
  CHECK_EQ(Query(base).State, MEM_FREE);
  CHECK_FAILS(VirtualFree(base, 0, MEM_RELEASE), ERROR_INVALID_ADDRESS);

  // At an address of one's own.
  base = VirtualAlloc(NULL, KIB64, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  CHECK_FAILS_AS(VirtualAlloc(base, KIB64, MEM_RESERVE, PAGE_READWRITE), NULL, ERROR_INVALID_ADDRESS);
  CHECK(VirtualFree(base, 0, MEM_RELEASE));
  CHECK(VirtualAlloc(base, KIB64, MEM_RESERVE, PAGE_READWRITE) == base);
  CHECK(VirtualFree(base, 0, MEM_RELEASE));

  CHECK_FAILS_AS(VirtualAlloc(NULL, 0, MEM_COMMIT, PAGE_READWRITE), NULL, ERROR_INVALID_PARAMETER);
  CHECK_FAILS_AS(VirtualAlloc(NULL, PAGE, 0, PAGE_READWRITE), NULL, ERROR_INVALID_PARAMETER);
  CHECK_FAILS_AS(VirtualAlloc(NULL, PAGE, MEM_COMMIT, 0), NULL, ERROR_INVALID_PARAMETER);
  CHECK_FAILS_AS(VirtualAlloc(NULL, (SIZE_T)1 << 60, MEM_RESERVE, PAGE_READWRITE), NULL, ERROR_INVALID_PARAMETER);
  MEMORY_BASIC_INFORMATION information;
  CHECK_FAILS(VirtualQuery(&information, &information, 1), ERROR_BAD_LENGTH);
}

static void Locking(void) {
  unsigned char* base = VirtualAlloc(NULL, 4 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  CHECK_FAILS(VirtualUnlock(base, PAGE), ERROR_NOT_LOCKED);
  CHECK(VirtualLock(base + 1, 2 * PAGE));  // touches three pages
  CHECK(VirtualUnlock(base + 2 * PAGE, PAGE));
  CHECK_FAILS(VirtualUnlock(base, 3 * PAGE), ERROR_NOT_LOCKED);
  CHECK(VirtualUnlock(base, 2 * PAGE));
  CHECK(VirtualLock(base, PAGE));
  CHECK(VirtualFree(base, PAGE, MEM_DECOMMIT));
  CHECK_FAILS(VirtualLock(base, PAGE), ERROR_NOACCESS);
  CHECK_FAILS(VirtualUnlock(base, PAGE), ERROR_NOT_LOCKED);
  CHECK_FAILS(VirtualLock(base, 0), ERROR_INVALID_PARAMETER);
  CHECK(VirtualFree(base, 0, MEM_RELEASE));
}

static void Heaps(void) {
  HANDLE heap = HeapCreate(0, 0, 0);
  CHECK(heap != NULL && heap != GetProcessHeap());
  unsigned char* block = HeapAlloc(heap, HEAP_ZERO_MEMORY, 100);
  CHECK((ULONG_PTR)block % 16 == 0);
  CHECK_EQ(HeapSize(heap, 0, block), 100);
  for (int i = 0; i < 100; ++i) CHECK_EQ(block[i], 0);
  memset(block, 7, 100);
  block = HeapReAlloc(heap, HEAP_ZERO_MEMORY, block, 5000);
  CHECK_EQ(HeapSize(heap, 0, block), 5000);
  CHECK_EQ(block[99], 7);
  for (int i = 100; i < 5000; ++i) CHECK_EQ(block[i], 0);
  CHECK(HeapReAlloc(heap, HEAP_REALLOC_IN_PLACE_ONLY, block, 6000) == NULL);
  CHECK(HeapReAlloc(heap, HEAP_REALLOC_IN_PLACE_ONLY, block, 10) == block);
  CHECK_EQ(HeapSize(heap, 0, block), 10);
  CHECK(HeapValidate(heap, 0, block));
  CHECK(!HeapValidate(GetProcessHeap(), 0, block));
  CHECK(HeapFree(heap, 0, block));
  CHECK(HeapFree(heap, 0, NULL));
  CHECK(HeapAlloc(heap, 0, 0) != NULL);
  CHECK(HeapDestroy(heap));  // with a block that is still there
  CHECK_FAILS(HeapDestroy(NULL), ERROR_INVALID_HANDLE);

  HANDLE small = HeapCreate(HEAP_NO_SERIALIZE, 0, KIB64);
  CHECK(HeapAlloc(small, 0, 2 * KIB64) == NULL);
  BOOL raised = FALSE;
  __try {
    HeapAlloc(small, HEAP_GENERATE_EXCEPTIONS, 2 * KIB64);
  } __except (GetExceptionCode() == STATUS_NO_MEMORY ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
    raised = TRUE;
  }
  CHECK(raised);
  CHECK(HeapDestroy(small));
  CHECK_FAILS_AS(HeapCreate(0, 2 * KIB64, KIB64), NULL, ERROR_INVALID_PARAMETER);

  char* local = LocalAlloc(LPTR, 32);
  CHECK(local != NULL && local[31] == 0);
  CHECK(LocalFree(local) == NULL);
  CHECK(LocalFree(NULL) == NULL);
}

int main(void) {
  Allocation();
  Locking();
  Heaps();
  return Finish();
}

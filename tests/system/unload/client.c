// SPDX-License-Identifier: MIT
// The application whose memory the driver has: it does what it is told, a word a line, and outlives the driver.
#include "../../conformance/common/test_client.h"
#include "unload.h"

static HANDLE device;
static char *locked, *mapped;

static const char* Ask(DWORD code, void* out, DWORD length) {
  return Control(device, code, NULL, 0, out, length) ? "done" : "failed";
}

static const char* Do(const char* word) {
  DWORD i;
  if (strcmp(word, "open") == 0) {
    device = OpenTest(0);
    return "done";
  }
  if (strcmp(word, "open again") == 0) {
    CHECK(CreateFileA(TEST_DEVICE, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE);
    return GetLastError() == ERROR_FILE_NOT_FOUND ? "no such device" : "failed otherwise";
  }
  if (strcmp(word, "close") == 0) return CloseHandle(device) ? "done" : "failed";
  if (strcmp(word, "lock") == 0) {
    locked = Pages(LOCKED_PAGES);
    return Ask(IOCTL_LOCK, locked, LOCKED_PAGES * TEST_PAGE);
  }
  if (strcmp(word, "map") == 0) return Ask(IOCTL_MAP, &mapped, sizeof(mapped));
  if (strcmp(word, "forget") == 0) return Ask(IOCTL_FORGET, NULL, 0);
  if (strcmp(word, "free") == 0) return Ask(IOCTL_FREE, NULL, 0);
  if (strcmp(word, "fill") == 0) return Ask(IOCTL_FILL, NULL, 0);
  if (strcmp(word, "look") == 0) {
    for (i = 0; i < LOCKED_PAGES * TEST_PAGE && locked[i] == FILLED; ++i) {
    }
    return i == LOCKED_PAGES * TEST_PAGE ? "filled" : "not filled";
  }
  if (strcmp(word, "write") == 0) {
    memset(locked, 0, LOCKED_PAGES * TEST_PAGE);
    return "done";
  }
  if (strcmp(word, "read") == 0) return mapped;
  CHECK(strcmp(word, "be told that the host is gone") == 0);
  CHECK(CreateEventA(NULL, TRUE, FALSE, NULL) == NULL);
  return GetLastError() == ERROR_NOT_READY ? "told" : "told something else";
}

int main(void) {
  char line[64];
  while (fgets(line, sizeof(line), stdin) != NULL) {
    line[strcspn(line, "\n")] = 0;
    puts(Do(line));
    fflush(stdout);
  }
  return 7;
}

// SPDX-License-Identifier: MIT
// The application that stays. What it is to do is on its standard input, a word a line; it answers with a
// line.
#include "../../conformance/common/test_client.h"
#include "killed_at_order.h"

static HANDLE device;

static void CheckFilled(const unsigned char* bytes, DWORD length) {
  DWORD i;
  for (i = 0; i < length; ++i) CHECK(bytes[i] == FILLED);
}

static const char* Map(HANDLE file, DWORD code) {
  const char* view = NULL;
  CHECK(Control(file, code, NULL, 0, &view, sizeof(view)));
  CHECK(strcmp(view, MAPPED_TEXT) == 0);
  return view;
}

// The outcomes of its own requests are not the ones that are waited for.
static LONG Outcome(void) {
  LONG status;
  CHECK(Control(device, IOCTL_OUTCOME, NULL, 0, &status, sizeof(status)));
  return status;
}

// All that others are killed in.
static void BeServed(void) {
  HANDLE file = OpenTest(0);
  unsigned char on_stack[100];
  unsigned char* heap = malloc(300000);
  char* pages = Pages(3);
  CHECK(heap != NULL);
  memset(heap, 0, 300000);
  CHECK(Control(device, IOCTL_LOCK, NULL, 0, heap, 300000) && Outcome() == 0);
  CheckFilled(heap, 300000);
  CHECK(Control(device, IOCTL_LOCK, NULL, 0, on_stack, sizeof(on_stack)) && Outcome() == 0);
  CheckFilled(on_stack, sizeof(on_stack));
  CHECK(Control(device, IOCTL_LOCK_DIRECT, NULL, 0, pages, 3 * TEST_PAGE));
  CheckFilled((unsigned char*)pages, 3 * TEST_PAGE);
  Map(file, IOCTL_MAP_TO_READ);
  CHECK(Outcome() == 0);
  CHECK(CloseHandle(file) && VirtualFree(pages, 0, MEM_RELEASE));
  free(heap);
}

// Others have the pages to read only.
static void WriteToPages(void) {
  HANDLE file = OpenTest(0);
  volatile char* view = (volatile char*)Map(file, IOCTL_MAP_TO_WRITE);
  CHECK(Outcome() == 0);
  view[0] = MAPPED_TEXT[0];
  CHECK(CloseHandle(file));
}

static int Is(const char* line, const char* word) {
  return strcmp(line, word) == 0;
}

int main(void) {
  char line[32];
  device = OpenTest(0);
  while (fgets(line, sizeof(line), stdin) != NULL) {
    line[strcspn(line, "\n")] = 0;
    if (Is(line, "outcome")) {
      printf("%08x\n", (unsigned)Outcome());
    } else if (Is(line, "calls")) {
      printf("%d\n", StateOf(device).Calls);
    } else if (Is(line, "serve")) {
      BeServed();
      printf("served\n");
    } else if (Is(line, "write")) {
      WriteToPages();
      printf("written\n");
    } else if (Is(line, "lock offered")) {
      CHECK(!Control(device, IOCTL_LOCK_OFFERED, NULL, 0, NULL, 0));
      printf("%08x\n", (unsigned)Outcome());
    } else {
      CHECK(!"a word that it knows");
    }
    fflush(stdout);
  }
  CHECK(CloseHandle(device));
  return 0;
}

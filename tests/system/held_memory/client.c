// SPDX-License-Identifier: MIT
// client hold KIND request|pages: the driver holds memory of this kind, it is written to once more, and then the process
// ends as it is told, or is killed.
// client observe: does with the held memory what it is told.
#include "../../conformance/common/linux_memory.h"
#include "../../conformance/common/test_client.h"
#include "held_memory.h"

enum { LARGE = 16 << 20, SMALL = 5 * 4096, EARLIER = 0x11, LAST = 0x22 };

static void Say(const char* line) {
  puts(line);
  fflush(stdout);
}

static BOOL Hear(char* line, int size) {
  if (fgets(line, size, stdin) == NULL) return FALSE;
  line[strcspn(line, "\n")] = 0;
  return TRUE;
}

static char* File(void) {
  int file;
  return MapFile(LARGE, MAP_SHARED_, &file);
}

// Two pages that are the process' own, one that it shares with others, two of a file, which are the process' own as well.
static char* Pieces(void) {
  char* pieces = MapMemory(SMALL, READ_WRITE);
  int file = memfd_create("held", 0);
  CHECK(pieces != NULL && ftruncate(file, 3 * TEST_PAGE) == 0);
  CHECK(mmap(pieces + 2 * TEST_PAGE, TEST_PAGE, READ_WRITE, MAP_SHARED_ | MAP_FIXED_, file, 0) != MAP_FAILED_);
  CHECK(mmap(pieces + 3 * TEST_PAGE, 2 * TEST_PAGE, READ_WRITE, MAP_PRIVATE_ | MAP_FIXED_, file, TEST_PAGE) != MAP_FAILED_);
  return pieces;
}

static void Hold(const char* kind, const char* way) {
  char on_stack[SMALL], line[32];
  char* memory = on_stack;
  DWORD length = SMALL;
  OVERLAPPED overlapped = NewOverlapped();
  HANDLE file = OpenTest(FILE_FLAG_OVERLAPPED);

  if (strcmp(kind, "heap") == 0) memory = malloc(length = LARGE);
  if (strcmp(kind, "virtual") == 0) memory = Pages((length = LARGE) / TEST_PAGE);
  if (strcmp(kind, "file") == 0) memory = File(), length = LARGE;
  if (strcmp(kind, "pieces") == 0) memory = Pieces();
  CHECK(memory != NULL);
  memset(memory, EARLIER, length);
  if (strcmp(way, "request") == 0) {
    CHECK_FAILS(DeviceIoControl(file, IOCTL_HOLD_REQUEST, NULL, 0, memory, length, NULL, &overlapped), ERROR_IO_PENDING);
  } else {
    CHECK(DeviceIoControl(file, IOCTL_HOLD_PAGES, NULL, 0, memory, length, NULL, &overlapped));
  }
  memset(memory, LAST, length);
  Say("held");
  // Not by returning: the driver still writes to the stack.
  exit(Hear(line, sizeof(line)) ? 7 : 8);
}

static COUNTS Counts(HANDLE device, DWORD code, const char* hexadecimal) {
  UCHAR value = (UCHAR)strtoul(hexadecimal, NULL, 16);
  COUNTS counts;
  CHECK(Control(device, code, &value, sizeof(value), &counts, sizeof(counts)));
  return counts;
}

// Wants as much as is held, and gets other frames.
static void BeServed(HANDLE device) {
  char* memory = Pages(LARGE / TEST_PAGE);
  CHECK(Control(device, IOCTL_OVERWRITE, NULL, 0, memory, LARGE));
  CHECK(memory[0] == OVERWRITTEN && memory[LARGE - 1] == OVERWRITTEN);
  CHECK(VirtualFree(memory, 0, MEM_RELEASE));
}

static int Observe(void) {
  HANDLE device = OpenTest(0);
  char line[32];
  COUNTS counts;
  while (Hear(line, sizeof(line))) {
    if (strcmp(line, "await end") == 0) {
      CHECK(Control(device, IOCTL_AWAIT_END, NULL, 0, NULL, 0));
    } else if (strcmp(line, "release") == 0) {
      CHECK(Control(device, IOCTL_RELEASE, NULL, 0, NULL, 0));
    } else if (strcmp(line, "serve") == 0) {
      BeServed(device);
    } else {
      counts = Counts(device, line[0] == 'l' ? IOCTL_LOOK : IOCTL_FILL, line + 5);
      printf("%u of %u\n", counts.Equal, counts.Length);
      fflush(stdout);
      continue;
    }
    Say("done");
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc == 4 && strcmp(argv[1], "hold") == 0) Hold(argv[2], argv[3]);
  CHECK(argc == 2 && strcmp(argv[1], "observe") == 0);
  return Observe();
}

// SPDX-License-Identifier: MIT
// client [other]: everything that a client's descriptors give access to is what was shared with it. It goes
// through all of them, opens each anew through /proc/self/fd, for writing too, maps what it can from end to
// end, and looks for the driver's secrets and for memory of another client (which is this program once more,
// as `other`, alive meanwhile). And no way leads to writing into what is read-only.
#include "../../conformance/common/linux_memory.h"
#include "../../conformance/common/test_client.h"
#include "walk.h"

int open(const char* path, int flags, ...);
int fcntl(int file, int command, ...);
long long lseek(int file, long long offset, int whence);
ptrdiff_t pwrite(int file, const void* buffer, size_t length, long long offset);
int fallocate(int file, int mode, long long offset, long long length);
int readlink(const char* path, char* buffer, size_t length);

enum {
  READ_ONLY = 0,
  READ_AND_WRITE = 2,
  SEEK_END_ = 2,
  SEEK_DATA_ = 3,
  SEEK_HOLE_ = 4,
  MOST_DESCRIPTORS = 256
};
#define OTHER_CLIENT 0x0DDC1E17A11D0DDCull

static volatile ULONG64 others_memory[512 * 4] = {1};

// Memory that may be seen must not have what is the driver's alone, or another client's.
static void Look(const volatile ULONG64* words, size_t count, const char* what) {
  size_t i;
  for (i = 0; i < count; ++i) {
    if (words[i] == WALK_SECRET || words[i] == OTHER_CLIENT) {
      fprintf(stderr, "%s: found %s at word %llu\n", what,
              words[i] == WALK_SECRET ? "the driver's secret" : "another client", (unsigned long long)i);
      exit(1);
    }
  }
}

// Holes read as zeros: only what has pages is looked at.
static void WalkFile(int file, const char* name) {
  long long size = lseek(file, 0, SEEK_END_), at = 0, end;
  while (at < size && (at = lseek(file, at, SEEK_DATA_)) >= 0) {
    void* view;
    end = lseek(file, at, SEEK_HOLE_);
    if (end <= at) break;
    view = mmap(NULL, (size_t)(end - at), PROT_READ_, MAP_SHARED_, file, at & ~4095ll);
    if (view == MAP_FAILED_) break;
    Look(view, (size_t)(end - at) / 8, name);
    CHECK(munmap(view, (size_t)(end - at)) == 0);
    at = end;
  }
}

// Calls `visit` with each memory object that the process has, by its descriptor, or, where Linux lets us (it
// lets root), by its mapping. Their number.
static int ForEachObject(void (*visit)(int file, const char* name)) {
  char path[300], link[256];
  unsigned long long start, end;
  int number, objects = 0;
  FILE* maps;
  for (number = 0; number < MOST_DESCRIPTORS; ++number) {
    int length, mode;
    sprintf(path, "/proc/self/fd/%d", number);
    length = readlink(path, link, sizeof(link) - 1);
    if (length <= 0) continue;
    link[length] = 0;
    if (strstr(link, "memfd:") == NULL) continue;
    ++objects;
    visit(number, link);
    for (mode = READ_ONLY; mode <= READ_AND_WRITE; mode += 2) {
      int again = open(path, mode);
      if (again < 0) continue;
      visit(again, link);
      close(again);
    }
  }
  maps = fopen("/proc/self/maps", "r");
  CHECK(maps != NULL);
  while (fgets(path, sizeof(path), maps) != NULL) {
    int mode;
    if (strstr(path, "memfd:") == NULL || sscanf(path, "%llx-%llx", &start, &end) != 2) continue;
    sprintf(link, "/proc/self/map_files/%llx-%llx", start, end);
    for (mode = READ_ONLY; mode <= READ_AND_WRITE; mode += 2) {
      int again = open(link, mode);
      if (again < 0) continue;
      ++objects;
      visit(again, link);
      close(again);
    }
  }
  fclose(maps);
  return objects;
}

static int Walk(void) {
  return ForEachObject(WalkFile);
}

// Every way to write to what the driver shows read-only.
static int tried;
static void TryToWriteInto(int file, const char* name) {
  char *seen, *written;
  if (lseek(file, 0, SEEK_END_) < WALK_PAGES * TEST_PAGE) return;
  seen = mmap(NULL, WALK_PAGES * TEST_PAGE, PROT_READ_, MAP_SHARED_, file, 0);
  if (seen == MAP_FAILED_) return;
  if ((UCHAR)seen[0] == WALK_SHARED && (UCHAR)seen[TEST_PAGE] == WALK_SHARED && seen[5] != 1) {
    ++tried;
    written = mmap(NULL, WALK_PAGES * TEST_PAGE, READ_WRITE, MAP_SHARED_, file, 0);
    if (written != MAP_FAILED_) fprintf(stderr, "%s: may be mapped for writing\n", name);
    CHECK(written == MAP_FAILED_);
    CHECK(mprotect(seen, WALK_PAGES * TEST_PAGE, READ_WRITE) != 0);
    CHECK(pwrite(file, "x", 1, 0) != 1);
    CHECK(fallocate(file, 3, 0, TEST_PAGE) != 0);  // punching a hole
  }
  CHECK(munmap(seen, WALK_PAGES * TEST_PAGE) == 0);
}

static void TryToWrite(HANDLE device, char* view) {
  CHECK(mprotect(view, WALK_PAGES * TEST_PAGE, READ_WRITE) != 0);
  ForEachObject(TryToWriteInto);
  CHECK(tried > 0);
  CHECK((UCHAR)view[0] == WALK_SHARED && Control(device, IOCTL_WALK_CHECK, NULL, 0, NULL, 0));
}

// Its memory is shared, and full of what nobody else is to find, until the first client is through.
static int Other(void) {
  HANDLE device = OpenTest(0), file = OpenTest(0);
  HANDLE up = OpenEventA(EVENT_MODIFY_STATE, FALSE, "WalkOtherIsUp"),
         done = OpenEventA(SYNCHRONIZE, FALSE, "WalkIsDone");
  ULONG64* mapped = NULL;
  ULONG64* own = VirtualAlloc(NULL, 4 * TEST_PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  DWORD returned, i;
  CHECK(up != NULL && done != NULL && own != NULL);
  CHECK(DeviceIoControl(file, IOCTL_WALK_MAP, NULL, 0, &mapped, sizeof(mapped), &returned, NULL));
  CHECK(Control(device, IOCTL_WALK_LOCK, NULL, 0, (void*)others_memory, sizeof(others_memory)));
  for (i = 0; i < 4 * TEST_PAGE / 8; ++i) others_memory[i] = own[i] = mapped[i] = OTHER_CLIENT;
  CHECK(SetEvent(up) && WaitForSingleObject(done, INFINITE) == WAIT_OBJECT_0);
  return 0;
}

int fork(void);
int execl(const char* path, const char* argument, ...);
int waitpid(int process, int* status, int options);

int main(int argc, char** argv) {
  HANDLE device, files[3], up, done;
  char *views[3] = {NULL}, *small, *own;
  DWORD returned;
  int i, other, status;

  if (argc > 1) return Other();
  up = CreateEventA(NULL, TRUE, FALSE, "WalkOtherIsUp");
  done = CreateEventA(NULL, TRUE, FALSE, "WalkIsDone");
  CHECK(up != NULL && done != NULL);
  other = fork();
  if (other == 0) execl(argv[0], argv[0], "other", (char*)NULL);
  CHECK(other > 0 && WaitForSingleObject(up, 20000) == WAIT_OBJECT_0);

  Walk();
  device = OpenTest(0);
  for (i = 0; i < 3; ++i) {
    static const DWORD kCodes[] = {IOCTL_WALK_MAP, IOCTL_WALK_MAP_READ_ONLY, IOCTL_WALK_MAP_POOL};
    files[i] = OpenTest(0);
    CHECK(DeviceIoControl(files[i], kCodes[i], NULL, 0, &views[i], sizeof(views[i]), &returned, NULL));
    CHECK((UCHAR)views[i][0] == WALK_SHARED && (UCHAR)views[i][4095] == WALK_SHARED);
    Walk();
  }
  // What the driver shows may be written, where it may.
  views[0][5] = 1;
  views[2][5] = 1;
  TryToWrite(files[1], views[1]);

  small = malloc(100);
  own = Pages(4);
  CHECK(small != NULL && Control(device, IOCTL_WALK_LOCK, NULL, 0, small, 100));
  CHECK(Control(files[0], IOCTL_WALK_LOCK, NULL, 0, own, 4 * TEST_PAGE));
  // The one that the client's own locked memory is in, at least.
  CHECK(Walk() > 0);
  for (i = 0; i < 3; ++i) CHECK(CloseHandle(files[i]));
  // Pages that were the client's are the driver's alone again, and get new contents.
  for (i = 0; i < 8; ++i) {
    files[0] = OpenTest(0);
    CHECK(DeviceIoControl(files[0], IOCTL_WALK_MAP, NULL, 0, &views[0], sizeof(views[0]), &returned, NULL));
    Walk();
    CHECK(CloseHandle(files[0]));
  }
  CHECK(SetEvent(done) && waitpid(other, &status, 0) == other && status == 0);
  CHECK(CloseHandle(device) && CloseHandle(up) && CloseHandle(done));
  free(small);
  return 0;
}

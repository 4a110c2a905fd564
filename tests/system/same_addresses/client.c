// SPDX-License-Identifier: MIT
// One of two applications that have different things at the same addresses, at the same time: user pointers,
// embedded ones too, and locked pages are each one's own. Arguments: the number of this one, 0 or 1, and how
// many rounds.
//
// Says where its memory is, and waits for a line before it begins.
#include "../../conformance/common/linux_memory.h"
#include "../../conformance/common/test_client.h"
#include "../../conformance/user_pointers/user_pointers.h"

enum { size = 4 * 4096, most_areas = 16 };

static HANDLE device;
static ULONG number, rounds;
// In turns: by the application's own thread, and by one of the system's that attaches.
static DWORD way;

static BOOL Call(DWORD code, TRANSFORM* request) {
  return Control(device, code | way, request, sizeof(*request), NULL, 0);
}

typedef struct {
  UCHAR* bytes;
} AREA;
static AREA areas[most_areas];
static int area_count;

static UCHAR of_program[size];
static UCHAR of_program_initialised[size] = {1};

// Both have memory at the first ones, each at one of the others. Out of the way of sanitizers.
static char* const common_address = (char*)0x200310000000;
static char* const committed_address = (char*)0x200320000000;
static char* const file_address = (char*)0x200330000000;
static char* const own_address[2] = {(char*)0x200340000000, (char*)0x200350000000};

static void Add(void* bytes) {
  CHECK(bytes != NULL && bytes != MAP_FAILED_);
  areas[area_count++].bytes = bytes;
}

static void* MapAt(char* address, int flags, int file) {
  return mmap(address, size, READ_WRITE, flags | MAP_FIXED_, file, 0);
}

static UCHAR ValueOf(ULONG round, int area, ULONG at) {
  return (UCHAR)(number * 128 + (round * 13 + (ULONG)area * 29 + at / 1024) % 128);
}

static void FillArea(int area, ULONG round) {
  ULONG at;
  for (at = 0; at < size; at += 256) areas[area].bytes[at] = ValueOf(round, area, at);
}

// From each area to the next, by way of pointers in a third one.
static void Transform(ULONG round, int from) {
  enum { length = 2 * 4096 + 600 };
  int to = (from + 1) % area_count;
  UCHAR* place = areas[(from + 2) % area_count].bytes + 3 * 4096 + 8;
  TRANSFORM* request = (TRANSFORM*)place;
  ULONG* sum = (ULONG*)(place + 128);
  UCHAR* source = areas[from].bytes;
  UCHAR* target = areas[to].bytes;
  ULONG at, expected = 0;

  memset(source, 0, length);
  FillArea(from, round);
  memset(target, 0xEE, length + 1);
  for (at = 0; at < length; ++at) expected += source[at];
  request->Source = source;
  request->Target = target;
  request->Length = length;
  request->Sum = sum;
  request->Key = (UCHAR)(number + 1);
  request->WithoutProbes = FALSE;
  CHECK(Call(IOCTL_TRANSFORM, request));
  CHECK(*sum == expected);
  for (at = 0; at < length; ++at) {
    UCHAR value = at % 256 == 0 ? ValueOf(round, from, at) : 0;
    CHECK(source[at] == value && target[at] == (value ^ (number + 1)));
  }
  CHECK(target[length] == 0xEE);
}

static void LockToo(ULONG round, int area) {
  UCHAR* bytes = areas[area].bytes;
  UCHAR key = ValueOf(round, area, 0);
  TRANSFORM request = {bytes + 20, NULL, 5000, NULL, key, FALSE};
  memset(bytes, 0, size);
  CHECK(Call(IOCTL_LOCK_TOO, &request));
  CHECK(bytes[20] == key && bytes[21] == (UCHAR)(key + 1) && bytes[22] == (UCHAR)(key + 2) && bytes[23] == 0);
  CHECK(bytes[5019] == key && bytes[5018] == (UCHAR)(key + 1) && bytes[5017] == 0);
}

// Where only the other one has memory there is none for this one.
static void NobodyElses(void) {
  ULONG sum = 0;
  TRANSFORM request = {(UCHAR*)own_address[1 - number], NULL, 64, &sum, 0, TRUE};
  CHECK_FAILS(Call(IOCTL_TRANSFORM, &request), ERROR_NOACCESS);
  request.Source = (UCHAR*)own_address[number];
  CHECK(Call(IOCTL_TRANSFORM, &request));
  CHECK(sum == 64 * (number + 1));
}

// A second thread, with memory of its own at an address that both applications have as well.
static UCHAR* committed;

static DWORD WINAPI PollFor(void* code) {
  TRANSFORM request = {NULL, NULL, 0, (ULONG*)committed, 0, FALSE};
  return Control(device, *(DWORD*)code, &request, sizeof(request), NULL, 0) ? 0 : GetLastError();
}

static void Talk(DWORD code) {
  volatile ULONG* value = (volatile ULONG*)committed;
  HANDLE thread;
  DWORD error;
  *value = 0;
  thread = CreateThread(NULL, 0, PollFor, &code, 0, NULL);
  CHECK(thread != NULL);
  while (*value < 2 * ROUNDS && WaitForSingleObject(thread, 0) != WAIT_OBJECT_0) {
    if (*value % 2 == 0) ++*value;
  }
  CHECK(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0 && GetExitCodeThread(thread, &error));
  SetLastError(error);
  CHECK(error == 0 && *value >= 2 * ROUNDS && CloseHandle(thread));
}

static DWORD WINAPI OnOwnStack(void* unused) {
  UCHAR source[3000], target[3000];
  ULONG round, sum, at;
  (void)unused;
  for (round = 0; round < rounds; ++round) {
    UCHAR value = (UCHAR)(number * 128 + round % 128);
    TRANSFORM request = {source, target, sizeof(source), &sum, 0x55, FALSE};
    memset(source, value, sizeof(source));
    memset(target, 0, sizeof(target));
    CHECK(Control(device, IOCTL_TRANSFORM, &request, sizeof(request), NULL, 0) &&
          sum == sizeof(source) * value);
    for (at = 0; at < sizeof(target); ++at) CHECK(target[at] == (value ^ 0x55));
  }
  return 0;
}

int main(int argc, char** argv) {
  UCHAR on_stack[size];
  char line[16];
  HANDLE other;
  int file, i;
  ULONG round;

  CHECK(argc == 3);
  number = (ULONG)atoi(argv[1]);
  rounds = (ULONG)atoi(argv[2]);
  device = OpenTest(0);
  Add(of_program);
  Add(of_program_initialised);
  Add(on_stack);
  Add(malloc(size));
  Add(malloc(1 << 20));
  Add(MapAt(common_address, MAP_PRIVATE_ | MAP_ANONYMOUS_, -1));
  CHECK((file = memfd_create("test", 0)) >= 0 && ftruncate(file, size) == 0);
  Add(MapAt(file_address, MAP_SHARED_, file));
  committed = VirtualAlloc(committed_address, 2 * size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  CHECK(committed == (UCHAR*)committed_address);
  Add(committed + size);
  CHECK(MapAt(own_address[number], MAP_PRIVATE_ | MAP_ANONYMOUS_, -1) == own_address[number]);
  memset(own_address[number], (int)(number + 1), size);

  for (i = 0; i < area_count; ++i) printf("%p ", (void*)areas[i].bytes);
  printf("\n");
  fflush(stdout);
  CHECK(fgets(line, sizeof(line), stdin) != NULL);

  other = CreateThread(NULL, 0, OnOwnStack, NULL, 0, NULL);
  CHECK(other != NULL);
  for (round = 0; round < rounds; ++round) {
    way = round % 3 == number ? ATTACHED(0) : 0;
    for (i = 0; i < area_count; ++i) Transform(round, i);
    NobodyElses();
    // From some time on, pages of all kinds have been locked.
    if (round > rounds / 2) LockToo(round, (int)(round % (ULONG)area_count));
    if (round % 16 == 5) Talk(IOCTL_TALK);
    if (round % 16 == 10) Talk(IOCTL_POLL);
  }
  CHECK(WaitForSingleObject(other, INFINITE) == WAIT_OBJECT_0 && CloseHandle(other));
  CHECK(CloseHandle(device));
  printf("well\n");
  return 0;
}

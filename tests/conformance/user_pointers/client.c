// SPDX-License-Identifier: MIT
// METHOD_NEITHER with pointers inside user structures: from, to and in every kind of memory that an
// application has. With an argument, one that is bad and used outside __try.
#include "../common/linux_memory.h"
#include "../common/test_client.h"
#include "user_pointers.h"

enum {
  kind_pages = 4,
  kind_size = kind_pages * 4096,
  data_at = 77,
  data_length = 2 * 4096 + 123,
  structure_at = 3 * 4096 + 64,
  sum_at = 3 * 4096 + 512,
};

static HANDLE device;
// Of the driver's thread that attaches, or nothing.
static DWORD way;

static BOOL Call(DWORD code, void* request, DWORD size) {
  return Control(device, code | way, request, size, NULL, 0);
}

// kind_size bytes of memory of some kind each.
typedef struct {
  const char* name;
  UCHAR* bytes;
} KIND;
static KIND writable[24], read_only[8];
static int writable_count, read_only_count;

static void Add(const char* name, void* bytes) {
  CHECK(bytes != NULL && bytes != MAP_FAILED_);
  writable[writable_count].name = name;
  writable[writable_count++].bytes = bytes;
}
static void AddReadOnly(const char* name, const void* bytes) {
  CHECK(bytes != NULL && bytes != MAP_FAILED_);
  read_only[read_only_count].name = name;
  read_only[read_only_count++].bytes = (UCHAR*)bytes;
}

static UCHAR zeroed[kind_size];
static UCHAR initialised[kind_size] = {1, 2, 3};
static const UCHAR constant[kind_size] = {4, 5, 6, [data_at + 100] = 7, [data_at + 5000] = 8};
static __declspec(thread) UCHAR of_thread[kind_size];

static void Fill(UCHAR* bytes, ULONG seed) {
  ULONG i;
  for (i = 0; i < kind_size; ++i) bytes[i] = (UCHAR)(seed * 31 + i * 7 + i / 256);
}

static TRANSFORM Request(const KIND* from, const KIND* to, ULONG* sum, UCHAR key) {
  TRANSFORM request = {from->bytes + data_at, to->bytes + data_at, data_length, sum, key};
  return request;
}

// From one kind to the other; the structure is in the second, the sum in the first where it can be.
static void Transform(const KIND* from, const KIND* to, UCHAR key, BOOL from_is_writable) {
  TRANSFORM* request = (TRANSFORM*)(to->bytes + structure_at);
  ULONG* sum = (ULONG*)((from_is_writable ? from : to)->bytes + sum_at);
  ULONG expected = 0, i;

  Fill(to->bytes, key + 100u);
  if (from_is_writable) Fill(from->bytes, key);
  *request = Request(from, to, sum, key);
  if (from != to) {
    for (i = 0; i < data_length; ++i) expected += from->bytes[data_at + i];
  } else {
    for (i = 0; i < data_length; ++i) expected += to->bytes[data_at + i];
  }
  if (!Call(IOCTL_TRANSFORM, request, sizeof(*request))) {
    fprintf(stderr, "from %s to %s\n", from->name, to->name);
    CHECK(FALSE);
  }
  for (i = 0; from != to && i < data_length; ++i) {
    if (to->bytes[data_at + i] == (from->bytes[data_at + i] ^ key)) continue;
    fprintf(stderr, "from %s to %s, at %u\n", from->name, to->name, i);
    CHECK(FALSE);
  }
  CHECK(*sum == expected);
  // Nothing else.
  for (i = 0; i < data_at; ++i)
    CHECK(to->bytes[i] == (UCHAR)((key + (from == to ? 0 : 100u)) * 31 + i * 7 + i / 256));
  i = data_at + data_length;
  CHECK(to->bytes[i] == (UCHAR)((key + (from == to ? 0 : 100u)) * 31 + i * 7 + i / 256));
}

static void AllPairs(void) {
  UCHAR key = 1;
  int from, to;
  for (from = 0; from < writable_count; ++from) {
    for (to = 0; to < writable_count; ++to) Transform(&writable[from], &writable[to], key++, TRUE);
  }
  for (from = 0; from < read_only_count; ++from) {
    for (to = 0; to < writable_count; ++to) Transform(&read_only[from], &writable[to], key++, FALSE);
  }
}

static EXCEPTION Exception(void) {
  EXCEPTION exception;
  CHECK(Control(device, IOCTL_EXCEPTION, NULL, 0, &exception, sizeof(exception)));
  return exception;
}

// A probe raises it: documented is the code alone.
static void Refused(const TRANSFORM* request, LONG code) {
  CHECK_FAILS(Call(IOCTL_TRANSFORM, (void*)request, sizeof(*request)), ERROR_NOACCESS);
  CHECK(Exception().Code == code);
}

// The access itself tells where it was as well.
static void Violation(TRANSFORM* request, ULONG is_write, const void* address) {
  EXCEPTION exception;
  Refused(request, STATUS_ACCESS_VIOLATION);
  request->WithoutProbes = TRUE;
  Refused(request, STATUS_ACCESS_VIOLATION);
  request->WithoutProbes = FALSE;
  exception = Exception();
  CHECK(exception.Address == (ULONG64)(ULONG_PTR)address && exception.IsWrite == is_write);
}

static void ReadOnlyTargets(void) {
  TRANSFORM request;
  ULONG sum;
  int i;
  for (i = 0; i < read_only_count; ++i) {
    request = Request(&writable[0], &read_only[i], &sum, 1);
    Violation(&request, 1, read_only[i].bytes + data_at);
    request = Request(&writable[0], &writable[1], (ULONG*)(read_only[i].bytes + sum_at), 1);
    Violation(&request, 1, read_only[i].bytes + sum_at);
  }
}

// `good`, but for one field.
#define REFUSED_WITH(Field, Value, Status) \
  do {                                     \
    TRANSFORM request_ = good;             \
    request_.Field = (Value);              \
    Refused(&request_, Status);            \
  } while (0)

static void BadPointers(void) {
  UCHAR* gone = (UCHAR*)MapMemory(4096, READ_WRITE);
  UCHAR* nobodys = (UCHAR*)MapMemory(4096, PROT_NONE_);
  UCHAR* half = (UCHAR*)MapMemory(2 * 4096, READ_WRITE);
  const UCHAR* unreadable[4];
  ULONG sum, i;
  TRANSFORM good, request;

  CHECK(gone != NULL && nobodys != NULL && half != NULL && munmap(gone, 4096) == 0);
  unreadable[0] = NULL;
  unreadable[1] = (UCHAR*)16;
  unreadable[2] = gone;
  unreadable[3] = nobodys;
  good = Request(&writable[0], &writable[1], &sum, 3);
  for (i = 0; i < 4; ++i) {
    request = good;
    request.Source = unreadable[i];
    Violation(&request, 0, unreadable[i]);
    request = good;
    if (unreadable[i] != NULL) {
      request.Target = (UCHAR*)unreadable[i];
      Violation(&request, 1, unreadable[i]);
    }
    request = good;
    request.Sum = (ULONG*)unreadable[i];
    Violation(&request, 1, unreadable[i]);
    // The structure itself.
    Refused((const TRANSFORM*)unreadable[i], STATUS_ACCESS_VIOLATION);
  }
  // Addresses of the system, past it, and lengths that reach there or wrap around.
  REFUSED_WITH(Source, KERNEL_ADDRESS, STATUS_ACCESS_VIOLATION);
  REFUSED_WITH(Target, KERNEL_ADDRESS, STATUS_ACCESS_VIOLATION);
  REFUSED_WITH(Sum, KERNEL_ADDRESS, STATUS_ACCESS_VIOLATION);
  REFUSED_WITH(Source, NEXT_TO_LAST_ADDRESS, STATUS_ACCESS_VIOLATION);
  REFUSED_WITH(Source, (UCHAR*)0x800000000000ull, STATUS_ACCESS_VIOLATION);
  REFUSED_WITH(Length, ~0ull, STATUS_ACCESS_VIOLATION);
  REFUSED_WITH(Length, 0x7fffffffffffull, STATUS_ACCESS_VIOLATION);
  REFUSED_WITH(Sum, (ULONG*)((UCHAR*)&sum + 1), STATUS_DATATYPE_MISALIGNMENT);
  Refused((const TRANSFORM*)((UCHAR*)&good + 1), STATUS_DATATYPE_MISALIGNMENT);

  // Half of the source is there: so is what was written before the violation, and nothing is in the way of
  // the next request.
  CHECK(mprotect(half + 4096, 4096, PROT_NONE_) == 0);
  memset(half, 0x11, 4096);
  memset(writable[1].bytes, 0, kind_size);
  request = good;
  request.Source = half + 4000;
  request.Length = 200;
  Violation(&request, 0, half + 4096);
  CHECK(writable[1].bytes[data_at] == (0x11 ^ 3) && writable[1].bytes[data_at + 95] == (0x11 ^ 3));
  CHECK(writable[1].bytes[data_at + 96] == 0);
  CHECK(Call(IOCTL_TRANSFORM, &good, sizeof(good)));
  CHECK(munmap(nobodys, 4096) == 0 && munmap(half, 2 * 4096) == 0);
}

static ULONG SumOf(const UCHAR* bytes, ULONG length) {
  TRANSFORM request = {bytes, NULL, length, NULL, 0};
  ULONG sum = 0;
  request.Sum = &sum;
  CHECK(Call(IOCTL_TRANSFORM, &request, sizeof(request)));
  return sum;
}

// Each request finds what the application has there by then.
static void Changes(void) {
  UCHAR *bytes, *first = (UCHAR*)MapMemory(2 * 4096, READ_WRITE);
  int i, k, descriptor;
  TRANSFORM request;
  ULONG sum;

  for (k = 0; k < writable_count; ++k) {
    bytes = writable[k].bytes;
    memset(bytes, 0, kind_size);
    for (i = 1; i <= 50; ++i) {
      bytes[100] = (UCHAR)i;
      bytes[5000] = (UCHAR)(2 * i);
      if (SumOf(bytes, 8192) == 3u * i) continue;
      fprintf(stderr, "%s: a change was not seen\n", writable[k].name);
      CHECK(FALSE);
    }
  }
  // Another mapping at the same address, and none.
  CHECK(first != NULL);
  memset(first, 1, 8192);
  CHECK(SumOf(first, 8192) == 8192);
  CHECK(mmap(first, 4096, READ_WRITE, MAP_PRIVATE_ | MAP_ANONYMOUS_ | MAP_FIXED_, -1, 0) == first);
  CHECK(SumOf(first, 8192) == 4096);
  bytes = (UCHAR*)MapFile(8192, MAP_SHARED_, &descriptor);
  CHECK(bytes != NULL);
  memset(bytes, 2, 8192);
  CHECK(mmap(first, 8192, READ_WRITE, MAP_SHARED_ | MAP_FIXED_, descriptor, 0) == first);
  CHECK(SumOf(first, 8192) == 2 * 8192);
  bytes[0] = 3;
  CHECK(SumOf(first, 8192) == 2 * 8192 + 1);
  request = Request(&writable[0], &writable[0], &sum, 0);
  request.Source = request.Target = first;
  request.Length = 8192;
  request.Key = 1;
  CHECK(Call(IOCTL_TRANSFORM, &request, sizeof(request)));
  CHECK(bytes[0] == 2 && bytes[1] == 3 && bytes[8191] == 3);
  CHECK(mprotect(first + 4096, 4096, PROT_READ_) == 0);
  Violation(&request, 1, first + 4096);
  CHECK(munmap(first + 4096, 4096) == 0);
  request.Target = NULL;
  Violation(&request, 0, first + 4096);
  CHECK(munmap(first, 4096) == 0 && munmap(bytes, 8192) == 0 && close(descriptor) == 0);

  bytes = (UCHAR*)Pages(2);
  memset(bytes, 1, 8192);
  CHECK(SumOf(bytes, 8192) == 8192);
  request.Source = bytes;
  request.Target = bytes;
  ProtectPages(bytes, 2, PAGE_READONLY);
  Violation(&request, 1, bytes);
  ProtectPages(bytes, 2, PAGE_NOACCESS);
  Violation(&request, 0, bytes);
  CHECK(VirtualFree(bytes, 8192, MEM_DECOMMIT));
  Violation(&request, 0, bytes);
  CHECK(VirtualAlloc(bytes, 8192, MEM_COMMIT, PAGE_READWRITE) == bytes && SumOf(bytes, 8192) == 0);
  CHECK(VirtualFree(bytes, 0, MEM_RELEASE));
  Violation(&request, 0, bytes);
}

// Links, names and counters all over.
static void Lists(void) {
  static const WCHAR word[] = L"pointer";
  int k;
  for (k = 0; k < writable_count; ++k) {
    const KIND* next = &writable[(k + 1) % writable_count];
    LINK* link = (LINK*)(writable[k].bytes + 4096 - 8);  // over a page boundary
    NAME* name = (NAME*)(next->bytes + 256);
    link->Next = k + 1 < writable_count ? (LINK*)(next->bytes + 4096 - 8) : NULL;
    link->Name = name;
    link->Count = (ULONG*)(writable[(k + 2) % writable_count].bytes + 512);
    *link->Count = 10;
    name->Length = sizeof(word);
    name->Buffer = (WCHAR*)(writable[(k + 3) % writable_count].bytes + 2 * 4096 - 4);
    memcpy(name->Buffer, word, sizeof(word));
  }
  CHECK(Call(IOCTL_NAMES, writable[0].bytes + 4096 - 8, sizeof(LINK)));
  for (k = 0; k < writable_count; ++k) {
    CHECK(memcmp(writable[k].bytes + 2 * 4096 - 4, L"POINTER", sizeof(word)) == 0);
    CHECK(*(ULONG*)(writable[k].bytes + 512) == 11);
  }
  // Into a circle: the last count is bad.
  ((LINK*)(writable[writable_count - 1].bytes + 4096 - 8))->Count = NULL;
  CHECK_FAILS(Call(IOCTL_NAMES, writable[0].bytes + 4096 - 8, sizeof(LINK)), ERROR_NOACCESS);
  CHECK(*(ULONG*)(writable[2].bytes + 512) == 12 && *(ULONG*)(writable[1].bytes + 512) == 11);
}

// Pointer and locked pages are one memory.
static void Locked(void) {
  int k, round;
  for (round = 1; round <= 3; ++round) {
    for (k = 0; k < writable_count; ++k) {
      UCHAR* bytes = writable[k].bytes;
      UCHAR key = (UCHAR)(round * 40 + k);
      TRANSFORM request = {bytes + 10, NULL, 4096 * 2, NULL, key};
      memset(bytes, 0, kind_size);
      if (!Call(IOCTL_LOCK_TOO, &request, sizeof(request))) {
        fprintf(stderr, "%s, round %d\n", writable[k].name, round);
        CHECK(FALSE);
      }
      CHECK(bytes[10] == key && bytes[11] == (UCHAR)(key + 1) && bytes[12] == (UCHAR)(key + 2) &&
            bytes[13] == 0);
      CHECK(bytes[10 + 8191] == key && bytes[10 + 8190] == (UCHAR)(key + 1) && bytes[10 + 8192] == 0 &&
            bytes[9] == 0);
    }
  }
}

static DWORD WINAPI TalkTo(void* sum) {
  TRANSFORM request = {NULL, NULL, 0, sum, 0};
  return Call(IOCTL_TALK, &request, sizeof(request)) ? 0 : GetLastError();
}

// A driver that sleeps sees what the application writes meanwhile, and the other way round.
static void Talks(void) {
  int k;
  for (k = 0; k < writable_count; ++k) {
    volatile ULONG* value = (ULONG*)(writable[k].bytes + sum_at);
    HANDLE thread;
    DWORD error;
    *value = 0;
    thread = CreateThread(NULL, 0, TalkTo, (void*)value, 0, NULL);
    CHECK(thread != NULL);
    while (*value < 2 * ROUNDS && WaitForSingleObject(thread, 0) != WAIT_OBJECT_0) {
      if (*value % 2 == 0) ++*value;
    }
    CHECK(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0 && GetExitCodeThread(thread, &error));
    if (error != 0 || *value < 2 * ROUNDS) {
      fprintf(stderr, "%s: error %u at %u\n", writable[k].name, error, *value);
      CHECK(FALSE);
    }
    CHECK(CloseHandle(thread));
  }
}

// A request that another thread of the driver's ends: what that has written is there, though it is not
// through yet.
typedef struct {
  UCHAR* target;
  volatile ULONG* seen;
  UCHAR key;
  BOOL polls;  // the status block, instead of waiting
} RECEIVER;

static DWORD WINAPI Receive(void* receiver) {
  const RECEIVER* self = receiver;
  TRANSFORM request = {NULL, self->target, 1, NULL, 0};
  // The other request goes through the other file, which takes one at a time.
  HANDLE file = OpenTest(self->polls ? FILE_FLAG_OVERLAPPED : 0);
  DWORD returned;
  if (!self->polls) {
    if (!Control(file, IOCTL_RECEIVE, &request, sizeof(request), NULL, 0)) return GetLastError();
  } else {
    OVERLAPPED overlapped = NewOverlapped();
    CHECK_FAILS(
        DeviceIoControl(file, IOCTL_RECEIVE, &request, sizeof(request), NULL, 0, &returned, &overlapped),
        ERROR_IO_PENDING);
    while (*(volatile ULONG_PTR*)&overlapped.Internal == (ULONG_PTR)STATUS_PENDING) {
    }
    if (*(volatile UCHAR*)self->target != self->key) return 2;
    CHECK(GetOverlappedResult(file, &overlapped, &returned, TRUE) && CloseHandle(overlapped.hEvent));
  }
  if (*(volatile UCHAR*)self->target != self->key) return 1;
  *self->seen = 1;
  CHECK(CloseHandle(file));
  return 0;
}

static void Ends(void) {
  volatile ULONG* seen = (ULONG*)Pages(1);
  int k, round;
  for (k = 0; k < writable_count; ++k) {
    for (round = 0; round < 6; ++round) {
      RECEIVER receiver = {writable[k].bytes + 1000, seen, (UCHAR)(k * 6 + round + 1), round % 2 != 0};
      TRANSFORM request = {NULL, NULL, 0, (ULONG*)seen, receiver.key};
      HANDLE thread;
      DWORD error;
      *receiver.target = 0;
      *seen = 0;
      thread = CreateThread(NULL, 0, Receive, &receiver, 0, NULL);
      CHECK(thread != NULL);
      AwaitPending(device, 1);
      if (!Call(IOCTL_GIVE, &request, sizeof(request))) {
        fprintf(stderr, "%s, round %d\n", writable[k].name, round);
        CHECK(FALSE);
      }
      CHECK(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0 && GetExitCodeThread(thread, &error));
      CHECK(error == 0 && CloseHandle(thread));
    }
  }
  CHECK(VirtualFree((void*)seen, 0, MEM_RELEASE));
}

// The structure changes while the driver looks at it; it captured it, so it uses what it has checked.
static TRANSFORM* volatile contested;
static volatile LONG contest_is_on;

static DWORD WINAPI Contest(void* good) {
  while (contest_is_on) {
    contested->Source = KERNEL_ADDRESS;
    contested->Source = good;
  }
  return 0;
}

static void Contested(void) {
  ULONG sum, i, succeeded = 0;
  UCHAR source[64];
  HANDLE thread;
  TRANSFORM request = {source, NULL, sizeof(source), &sum, 0};

  memset(source, 2, sizeof(source));
  contested = (TRANSFORM*)Pages(1);
  *contested = request;
  contest_is_on = 1;
  thread = CreateThread(NULL, 0, Contest, source, 0, NULL);
  CHECK(thread != NULL);
  for (i = 0; i < 2000; ++i) {
    sum = 0;
    if (Call(IOCTL_TRANSFORM, contested, sizeof(request))) {
      CHECK(sum == 128);
      ++succeeded;
    } else {
      CHECK(GetLastError() == ERROR_NOACCESS && sum == 0);
    }
  }
  contest_is_on = 0;
  CHECK(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0 && CloseHandle(thread));
  contested->Source = source;
  CHECK(Call(IOCTL_TRANSFORM, contested, sizeof(request)));
  CHECK(VirtualFree(contested, 0, MEM_RELEASE));
}

// Threads that each have a stack, at the same time.
static DWORD WINAPI OnOwnStack(void* number) {
  UCHAR source[5000], target[5000];
  ULONG round, i, sum, seed = *(ULONG*)number;
  for (round = 0; round < 200; ++round) {
    TRANSFORM request = {source, target, sizeof(source), &sum, (UCHAR)round};
    UCHAR value = (UCHAR)(seed + round);
    memset(source, value, sizeof(source));
    memset(target, ~value, sizeof(target));
    if (!Call(IOCTL_TRANSFORM, &request, sizeof(request))) return GetLastError();
    if (sum != 5000u * value) return 1;
    for (i = 0; i < sizeof(target); ++i) {
      if (target[i] != (UCHAR)(value ^ round)) return 2;
    }
  }
  return 0;
}

static void ManyThreads(void) {
  ULONG numbers[4] = {10, 70, 130, 190};
  HANDLE threads[4];
  DWORD result;
  int i;
  for (i = 0; i < 4; ++i)
    CHECK((threads[i] = CreateThread(NULL, 0, OnOwnStack, &numbers[i], 0, NULL)) != NULL);
  for (i = 0; i < 4; ++i) {
    CHECK(WaitForSingleObject(threads[i], INFINITE) == WAIT_OBJECT_0 &&
          GetExitCodeThread(threads[i], &result));
    CHECK(result == 0 && CloseHandle(threads[i]));
  }
}

// Lends its stack.
static HANDLE lent, done_with;
static UCHAR* lent_stack;

static DWORD WINAPI Lend(void* unused) {
  UCHAR on_stack[kind_size];
  (void)unused;
  memset(on_stack, 0, sizeof(on_stack));
  lent_stack = on_stack;
  CHECK(SetEvent(lent) && WaitForSingleObject(done_with, INFINITE) == WAIT_OBJECT_0);
  return on_stack[0];
}

static void Everything(void) {
  AllPairs();
  ReadOnlyTargets();
  BadPointers();
  Changes();
  Lists();
  Talks();
  Locked();
  Contested();
  ManyThreads();
  if (way == 0) Ends();
}

int main(int argc, char** argv) {
  UCHAR on_stack[kind_size];
  UCHAR* pages;
  int private_file, shared_file, constant_file;
  HANDLE lender;

  device = OpenTest(0);
  if (argc > 1) {
    ULONG sum;
    TRANSFORM request = {on_stack, on_stack, 16, &sum, 1};
    if (strcmp(argv[1], "source") == 0) request.Source = (UCHAR*)0x1230;
    if (strcmp(argv[1], "target") == 0) request.Target = (UCHAR*)constant;
    if (strcmp(argv[1], "sum") == 0) request.Sum = (ULONG*)0x1230;
    Control(device, IOCTL_TRANSFORM_UNGUARDED, &request, sizeof(request), NULL, 0);
    return 1;
  }
  lent = CreateEventA(NULL, FALSE, FALSE, NULL);
  done_with = CreateEventA(NULL, FALSE, FALSE, NULL);
  CHECK(lent != NULL && done_with != NULL);
  lender = CreateThread(NULL, 0, Lend, NULL, 0, NULL);
  CHECK(lender != NULL && WaitForSingleObject(lent, INFINITE) == WAIT_OBJECT_0);

  Add("malloc", malloc(kind_size));
  Add("HeapAlloc", HeapAlloc(GetProcessHeap(), 0, kind_size));
  Add("large malloc", malloc(1 << 20));
  Add("zeroed global", zeroed);
  Add("initialised global", initialised);
  Add("thread-local", of_thread);
  Add("stack", on_stack);
  Add("another thread's stack", lent_stack);
  Add("anonymous mapping", MapMemory(kind_size, READ_WRITE));
  Add("shared anonymous mapping", mmap(NULL, kind_size, READ_WRITE, MAP_SHARED_ | MAP_ANONYMOUS_, -1, 0));
  Add("VirtualAlloc", Pages(kind_pages));
  Add("private file mapping", MapFile(kind_size, MAP_PRIVATE_, &private_file));
  Add("shared file mapping", MapFile(kind_size, MAP_SHARED_, &shared_file));

  AddReadOnly("constant", constant);
  pages = (UCHAR*)Pages(kind_pages);
  Fill(pages, 5);
  ProtectPages(pages, kind_pages, PAGE_READONLY);
  AddReadOnly("PAGE_READONLY", pages);
  pages = (UCHAR*)MapMemory(kind_size, READ_WRITE);
  CHECK(pages != NULL);
  Fill(pages, 6);
  CHECK(mprotect(pages, kind_size, PROT_READ_) == 0);
  AddReadOnly("anonymous", pages);
  AddReadOnly("untouched", MapMemory(kind_size, PROT_READ_));
  pages = (UCHAR*)MapFile(kind_size, MAP_SHARED_, &constant_file);
  CHECK(pages != NULL);
  Fill(pages, 7);
  AddReadOnly("shared file", mmap(NULL, kind_size, PROT_READ_, MAP_SHARED_, constant_file, 0));

  Everything();
  way = ATTACHED(0);
  Everything();
  // Once more, now that much of it has been locked.
  way = 0;
  Everything();
  CHECK(SetEvent(done_with) && WaitForSingleObject(lender, INFINITE) == WAIT_OBJECT_0 && CloseHandle(lender));
  CHECK(CloseHandle(lent) && CloseHandle(done_with) && CloseHandle(device));
  return 0;
}

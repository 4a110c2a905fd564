// SPDX-License-Identifier: MIT
// A program that was started without standard input, output and error: nothing of Ring3's is at their numbers.
// Ends with 0, or with the number of what is wrong.
#include <windows.h>

#include <fcntl.h>

static DWORD WINAPI Run(LPVOID event) {
  return SetEvent(event) ? 5 : 6;
}

static int AnyOpen(void) {
  for (int i = 0; i <= 2; ++i) {
    if (fcntl(i, F_GETFD) >= 0) return 1;
  }
  return 0;
}

int main(void) {
  DWORD code = 0;
  if (AnyOpen()) return 1;
  HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
  HANDLE thread = CreateThread(NULL, 0, Run, event, 0, NULL);
  if (WaitForSingleObject(thread, INFINITE) != WAIT_OBJECT_0 || !GetExitCodeThread(thread, &code) || code != 5)
    return 2;
  // Memory of an object that is sent.
  char* memory = VirtualAlloc(NULL, 1 << 16, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  if (memory == NULL) return 3;
  memory[0] = 1;
  if (!CloseHandle(thread) || !CloseHandle(event)) return 4;
  return AnyOpen() ? 5 : 0;
}

// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <windows.h>

int __cdecl wmain(int argc, wchar_t* argv[]) {
  wprintf(L"%ws\n", argc > 1 ? argv[1] : L"");
  return argc == 2 ? 0 : 1;
}

// SPDX-License-Identifier: MIT
// exit_with STATUS [call]: a client that ends with a status; with `call`, after a call that needs the executive.
#include <windows.h>

#include <stdlib.h>

int main(int argc, char** argv) {
  if (argc > 2) CloseHandle(CreateEventA(NULL, FALSE, FALSE, NULL));
  return argc > 1 ? atoi(argv[1]) : 1;
}

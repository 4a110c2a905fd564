// SPDX-License-Identifier: MIT
#include "../common/sample_client.h"
#include "buffered_io.h"

int main(void) {
  HANDLE device = OpenSampleDevice("\\\\.\\BufferedIo", 0);
  char input[] = "the quick brown fox jumps over the lazy dog";
  union {
    UPPERCASE_REPLY reply;
    char bytes[256];
  } output;

  DWORD returned = Control(device, IOCTL_UPPERCASE, input, sizeof(input), &output, sizeof(output));
  Expect(returned == FIELD_OFFSET(UPPERCASE_REPLY, Text) + sizeof(input),
         "the number of bytes that came back");
  Expect(strcmp(output.reply.Text, "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG") == 0,
         "the text that came back");
  Expect(strcmp(input, "the quick brown fox jumps over the lazy dog") == 0,
         "the input, which the driver cannot touch");

  // A buffer that is too small is refused, and the driver's data stays where it is.
  DWORD none = 1;
  Expect(!DeviceIoControl(device, IOCTL_UPPERCASE, input, sizeof(input), &output, 4, &none, NULL),
         "a small buffer");
  Expect(GetLastError() == ERROR_INSUFFICIENT_BUFFER && none == 0,
         "ERROR_INSUFFICIENT_BUFFER and nothing returned");

  Control(device, IOCTL_UPPERCASE, input, sizeof(input), &output, sizeof(output));
  ReportRow("A3", "METHOD_BUFFERED", "I/O manager", (void*)(ULONG_PTR)output.reply.SystemBuffer, &output,
            sizeof(input), returned,
            TimeRoundTrip(device, IOCTL_UPPERCASE, input, sizeof(input), &output, sizeof(output)));
  CloseHandle(device);
  return 0;
}

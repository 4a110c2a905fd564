// SPDX-License-Identifier: MIT
// FormatMessage and the conversions between code pages.
#include "check.h"

#include <string.h>

static DWORD FormatWith(DWORD flags, const char* source, char* to, DWORD size, ...) {
  va_list arguments;
  va_start(arguments, size);
  const DWORD length = FormatMessageA(flags, source, 0, 0, to, size, &arguments);
  va_end(arguments);
  return length;
}

static void Messages(void) {
  char buffer[256];
  DWORD length = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, ERROR_FILE_NOT_FOUND, 0,
                                buffer, sizeof(buffer), NULL);
  CHECK_EQ(length, strlen(buffer));
  CHECK(strcmp(buffer, "The system cannot find the file specified.\r\n") == 0);

  wchar_t* allocated = NULL;
  length = FormatMessageW(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                          ERROR_ACCESS_DENIED, 0, (LPWSTR)&allocated, 0, NULL);
  CHECK_EQ(length, lstrlenW(allocated));
  CHECK(length != 0 && wcscmp(allocated, L"Access is denied.\r\n") == 0);
  CHECK(LocalFree(allocated) == NULL);

  CHECK_FAILS(FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM, NULL, 0x2BADBAD, 0, buffer, sizeof(buffer), NULL),
              ERROR_MR_MID_NOT_FOUND);
  CHECK_FAILS(FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM, NULL, ERROR_FILE_NOT_FOUND, 0, buffer, 10, NULL),
              ERROR_INSUFFICIENT_BUFFER);
  CHECK_FAILS(FormatMessageA(0, NULL, 1, 0, buffer, sizeof(buffer), NULL), ERROR_INVALID_PARAMETER);
  length = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                          (DWORD)HRESULT_FROM_WIN32(ERROR_INVALID_HANDLE), 0, buffer, sizeof(buffer), NULL);
  CHECK(length != 0 && strcmp(buffer, "The handle is invalid.\r\n") == 0);

  // Inserts.
  CHECK(FormatWith(FORMAT_MESSAGE_FROM_STRING, "%2 and %1!d!%%%n%1!05X!", buffer, sizeof(buffer), (DWORD_PTR)171, "two"));
  CHECK(strcmp(buffer, "two and 171%\r\n000AB") == 0);
  DWORD_PTR array[] = {(DWORD_PTR) "one", 2};
  length = FormatMessageA(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY, "<%1> %2!u!%0 not this", 0, 0, buffer,
                          sizeof(buffer), (va_list*)array);
  CHECK(length == 7 && strcmp(buffer, "<one> 2") == 0);
  CHECK(FormatMessageA(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_IGNORE_INSERTS, "keep %1", 0, 0, buffer, sizeof(buffer),
                       NULL));
  CHECK(strcmp(buffer, "keep %1") == 0);
  CHECK_FAILS(FormatMessageA(FORMAT_MESSAGE_FROM_STRING, "%1", 0, 0, buffer, sizeof(buffer), NULL), ERROR_INVALID_PARAMETER);
  CHECK_FAILS(FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM, NULL, ERROR_BAD_EXE_FORMAT, 0, buffer, sizeof(buffer), NULL),
              ERROR_INVALID_PARAMETER);  // its message has an insert
}

static void CodePages(void) {
  wchar_t wide[8];
  char narrow[16];
  static const char kText[] = "a\xC3\xA4\xF0\x9F\x98\x80";  // a, a umlaut, a face
  CHECK_EQ(MultiByteToWideChar(CP_UTF8, 0, kText, -1, NULL, 0), 5);
  CHECK_EQ(MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, kText, -1, wide, 8), 5);
  CHECK(wide[0] == 'a' && wide[1] == 0xE4 && wide[2] == 0xD83D && wide[3] == 0xDE00 && wide[4] == 0);
  CHECK_EQ(WideCharToMultiByte(CP_UTF8, 0, wide, -1, narrow, sizeof(narrow), NULL, NULL), sizeof(kText));
  CHECK(memcmp(narrow, kText, sizeof(kText)) == 0);
  CHECK_EQ(MultiByteToWideChar(CP_ACP, 0, "ab", 1, wide, 8), 1);  // no terminator where none was given
  CHECK_FAILS(MultiByteToWideChar(CP_UTF8, 0, kText, -1, wide, 4), ERROR_INSUFFICIENT_BUFFER);
  CHECK_FAILS(MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, "\xFF", -1, wide, 8), ERROR_NO_UNICODE_TRANSLATION);
  CHECK_EQ(MultiByteToWideChar(CP_UTF8, 0, "\xFF", 1, wide, 8), 1);
  CHECK_EQ(wide[0], 0xFFFD);
  CHECK_FAILS(MultiByteToWideChar(CP_UTF8, MB_PRECOMPOSED, "a", -1, wide, 8), ERROR_INVALID_FLAGS);
  CHECK_FAILS(MultiByteToWideChar(1252, 0, "a", -1, wide, 8), ERROR_INVALID_PARAMETER);
  CHECK_FAILS(MultiByteToWideChar(CP_UTF8, 0, "a", 0, wide, 8), ERROR_INVALID_PARAMETER);
  wide[0] = 0xD800;
  CHECK_FAILS(WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, wide, 1, narrow, 16, NULL, NULL),
              ERROR_NO_UNICODE_TRANSLATION);
  CHECK_EQ(WideCharToMultiByte(CP_UTF8, 0, wide, 1, narrow, 16, NULL, NULL), 3);
  CHECK_FAILS(WideCharToMultiByte(CP_UTF8, 0, wide, 1, narrow, 2, NULL, NULL), ERROR_INSUFFICIENT_BUFFER);
  BOOL used = TRUE;
  CHECK_FAILS(WideCharToMultiByte(CP_UTF8, 0, wide, 1, narrow, 16, NULL, &used), ERROR_INVALID_PARAMETER);
  CHECK_EQ(WideCharToMultiByte(CP_ACP, 0, L"x", -1, narrow, 16, NULL, &used), 2);
  CHECK(!used);
  CHECK(lstrcmpiA("ABC", "abc") == 0 && lstrcmpiA("a", "b") < 0 && lstrcmpiA("\xE4", "a") > 0);
  CHECK_EQ(lstrlenA(NULL), 0);
}

static void Paths(void) {
  char full[MAX_PATH];
  char* part = NULL;
  CHECK_EQ(GetFullPathNameA("C:\\a\\.\\b\\..\\c.txt", MAX_PATH, full, &part), 10);
  CHECK(strcmp(full, "C:\\a\\c.txt") == 0 && part != NULL && strcmp(part, "c.txt") == 0);
  CHECK_EQ(GetFullPathNameA("C:\\abc", 3, full, NULL), 7);  // what is needed, with the terminator
  CHECK(GetModuleFileNameA(NULL, full, MAX_PATH) != 0 && strncmp(full, "C:\\", 3) == 0);
  CHECK_EQ(GetModuleFileNameA(NULL, full, 4), 4);
  CHECK_EQ(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
  CHECK(strcmp(full, "C:\\") == 0);
}

int main(void) {
  Messages();
  CodePages();
  Paths();
  CHECK_EQ(SetErrorMode(SEM_FAILCRITICALERRORS), 0);
  CHECK_EQ(SetErrorMode(0), SEM_FAILCRITICALERRORS);
  return Finish();
}

// SPDX-License-Identifier: MIT
// Applications compiled and run. What they do without an executive is the C runtime's part.
#include <gtest/gtest.h>

#include "cc/test_project.h"

namespace ring3::cc {
namespace {

constexpr const char* kPreamble =
    "#include <windows.h>\n#define CHECK(e) do { if (!(e)) return __LINE__; } while (0)\n#line 1\n";

class ApplicationTest : public testing::Test {
 protected:
  void RunApplication(const std::string& name, const std::string& source,
                      std::vector<std::string> options = {}) {
    project_.Write(name, kPreamble + source);
    options.insert(options.end(), {"--app", "-o", "@program", "@" + name});
    const ProcessResult built = project_.Run(options);
    ASSERT_EQ(built.exit_code, 0) << built.errors;
    EXPECT_EQ(built.errors, "");
    const ProcessResult ran = RunProcess({"/bin/sh", "-c",
                                          "exec " + project_.Path("program").string() +
                                              " one caf\xc3\xa9 > " + project_.Path("output").string()},
                                         StandardError::Capture);
    EXPECT_EQ(ran.exit_code, 0) << "the line that failed; " << ran.errors;
    output_ = ReadFile(project_.Path("output"));
  }

  TestProject project_;
  std::string output_;
};

TEST_F(ApplicationTest, PrintsMicrosoftsDialect) {
  RunApplication("a.c", R"(
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <conio.h>
int __cdecl main(int argc, char* argv[]) {
  unsigned long value = 0xFFFFFFFFUL; char text[16];
  printf("%lu %I64x %ws %S %5d|%-5s|\n", value, 0x123456789abcdefULL, L"wide", L"\x20ac", 42, "x");
  fprintf(stdout, "%u %s\n", GetLastError() == 0, argv[1]);
  CHECK(_snprintf_s(text, sizeof(text), _TRUNCATE, "%lx", value) == 8);
  CHECK(strtoul("ffffffff", NULL, 16) == ULONG_MAX && sizeof(long) == 4 && sizeof(WCHAR) == 2);
  CHECK(sscanf_s("7 abc", "%d %s", &argc, text, (unsigned)sizeof(text)) == 2 && argc == 7);
  return 0;
})");
  EXPECT_EQ(output_, "4294967295 123456789abcdef wide \xe2\x82\xac    42|x    |\n1 one\n");
}

TEST_F(ApplicationTest, WideEntryPoint) {
  RunApplication("a.c", R"(
#include <stdio.h>
#include <tchar.h>
int _tmain(int argc, _TCHAR* argv[]) {
  TCHAR text[32];
  CHECK(argc == 3 && _tcscmp(argv[2], _T("caf\x00e9")) == 0 && argv[3] == NULL);
  _stprintf_s(text, _countof(text), _T("%s %d"), argv[2], 5);
  _tprintf(_T("%s|%hs|%c\n"), text, "narrow", L'\x20ac');
  CHECK(wcslen(text) == 6 && _tcstoul(_T("12"), NULL, 10) == 12);
  return 0;
})",
                 {"-DUNICODE", "-D_UNICODE"});
  EXPECT_EQ(output_, "caf\xc3\xa9 5|narrow|\xe2\x82\xac\n");
}

TEST_F(ApplicationTest, Cplusplus) {
  RunApplication("a.cpp", R"(
#include <algorithm>
#include <atomic>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
static int Annotated(__in int a, __out_bcount(a) __deref_opt_out char** b) { return a; }
int main() {
  CHECK(Annotated(1, nullptr) == 1);
  std::wstring wide = L"abc"; wide += L"\x20ac"; wide.append(100, L'x');
  CHECK(wide.size() == 104 && wide.find(L'\x20ac') == 3 && wide[103] == L'x');
  std::map<long, std::string> names{{1L, "one"}};
  std::atomic<long> count{0};
  std::thread thread([&] { count++; }); thread.join();
  CHECK(count == 1 && names[1] == "one");
  try { throw std::runtime_error("thrown"); } catch (const std::exception& e) { std::cout << e.what() << std::endl; }
  auto vector = std::make_unique<std::vector<unsigned long>>(3, 5UL);
  CHECK(sizeof((*vector)[0]) == 4 && *std::max_element(vector->begin(), vector->end()) == 5);
  return 0;
})",
                 {"-DNOMINMAX"});
  EXPECT_EQ(output_, "thrown\n");
}

TEST_F(ApplicationTest, MissingRoutinesAreNamed) {
  project_.Write("a.c", std::string(kPreamble) +
                            "BOOL WINAPI NoSuchCall(HANDLE);\nint main(void) { return NoSuchCall(0); }\n");
  const ProcessResult result = project_.Run({"--app", "-o", "@program", "@a.c"});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_NE(result.errors.find("missing Win32 routine: NoSuchCall\n"), std::string::npos) << result.errors;
  EXPECT_FALSE(std::filesystem::exists(project_.Path("program")));
}

TEST_F(ApplicationTest, StructuredExceptions) {
  RunApplication("a.c", R"(
int main(void) {
  int trail = 0;
  __try { __try { Ring3SehRaiseStatus(0xE0000001); } __finally { trail = 1; } }
  __except (GetExceptionCode() == 0xE0000001 ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) { trail = trail * 10 + 2; }
  CHECK(trail == 12);
  return 0;
})");
}

}  // namespace
}  // namespace ring3::cc

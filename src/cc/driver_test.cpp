// SPDX-License-Identifier: MIT
// Drivers compiled, loaded and run, without an executive: the entry point is an ordinary function.
#include <dlfcn.h>

#include <gtest/gtest.h>

#include "cc/elf_symbols.h"
#include "cc/test_project.h"
#include "os/fault_handler.h"

namespace ring3::cc {
namespace {

using Entry = int (*)(void*, void*);

class Module {
 public:
  explicit Module(const std::filesystem::path& path) : handle_(dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL)) {
    EXPECT_NE(handle_, nullptr) << dlerror();
  }
  ~Module() {
    if (handle_) dlclose(handle_);
  }
  int Run() const {
    const auto entry = handle_ ? reinterpret_cast<Entry>(dlsym(handle_, "DriverEntry")) : nullptr;
    return entry ? entry(nullptr, nullptr) : -1;
  }

 private:
  void* handle_;
};

// Ends the entry point with the line of the first thing that does not hold.
constexpr const char* kPreamble =
    "#include <ntddk.h>\n"
    "#define CHECK(e) do { if (!(e)) return __LINE__; } while (0)\n"
    "#line 1\n";

class DriverTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    os::InstallFaultHandlers();
    os::SetKernelModeQuery([] { return true; });
  }
  void TearDown() override { os::RemoveFaultHandlers(); }

  void RunDriver(const std::string& source, const std::string& name = "a.c",
                 std::vector<std::string> options = {}) {
    project_.Write(name, kPreamble + source);
    options.insert(options.end(), {GetParam(), "--no-missing", "-o", "@a.sys", "@" + name});
    const ProcessResult result = project_.Run(options);
    ASSERT_EQ(result.exit_code, 0) << result.errors;
    EXPECT_EQ(Module(project_.Path("a.sys")).Run(), 0) << "the line that failed";
  }

  TestProject project_;
};

INSTANTIATE_TEST_SUITE_P(Levels, DriverTest, testing::Values("-O0", "-O1", "-O2", "-O3"),
                         [](const auto& info) { return std::string(info.param + 1); });

TEST_P(DriverTest, LocalsAreAsAtTheFault) {
  RunDriver(R"(
int volatile zero;
NTSTATUS DriverEntry(PDRIVER_OBJECT d, PUNICODE_STRING r) {
  int a = 1, b = 2, i, sum = 0;
  double f = 0.5;
  for (i = 0; i < 10; i++) {
    __try {
      a = i; b += a; f *= 2;
      sum += *(volatile int*)(ULONG_PTR)(8 + zero);
      b = -1;
    } __except (GetExceptionCode() == STATUS_ACCESS_VIOLATION && a == i ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
      CHECK(GetExceptionCode() == STATUS_ACCESS_VIOLATION);
      CHECK(a == i);
    }
  }
  CHECK(b == 2 + 45); CHECK(sum == 0); CHECK(f == 512);
  return 0;
})");
}

TEST_P(DriverTest, EveryWayOut) {
  RunDriver(R"(
static int trail;
static int Return(int n) { __try { __try { if (n) return 7; } __finally { trail = trail * 10 + 1; CHECK(!AbnormalTermination() == !n); } } __finally { trail = trail * 10 + 2; } return 8; }
static int Goto(void) { __try { goto out; } __finally { trail = trail * 10 + 3; } return 1; out: return 9; }
static int Loop(void) {
  int i, kept = 0;
  for (i = 0; i < 5; i++) {
    __try { if (i == 1) continue; if (i == 3) break; kept++; } __finally { trail = trail * 10 + 4; }
  }
  return kept * 10 + i;
}
static int Leave(int n) {
  int normal = -1;
  __try { if (n) { int x = n; if (x) __leave; } trail = trail * 10 + 5; } __finally { normal = !AbnormalTermination(); }
  return normal;
}
static int Switch(int n) { switch (n) { case 1: __try { break; } __except (1) { return 1; } case 2: return 2; } return 3; }
NTSTATUS DriverEntry(PDRIVER_OBJECT d, PUNICODE_STRING r) {
  CHECK(Return(1) == 7); CHECK(trail == 12); trail = 0;
  CHECK(Return(0) == 8); CHECK(trail == 12); trail = 0;
  CHECK(Goto() == 9); CHECK(trail == 3); trail = 0;
  CHECK(Loop() == 23); CHECK(trail == 4444); trail = 0;
  CHECK(Leave(1) == 1); CHECK(trail == 0); CHECK(Leave(0) == 1); CHECK(trail == 5);
  CHECK(Switch(1) == 3); CHECK(Switch(2) == 2);
  return 0;
})");
}

TEST_P(DriverTest, FiltersRunBeforeFinallyBodies) {
  RunDriver(R"(
static int trail;
static int Filter(int n, int result) { trail = trail * 10 + n; return result; }
static void Inner(void) {
  __try {
    __try { *(volatile int*)8 = 1; } __except (Filter(1, EXCEPTION_CONTINUE_SEARCH)) { trail = -1; }
  } __finally { trail = trail * 10 + 3; if (!AbnormalTermination()) trail = -1; }
}
NTSTATUS DriverEntry(PDRIVER_OBJECT d, PUNICODE_STRING r) {
  try { Inner(); } except (Filter(2, GetExceptionInformation()->ExceptionRecord->NumberParameters == 2)) { trail = trail * 10 + 4; }
  CHECK(trail == 1234);
  trail = 0;
  try { try { Inner(); } except (EXCEPTION_EXECUTE_HANDLER) { Inner(); } } except (EXCEPTION_EXECUTE_HANDLER) { trail = trail * 10 + 9; }
  CHECK(trail == 13139);
  try { try { leave; } finally { trail = 5; } } finally { trail++; }
  CHECK(trail == 6);
  return 0;
})");
}

TEST_P(DriverTest, Cplusplus) {
  RunDriver(R"(
extern "C" DRIVER_INITIALIZE DriverEntry;
void* operator new(size_t, POOL_TYPE, void* where) noexcept { return where; }
namespace n {
template <typename T> class Guard {
 public:
  T Read(volatile T* p) { T value = 3; __try { value = 4; value = *p; } __except (EXCEPTION_EXECUTE_HANDLER) { return value; } return value; }
};
}
static int Leave(long n) {
  __try { if (n == 1) __leave; long a = n; n = a + 1; if (a == 2) __leave; n = 0; } __finally { n *= 10; }
  return n;
}
struct Counter { Counter() { value = 5; } int value; } counter;
extern "C" NTSTATUS DriverEntry(PDRIVER_OBJECT, PUNICODE_STRING) {
  n::Guard<long> guard;
  CHECK(guard.Read((volatile long*)8) == 4);
  CHECK(Leave(1) == 10); CHECK(Leave(2) == 30);
  static_assert(sizeof(long) == 4 && sizeof(100UL) == 4 && sizeof(wchar_t) == 2);
  CHECK(counter.value == 5);
  const auto read = [&](int) -> int { int local = 3; __try { local = 4; *(volatile int*)8 = 1; } __except (1) { return local; } return 0; };
  const auto leave = [] { int array[] = {1, 2}; __try { array[0] = 4; if (array[1]) __leave; } __finally { array[0]++; } return array[0]; };
  CHECK(read(1) == 4 && leave() == 5);
  switch (0x80000000U) { case CTL_CODE(0x8000, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS): break; case CTL_CODE(0x8000, 0x801, METHOD_NEITHER, FILE_ANY_ACCESS): break; case 0x80000000U: return 0; }
  return __LINE__;
})",
            "a.cpp");
}

TEST_P(DriverTest, Runtime) {
  RunDriver(R"(
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <ctype.h>
static int Order(const void* a, const void* b) { return *(const long*)a - *(const long*)b; }
NTSTATUS DriverEntry(PDRIVER_OBJECT d, PUNICODE_STRING r) {
  WCHAR wide[32]; char text[32], *end; long numbers[] = {5, -3, 9, 0, 7, 7}, key = 9; int a; wchar_t *context, path[] = L"\\a\\\\b";
  CHECK(swprintf(wide, L"%d:%ws", 5, L"x") == 3 && !wcscmp(wide, L"5:x"));
  CHECK(swprintf(wide, 32, L"%I64x %hs", 0x1234567890ULL, "n") == 12 && !wcscmp(wide, L"1234567890 n"));
  CHECK(_snwprintf(wide, 2, L"abc") == -1 && wide[1] == L'b');
  CHECK(sprintf_s(text, sizeof text, "%lu %S", (unsigned long)-1, L"w") == 12 && !strcmp(text, "4294967295 w"));
  CHECK(sprintf_s(text, 3, "abc") == -1 && text[0] == 0);
  CHECK(_snprintf_s(text, 4, _TRUNCATE, "abcdef") == -1 && !strcmp(text, "abc"));
  CHECK(!_wcsicmp(L"ABC", L"abc") && _stricmp("a", "B") < 0 && !_strnicmp("abX", "ABy", 2));
  CHECK(strtoul("4294967295", &end, 10) == ULONG_MAX && !*end && strtol("-0x10", 0, 0) == -16);
  CHECK(strtol("99999999999", 0, 10) == LONG_MAX && _atoi64("-99999999999") == -99999999999LL);
  CHECK(wcstoul(L"ffffffff", 0, 16) == 0xFFFFFFFF && !strcmp(_itoa(-1, text, 16), "ffffffff"));
  CHECK(wcscpy_s(wide, 3, L"abc") && !wide[0] && !wcscat_s(wide, 32, L"xy") && wcslen(wide) == 2);
  CHECK(!wcscmp(wcstok_s(path, L"\\", &context), L"a") && !wcscmp(wcstok_s(0, L"\\", &context), L"b") && !wcstok_s(0, L"\\", &context));
  qsort(numbers, 6, sizeof(long), Order); CHECK(numbers[0] == -3 && numbers[5] == 9 && bsearch(&key, numbers, 6, sizeof(long), Order) == &numbers[5]);
  CHECK(sscanf("12 0x1f abc", "%d %x %31s", &a, &a, text) == 3 && a == 31 && !strcmp(text, "abc"));
  CHECK(swscanf(L"7-x", L"%d-%[a-z]", &a, wide) == 2 && a == 7 && !wcscmp(wide, L"x"));
  CHECK(mbstowcs(wide, "\xc3\xa9", 32) == 1 && wide[0] == 0xe9 && wcstombs(text, L"\x20ac", 32) == 3);
  CHECK(isdigit('5') && toupper('a') == 'A' && towupper(L'b') == L'B' && memcpy_s(text, 2, "abc", 3) && !wcsstr(L"ab", L"c"));
  return 0;
})");
}

TEST_P(DriverTest, MissingDdisAreNamed) {
  const std::string source =
      std::string(kPreamble) +
      "NTSTATUS MmNoSuchRoutine(PVOID, ULONG);\n"
      "NTSTATUS DriverEntry(PDRIVER_OBJECT d, PUNICODE_STRING r) { return d ? MmNoSuchRoutine(d, 5) : 0; }\n";
  project_.Write("a.c", source);
  ProcessResult result = project_.Run({GetParam(), "-o", "@a.sys", "@a.c"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.errors.find("missing DDI: MmNoSuchRoutine\n"), std::string::npos) << result.errors;
  EXPECT_EQ(Module(project_.Path("a.sys")).Run(), 0);
  result = project_.Run({GetParam(), "--no-missing", "-o", "@b.sys", "@a.c"});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(project_.Path("b.sys")));
}

TEST(Driver, ExportsItsEntryPointAlone) {
  TestProject project;
  project.Write("a.c",
                "#include <wdm.h>\nint global = 1; int Helper(void) { return global; }\nNTSTATUS "
                "DriverEntry(PDRIVER_OBJECT d, PUNICODE_STRING r) { return Helper(); }");
  const ProcessResult result = project.Run({"-o", "@a.sys", "@a.c"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(ReadDynamicSymbols(project.Path("a.sys")).defined, std::set<std::string>{"DriverEntry"});
}

TEST(Driver, BuildsAreReproducible) {
  TestProject project;
  project.Write(
      "a.c",
      "#include <wdm.h>\nNTSTATUS DriverEntry(PDRIVER_OBJECT d, PUNICODE_STRING r) { return __LINE__; }");
  ASSERT_EQ(project.Run({"-o", "@a.sys", "@a.c"}).exit_code, 0);
  const std::string first = ReadFile(project.Path("a.sys"));
  ASSERT_EQ(project.Run({"-o", "@a.sys", "@a.c"}).exit_code, 0);
  EXPECT_EQ(ReadFile(project.Path("a.sys")), first);
}

TEST(Driver, ErrorsShowTheOriginalLine) {
  TestProject project;
  project.Write("a.c", "#include <wdm.h>\n\nvoid f(void)\n{\n  __try { } __finally { }\n  nonsense;\n}\n");
  const ProcessResult result = project.Run({"-c", "-o", "@a.o", "@a.c"});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_NE(result.errors.find("a.c:6:3: error"), std::string::npos) << result.errors;
}

TEST(Driver, WithoutAnEntryPointIsAnError) {
  TestProject project;
  project.Write("a.c", "int x;");
  const ProcessResult result = project.Run({"-o", "@a.sys", "@a.c"});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_NE(result.errors.find("DriverEntry"), std::string::npos);
}

}  // namespace
}  // namespace ring3::cc

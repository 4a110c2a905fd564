// SPDX-License-Identifier: MIT
// The ways in which real drivers are written, one small source each. Compiling is the proof.
#include <gtest/gtest.h>

#include "cc/test_project.h"

namespace ring3::cc {
namespace {

class IdiomTest : public testing::Test {
 protected:
  void Compiles(const std::string& name, const std::string& text, std::vector<std::string> options = {}) {
    project_.Write(name, text);
    options.insert(options.end(), {"-c", "-o", "@out.o", "@" + name});
    const ProcessResult result = project_.Run(options);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.errors, "");
  }

  TestProject project_;
};

TEST_F(IdiomTest, IncludeNamesInAnyCaseAndWithBackslashes) {
  project_.Write("Inc/Common.h", "#include \"Types\\Sizes.h\"\n#define COMMON SIZES\n");
  project_.Write("Inc/types/Sizes.h", "#pragma once\n#define SIZES 4\n");
  Compiles(
      "sys/a.c",
      "#include <NtDDK.h>\n#include <WDMSEC.H>\n#include \"..\\INC\\common.H\"\nC_ASSERT(COMMON == 4);\n");
  Compiles("sys/b.c", "#include <Wdm.h>\n#include <COMMON.h>\nC_ASSERT(COMMON == 4);\n", {"-I@Inc"});
}

TEST_F(IdiomTest, UpperCaseExtensionsAreC) {
  project_.Write("PCH.H", "#include <wdm.h>\n");
  Compiles("A.C", "#include \"pch.h\"\nint class, new; void* p = 0; char* q(void) { return p; }\n");
}

TEST_F(IdiomTest, FileEncodings) {
  project_.Write("utf16.h", std::string("\xFF\xFE#\0d\0e\0f\0i\0n\0e\0 \0W\0 \0L\0\"\0\xe9\0\"\0\n\0", 32));
  Compiles("a.c",
           "\xEF\xBB\xBF#include <wdm.h>\r\n#include \"utf16.h\"\r\n/* caf\xe9 */\r\nWCHAR a[] = "
           "L\"caf\xe9\";\r\nWCHAR b[] = W;\r\n"
           "C_ASSERT(sizeof(a) == 10 && sizeof(b) == 4);\r\n#define M(x) \\\r\n  (x)\r\nint c = "
           "M(1);\r\nchar d[] = \"\xe9\";\r\n");
}

TEST_F(IdiomTest, TraceHeadersAndMacros) {
  project_.Write("Trace.h", R"(
#define WPP_CONTROL_GUIDS WPP_DEFINE_CONTROL_GUID(T,(1,2,3,4,5), WPP_DEFINE_BIT(TRACE_ALL))
// begin_wpp config
// FUNC TraceEvents(LEVEL, FLAGS, MSG, ...);
// FUNC Enter{LEVEL=TRACE_LEVEL_VERBOSE}(MSG, ...);
// USEPREFIX (Enter, "%!STDPREFIX!");
// end_wpp
)");
  Compiles("a.c", R"(#include <wdm.h>
#include "trace.h"
#include "a.tmh"
int f(PDRIVER_OBJECT d, PUNICODE_STRING r) {
  WPP_INIT_TRACING(d, r);
  TraceEvents(TRACE_LEVEL_ERROR, TRACE_ALL, "%!FUNC! %!STATUS!", 1);
  if (d) Enter("x"); else DoTraceMessage(TRACE_ALL, "y");
  WPP_CLEANUP(d);
  return 0;
})");
}

TEST_F(IdiomTest, PlainLongIs32Bits) {
  Compiles("a.c", R"(#include <wdm.h>
typedef struct { long a; unsigned long b[2]; long long c; } SHARED;
C_ASSERT(sizeof(SHARED) == 24 && sizeof(1L) == 4 && sizeof(1UL) == 4 && sizeof(unsigned long) == sizeof(ULONG));
unsigned long mask = 0xFFFFFFFFL; LONG* p; void f(long* q) { p = q; InterlockedIncrement(q); }
)");
}

TEST_F(IdiomTest, MicrosoftSpellings) {
  Compiles("a.c", R"(#include <ntddk.h>
#pragma comment(lib, "x")
#pragma prefast(disable: 28101)
#pragma code_seg("PAGE")
#pragma data_seg()
#pragma warning(push)
#pragma alloc_text(INIT, DriverEntry)
#include <pshpack1.h>
typedef struct { char a; int b; } PACKED;
#include <poppack.h>
C_ASSERT(sizeof(PACKED) == 5);
#pragma pack(push, 2)
typedef struct { char a; int b; } PACKED2;
#pragma pack(pop)
C_ASSERT(sizeof(PACKED2) == 6);
__declspec(align(16)) int aligned; __declspec(selectany) int any = 1; __declspec(noinline) void quiet(void) {}
DECLSPEC_SELECTANY int any2 = 2;
static FORCEINLINE int s1(void) { return 1; }
FORCEINLINE int s2(void) { return 1; }
__forceinline int s3(void) { return 1; }
static __inline int s4(void) { return 1; }
_IRQL_requires_max_(PASSIVE_LEVEL) _Must_inspect_result_ NTSTATUS s5(_In_reads_bytes_(n) PVOID p, IN ULONG n OPTIONAL, __in int c) { return 0; }
#define GLUE(a, b) a##b
#define ARROW(p, m) p GLUE(-, >) m
void f(HANDLE h, PHANDLE ph, PDEVICE_OBJECT d) {
  DbgPrint("In " __FUNCTION__ ": %d\n", 1); KdPrint((__FUNCTION__ "\n"));
  ULONG tag = 'TseT'; ULONG size = sizeof ULONG; size = sizeof d; h = *ph; ph = h; size = h;
  d->Flags |= (ULONG)sizeof PACKED; __noop(h, "x", size); __assume(size); tag = tag;
  for (;;) { if (size) break; } __debugbreak();
}
UNICODE_STRING u = RTL_CONSTANT_STRING(L"\\Device\\X");
DECLARE_CONST_UNICODE_STRING(cu, L"\\DosDevices\\X");
DRIVER_INITIALIZE DriverEntry;
#ifdef ALLOC_PRAGMA
#pragma alloc_text(PAGE, f)
#endif
NTSTATUS DriverEntry(IN PDRIVER_OBJECT DriverObject, IN PUNICODE_STRING RegistryPath) { DECLARE_CONST_UNICODE_STRING(l, L"x"); return l.Length; }
)",
           {"-w"});
}

TEST_F(IdiomTest, GuidsBeforeAndAfterInitguid) {
  Compiles("a.c", R"(#include <wdm.h>
DEFINE_GUID(GUID_A, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
#include <initguid.h>
DEFINE_GUID(GUID_B, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
const GUID* p = &GUID_B;
)");
}

TEST_F(IdiomTest, SehInsideMacros) {
  Compiles("a.c", R"(#include <ntifs.h>
#define try_return(S) { S; goto try_exit; }
#define TRY_BEGIN try {
#define TRY_END } except (FsRtlFilter(GetExceptionInformation())) { Status = GetExceptionCode(); }
static int FsRtlFilter(PEXCEPTION_POINTERS p) { return p->ExceptionRecord->ExceptionCode == STATUS_IN_PAGE_ERROR; }
NTSTATUS f(int n) {
  NTSTATUS Status = 0;
  try { if (n) try_return(Status = 1); try_exit: ; } finally { if (AbnormalTermination()) Status = 2; }
  TRY_BEGIN Status = 3; TRY_END
  return Status;
})");
}

TEST_F(IdiomTest, CplusplusWithItsOwnOperatorNew) {
  Compiles("a.cpp", R"(#include <ntddk.h>
#pragma warning(disable: 4291)
void* __cdecl operator new(size_t size, POOL_FLAGS flags, ULONG tag) { return ExAllocatePool2(flags, size, tag); }
void __cdecl operator delete(void* p) { ExFreePool(p); }
void __cdecl operator delete(void* p, size_t) { ExFreePool(p); }
struct Base { virtual ~Base() = default; virtual long Get() { return 1L; } };
struct Derived final : Base { long Get() override { return 0xFFFFFFFFL; } };
Base* Make() { return new (POOL_FLAG_NON_PAGED, 'gaT1') Derived; }
void Free(Base* p) { delete p; }
)");
}

}  // namespace
}  // namespace ring3::cc

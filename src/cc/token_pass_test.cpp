// SPDX-License-Identifier: MIT
#include "cc/token_pass.h"

#include <gtest/gtest.h>

namespace ring3::cc {
namespace {

bool IsUser(std::string_view name) {
  return name.substr(0, 5) != "/usr/";
}
std::string PassC(std::string_view text) {
  return RunTokenPass(text, false, IsUser);
}
std::string PassCplusplus(std::string_view text) {
  return RunTokenPass(text, true, IsUser);
}

size_t LineCount(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += c == '\n';
  return count;
}

TEST(NarrowLong, EverySpellingBecomesInt) {
  EXPECT_EQ(PassC("long a;"), "int a;");
  EXPECT_EQ(PassC("unsigned long a;"), "unsigned int a;");
  EXPECT_EQ(PassC("long unsigned a;"), "int unsigned a;");
  EXPECT_EQ(PassC("long int a;"), " int a;");
  EXPECT_EQ(PassC("int long unsigned a;"), "int  unsigned a;");
  EXPECT_EQ(PassC("signed long const volatile a;"), "signed int const volatile a;");
  EXPECT_EQ(PassC("x = (long)y + sizeof(long*);"), "x = (int)y + sizeof(int*);");
  EXPECT_EQ(PassCplusplus("std::map<long, unsigned long> m;"), "std::map<int, unsigned int> m;");
}

TEST(NarrowLong, LongLongAndLongDoubleStay) {
  for (const char* text : {"long long a;", "unsigned long long int a;", "long const long a;",
                           "long double a;", "double long a;"}) {
    EXPECT_EQ(PassC(text), text);
  }
}

TEST(NarrowLong, SpecifiersMaySpanLines) {
  EXPECT_EQ(PassC("long\nlong a;"), "long\nlong a;");
}

TEST(NarrowLong, LiteralsLoseOneSuffix) {
  EXPECT_EQ(PassC("f(1L, 0xFFFFFFFFL, 3ul, 4LU);"), "f(1, 0xFFFFFFFF, 3U, 4U);");
  EXPECT_EQ(PassC("f(1LL, 2ull, 1.0L, 0x1p3L, 5i64, 'L', \"1L\", 1e3L);"),
            "f(1LL, 2ull, 1.0L, 0x1p3L, 5i64, 'L', \"1L\", 1e3L);");
}

TEST(NarrowLong, SystemHeadersAreLeftAlone) {
  EXPECT_EQ(PassC("# 1 \"/usr/include/x.h\" 1 3\nlong a = 1L;\n# 2 \"a.c\" 2\nlong b;"),
            "# 1 \"/usr/include/x.h\" 1 3\nlong a = 1L;\n# 2 \"a.c\" 2\nint b;");
}

TEST(Respell, SizeofWithoutParentheses) {
  EXPECT_EQ(PassC("a = sizeof ULONG;"), "a = sizeof (ULONG);");
  EXPECT_EQ(PassC("a = sizeof struct X * 2;"), "a = sizeof (struct X) * 2;");
  EXPECT_EQ(PassC("a = sizeof unsigned short;"), "a = sizeof (unsigned short);");
  for (const char* text : {"sizeof(ULONG)", "sizeof p->f", "sizeof a[0]", "sizeof *p", "sizeof \"x\""})
    EXPECT_EQ(PassC(text), text);
}

TEST(Respell, PragmasWithoutAMeaningGo) {
  EXPECT_EQ(
      PassC("#pragma alloc_text(PAGE, f)\n#pragma pack(push, 1)\n# pragma warning(disable: 4100)\nint a;"),
      "\n#pragma pack(push, 1)\n\nint a;");
}

TEST(Respell, WindowsCodePageInWideStrings) {
  EXPECT_EQ(PassC("L\"caf\xe9 \x80\""), "L\"caf\xc3\xa9 \xe2\x82\xac\"");
  EXPECT_EQ(PassC("L\"caf\xc3\xa9\" \"\xe9\""), "L\"caf\xc3\xa9\" \"\xe9\"");
}

TEST(Respell, InlineFunctionsOfCAreLocal) {
  EXPECT_EQ(PassC("__inline int f(void) { return 1; }"), "static __inline int f(void) { return 1; }");
  EXPECT_EQ(PassC("static inline int f(void) { return 1; }"), "static inline int f(void) { return 1; }");
  EXPECT_EQ(PassCplusplus("inline int f() { return 1; }"), "inline int f() { return 1; }");
}

TEST(Seh, CplusplusTryIsLeftAlone) {
  const char* const text = "void f() try { } catch (...) { }\nvoid g() { try { h(); } catch (int) { } }";
  EXPECT_EQ(PassCplusplus(text), text);
}

TEST(Seh, LinesAreKept) {
  const std::string text =
      "void f(void)\n{\n  __try\n  {\n    g();\n  }\n  __except (\n     1)\n  {\n    h();\n  }\n}\n";
  EXPECT_EQ(LineCount(PassC(text)), LineCount(text));
}

TEST(Seh, FunctionsAreMarkedWhereTheyBegin) {
  const std::string mark = "__attribute__((optnone, noinline)) ";
  EXPECT_EQ(
      PassC("int a;\nstatic void f(void) { __try { } __finally { } }").find("int a;\n" + mark + "static"),
      0u);
  EXPECT_NE(PassCplusplus("namespace n { class C { public: void m() const { __try { } __finally { } } }; }")
                .find("public: " + mark + "void m"),
            std::string::npos);
  EXPECT_NE(PassCplusplus("extern \"C\" NTSTATUS f() { __try { } __finally { } }")
                .find("extern \"C\" " + mark + "NTSTATUS"),
            std::string::npos);
  EXPECT_NE(PassCplusplus("extern \"C\" { int f() { __try { } __finally { } } }").find("{ " + mark + "int f"),
            std::string::npos);
  EXPECT_NE(PassCplusplus("template <class T, int N = (1 > 0)> void f() { __try { } __finally { } }")
                .find("> " + mark + "void"),
            std::string::npos);
  EXPECT_NE(PassC("struct S { int x; } s = { 1 };\nstruct S f(int a) { __try { } __finally { } }")
                .find("\n" + mark + "struct S f"),
            std::string::npos);
  EXPECT_EQ(PassC("int f(void) { return 1; } int g(void) { __try { } __finally { } }")
                .find("int f(void) { return 1; } " + mark),
            0u);
}

TEST(Seh, ForcedInliningGivesWay) {
  const std::string text =
      PassC("static __inline __attribute__((always_inline)) int f(void) { __try { } __finally { } }");
  EXPECT_EQ(text.find("always_inline"), std::string::npos);
}

TEST(Seh, IntrinsicsReadTheEnclosingFrame) {
  const std::string text = PassC(
      "void f(void) { __try { __try { } __finally { a(_abnormal_termination()); } }"
      " __except (g(_exception_info())) { h(_exception_code()); __try { k(_exception_code()); __leave; } "
      "__finally { } } }");
  EXPECT_NE(text.find("a((__ring3_seh_2.abnormal))"), std::string::npos) << text;
  EXPECT_NE(text.find("g((__ring3_seh_1.info))"), std::string::npos) << text;
  EXPECT_NE(text.find("h((__ring3_seh_1.code))"), std::string::npos) << text;
  EXPECT_NE(text.find("k((__ring3_seh_1.code)); goto __ring3_leave_3"), std::string::npos) << text;
}

TEST(Seh, LeaveIsAnOrdinaryNameElsewhere) {
  EXPECT_EQ(PassC("void f(void) { int leave; leave = 1; }"), "void f(void) { int leave; leave = 1; }");
}

TEST(EntryPoint, MicrosoftsFormsAreCalledByAStandardOne) {
  const std::string call =
      "int main(int argc, char** argv, char** envp) { ring3_main(argc, argv); return 0; }\n";
  EXPECT_EQ(PassC("void main(ULONG argc, PCHAR argv[]) { }\n"),
            "void ring3_main(ULONG argc, PCHAR argv[]) { }\n" + call);
  EXPECT_EQ(PassC("DWORD wmain(void) { return 1; }\n"),
            "DWORD ring3_wmain(void) { return 1; }\nint wmain(int argc, wchar_t** argv, wchar_t** envp) { "
            "return (int)ring3_wmain(); }\n");
  EXPECT_EQ(PassCplusplus("int wmain(int argc, wchar_t** argv) { return 1; }\n"),
            "int ring3_wmain(int argc, wchar_t** argv) { return 1; }\nextern \"C\" int wmain(int argc, "
            "wchar_t** argv, "
            "wchar_t** envp) { return (int)ring3_wmain(argc, argv); }\n");
  for (const char* text : {"int main(void) { }", "int main(int argc, char* argv[]) { }",
                           "static int domain(int x) { return x; }"}) {
    EXPECT_EQ(PassC(text), text);
  }
}

TEST(TokenStream, RawStringsAndEscapesAreOneToken) {
  EXPECT_EQ(PassCplusplus("auto s = R\"x(1L \" long)x\"; char c = '\\''; long a;"),
            "auto s = R\"x(1L \" long)x\"; char c = '\\''; int a;");
}

TEST(TokenStream, UnbalancedTextIsPassedOn) {
  for (const char* text :
       {"void f(void) { __try {", "}", "(((", "int f( { __try { } __except", "\"open", "sizeof"}) {
    EXPECT_EQ(PassC(text).empty(), false);
  }
}

}  // namespace
}  // namespace ring3::cc

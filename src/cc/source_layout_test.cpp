// SPDX-License-Identifier: MIT
#include "cc/source_layout.h"

#include <gtest/gtest.h>

#include "cc/test_project.h"

namespace ring3::cc {
namespace {

TEST(SourceLayout, EveryLineIsWhereItWasWritten) {
  const SourceLayout layout = LayOutSources(
      "# 1 \"/p/a.c\"\n# 1 \"<built-in>\" 1\nint prelude;\n# 1 \"/p/a.c\" 2\n"
      "# 1 \"/sdk/x.h\" 1\n# 1 \"/sdk/y.h\" 1\nint y;\n# 3 \"/sdk/x.h\" 2\nint x;\n# 2 \"/p/a.c\" 2\n"
      "# 1 \"/p/b.h\" 1\n# 3 \"/p/b.h\"\nint b;\n# 3 \"/p/a.c\" 2\n\nint a;\n# 9 \"/p/a.c\"\nint z;\n",
      "/p/a.c", [](std::string_view name) { return name.substr(0, 3) == "/p/"; });
  EXPECT_EQ(layout.at("/p/b.h"), "\n\nint b;\n");
  const std::string& main = layout.at("/p/a.c");
  EXPECT_EQ(main.substr(0, 28), "#include \"/ring3-cc-gathered");
  EXPECT_NE(main.find("\n#include \"/p/b.h\"\n\nint a;\n\n\n\n\nint z;\n"), std::string::npos) << main;
  EXPECT_NE(layout.at(kPreludeFile).find("int prelude;"), std::string::npos);
  EXPECT_EQ(layout.size(), 4u);
}

TEST(SourceLayout, CoverageNamesTheSource) {
  TestProject project;
  project.Write("a.c",
                "#include <wdm.h>\n#include \"b.h\"\nlong f(long x) {\n  __try { return g(x); } __finally { "
                "x = 0; }\n}\n");
  project.Write("b.h", "static int g(int a) { return a; }\n");
  ProcessResult result =
      project.Run({"-fprofile-instr-generate", "-fcoverage-mapping", "-c", "-o", "@a.o", "@a.c"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  result = project.Run({"-fprofile-instr-generate", "-fcoverage-mapping", "-Wall", "-c", "-o", "@b.o", "@a.c",
                        "-Dg=f(", "-w"});
  EXPECT_NE(result.errors.find("b.h:1:"), std::string::npos) << result.errors;
}

}  // namespace
}  // namespace ring3::cc

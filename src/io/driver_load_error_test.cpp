// SPDX-License-Identifier: MIT
#include "io/driver_load_error.h"

#include <gtest/gtest.h>
#include <ntstatus.h>

namespace ring3::io {
namespace {

TEST(DriverLoadError, NamesTheSanitizerThatTheProgramLacks) {
  const struct {
    const char* symbol;
    const char* option;
  } kCases[] = {{"__asan_report_load8", "-fsanitize=address"},
                {"__tsan_read4", "-fsanitize=thread"},
                {"__ubsan_handle_add_overflow", "-fsanitize=undefined"}};
  for (const auto& each : kCases) {
    const std::string text =
        LoadErrorText("/d/a.sys", std::string("/d/a.sys: undefined symbol: ") + each.symbol);
    EXPECT_NE(text.find("/d/a.sys is built with "), std::string::npos) << text;
    EXPECT_NE(text.find(each.option), std::string::npos) << text;
  }
}

TEST(DriverLoadError, OtherErrorsAreAsTheLoaderSaysThem) {
  EXPECT_EQ(LoadErrorText("/d/a.sys", "/d/a.sys: file too short"), "/d/a.sys: file too short");
  EXPECT_EQ(LoadErrorText("/d/a.sys", "out of memory"), "/d/a.sys: out of memory");
  EXPECT_EQ(LoadErrorText("/d/a.sys", "/d/a.sys: undefined symbol: Other"),
            "/d/a.sys: undefined symbol: Other");
}

TEST(DriverLoadError, TheStatusTellsTheKinds) {
  const char* const file = "/proc/self/exe";  // any that exists
  EXPECT_EQ(LoadErrorStatus(file, "undefined symbol: __asan_init"), STATUS_ENTRYPOINT_NOT_FOUND);
  EXPECT_EQ(LoadErrorStatus(file, "file too short"), STATUS_INVALID_IMAGE_FORMAT);
  EXPECT_EQ(LoadErrorStatus("/nonexistent/a.sys", "no such file"), STATUS_OBJECT_NAME_NOT_FOUND);
}

}  // namespace
}  // namespace ring3::io

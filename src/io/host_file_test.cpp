// SPDX-License-Identifier: MIT
#include <ddi/io_ntifs.h>
#include <ddi/zw.h>
#include <ntstatus.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "io/host_file_system.h"
#include "ob/object.h"
#include "ring3/test.h"

namespace ring3::io {
namespace {

constexpr ULONG kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

class HostFileTest : public ExecutiveTest {
 protected:
  BootOptions Options() override {
    std::string pattern = ::testing::TempDir() + "ring3_drive_XXXXXX";
    root_ = mkdtemp(pattern.data());
    BootOptions options;
    options.system_drive_directory = root_;
    return options;
  }
  void TearDown() override {
    ExecutiveTest::TearDown();
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  void Write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  std::string Read(const std::string& name) {
    std::ifstream file(root_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  struct How {
    ACCESS_MASK access = GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE;
    ULONG disposition = FILE_OPEN;
    ULONG options = FILE_SYNCHRONOUS_IO_NONALERT;
    ULONG share = kShareAll;
    ULONG attributes = FILE_ATTRIBUTE_NORMAL;
    HANDLE relative_to = nullptr;
  };
  NTSTATUS Open(std::u16string_view name, const How& how) {
    std::u16string text(name);
    UNICODE_STRING unicode = ob::ToUnicodeString(text);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &unicode, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                               how.relative_to, nullptr);
    return ZwCreateFile(&file_, how.access, &attributes, &iosb_, nullptr, how.attributes, how.share,
                        how.disposition, how.options, nullptr, 0);
  }
  NTSTATUS Open(std::u16string_view name) { return Open(name, How{}); }
  // Opens and closes.
  NTSTATUS Try(std::u16string_view name, const How& how) {
    NTSTATUS status = Open(name, how);
    if (NT_SUCCESS(status)) Close();
    return status;
  }
  void Close() { EXPECT_EQ(ZwClose(file_), STATUS_SUCCESS); }

  NTSTATUS ReadFile(void* buffer, ULONG byte_count, LONGLONG offset) {
    LARGE_INTEGER at;
    at.QuadPart = offset;
    return ZwReadFile(file_, nullptr, nullptr, nullptr, &iosb_, buffer, byte_count,
                      offset < 0 ? nullptr : &at, nullptr);
  }
  NTSTATUS WriteFile(const char* text, LARGE_INTEGER* at = nullptr) {
    return ZwWriteFile(file_, nullptr, nullptr, nullptr, &iosb_, const_cast<char*>(text),
                       static_cast<ULONG>(std::strlen(text)), at, nullptr);
  }
  template <typename Information>
  NTSTATUS Query(FILE_INFORMATION_CLASS information_class, Information* information) {
    return ZwQueryInformationFile(file_, &iosb_, information, sizeof(*information), information_class);
  }
  template <typename Information>
  NTSTATUS Set(FILE_INFORMATION_CLASS information_class, Information information) {
    return ZwSetInformationFile(file_, &iosb_, &information, sizeof(information), information_class);
  }

  std::filesystem::path root_;
  HANDLE file_ = nullptr;
  IO_STATUS_BLOCK iosb_ = {};
};

TEST_F(HostFileTest, NamesAreFoundWithoutCase) {
  Write("Dir/File.txt", "hello");
  for (std::u16string_view name :
       {u"\\??\\C:\\Dir\\File.txt", u"\\??\\c:\\DIR\\fILE.TXT", u"\\DosDevices\\C:\\dir\\file.txt",
        u"\\Device\\HarddiskVolume1\\dir\\file.txt"}) {
    ASSERT_EQ(Open(name), STATUS_SUCCESS);
    char buffer[16] = {};
    EXPECT_EQ(ReadFile(buffer, sizeof(buffer), 0), STATUS_SUCCESS);
    EXPECT_STREQ(buffer, "hello");
    EXPECT_EQ(iosb_.Information, 5u);
    Close();
  }
  Write("Windows/System32/drivers/x.sys", "driver");
  EXPECT_EQ(Try(u"\\SystemRoot\\system32\\DRIVERS\\X.SYS", {}), STATUS_SUCCESS);
  EXPECT_EQ(HostPathOfImage(u"\\SystemRoot\\system32\\DRIVERS\\X.SYS"),
            root_ / "Windows/System32/drivers/x.sys");
  EXPECT_EQ(HostPathOfImage(u"System32\\drivers\\x.sys"), root_ / "Windows/System32/drivers/x.sys");
  EXPECT_EQ(HostPathOfImage(u"\\??\\C:\\dir\\file.TXT"), root_ / "Dir/File.txt");
  EXPECT_EQ(HostPathOfImage(u"/host/x.sys"), "/host/x.sys");
}

TEST_F(HostFileTest, AnExactNameGoesFirst) {
  Write("a.txt", "lower");
  Write("A.TXT", "UPPER");
  ASSERT_EQ(Open(u"\\??\\C:\\A.TXT"), STATUS_SUCCESS);
  char buffer[8] = {};
  EXPECT_EQ(ReadFile(buffer, sizeof(buffer), 0), STATUS_SUCCESS);
  EXPECT_STREQ(buffer, "UPPER");
  Close();
}

TEST_F(HostFileTest, DispositionsOnWhatIsNotThere) {
  EXPECT_EQ(Try(u"\\??\\C:\\none", {.disposition = FILE_OPEN}), STATUS_OBJECT_NAME_NOT_FOUND);
  EXPECT_EQ(Try(u"\\??\\C:\\none", {.disposition = FILE_OVERWRITE}), STATUS_OBJECT_NAME_NOT_FOUND);
  EXPECT_EQ(Try(u"\\??\\C:\\none\\file", {.disposition = FILE_CREATE}), STATUS_OBJECT_PATH_NOT_FOUND);
  for (ULONG disposition : {FILE_CREATE, FILE_OPEN_IF, FILE_OVERWRITE_IF, FILE_SUPERSEDE}) {
    EXPECT_EQ(Try(u"\\??\\C:\\new", {.disposition = disposition}), STATUS_SUCCESS);
    EXPECT_EQ(iosb_.Information, ULONG_PTR{FILE_CREATED});
    EXPECT_TRUE(std::filesystem::remove(root_ / "new"));
  }
}

TEST_F(HostFileTest, DispositionsOnWhatIsThere) {
  Write("file", "text");
  EXPECT_EQ(Try(u"\\??\\C:\\file", {.disposition = FILE_CREATE}), STATUS_OBJECT_NAME_COLLISION);
  EXPECT_EQ(Try(u"\\??\\C:\\file", {.disposition = FILE_OPEN_IF}), STATUS_SUCCESS);
  EXPECT_EQ(iosb_.Information, ULONG_PTR{FILE_OPENED});
  EXPECT_EQ(Read("file"), "text");
  EXPECT_EQ(Try(u"\\??\\C:\\file", {.disposition = FILE_OVERWRITE}), STATUS_SUCCESS);
  EXPECT_EQ(iosb_.Information, ULONG_PTR{FILE_OVERWRITTEN});
  EXPECT_EQ(Read("file"), "");
  Write("file", "text");
  EXPECT_EQ(Try(u"\\??\\C:\\file", {.disposition = FILE_OVERWRITE_IF}), STATUS_SUCCESS);
  EXPECT_EQ(iosb_.Information, ULONG_PTR{FILE_OVERWRITTEN});
  EXPECT_EQ(Try(u"\\??\\C:\\file", {.disposition = FILE_SUPERSEDE}), STATUS_SUCCESS);
  EXPECT_EQ(iosb_.Information, ULONG_PTR{FILE_SUPERSEDED});
  EXPECT_EQ(Read("file"), "");
  EXPECT_EQ(Try(u"\\??\\C:\\file\\below", {}), STATUS_OBJECT_PATH_NOT_FOUND);
}

TEST_F(HostFileTest, Directories) {
  std::filesystem::create_directory(root_ / "dir");
  EXPECT_EQ(Try(u"\\??\\C:\\dir", {.options = FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE}),
            STATUS_FILE_IS_A_DIRECTORY);
  Write("file", "");
  EXPECT_EQ(Try(u"\\??\\C:\\file", {.options = FILE_SYNCHRONOUS_IO_NONALERT | FILE_DIRECTORY_FILE}),
            STATUS_NOT_A_DIRECTORY);
  const How make{.disposition = FILE_CREATE, .options = FILE_SYNCHRONOUS_IO_NONALERT | FILE_DIRECTORY_FILE};
  EXPECT_EQ(Try(u"\\??\\C:\\made", make), STATUS_SUCCESS);
  EXPECT_TRUE(std::filesystem::is_directory(root_ / "made"));
  ASSERT_EQ(Open(u"\\??\\C:\\dir\\"), STATUS_SUCCESS);
  char byte;
  EXPECT_EQ(ReadFile(&byte, 1, 0), STATUS_INVALID_DEVICE_REQUEST);
  const HANDLE directory = file_;
  EXPECT_EQ(Try(u"inner", {.disposition = FILE_CREATE, .relative_to = directory}), STATUS_SUCCESS);
  EXPECT_TRUE(std::filesystem::exists(root_ / "dir/inner"));
  file_ = directory;
  Close();
  ASSERT_EQ(Open(u"\\??\\C:\\dir", {.access = DELETE | SYNCHRONIZE}), STATUS_SUCCESS);
  EXPECT_EQ(Set(FileDispositionInformation, FILE_DISPOSITION_INFORMATION{TRUE}), STATUS_DIRECTORY_NOT_EMPTY);
  Close();
}

TEST_F(HostFileTest, NoNameLeadsOutOfTheDrive) {
  std::filesystem::create_directory(root_ / "dir");
  for (std::u16string_view name :
       {u"\\??\\C:\\..\\etc\\passwd", u"\\??\\C:\\dir\\..\\..\\x", u"\\??\\C:\\.\\x", u"\\??\\C:\\dir\\\\x",
        u"\\??\\C:\\a/b", u"\\??\\C:\\a:stream", u"\\??\\C:\\a*"}) {
    EXPECT_EQ(Try(name, {.disposition = FILE_OPEN_IF}), STATUS_OBJECT_NAME_INVALID);
  }
  std::filesystem::create_symlink("/", root_ / "out");
  std::filesystem::create_symlink("../../../../../../..", root_ / "up");
  Write("inside", "x");
  for (std::u16string_view name : {u"\\??\\C:\\out\\etc\\passwd", u"\\??\\C:\\up\\etc\\passwd"}) {
    EXPECT_EQ(Try(name, {.access = GENERIC_READ | SYNCHRONIZE}), STATUS_OBJECT_PATH_NOT_FOUND);
  }
  // The drive's root is where such a link ends.
  EXPECT_EQ(Try(u"\\??\\C:\\out\\inside", {.access = GENERIC_READ | SYNCHRONIZE}), STATUS_SUCCESS);
}

TEST_F(HostFileTest, ThePositionFollowsReadsAndWrites) {
  ASSERT_EQ(Open(u"\\??\\C:\\file", {.disposition = FILE_CREATE}), STATUS_SUCCESS);
  EXPECT_EQ(WriteFile("abc"), STATUS_SUCCESS);
  EXPECT_EQ(WriteFile("def"), STATUS_SUCCESS);
  FILE_POSITION_INFORMATION position = {};
  EXPECT_EQ(Query(FilePositionInformation, &position), STATUS_SUCCESS);
  EXPECT_EQ(position.CurrentByteOffset.QuadPart, 6);
  position.CurrentByteOffset.QuadPart = 2;
  EXPECT_EQ(Set(FilePositionInformation, position), STATUS_SUCCESS);
  char buffer[8] = {};
  EXPECT_EQ(ReadFile(buffer, 2, -1), STATUS_SUCCESS);
  EXPECT_STREQ(buffer, "cd");
  EXPECT_EQ(ReadFile(buffer, 8, -1), STATUS_SUCCESS);
  EXPECT_EQ(iosb_.Information, 2u);
  EXPECT_EQ(ReadFile(buffer, 8, -1), STATUS_END_OF_FILE);
  EXPECT_EQ(ReadFile(buffer, 0, -1), STATUS_SUCCESS);
  LARGE_INTEGER end;
  end.LowPart = FILE_WRITE_TO_END_OF_FILE;
  end.HighPart = -1;
  EXPECT_EQ(WriteFile("!", &end), STATUS_SUCCESS);
  EXPECT_EQ(ZwFlushBuffersFile(file_, &iosb_), STATUS_SUCCESS);
  Close();
  EXPECT_EQ(Read("file"), "abcdef!");
  ASSERT_EQ(Open(u"\\??\\C:\\file", {.access = FILE_APPEND_DATA | SYNCHRONIZE}), STATUS_SUCCESS);
  EXPECT_EQ(WriteFile("?"), STATUS_SUCCESS);
  Close();
  EXPECT_EQ(Read("file"), "abcdef!?");
}

TEST_F(HostFileTest, InformationAboutAFile) {
  Write("file", "12345");
  ASSERT_EQ(Open(u"\\??\\C:\\FILE"), STATUS_SUCCESS);
  FILE_STANDARD_INFORMATION standard = {};
  EXPECT_EQ(Query(FileStandardInformation, &standard), STATUS_SUCCESS);
  EXPECT_EQ(standard.EndOfFile.QuadPart, 5);
  EXPECT_EQ(standard.NumberOfLinks, 1u);
  EXPECT_FALSE(standard.Directory);
  FILE_BASIC_INFORMATION basic = {};
  EXPECT_EQ(Query(FileBasicInformation, &basic), STATUS_SUCCESS);
  EXPECT_EQ(basic.FileAttributes, ULONG{FILE_ATTRIBUTE_ARCHIVE});
  LARGE_INTEGER now;
  KeQuerySystemTime(&now);
  EXPECT_LE(basic.LastWriteTime.QuadPart, now.QuadPart);
  EXPECT_GT(basic.LastWriteTime.QuadPart, now.QuadPart - 10'000'000LL * 3600);
  FILE_BASIC_INFORMATION change = {};
  change.LastWriteTime.QuadPart = 130'000'000'000'000'000;
  EXPECT_EQ(Set(FileBasicInformation, change), STATUS_SUCCESS);
  EXPECT_EQ(Query(FileBasicInformation, &basic), STATUS_SUCCESS);
  EXPECT_EQ(basic.LastWriteTime.QuadPart, change.LastWriteTime.QuadPart);
  EXPECT_EQ(Set(FileEndOfFileInformation, FILE_END_OF_FILE_INFORMATION{{{2, 0}}}), STATUS_SUCCESS);
  EXPECT_EQ(Query(FileStandardInformation, &standard), STATUS_SUCCESS);
  EXPECT_EQ(standard.EndOfFile.QuadPart, 2);
  alignas(8) UCHAR name[64] = {};
  EXPECT_EQ(ZwQueryInformationFile(file_, &iosb_, name, sizeof(name), FileNameInformation), STATUS_SUCCESS);
  EXPECT_EQ(reinterpret_cast<FILE_NAME_INFORMATION*>(name)->FileNameLength, 10u);  // \file
  EXPECT_EQ(ZwQueryInformationFile(file_, &iosb_, name, sizeof(FILE_NAME_INFORMATION), FileNameInformation),
            STATUS_BUFFER_OVERFLOW);
  Close();
}

TEST_F(HostFileTest, ReadOnlyFiles) {
  EXPECT_EQ(Try(u"\\??\\C:\\file", {.disposition = FILE_CREATE, .attributes = FILE_ATTRIBUTE_READONLY}),
            STATUS_SUCCESS);
  EXPECT_EQ(Try(u"\\??\\C:\\file", {}), STATUS_ACCESS_DENIED);
  ASSERT_EQ(Open(u"\\??\\C:\\file", {.access = DELETE | FILE_READ_ATTRIBUTES | SYNCHRONIZE}), STATUS_SUCCESS);
  FILE_BASIC_INFORMATION basic = {};
  EXPECT_EQ(Query(FileBasicInformation, &basic), STATUS_SUCCESS);
  EXPECT_EQ(basic.FileAttributes, ULONG{FILE_ATTRIBUTE_ARCHIVE | FILE_ATTRIBUTE_READONLY});
  EXPECT_EQ(Set(FileDispositionInformation, FILE_DISPOSITION_INFORMATION{TRUE}), STATUS_CANNOT_DELETE);
  Close();
}

TEST_F(HostFileTest, AFileGoesWithItsLastHandle) {
  Write("file", "x");
  ASSERT_EQ(Open(u"\\??\\C:\\file"), STATUS_SUCCESS);
  const HANDLE reader = file_;
  ASSERT_EQ(Open(u"\\??\\C:\\file", {.access = DELETE | SYNCHRONIZE}), STATUS_SUCCESS);
  EXPECT_EQ(Set(FileDispositionInformation, FILE_DISPOSITION_INFORMATION{TRUE}), STATUS_SUCCESS);
  Close();
  EXPECT_EQ(Try(u"\\??\\C:\\file", {}), STATUS_DELETE_PENDING);
  EXPECT_TRUE(std::filesystem::exists(root_ / "file"));
  file_ = reader;
  Close();
  EXPECT_FALSE(std::filesystem::exists(root_ / "file"));
  EXPECT_EQ(Try(u"\\??\\C:\\brief", {.access = DELETE | SYNCHRONIZE,
                                     .disposition = FILE_CREATE,
                                     .options = FILE_SYNCHRONOUS_IO_NONALERT | FILE_DELETE_ON_CLOSE}),
            STATUS_SUCCESS);
  EXPECT_FALSE(std::filesystem::exists(root_ / "brief"));
}

TEST_F(HostFileTest, OpensShareAsTheyAllow) {
  Write("file", "x");
  ASSERT_EQ(Open(u"\\??\\C:\\file", {.access = GENERIC_READ | SYNCHRONIZE, .share = FILE_SHARE_READ}),
            STATUS_SUCCESS);
  const HANDLE reader = file_;
  EXPECT_EQ(Try(u"\\??\\C:\\FILE", {}), STATUS_SHARING_VIOLATION);
  EXPECT_EQ(Try(u"\\??\\C:\\file", {.access = GENERIC_READ | SYNCHRONIZE}), STATUS_SUCCESS);
  file_ = reader;
  Close();
  EXPECT_EQ(Try(u"\\??\\C:\\file", {}), STATUS_SUCCESS);
}

TEST_F(HostFileTest, WhatIsNoFileIsRefused) {
  std::filesystem::create_symlink("nowhere", root_ / "dangling");
  EXPECT_EQ(Try(u"\\??\\C:\\dangling", {}), STATUS_OBJECT_NAME_NOT_FOUND);
  ASSERT_EQ(Open(u"\\??\\C:"), STATUS_SUCCESS);
  char byte;
  EXPECT_EQ(ReadFile(&byte, 1, 0), STATUS_INVALID_DEVICE_REQUEST);
  Close();
}

}  // namespace
}  // namespace ring3::io

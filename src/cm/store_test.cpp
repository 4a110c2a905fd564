// SPDX-License-Identifier: MIT
#include "cm/store.h"

#include <gmock/gmock.h>

#include "ps/components_test.h"

namespace ring3::cm {
namespace {

class StoreTest : public ComponentsTest {
 protected:
  std::shared_ptr<Key> NewRoot() { return std::make_shared<Key>(u"Registry", nullptr, Lifetime::kStored); }
  std::shared_ptr<Key> Add(Key& root, std::u16string_view name, Lifetime lifetime = Lifetime::kStored) {
    SpinLockGuard guard(g_registry_lock);
    return root.AddLocked(name, lifetime);
  }
  void Set(Key& key, std::u16string_view name, ULONG type, std::vector<uint8_t> data) {
    SpinLockGuard guard(g_registry_lock);
    key.SetValueLocked({std::u16string(name), type, std::move(data)});
  }
  static std::vector<uint8_t> Utf16(std::u16string_view text) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
    return {bytes, bytes + text.size() * 2};
  }
  static std::string ErrorOf(std::string_view text) {
    auto root = std::make_shared<Key>(u"Registry", nullptr, Lifetime::kStored);
    std::string error;
    EXPECT_FALSE(ParseStore(text, *root, &error)) << text;
    return error;
  }
};

TEST_F(StoreTest, EveryTypeComesBackAsItWas) {
  using namespace std::string_view_literals;
  const std::vector<std::pair<ULONG, std::vector<uint8_t>>> values = {
      {REG_NONE, {}},
      {REG_NONE, {1, 2}},
      {REG_SZ, Utf16(u"text\0"sv)},
      {REG_SZ, Utf16(u"not terminated"sv)},
      {REG_SZ, Utf16(u"two\0texts\0"sv)},
      {REG_SZ, Utf16(u"\0"sv)},
      {REG_SZ, {}},
      {REG_SZ, {0x41}},
      {REG_SZ, Utf16(u"quote \" backslash \\ tab \t line\r\n end\0"sv)},
      {REG_SZ, Utf16(u"Gr\u00fc\u00dfe \u4e16\u754c \U0001f600\0"sv)},
      {REG_SZ, {0x00, 0xd8, 0x00, 0x00}},  // half of a surrogate pair
      {REG_EXPAND_SZ, Utf16(u"%SystemRoot%\\x\0"sv)},
      {REG_BINARY, {}},
      {REG_BINARY, {0, 1, 0xff}},
      {REG_DWORD, {0x78, 0x56, 0x34, 0x12}},
      {REG_DWORD, {1, 2}},
      {REG_DWORD_BIG_ENDIAN, {0x12, 0x34, 0x56, 0x78}},
      {REG_LINK, Utf16(u"\\Registry\\Machine"sv)},
      {REG_MULTI_SZ, Utf16(u"first\0second\0\0"sv)},
      {REG_MULTI_SZ, Utf16(u"\0"sv)},
      {REG_MULTI_SZ, Utf16(u"not ended\0"sv)},
      {REG_MULTI_SZ, Utf16(u"a\0\0b\0\0"sv)},
      {REG_MULTI_SZ, {}},
      {REG_RESOURCE_LIST, {1, 2, 3}},
      {REG_FULL_RESOURCE_DESCRIPTOR, {4}},
      {REG_RESOURCE_REQUIREMENTS_LIST, {5, 6}},
      {REG_QWORD, {1, 2, 3, 4, 5, 6, 7, 0xf8}},
      {0xfffffff0, {9}},
  };
  auto root = NewRoot();
  auto key = Add(*root, u"Machine");
  for (size_t i = 0; i < values.size(); ++i) {
    Set(*key, u"Value" + std::u16string(1, static_cast<char16_t>(u'A' + i)), values[i].first,
        values[i].second);
  }
  Set(*key, u"", REG_SZ, Utf16(u"default\0"sv));
  Set(*key, u"quoted \"name\" = @", REG_DWORD, {1, 0, 0, 0});
  const std::string text = FormatStore(*root);

  auto copy = NewRoot();
  std::string error;
  ASSERT_TRUE(ParseStore(text, *copy, &error)) << error << "\n" << text;
  EXPECT_EQ(FormatStore(*copy), text);
  SpinLockGuard guard(g_registry_lock);
  auto read = copy->FindLocked(u"machine");
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->values().size(), values.size() + 2);
  for (size_t i = 0; i < values.size(); ++i) {
    const Value* value = read->FindValueLocked(u"Value" + std::u16string(1, static_cast<char16_t>(u'A' + i)));
    ASSERT_NE(value, nullptr) << i << "\n" << text;
    EXPECT_EQ(value->type, values[i].first) << i;
    EXPECT_EQ(value->data, values[i].second) << i << "\n" << text;
  }
}

TEST_F(StoreTest, KeysAreStoredUnlessTheyAreVolatile) {
  auto root = NewRoot();
  auto machine = Add(*root, u"Machine");
  Add(*machine, u"Empty");
  auto gone = Add(*machine, u"Gone", Lifetime::kVolatile);
  Set(*gone, u"Value", REG_DWORD, {1, 0, 0, 0});
  EXPECT_EQ(FormatStore(*root), "[\\Registry\\Machine\\Empty]\n");
}

TEST_F(StoreTest, CommentsBlankLinesCrLfAndAByteOrderMarkAreTaken) {
  auto root = NewRoot();
  std::string error;
  ASSERT_TRUE(
      ParseStore("\xEF\xBB\xBF; comment\r\n\r\n[\\Registry\\A]\r\n\"X\"=dword:1\r\n@=\"y\"", *root, &error))
      << error;
  EXPECT_EQ(FormatStore(*root), "[\\Registry\\A]\n@=\"y\"\n\"X\"=dword:00000001\n");
}

TEST_F(StoreTest, BadTextIsRefusedWithItsLine) {
  using ::testing::StartsWith;
  EXPECT_THAT(ErrorOf("\"X\"=dword:1\n"), StartsWith("line 1: there is a value before the first key"));
  EXPECT_THAT(ErrorOf("; one\n\n[\\Registry\\A\n"), StartsWith("line 3:"));
  EXPECT_THAT(ErrorOf("[\\Elsewhere\\A]\n"), StartsWith("line 1:"));
  EXPECT_THAT(ErrorOf("[\\Registry\\A\\\\B]\n"), StartsWith("line 1:"));
  EXPECT_THAT(ErrorOf("[\\Registry\\A]\nX=1\n"),
              StartsWith("line 2: a key in brackets or a quoted value name"));
  EXPECT_THAT(ErrorOf("[\\Registry\\A]\n\"X\"\n"), StartsWith("line 2: an equals sign"));
  EXPECT_THAT(ErrorOf("[\\Registry\\A]\n\"X\"=dword:xyz\n"), StartsWith("line 2: a hexadecimal number"));
  EXPECT_THAT(ErrorOf("[\\Registry\\A]\n\"X\"=dword:123456789\n"), StartsWith("line 2:"));
  EXPECT_THAT(ErrorOf("[\\Registry\\A]\n\"X\"=hex:0g\n"), StartsWith("line 2:"));
  EXPECT_THAT(ErrorOf("[\\Registry\\A]\n\"X\"=hex(9:00\n"), StartsWith("line 2:"));
  EXPECT_THAT(ErrorOf("[\\Registry\\A]\n\"X\"=\"open\n"), StartsWith("line 2:"));
  EXPECT_THAT(ErrorOf("[\\Registry\\A]\n\"X\"=\"a\" b\n"), StartsWith("line 2: there is more than a value"));
}

}  // namespace
}  // namespace ring3::cm

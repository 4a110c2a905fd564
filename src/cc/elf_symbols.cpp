// SPDX-License-Identifier: MIT
#include "cc/elf_symbols.h"

#include <cstring>

#include <elf.h>

#include "cc/process.h"

namespace ring3::cc {

namespace {

// Checked access to the structures of a file in memory.
class Image {
 public:
  explicit Image(const std::filesystem::path& file) : name_(file.string()), bytes_(ReadFile(file)) {}

  template <typename T>
  T At(size_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) throw Failure{name_ + " is damaged"};
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  std::string String(size_t offset) const {
    const size_t end = bytes_.find('\0', offset);
    if (offset >= bytes_.size() || end == std::string::npos) throw Failure{name_ + " is damaged"};
    return bytes_.substr(offset, end - offset);
  }
  const std::string& Name() const { return name_; }

 private:
  std::string name_, bytes_;
};

}  // namespace

DynamicSymbols ReadDynamicSymbols(const std::filesystem::path& file) {
  const Image image(file);
  const auto header = image.At<Elf64_Ehdr>(0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_type != ET_DYN) {
    throw Failure{image.Name() + " is no shared object"};
  }
  const auto section = [&](size_t index) {
    return image.At<Elf64_Shdr>(header.e_shoff + index * header.e_shentsize);
  };
  DynamicSymbols symbols;
  size_t table = 0;
  for (size_t i = 0; i < header.e_shnum; ++i) {
    if (section(i).sh_type == SHT_DYNSYM) table = i;
  }
  if (table == 0) return symbols;
  const Elf64_Shdr dynsym = section(table);
  const Elf64_Shdr strings = section(dynsym.sh_link);
  const auto symbol_at = [&](size_t index) {
    return image.At<Elf64_Sym>(dynsym.sh_offset + index * sizeof(Elf64_Sym));
  };
  const auto name_of = [&](const Elf64_Sym& symbol) {
    return image.String(strings.sh_offset + symbol.st_name);
  };
  for (size_t i = 1; i < dynsym.sh_size / sizeof(Elf64_Sym); ++i) {
    const Elf64_Sym symbol = symbol_at(i);
    if (symbol.st_shndx != SHN_UNDEF) {
      symbols.defined.insert(name_of(symbol));
    } else if (ELF64_ST_BIND(symbol.st_info) != STB_WEAK) {
      symbols.undefined.emplace(name_of(symbol), Use::Address);
    }
  }
  for (size_t i = 0; i < header.e_shnum; ++i) {
    const Elf64_Shdr relocations = section(i);
    if (relocations.sh_type != SHT_RELA || relocations.sh_link != table) continue;
    for (size_t at = 0; at + sizeof(Elf64_Rela) <= relocations.sh_size; at += sizeof(Elf64_Rela)) {
      const auto relocation = image.At<Elf64_Rela>(relocations.sh_offset + at);
      if (ELF64_R_TYPE(relocation.r_info) != R_X86_64_JUMP_SLOT) continue;
      const auto entry = symbols.undefined.find(name_of(symbol_at(ELF64_R_SYM(relocation.r_info))));
      if (entry != symbols.undefined.end()) entry->second = Use::Call;
    }
  }
  return symbols;
}

}  // namespace ring3::cc

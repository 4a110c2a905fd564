// SPDX-License-Identifier: MIT
// Ports and registers. Ports are bytes of a simulated 64 KiB space; registers are memory, mapped by
// MmMapIoSpace. Any IRQL. nf-wdm-read_port_uchar and its kin
#include <ddi/hal.h>

#include <atomic>
#include <cstring>

#include "hal/port_space.h"

namespace {

constexpr size_t kPortBytes = 0x10000;
alignas(8) UCHAR g_ports[kPortBytes + 8];

// The port number is the address.
size_t PortOf(const volatile void* port) {
  return reinterpret_cast<size_t>(port) & (kPortBytes - 1);
}

template <typename T>
T ReadPort(const T* port) {
  T value;
  UCHAR* bytes = reinterpret_cast<UCHAR*>(&value);
  for (size_t i = 0; i < sizeof(T); ++i)
    bytes[i] = __atomic_load_n(&g_ports[PortOf(port) + i], __ATOMIC_ACQUIRE);
  return value;
}

template <typename T>
void WritePort(const T* port, T value) {
  const UCHAR* bytes = reinterpret_cast<const UCHAR*>(&value);
  for (size_t i = 0; i < sizeof(T); ++i)
    __atomic_store_n(&g_ports[PortOf(port) + i], bytes[i], __ATOMIC_RELEASE);
}

template <typename T>
T ReadRegister(const volatile T* address) {
  T value = *address;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return value;
}

template <typename T>
void WriteRegister(volatile T* address, T value) {
  *address = value;
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace

namespace ring3::hal {

void ResetPorts() {
  std::memset(g_ports, 0xff, sizeof(g_ports));
}

}  // namespace ring3::hal

extern "C" {

UCHAR READ_PORT_UCHAR(PUCHAR Port) {
  return ReadPort(Port);
}
VOID WRITE_PORT_UCHAR(PUCHAR Port, UCHAR Value) {
  WritePort(Port, Value);
}
VOID READ_PORT_BUFFER_UCHAR(PUCHAR Port, PUCHAR Buffer, ULONG Count) {
  for (ULONG i = 0; i < Count; ++i) Buffer[i] = ReadPort(Port);
}
VOID WRITE_PORT_BUFFER_UCHAR(PUCHAR Port, PUCHAR Buffer, ULONG Count) {
  for (ULONG i = 0; i < Count; ++i) WritePort(Port, Buffer[i]);
}

USHORT READ_PORT_USHORT(PUSHORT Port) {
  return ReadPort(Port);
}
VOID WRITE_PORT_USHORT(PUSHORT Port, USHORT Value) {
  WritePort(Port, Value);
}
VOID READ_PORT_BUFFER_USHORT(PUSHORT Port, PUSHORT Buffer, ULONG Count) {
  for (ULONG i = 0; i < Count; ++i) Buffer[i] = ReadPort(Port);
}
VOID WRITE_PORT_BUFFER_USHORT(PUSHORT Port, PUSHORT Buffer, ULONG Count) {
  for (ULONG i = 0; i < Count; ++i) WritePort(Port, Buffer[i]);
}

ULONG READ_PORT_ULONG(PULONG Port) {
  return ReadPort(Port);
}
VOID WRITE_PORT_ULONG(PULONG Port, ULONG Value) {
  WritePort(Port, Value);
}
VOID READ_PORT_BUFFER_ULONG(PULONG Port, PULONG Buffer, ULONG Count) {
  for (ULONG i = 0; i < Count; ++i) Buffer[i] = ReadPort(Port);
}
VOID WRITE_PORT_BUFFER_ULONG(PULONG Port, PULONG Buffer, ULONG Count) {
  for (ULONG i = 0; i < Count; ++i) WritePort(Port, Buffer[i]);
}

UCHAR READ_REGISTER_UCHAR(volatile UCHAR* Register) {
  return ReadRegister(Register);
}
VOID WRITE_REGISTER_UCHAR(volatile UCHAR* Register, UCHAR Value) {
  WriteRegister(Register, Value);
}
VOID READ_REGISTER_BUFFER_UCHAR(volatile UCHAR* Register, PUCHAR Buffer, ULONG Count) {
  for (ULONG i = 0; i < Count; ++i) Buffer[i] = ReadRegister(Register + i);
}
VOID WRITE_REGISTER_BUFFER_UCHAR(volatile UCHAR* Register, PUCHAR Buffer, ULONG Count) {
  for (ULONG i = 0; i < Count; ++i) WriteRegister(Register + i, Buffer[i]);
}

USHORT READ_REGISTER_USHORT(volatile USHORT* Register) {
  return ReadRegister(Register);
}
VOID WRITE_REGISTER_USHORT(volatile USHORT* Register, USHORT Value) {
  WriteRegister(Register, Value);
}
VOID READ_REGISTER_BUFFER_USHORT(volatile USHORT* Register, PUSHORT Buffer, ULONG Count) {
  for (ULONG i = 0; i < Count; ++i) Buffer[i] = ReadRegister(Register + i);
}
VOID WRITE_REGISTER_BUFFER_USHORT(volatile USHORT* Register, PUSHORT Buffer, ULONG Count) {
  for (ULONG i = 0; i < Count; ++i) WriteRegister(Register + i, Buffer[i]);
}

ULONG READ_REGISTER_ULONG(volatile ULONG* Register) {
  return ReadRegister(Register);
}
VOID WRITE_REGISTER_ULONG(volatile ULONG* Register, ULONG Value) {
  WriteRegister(Register, Value);
}
VOID READ_REGISTER_BUFFER_ULONG(volatile ULONG* Register, PULONG Buffer, ULONG Count) {
  for (ULONG i = 0; i < Count; ++i) Buffer[i] = ReadRegister(Register + i);
}
VOID WRITE_REGISTER_BUFFER_ULONG(volatile ULONG* Register, PULONG Buffer, ULONG Count) {
  for (ULONG i = 0; i < Count; ++i) WriteRegister(Register + i, Buffer[i]);
}

ULONG64 READ_REGISTER_ULONG64(volatile ULONG64* Register) {
  return ReadRegister(Register);
}
VOID WRITE_REGISTER_ULONG64(volatile ULONG64* Register, ULONG64 Value) {
  WriteRegister(Register, Value);
}
VOID READ_REGISTER_BUFFER_ULONG64(volatile ULONG64* Register, PULONG64 Buffer, ULONG Count) {
  for (ULONG i = 0; i < Count; ++i) Buffer[i] = ReadRegister(Register + i);
}
VOID WRITE_REGISTER_BUFFER_ULONG64(volatile ULONG64* Register, PULONG64 Buffer, ULONG Count) {
  for (ULONG i = 0; i < Count; ++i) WriteRegister(Register + i, Buffer[i]);
}

// Registers are coherent memory.
VOID KeFlushWriteBuffer(VOID) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

// Vectors are the levels themselves, above the DPC level.
ULONG HalGetInterruptVector(INTERFACE_TYPE, ULONG, ULONG BusInterruptLevel, ULONG BusInterruptVector,
                            PKIRQL Irql, PKAFFINITY Affinity) {
  *Irql = static_cast<KIRQL>(DISPATCH_LEVEL + 1 + BusInterruptLevel % 9);
  *Affinity = KeQueryActiveProcessors();
  return BusInterruptVector;
}

// Bus addresses are physical ones; ports stay ports.
BOOLEAN HalTranslateBusAddress(INTERFACE_TYPE, ULONG, PHYSICAL_ADDRESS BusAddress, PULONG,
                               PPHYSICAL_ADDRESS TranslatedAddress) {
  *TranslatedAddress = BusAddress;
  return TRUE;
}

}  // extern "C"

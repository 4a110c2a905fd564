// SPDX-License-Identifier: MIT
// The application's side of the samples in which the driver owns the memory.
#ifndef SHARED_REGION_CLIENT_H
#define SHARED_REGION_CLIENT_H

#include "sample_client.h"
#include "shared_region.h"

static inline REGION_MAP_REPLY MapRegion(HANDLE device, BOOLEAN readOnly) {
  REGION_MAP_REQUEST request = {readOnly};
  union {
    REGION_MAP_REQUEST request;
    REGION_MAP_REPLY reply;
  } buffer;
  buffer.request = request;
  Control(device, IOCTL_REGION_MAP, &buffer, sizeof(buffer), &buffer, sizeof(buffer));
  Expect(buffer.reply.UserAddress != buffer.reply.SystemAddress, "an address of the application's own");
  return buffer.reply;
}

// Writes through the view, has the driver look and answer from a DPC, and checks the answer.
static inline void ExchangeThrough(HANDLE device, ULONG* view, ULONG64 length) {
  REGION_EXCHANGE_REPLY reply;
  ULONG64 sum = 0;
  ULONG i;
  for (i = 0; i < length / sizeof(ULONG); ++i) sum += view[i] = i * 2654435761u;
  Control(device, IOCTL_REGION_EXCHANGE, NULL, 0, &reply, sizeof(reply));
  Expect(reply.SumOfWords == sum, "what the driver's DPC saw");
  for (i = 0; i < length / sizeof(ULONG); ++i) Expect(view[i] == ~(i * 2654435761u), "what the driver wrote");
}

static inline double TimeExchange(HANDLE device) {
  REGION_EXCHANGE_REPLY reply;
  return TimeRoundTrip(device, IOCTL_REGION_EXCHANGE, NULL, 0, &reply, sizeof(reply));
}

#endif

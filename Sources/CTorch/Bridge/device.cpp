// What a device's caching allocator says of the memory that tensors take.
#include <c10/core/CachingDeviceAllocator.h>

#include "support.h"

using namespace ctorch;

namespace {

/// Null where the device's allocator keeps no statistics.
c10::DeviceAllocator *counting_allocator(const at::Device &device) {
  return device.is_cpu() ? nullptr : dynamic_cast<c10::DeviceAllocator *>(c10::GetAllocator(device.type()));
}

c10::DeviceIndex index(const at::Device &device) { return device.has_index() ? device.index() : 0; }

}  // namespace

extern "C" {

ct_status ct_device_memory_peak(ct_device where, int64_t *bytes) {
  return guarded([&] {
    const at::Device d = device(where);
    c10::DeviceAllocator *const allocator = counting_allocator(d);
    constexpr auto all = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    *bytes = allocator ? allocator->getDeviceStats(index(d)).allocated_bytes[all].peak : -1;
  });
}

ct_status ct_reset_device_memory_peak(ct_device where) {
  return guarded([&] {
    const at::Device d = device(where);
    if (c10::DeviceAllocator *const allocator = counting_allocator(d)) allocator->resetPeakStats(index(d));
  });
}

}  // extern "C"

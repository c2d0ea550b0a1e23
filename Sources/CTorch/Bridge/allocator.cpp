// Memory for large tensors on the CPU that is kept when it is freed, for the next tensor of that size.
//
// A training step makes and frees the same large blocks again and again. The C library would hand them back to the
// system and pay for every page anew, or, told to keep them, cut its heap into pieces whose total depends on history. Here
// each size has blocks of its own, so that the memory of a step is that of its largest moment and the same in every step.
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <unordered_map>

#include "support.h"

#if defined(__linux__)
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#endif

namespace {

#if defined(__linux__)
/// Waits a while before it sleeps: what it guards takes less time than going to sleep.
class BriefLock {
 public:
  void lock() { pthread_mutex_lock(&mutex); }
  void unlock() { pthread_mutex_unlock(&mutex); }

 private:
#if defined(PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP)
  pthread_mutex_t mutex = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
#else
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
#endif
};

class KeepingAllocator final : public c10::Allocator {
 public:
  explicit KeepingAllocator(c10::Allocator *other) : other(other) {}

  c10::DataPtr allocate(size_t bytes) override {
    if (bytes < smallest) return other->allocate(bytes);
    void *const block = take((bytes + page - 1) / page * page);
    return {block, block, &KeepingAllocator::give_back, c10::Device(c10::DeviceType::CPU)};
  }

  /// For memory that libtorch takes without a tensor, as for the factors of some products.
  c10::DeleterFnPtr raw_deleter() const override { return &KeepingAllocator::give_back; }

  void copy_data(void *to, const void *from, size_t bytes) const override { default_copy_data(to, from, bytes); }

  /// Unmaps every block that is free.
  void clear() {
    const std::lock_guard<BriefLock> guard(lock);
    for (const auto &[size, block] : free_blocks) munmap(block.address, size);
    free_blocks.clear();
    mapped = largest_use = in_use;
  }

 private:
  static constexpr size_t page = 4096, smallest = 2 << 10, huge_page = 2 << 20;

  struct Free {
    void *address;
    /// In allocations of this process.
    int64_t since;
  };

  void *take(size_t size) {
    const std::lock_guard<BriefLock> guard(lock);
    clock++;
    // The newest of the smallest blocks that are large enough, if that is not much too large.
    auto found = free_blocks.lower_bound(size);
    const bool fits = found != free_blocks.end() && found->first <= size + size / 8;
    if (fits) found = std::prev(free_blocks.upper_bound(found->first));
    void *const address = fits ? found->second.address : map(size);
    if (fits) size = found->first;
    if (fits) free_blocks.erase(found);
    sizes[address] = size;
    in_use += size;
    largest_use = std::max(largest_use, in_use);
    return address;
  }

  void *map(size_t size) {
    // Half as much again as was ever in use at once: what lies beyond belongs to work that is over.
    const size_t limit = std::max(largest_use, in_use + size) / 2 * 3 + (64 << 20);
    while (mapped + size > limit && !free_blocks.empty()) drop_oldest();
    const auto ask = [size] {
      return mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    };
    void *address = ask();
    while (address == MAP_FAILED && !free_blocks.empty()) {
      drop_oldest();
      address = ask();
    }
    TORCH_CHECK(address != MAP_FAILED, "not enough memory: ", size, " bytes were refused");
    if (size >= huge_page) madvise(address, size, MADV_HUGEPAGE);
    mapped += size;
    return address;
  }

  void drop_oldest() {
    const auto oldest = std::min_element(free_blocks.begin(), free_blocks.end(), [](const auto &a, const auto &b) {
      return a.second.since < b.second.since;
    });
    munmap(oldest->second.address, oldest->first);
    mapped -= oldest->first;
    free_blocks.erase(oldest);
  }

  static void give_back(void *address);

  void free(void *address) {
    const std::lock_guard<BriefLock> guard(lock);
    const auto block = sizes.find(address);
    if (block == sizes.end()) return other->raw_deallocate(address);
    in_use -= block->second;
    free_blocks.insert({block->second, {address, clock}});
    sizes.erase(block);
  }

  c10::Allocator *const other;
  BriefLock lock;
  int64_t clock = 0;
  /// Bytes: of all blocks, of those that tensors have, and the most of those so far.
  size_t mapped = 0, in_use = 0, largest_use = 0;
  std::multimap<size_t, Free> free_blocks;
  std::unordered_map<void *, size_t> sizes;
};

/// Never destroyed: tensors may outlive whatever order the end of the program has.
KeepingAllocator *installed = nullptr;

void KeepingAllocator::give_back(void *address) { installed->free(address); }
#endif

}  // namespace

extern "C" {

void ct_keep_freed_memory(void) {
#if defined(__linux__)
  if (installed) return;
  installed = new KeepingAllocator(c10::GetCPUAllocator());
  c10::SetCPUAllocator(installed, /*priority=*/1);
#endif
}

void ct_return_freed_memory(void) {
#if defined(__linux__)
  if (installed) installed->clear();
#endif
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // extern "C"

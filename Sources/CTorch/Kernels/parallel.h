// A parallel loop on libtorch's own pool of threads.
//
// libtorch runs its kernels on the GNU OpenMP runtime that it brings along. A second runtime would be a second pool, so
// the loop asks that one, found among the symbols already loaded; where there is none, it runs serially.
#pragma once

#include <ATen/Parallel.h>
#include <dlfcn.h>

namespace ctorch {

template <class Body>
void parallel_for(int64_t count, int64_t grain, const Body &body) {
  using Run = void (*)(void (*)(void *), void *, unsigned, unsigned);
  using Ask = int (*)();
  static const Run run = reinterpret_cast<Run>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
  static const Ask rank = reinterpret_cast<Ask>(dlsym(RTLD_DEFAULT, "omp_get_thread_num"));
  static const Ask team = reinterpret_cast<Ask>(dlsym(RTLD_DEFAULT, "omp_get_num_threads"));

  const int64_t threads = std::min<int64_t>(at::get_num_threads(), (count + grain - 1) / grain);
  if (threads <= 1 || run == nullptr || rank == nullptr || team == nullptr) {
    body(int64_t{0}, count);
    return;
  }
  struct Work {
    const Body &body;
    int64_t count;
  } work{body, count};
  run([](void *data) {
        const Work &work = *static_cast<const Work *>(data);
        const int64_t of = team(), index = rank(), share = (work.count + of - 1) / of;
        const int64_t begin = index * share, end = std::min(work.count, begin + share);
        if (begin < end) work.body(begin, end);
      },
      &work, static_cast<unsigned>(threads), 0);
}

/// `body(0)` to `body(count - 1)`, each on a thread of the pool that then uses no other for libtorch's operations and the loops
/// above.
template <class Body>
void side_by_side(int64_t count, const Body &body) {
  using Limit = void (*)(int);
  static const Limit limit = reinterpret_cast<Limit>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
  parallel_for(count, 1, [&](int64_t begin, int64_t end) {
    const int before = at::get_num_threads();
    if (limit) limit(1);
    for (int64_t i = begin; i < end; i++) body(i);
    if (limit) limit(before);
  });
}

}  // namespace ctorch

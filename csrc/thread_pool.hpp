// A fork-safe pool of threads over a fixed grid of tasks. Which thread runs a task never matters: results are
// combined by the caller in the order of the grid.
#pragma once
#include <stddef.h>

namespace fastdiv {

int num_threads();
void set_num_threads(int count);

namespace detail {
void run_tasks(size_t count, void (*task)(void*, size_t), void* context);
}

// Calls task(index) for 0 <= index < count, on several threads, and returns when all are done. An exception of a
// task is thrown again here. Called from within a task, or while another thread uses the pool, it runs serially.
template <class Task>
void parallel_for(size_t count, const Task& task) {
  detail::run_tasks(
      count, [](void* context, size_t index) { (*static_cast<Task*>(context))(index); }, const_cast<Task*>(&task));
}

template <class Task>
void serial_for(size_t count, const Task& task) {
  for (size_t index = 0; index < count; ++index) task(index);
}

}  // namespace fastdiv

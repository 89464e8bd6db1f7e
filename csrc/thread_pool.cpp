#include "thread_pool.hpp"

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace fastdiv {
namespace {

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Idle workers watch for work this long before they sleep: waking a sleeping thread costs as much.
constexpr auto kSpin = std::chrono::microseconds(60);

struct Job {
  void (*task)(void*, size_t);
  void* context;
  size_t count;
  std::atomic<size_t> next{0};
  std::atomic<int> working{0};
  std::exception_ptr error;
  std::mutex error_mutex;

  void work() {
    for (size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
      try {
        task(context, i);
      } catch (...) {
        std::lock_guard<std::mutex> lock(error_mutex);
        if (!error) error = std::current_exception();
        next.store(count);
      }
    }
  }
};

class Pool {
 public:
  explicit Pool(int threads) {
    workers_.reserve(static_cast<size_t>(threads));
    try {
      for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { loop(); });
    } catch (const std::system_error&) {
      // The system gives no more threads: those that there are do the work.
    }
  }

  ~Pool() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stop_ = true;
      generation_.fetch_add(1);
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  void run(Job& job) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      job.working.store(static_cast<int>(workers_.size()));
      job_ = &job;
      generation_.fetch_add(1);
    }
    wake_.notify_all();
    job.work();
    while (job.working.load() != 0) pause();
  }

 private:
  void loop() {
    uint64_t seen = 0;
    for (;;) {
      auto deadline = std::chrono::steady_clock::now() + kSpin;
      while (generation_.load() == seen && std::chrono::steady_clock::now() < deadline) pause();
      Job* job;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return generation_.load() != seen; });
        if (stop_) return;
        seen = generation_.load();
        job = job_;
      }
      job->work();
      job->working.fetch_sub(1);
    }
  }

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<uint64_t> generation_{0};
  Job* job_ = nullptr;
  bool stop_ = false;
};

int from_environment(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return 0;
  char* end;
  long count = std::strtol(text, &end, 10);
  return end != text && count > 0 && count <= 4096 ? static_cast<int>(count) : 0;
}

int default_threads() {
  for (const char* name : {"FASTDIV_NUM_THREADS", "OMP_NUM_THREADS"})
    if (int count = from_environment(name)) return count;
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return CPU_COUNT(&allowed);
#endif
  unsigned count = std::thread::hardware_concurrency();
  return count > 0 ? static_cast<int>(count) : 1;
}

// All of the process's state. It is never destroyed: workers may outlive static destructors. The child of a fork
// starts with a new one, for the old one's threads are gone and its mutexes may be locked for ever.
struct State {
  std::mutex mutex;  // held while the pool works or changes
  std::atomic<int> threads{0};
  Pool* pool = nullptr;
};

State* state = nullptr;
std::once_flag once;

State& get_state() {
  std::call_once(once, [] {
    state = new State;
    state->threads.store(default_threads());
    pthread_atfork(nullptr, nullptr, [] {
      int threads = state->threads.load();
      state = new State;
      state->threads.store(threads);
    });
  });
  return *state;
}

thread_local bool inside_task = false;

struct InsideTask {
  InsideTask() { inside_task = true; }
  ~InsideTask() { inside_task = false; }
};

}  // namespace

int num_threads() { return get_state().threads.load(); }

void set_num_threads(int count) {
  State& s = get_state();
  std::lock_guard<std::mutex> lock(s.mutex);
  if (count == s.threads.load()) return;
  s.threads.store(count);
  delete s.pool;
  s.pool = nullptr;
}

namespace detail {

void run_tasks(size_t count, void (*task)(void*, size_t), void* context) {
  State& s = get_state();
  std::unique_lock<std::mutex> lock(s.mutex, std::defer_lock);
  if (count <= 1 || inside_task || s.threads.load() <= 1 || !lock.try_lock()) {
    for (size_t i = 0; i < count; ++i) task(context, i);
    return;
  }
  if (s.pool == nullptr) s.pool = new Pool(s.threads.load());
  Job job{task, context, count, {}, {}, {}, {}};
  {
    InsideTask mark;
    s.pool->run(job);
  }
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace detail
}  // namespace fastdiv

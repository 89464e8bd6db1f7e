// The thread pool under everything at once: concurrent callers, set_num_threads, nested loops, exceptions, forks.
// Built with -fsanitize=thread by the tests. Ends with 0 if every sum was right.
//   thread_pool_stress [seconds] [forks]
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <vector>

#include "thread_pool.hpp"

namespace {

std::atomic<int> failures{0};
std::atomic<bool> done{false};

void check(bool right, const char* what) {
  if (right) return;
  std::printf("wrong: %s\n", what);
  ++failures;
}

// Every index once; results are handed over without atomics, so a missing synchronisation is a race.
bool sum_is_right(size_t count) {
  std::vector<size_t> part(count);
  fastdiv::parallel_for(count, [&](size_t i) { part[i] += i + 1; });
  size_t total = 0;
  for (size_t x : part) total += x;
  return total == count * (count + 1) / 2;
}

bool nested_sum_is_right() {
  std::vector<size_t> total(20);
  fastdiv::parallel_for(total.size(), [&](size_t i) {
    std::vector<size_t> part(30);
    fastdiv::parallel_for(part.size(), [&](size_t j) { part[j] = j; });
    for (size_t x : part) total[i] += x;
  });
  for (size_t x : total)
    if (x != 435) return false;
  return true;
}

bool exception_arrives() {
  for (bool all : {false, true}) {
    try {
      fastdiv::parallel_for(50, [&](size_t i) {
        if (all || i == 33) throw std::runtime_error("task");
      });
      return false;
    } catch (const std::runtime_error&) {
    }
  }
  return true;
}

void call_until_done() {
  while (!done.load()) {
    check(sum_is_right(200), "sum");
    check(sum_is_right(1), "sum of one");
    check(sum_is_right(0), "empty sum");
    check(nested_sum_is_right(), "nested sum");
    check(exception_arrives(), "exception");
  }
}

void change_until_done() {
  for (int k = 0; !done.load(); ++k) {
    fastdiv::set_num_threads(1 + k % 5);
    int count = fastdiv::num_threads();
    check(count >= 1 && count <= 5, "number of threads");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

// Where the system refuses most of the threads that were asked for.
bool sum_is_right_with_few_threads() {
  rlimit limit = {rlim_t{3} << 29, rlim_t{3} << 29};
  if (setrlimit(RLIMIT_AS, &limit) != 0) return false;
  fastdiv::set_num_threads(4096);
  return sum_is_right(300);
}

// A child has one thread, whatever its parent's threads were doing at the fork.
void fork_children(int count) {
  for (int k = 0; k < count; ++k) {
    pid_t child = fork();
    if (child == 0) {
      alarm(20);  // a hang is a failure
      bool right = sum_is_right(300) && nested_sum_is_right() && exception_arrives();
      fastdiv::set_num_threads(3);
      right = right && sum_is_right(300) && sum_is_right_with_few_threads();
      _exit(right ? 0 : 1);
    }
    int status = -1;
    check(child > 0 && waitpid(child, &status, 0) == child, "fork");
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child");
  }
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  int forks = argc > 2 ? std::atoi(argv[2]) : 20;
  fastdiv::set_num_threads(4);
  std::vector<std::thread> threads;
  for (int k = 0; k < 3; ++k) threads.emplace_back(call_until_done);
  threads.emplace_back(change_until_done);
  if (forks > 0) fork_children(forks);
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  done.store(true);
  for (std::thread& thread : threads) thread.join();
  return failures.load() == 0 ? 0 : 1;
}

#include "server/crypto/random.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>
#include <vector>

namespace leadex::crypto {
namespace {

TEST(Random, DrawsNeverRepeat) {
  std::set<Bytes> seen;
  for (int i = 0; i < 100'000; ++i) seen.insert(random_bytes(12));
  EXPECT_EQ(seen.size(), 100'000U);
}

TEST(Random, SizesBeyondTheReserveAreFilled) {
  for (std::size_t const size : {0U, 1U, 255U, 256U, 257U, 1024U, 1025U, 100'000U}) {
    auto const bytes = random_bytes(size);
    ASSERT_EQ(bytes.size(), size);
    if (size < 255) continue;
    std::set<char> const values(bytes.begin(), bytes.end());
    EXPECT_GT(values.size(), 100U) << size;
  }
  EXPECT_NE(random_secret(32).view(), random_secret(32).view());
}

TEST(Random, ThreadsDoNotShareAReserve) {
  std::vector<Bytes> drawn(4);
  std::vector<std::thread> threads;
  for (auto& bytes : drawn) threads.emplace_back([&bytes] { bytes = random_bytes(16); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(std::set<Bytes>(drawn.begin(), drawn.end()).size(), drawn.size());
}

TEST(Random, AForkedChildDoesNotRepeatItsParent) {
  (void)random_bytes(1);  // the parent's reserve is filled before the fork
  int channel[2];
  ASSERT_EQ(pipe(channel), 0);
  pid_t const child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto const bytes = random_bytes(16);
    bool const sent = write(channel[1], bytes.data(), bytes.size()) == 16;
    _exit(sent ? 0 : 1);
  }
  close(channel[1]);
  Bytes theirs(16, '\0');
  EXPECT_EQ(read(channel[0], theirs.data(), theirs.size()), 16);
  close(channel[0]);
  int status = 1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(random_bytes(16), theirs);
}

}  // namespace
}  // namespace leadex::crypto

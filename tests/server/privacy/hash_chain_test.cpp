#include "server/privacy/hash_chain.hpp"

#include <gtest/gtest.h>

#include <set>

namespace leadex::privacy {
namespace {

using crypto::Digest;

TEST(ChainHasher, IsFrozen) {  // computed apart: stored chains must verify for ever
  auto const hash =
      ChainHasher("test/1").add_int64(-2).add_bytes("b").add_text("t").add_null().finish(
          kChainStart);
  EXPECT_EQ(crypto::hex_encode(crypto::view_of(hash)),
            "d2b3a3a11ae6bc2c532b2d7288ffcdeabc2bdef31eaa4820e04115fce99c0935");
}

TEST(ChainHasher, RowsThatReadAlikeDiffer) {
  std::set<Digest> hashes;
  int rows = 0;
  auto const add = [&](ChainHasher hasher) {
    hashes.insert(hasher.finish(kChainStart));
    ++rows;
  };
  add(std::move(ChainHasher("a/1").add_text("ab").add_text("c")));
  add(std::move(ChainHasher("a/1").add_text("a").add_text("bc")));
  add(std::move(ChainHasher("a/1").add_text("abc")));
  add(std::move(ChainHasher("a/1").add_bytes("abc")));
  add(std::move(ChainHasher("a/1").add_text("abc").add_text("")));
  add(std::move(ChainHasher("a/1").add_text("abc").add_null()));
  add(std::move(ChainHasher("a/1").add_text("abc").add_int64(0)));
  add(std::move(ChainHasher("a/1").add_text("").add_text("abc")));
  add(std::move(ChainHasher("a/2").add_text("abc")));
  add(ChainHasher("a/1"));
  EXPECT_EQ(hashes.size(), static_cast<std::size_t>(rows));
}

TEST(ChainHasher, ALinkDependsOnTheOneBefore) {
  Digest other = kChainStart;
  other[31] = 1;
  EXPECT_NE(ChainHasher("a/1").finish(kChainStart), ChainHasher("a/1").finish(other));
  EXPECT_EQ(ChainHasher("a/1").finish(other), ChainHasher("a/1").finish(other));
}

TEST(ChainHasher, APreviousHashIsNoField) {
  Digest const other = ChainHasher("a/1").finish(kChainStart);
  EXPECT_NE(ChainHasher("a/1").add_bytes(crypto::view_of(other)).finish(kChainStart),
            ChainHasher("a/1").finish(other));
}

TEST(ChainHasherDeathTest, ASpentHasherStopsTheProcess) {
  ChainHasher hasher("a/1");
  (void)hasher.finish(kChainStart);
  EXPECT_DEATH((void)hasher.finish(kChainStart), "finished_");
}

}  // namespace
}  // namespace leadex::privacy

#include "server/dns/answer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <iostream>
#include <random>
#include <string_view>
#include <vector>

namespace leadex::dns {
namespace {

using Bytes = std::vector<std::uint8_t>;

void put16(Bytes& out, std::uint32_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8U));
  out.push_back(static_cast<std::uint8_t>(value));
}
void put32(Bytes& out, std::uint32_t value) {
  put16(out, value >> 16U);
  put16(out, value);
}
void put_name(Bytes& out, std::string_view dotted) {
  while (!dotted.empty()) {
    auto const label = dotted.substr(0, dotted.find('.'));
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
    dotted.remove_prefix(std::min(dotted.size(), label.size() + 1));
  }
  out.push_back(0);
}
/// The name stands as a pointer to the question.
void put_record(Bytes& out, RecordType type, std::uint32_t ttl, Bytes const& data) {
  put16(out, 0xC00C);
  put16(out, static_cast<std::uint16_t>(type));
  put16(out, 1);
  put32(out, ttl);
  put16(out, static_cast<std::uint32_t>(data.size()));
  out.insert(out.end(), data.begin(), data.end());
}
Bytes message(std::uint32_t answers, std::uint32_t authorities) {
  Bytes out;
  put32(out, 0x00018180);
  put16(out, 1);
  put16(out, answers);
  put16(out, authorities);
  put16(out, 0);
  put_name(out, "a.zone.test");
  put16(out, 15);
  put16(out, 1);
  return out;
}
Bytes mx(std::uint32_t preference, std::string_view exchange) {
  Bytes data;
  put16(data, preference);
  put_name(data, exchange);
  return data;
}
Bytes soa(std::uint32_t minimum) {
  Bytes data;
  put_name(data, "ns.zone.test");
  put_name(data, "root.zone.test");
  for (std::uint32_t const number : {1U, 3600U, 600U, 86'400U}) put32(data, number);
  put32(data, minimum);
  return data;
}

TEST(Answer, CountsMxAndTakesTheLeastTtl) {
  auto bytes = message(2, 0);
  put_record(bytes, RecordType::mx, 300, mx(10, "one.example"));
  put_record(bytes, RecordType::mx, 60, mx(20, "two.example"));
  auto const answer = read_answer(bytes, RecordType::mx);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->records, 2U);
  EXPECT_EQ(answer->null_mx, 0U);
  EXPECT_EQ(answer->ttl_s, 60U);
  EXPECT_FALSE(answer->negative_ttl_s);
}

TEST(Answer, KnowsTheNullMx) {
  auto bytes = message(1, 0);
  put_record(bytes, RecordType::mx, 300, mx(0, ""));
  auto const answer = read_answer(bytes, RecordType::mx);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->records, 1U);
  EXPECT_EQ(answer->null_mx, 1U);
}

TEST(Answer, AnotherTypeIsNoRecordOfThisOne) {
  auto bytes = message(1, 0);
  put_record(bytes, RecordType::a, 300, {192, 0, 2, 1});
  EXPECT_EQ(read_answer(bytes, RecordType::mx)->records, 0U);
  EXPECT_EQ(read_answer(bytes, RecordType::a)->records, 1U);
}

TEST(Answer, ThereIsNoneHoldsForTheLeastOfTheSoasTwoTimes) {
  auto by_minimum = message(0, 1);
  put_record(by_minimum, RecordType::soa, 300, soa(20));
  EXPECT_EQ(read_answer(by_minimum, RecordType::mx)->negative_ttl_s, 20U);
  auto by_ttl = message(0, 1);
  put_record(by_ttl, RecordType::soa, 10, soa(20));
  EXPECT_EQ(read_answer(by_ttl, RecordType::mx)->negative_ttl_s, 10U);
  auto top_bit = message(0, 1);
  put_record(top_bit, RecordType::soa, 0x80000000, soa(20));
  EXPECT_EQ(read_answer(top_bit, RecordType::mx)->negative_ttl_s, 0U);
}

TEST(Answer, EveryCutAndManyDamagedMessagesAreReadOrRefused) {
  auto whole = message(2, 1);
  put_record(whole, RecordType::mx, 300, mx(10, "one.example"));
  put_record(whole, RecordType::mx, 300, mx(0, ""));
  put_record(whole, RecordType::soa, 300, soa(20));
  ASSERT_TRUE(read_answer(whole, RecordType::mx));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Bytes const cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(read_answer(cut, RecordType::mx)) << size;
  }
  auto const seed = std::random_device{}();
  std::cout << "seed " << seed << '\n';
  std::mt19937 random{seed};
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = whole;
    for (int edits = 0; edits < 3; ++edits) {
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    }
    if (!read_answer(bytes, RecordType::mx)) ++refused;
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace leadex::dns

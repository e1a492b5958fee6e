#include "server/intake/posted_signs.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

namespace leadex::intake {

namespace {

using quality::LotSignal;
using quality::SignalCount;

/// A key of one source: never 0, spread evenly.
std::uint64_t key_of(std::uint64_t digest, PostedSeen const& seen) {
  auto const source = static_cast<std::uint64_t>(seen.generator_no) * 0x9E37'79B9'7F4A'7C15ULL;
  auto const mixed = (digest ^ source) * 0xD6E8'FEB8'6659'FD93ULL;
  return std::max<std::uint64_t>(mixed ^ (mixed >> 32U), 1);
}

std::uint64_t key_of(std::string const& person) {
  std::uint64_t key{};
  std::memcpy(&key, person.data(), std::min(person.size(), sizeof key));
  return std::max<std::uint64_t>(key, 1);
}

SignalCount once(bool shows) { return {1, shows ? 1 : 0}; }

std::int32_t bits_of(quality::LotCounts const& counts) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < quality::kLotSignals; ++i) {
    if (counts.counts.at(i).events > 0) bits |= 1U << i;
  }
  return static_cast<std::int32_t>(bits);
}

std::int32_t day_of(Timestamp at) {
  return static_cast<std::int32_t>(
      std::chrono::floor<std::chrono::days>(at).time_since_epoch().count());
}

}  // namespace

PostedSigns::PostedSigns(int row_bits)
    : addresses_(row_bits), devices_(row_bits), contacts_(row_bits) {}

std::int32_t PostedSigns::note(PostedSeen const& seen, Timestamp now) {
  storage::PostedDay const of{seen.market, seen.generator_no, day_of(now)};
  std::lock_guard const lock{guard_};
  auto const counts = look(seen, to_unix_micros(now));
  auto const bits = bits_of(counts);
  if (waiting_.counts.size() >= kPostedDaysHeld && !waiting_.counts.contains(of)) return bits;
  waiting_.add({of, 1, counts});
  if (bits != 0 && seen.lead_no != 0 && waiting_.marks.size() < kPostedMarksHeld) {
    waiting_.marks.push_back({of, seen.lead_no, bits});
  }
  return bits;
}

quality::LotCounts PostedSigns::look(PostedSeen const& seen, std::int64_t now_us) {
  quality::LotCounts counts;
  auto const& signs = seen.signs;
  if (signs.address != 0) {
    auto const n = addresses_.count(key_of(signs.address, seen), now_us);
    counts.of(LotSignal::crowded_addresses) = once(quality::is_crowd(n, kPostedAddressMost));
  }
  if (signs.device != 0) {
    auto const n = devices_.count(key_of(signs.device, seen), now_us);
    counts.of(LotSignal::crowded_devices) = once(quality::is_crowd(n, kPostedDeviceMost));
  }
  bool crowd = false;
  for (auto const& person : seen.persons) {
    auto const n = contacts_.count(key_of(person), now_us);
    crowd = quality::is_crowd(n, kPostedContactMost) || crowd;
  }
  if (!seen.persons.empty()) counts.of(LotSignal::crowded_contacts) = once(crowd);
  counts.of(LotSignal::people_known) = once(seen.known_elsewhere);
  if (seen.form_us) {
    counts.of(LotSignal::filled_too_fast) = once(*seen.form_us < kFormTooFastUs);
  }
  counts.of(LotSignal::captured_long_ago) = once(signs.old);
  if (signs.tells_hops) counts.of(LotSignal::many_hops) = once(signs.many_hops);
  return counts;
}

boost::asio::awaitable<Result<void, storage::StoreError>> PostedSigns::flush(
    storage::Database& database) {
  auto taken = std::make_shared<Waiting>();
  {
    std::lock_guard const lock{guard_};
    std::swap(*taken, waiting_);
  }
  if (taken->counts.empty()) co_return Result<void, storage::StoreError>{};
  auto const done = co_await database.transact([taken](storage::PlatformTx& tx) {
    std::vector<storage::PostedCounts> counts;
    for (auto const& [of, one] : taken->counts) counts.push_back(one);
    tx.posted_signs().add(counts);
    if (!taken->marks.empty()) tx.posted_signs().mark(taken->marks);
    return true;
  });
  if (done) co_return Result<void, storage::StoreError>{};
  // Of an unknown outcome, adding again could count twice, against the source.
  if (done.error() != storage::StoreError::outcome_unknown) put_back(*taken);
  co_return refuse(done.error());
}

void PostedSigns::put_back(Waiting const& taken) {
  std::lock_guard const lock{guard_};
  for (auto const& [of, one] : taken.counts) waiting_.add(one);
  for (auto const& mark : taken.marks) {
    if (waiting_.marks.size() < kPostedMarksHeld) waiting_.marks.push_back(mark);
  }
}

void PostedSigns::Waiting::add(storage::PostedCounts const& more) {
  auto& sum = counts[more.of];
  sum.of = more.of;
  sum.posts += more.posts;
  for (std::size_t i = 0; i < quality::kLotSignals; ++i) {
    sum.counts.counts.at(i) += more.counts.counts.at(i);
  }
}

}  // namespace leadex::intake

#include "server/render/passport.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>

#include "server/crypto/bytes.hpp"
#include "server/crypto/hash.hpp"
#include "server/render/words.hpp"

namespace leadex::render {

namespace {

using storage::PassportFacts;

// Each entry is closed before the next one is begun.
class Chain {
 public:
  template <class Write>
  void add(std::string_view kind, std::int64_t at_us, Write write) {
    json::JsonWriter out;
    {
      auto const entry = out.object();
      out.field("n", std::ssize(entries_) + 1);
      out.field("kind", kind);
      out.field("at", from_unix_micros(at_us));
      write(out);
    }
    auto text = out.str();
    auto hash = crypto::hex_encode(crypto::view_of(crypto::sha256(before_ + '\n' + text)));
    before_ = hash;
    entries_.push_back({std::move(text), std::move(hash)});
  }
  std::vector<PassportEntry>&& entries() { return std::move(entries_); }

 private:
  std::string before_ = std::string(kPassportHashDigits, '0');
  std::vector<PassportEntry> entries_;
};

void add_capture(Chain& chain, PassportFacts const& facts, std::string_view lead_id) {
  chain.add("captured", facts.captured_us, [&](json::JsonWriter& out) {
    out.field("lead_id", lead_id);
    out.field("vehicle", vehicle_word(facts.vehicle));
    out.field("source_reason", facts.reason);
    std::optional<std::int32_t> hops;
    if (facts.hops != storage::kHopsUntold) hops = facts.hops;
    out.field("hops", hops);
    out.field("arrived", facts.of_lot ? "in_lot" : "alone");
    out.field("passed_rules_version", facts.version);
    auto const consent = out.object("consent");
    out.field("at", from_unix_micros(facts.consent_us));
    out.field("text_sha256", crypto::hex_encode(facts.consent_digest));
    out.field("named_companies", facts.named_consent);
  });
}

void add_lot(Chain& chain, PassportFacts const& facts) {
  for (auto const& check : facts.checks) {
    chain.add("spot_check", check.decided_us, [&](json::JsonWriter& out) {
      out.field("verdict", check.verdict);
      out.field("reason", check.reason);
    });
  }
  if (!facts.lot) return;
  auto const& lot = *facts.lot;
  chain.add("lot", lot.decided_us, [&](json::JsonWriter& out) {
    out.field("verdict", lot.verdict);
    out.field("mode", lot.mode);
    out.field("accepted_rows", lot.accepted_rows);
    out.field("sample_size", lot.sample_size);
    out.field("acceptance_number", lot.acceptance_number);
    out.field("commitment_no", lot.commitment_no);
  });
}

// Instants of a market never go back from batch to batch; what one batch did comes at once. Of what
// happened at one instant in one batch (or in one that is not known), ends come before what was
// sold, so that no sale that was over stands beside the one that came after it.
struct Happening {
  enum class Kind : std::uint8_t {
    listed,
    sale_voided,
    round_ended,
    offered_again,
    sold,
    voided_at_once,
    sale_returned
  };
  std::int64_t at_us{};
  std::int64_t seq{};
  Kind kind{};
  std::int32_t slot{};       // of a sale; of a round its number
  bool flag{};               // exclusive; came back
  std::int64_t rested_us{};  // of a round
  [[nodiscard]] auto place() const {
    // A sale that its own batch voided ends before the next one is made.
    auto const rank = kind == Kind::voided_at_once ? Kind::sold : kind;
    return std::tuple{at_us, seq, rank, slot, kind};
  }
};
constexpr auto kSeqUnknown = std::numeric_limits<std::int64_t>::max();
constexpr std::int32_t kNoSlot = -1;

/// Of some things only their batch is known and when that ended. They came before the sales that
/// the batch made, behind the slots up to `slot`.
std::int64_t instant_in_batch(PassportFacts const& facts, std::int64_t seq, std::int64_t end_us,
                              std::int32_t slot) {
  for (auto const& sale : facts.sales) {
    if (sale.seq == seq && sale.slot > slot) end_us = std::min(end_us, sale.sold_us);
  }
  return end_us;
}

Happening voided(PassportFacts const& facts, storage::PassportSale const& sale) {
  using Kind = Happening::Kind;
  bool const at_once = sale.voided_seq == sale.seq;
  auto const at_us =
      instant_in_batch(facts, sale.voided_seq, *sale.voided_us, at_once ? sale.slot : kNoSlot);
  return {std::max(at_us, sale.sold_us),
          sale.voided_seq,
          at_once ? Kind::voided_at_once : Kind::sale_voided,
          sale.slot,
          false,
          0};
}

std::vector<Happening> happenings_of(PassportFacts const& facts) {
  using Kind = Happening::Kind;
  std::vector<Happening> all;
  if (facts.first_listed_us > 0) {
    all.push_back({facts.first_listed_us, 0, Kind::listed, 0, false, 0});
  }
  for (auto const& round : facts.rounds) {
    auto const at_us =
        instant_in_batch(facts, round.listed_again_seq, round.listed_again_us, kNoSlot);
    all.push_back({at_us, round.listed_again_seq, Kind::round_ended, round.round, round.returned,
                   round.rested_us});
    all.push_back({at_us, round.listed_again_seq, Kind::offered_again, round.round + 1, false, 0});
  }
  for (auto const& sale : facts.sales) {
    all.push_back({sale.sold_us, sale.seq, Kind::sold, sale.slot, sale.exclusive, 0});
    if (sale.voided_us) all.push_back(voided(facts, sale));
    if (sale.returned_us) {
      all.push_back({*sale.returned_us, kSeqUnknown, Kind::sale_returned, sale.slot, false, 0});
    }
  }
  std::ranges::sort(all, {}, &Happening::place);
  return all;
}

// Sales are told apart by the order they were made in, never by buyer or price.
class Trade {
 public:
  explicit Trade(Chain& chain) : chain_(chain) {}

  void add(Happening const& what) {
    using Kind = Happening::Kind;
    switch (what.kind) {
      case Kind::listed:
        return chain_.add("listed", what.at_us,
                          [](json::JsonWriter& out) { out.field("round", 0); });
      case Kind::offered_again:
        return chain_.add("offered_again", what.at_us,
                          [&](json::JsonWriter& out) { out.field("round", what.slot); });
      case Kind::round_ended:
        return chain_.add("round_ended", what.at_us, [&](json::JsonWriter& out) {
          out.field("round", what.slot);
          out.field("cause", what.flag ? "returned" : "unsold");
          out.field("rested_at", from_unix_micros(what.rested_us));
        });
      case Kind::sold:
        slots_.push_back(what.slot);
        ++standing_;
        return sale("sold", what,
                    [&](json::JsonWriter& out) { out.field("exclusive", what.flag); });
      case Kind::sale_voided:
      case Kind::voided_at_once:
      case Kind::sale_returned:
        --standing_;
        return sale(what.kind == Kind::sale_returned ? "sale_returned" : "sale_voided", what,
                    [](json::JsonWriter&) {});
    }
  }

 private:
  template <class More>
  void sale(std::string_view kind, Happening const& what, More more) {
    auto const found = std::ranges::find(slots_, what.slot);
    chain_.add(kind, what.at_us, [&](json::JsonWriter& out) {
      out.field("sale", found - slots_.begin() + 1);
      out.field("sales", standing_);
      more(out);
    });
  }

  Chain& chain_;
  std::vector<std::int32_t> slots_;
  std::int64_t standing_{};
};

}  // namespace

std::vector<PassportEntry> passport_of(PassportFacts const& facts, std::string_view lead_id) {
  Chain chain;
  add_capture(chain, facts, lead_id);
  add_lot(chain, facts);
  Trade trade{chain};
  for (auto const& what : happenings_of(facts)) trade.add(what);
  return std::move(chain.entries());
}

void write_passport(json::JsonWriter& writer, PassportFacts const& facts,
                    std::string_view lead_id) {
  auto const entries = passport_of(facts, lead_id);
  auto const whole = writer.object();
  writer.field("lead_id", lead_id);
  writer.field("head", entries.back().hash);
  auto const list = writer.array("entries");
  for (auto const& entry : entries) {
    auto const one = writer.object();
    writer.field("entry", entry.text);
    writer.field("hash", entry.hash);
  }
}

}  // namespace leadex::render

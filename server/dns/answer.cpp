#include "server/dns/answer.hpp"

#include <algorithm>

namespace leadex::dns {
namespace {

constexpr std::size_t kHeadBytes = 12;
constexpr std::uint8_t kPointer = 0xC0;
constexpr std::uint32_t kTtlMax = 0x7FFFFFFF;  // RFC 2181: the top bit means 0

class Reader {
 public:
  explicit Reader(std::span<std::uint8_t const> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] std::size_t at() const { return at_; }

  void skip(std::size_t count) {
    if (count > bytes_.size() - at_) {
      good_ = false;
      return;
    }
    at_ += count;
  }
  std::uint32_t number(std::size_t bytes) {
    auto const begin = at_;
    skip(bytes);
    if (!good_) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8U | bytes_[begin + i];
    return value;
  }
  std::uint32_t ttl() {
    auto const value = number(4);
    return value > kTtlMax ? 0 : value;
  }
  /// Moves behind a name, which ends at a root label or at a pointer; where that points is of no
  /// interest.
  void skip_name() {
    while (good_) {
      auto const length = static_cast<std::uint8_t>(number(1));
      if (!good_ || length == 0) return;
      if ((length & kPointer) == kPointer) return skip(1);
      if ((length & kPointer) != 0) {  // 01 and 10 are no labels
        good_ = false;
        return;
      }
      skip(length);
    }
  }

 private:
  std::span<std::uint8_t const> bytes_;
  std::size_t at_ = 0;
  bool good_ = true;
};

struct Record {
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  std::size_t data_at = 0;
  std::size_t data_bytes = 0;
};

Record read_record(Reader& in) {
  Record record;
  in.skip_name();
  record.type = static_cast<std::uint16_t>(in.number(2));
  in.skip(2);  // class
  record.ttl = in.ttl();
  record.data_bytes = in.number(2);
  record.data_at = in.at();
  in.skip(record.data_bytes);
  return record;
}

void take_answer(Answer& answer, Record const& record, std::span<std::uint8_t const> message) {
  answer.ttl_s = answer.records == 0 ? record.ttl : std::min(answer.ttl_s, record.ttl);
  ++answer.records;
  constexpr std::size_t kRootMxBytes = 3;  // preference, then the root's empty label
  bool const mx = record.type == static_cast<std::uint16_t>(RecordType::mx);
  if (mx && record.data_bytes == kRootMxBytes && message[record.data_at + 2] == 0) {
    ++answer.null_mx;
  }
}

std::optional<std::uint32_t> negative_ttl(Record const& soa,
                                          std::span<std::uint8_t const> message) {
  constexpr std::size_t kLastField = 4;
  if (soa.data_bytes < kLastField) return std::nullopt;
  Reader last{message.subspan(soa.data_at + soa.data_bytes - kLastField, kLastField)};
  return std::min(soa.ttl, last.ttl());
}

}  // namespace

std::optional<Answer> read_answer(std::span<std::uint8_t const> message, RecordType asked) {
  if (message.size() < kHeadBytes) return std::nullopt;
  Reader in{message};
  in.skip(4);  // id and flags: the library has judged them
  auto const questions = in.number(2);
  auto const answers = in.number(2);
  auto const authorities = in.number(2);
  in.skip(2);
  for (std::uint32_t i = 0; i < questions && in.good(); ++i) {
    in.skip_name();
    in.skip(4);
  }
  Answer answer;
  for (std::uint32_t i = 0; i < answers + authorities && in.good(); ++i) {
    auto const record = read_record(in);
    if (!in.good()) break;
    if (i < answers && record.type == static_cast<std::uint16_t>(asked)) {
      take_answer(answer, record, message);
    } else if (i >= answers && record.type == static_cast<std::uint16_t>(RecordType::soa)) {
      answer.negative_ttl_s = negative_ttl(record, message);
    }
  }
  if (!in.good()) return std::nullopt;
  return answer;
}

}  // namespace leadex::dns

#include "server/intake/piece_state.hpp"

#include <array>

namespace leadex::intake {
namespace {

constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kHeadNumbers = 2;                  // candidates, known
constexpr std::size_t kRowBytes = 4 * kNumberBytes + 1;  // and the flags
constexpr unsigned char kIsOld = 1;
constexpr unsigned char kHopsTold = 2;
constexpr unsigned char kHopsMany = 4;

privacy::SealPlace piece_place(BatchId batch, crypto::Bytes const& row) {
  return {"batch_piece", batch.market, row, "state_sealed"};
}

privacy::SealPlace signs_place(BatchId batch, crypto::Bytes const& row) {
  return {"batch_sign", batch.market, row, "sealed"};
}

void append(std::string& out, std::int64_t number) {
  crypto::append_be64(out, static_cast<std::uint64_t>(number));
}

/// Reads numbers off the front; the size was checked before.
class Numbers {
 public:
  explicit Numbers(std::string_view bytes) : left_(bytes) {}
  std::uint64_t next() {
    auto const number = crypto::read_be64(left_.substr(0, kNumberBytes));
    left_.remove_prefix(kNumberBytes);
    return number;
  }
  unsigned char flags() {
    auto const byte = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    return byte;
  }
  [[nodiscard]] bool empty() const { return left_.empty(); }

 private:
  std::string_view left_;
};

}  // namespace

std::string seal_piece_state(privacy::KeyRing const& ring, BatchId batch, std::string_view header,
                             std::string_view hash_state) {
  std::array<std::string_view, 2> const parts{header, hash_state};
  auto const row = privacy::row_key(batch.no);
  return privacy::SecretBox{ring}.seal(piece_place(batch, row), pack_fields(parts));
}

Result<ResumePoint, privacy::SealError> open_piece_state(privacy::KeyRing const& ring,
                                                         BatchId batch,
                                                         storage::UploadMark const& mark) {
  auto const row = privacy::row_key(batch.no);
  auto const opened = privacy::SecretBox{ring}.open(piece_place(batch, row), mark.state_sealed);
  if (!opened) return refuse(opened.error());
  auto parts = unpack_fields(opened->view());
  if (!parts || parts->size() != 2) return refuse(privacy::SealError::malformed);
  return ResumePoint{mark.rows, mark.bytes, std::move(parts->front()), std::move(parts->back())};
}

std::string seal_signs(privacy::KeyRing const& ring, BatchId batch, std::int64_t last_row,
                       ChunkSigns const& signs) {
  std::string packed;
  append(packed, signs.candidates);
  append(packed, signs.known);
  for (auto const& row : signs.rows) {
    append(packed, row.captured_us);
    crypto::append_be64(packed, row.address);
    crypto::append_be64(packed, row.device);
    crypto::append_be64(packed, row.print);
    auto const flags = (row.old ? kIsOld : 0U) | (row.tells_hops ? kHopsTold : 0U) |
                       (row.many_hops ? kHopsMany : 0U);
    packed += static_cast<char>(flags);
  }
  auto const place = privacy::row_key(batch.no, last_row);
  return privacy::SecretBox{ring}.seal(signs_place(batch, place), packed);
}

Result<ChunkSigns, privacy::SealError> open_signs(privacy::KeyRing const& ring, BatchId batch,
                                                  storage::KeptSigns const& kept) {
  auto const place = privacy::row_key(batch.no, kept.last_row);
  auto const opened = privacy::SecretBox{ring}.open(signs_place(batch, place), kept.sealed);
  if (!opened) return refuse(opened.error());
  auto const size = opened->view().size();
  constexpr std::size_t kHead = kHeadNumbers * kNumberBytes;
  if (size < kHead || (size - kHead) % kRowBytes != 0) {
    return refuse(privacy::SealError::malformed);
  }
  Numbers numbers{opened->view()};
  ChunkSigns signs;
  signs.candidates = static_cast<std::int64_t>(numbers.next());
  signs.known = static_cast<std::int64_t>(numbers.next());
  while (!numbers.empty()) {
    auto& row = signs.rows.emplace_back();
    row.captured_us = static_cast<std::int64_t>(numbers.next());
    row.address = numbers.next();
    row.device = numbers.next();
    row.print = numbers.next();
    auto const flags = numbers.flags();
    row.old = (flags & kIsOld) != 0;
    row.tells_hops = (flags & kHopsTold) != 0;
    row.many_hops = (flags & kHopsMany) != 0;
  }
  return signs;
}

}  // namespace leadex::intake

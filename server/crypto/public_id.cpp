#include "server/crypto/public_id.hpp"

#include <array>
#include <limits>

#include "server/crypto/evp.hpp"

namespace leadex::crypto {
namespace {

constexpr std::size_t kBlockBytes = 16;
constexpr std::size_t kTextChars = 26;
constexpr std::size_t kCodecSlots = 4;

using Block = std::array<std::uint8_t, kBlockBytes>;

constexpr std::array<std::pair<IdKind, std::string_view>, 33> kPrefixes{{
    {IdKind::lead, "lead_"},
    {IdKind::batch, "batch_"},
    {IdKind::campaign, "camp_"},
    {IdKind::listing, "lst_"},
    {IdKind::order, "ord_"},
    {IdKind::sale, "sale_"},
    {IdKind::ret, "ret_"},
    {IdKind::dispute, "disp_"},
    {IdKind::account, "acct_"},
    {IdKind::api_key, "key_"},
    {IdKind::auction, "auc_"},
    {IdKind::check, "chk_"},
    {IdKind::payout_run, "prun_"},
    {IdKind::payout, "pay_"},
    {IdKind::transfer, "txn_"},
    {IdKind::event, "evt_"},
    {IdKind::bid, "bid_"},
    {IdKind::webhook_endpoint, "whe_"},
    {IdKind::delivery, "dlv_"},
    {IdKind::approval, "appr_"},
    {IdKind::form, "form_"},
    {IdKind::placement, "plc_"},
    {IdKind::ping, "ping_"},
    {IdKind::click, "clk_"},
    {IdKind::conversion, "conv_"},
    {IdKind::principal, "prin_"},
    {IdKind::deposit, "dep_"},
    {IdKind::claw_back, "claw_"},
    {IdKind::deal, "deal_"},
    {IdKind::postback_token, "pbt_"},
    {IdKind::finding, "find_"},
    {IdKind::fraud_case, "case_"},
    {IdKind::planted_contact, "seed_"},
}};

struct BlockCiphers {
  evp::CipherCtx seal;
  evp::CipherCtx open;
};

evp::CipherCtx new_block_cipher(Secret const& key, int sealing) {
  static evp::Cipher const aes{evp::must(EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr))};
  evp::CipherCtx ctx{evp::must(EVP_CIPHER_CTX_new())};
  evp::must(EVP_CipherInit_ex2(ctx.get(), aes.get(), key.data(), nullptr, sealing, nullptr));
  evp::must(EVP_CIPHER_CTX_set_padding(ctx.get(), 0));
  return ctx;
}

BlockCiphers& ciphers_of(std::uint64_t serial, Secret const& key) {
  thread_local evp::KeySlots<BlockCiphers, kCodecSlots> slots;
  return slots.at(serial, [&key](BlockCiphers& slot) {
    slot = {new_block_cipher(key, 1), new_block_cipher(key, 0)};
  });
}

// One block is the whole message, so ECB here is the bare permutation and not a mode with repeats.
Block permute(EVP_CIPHER_CTX* ctx, ByteView block) {
  Block out{};
  int size = 0;
  evp::must(EVP_CipherUpdate(ctx, out.data(), &size, octets(block), kBlockBytes));
  LEADEX_CHECK(size == kBlockBytes);
  return out;
}

}  // namespace

std::string_view id_prefix(IdKind kind) {
  auto const place = static_cast<std::size_t>(kind) - 1;
  LEADEX_CHECK(place < kPrefixes.size() && kPrefixes[place].first == kind);
  return kPrefixes[place].second;
}

PublicIdCodec::PublicIdCodec(Secret const& id_key)
    : key_(id_key.clone()), serial_(evp::next_key_serial()) {
  LEADEX_CHECK(key_.size() == 32);
}

std::string PublicIdCodec::seal(IdKind kind, MarketNo market, std::int64_t no) const {
  LEADEX_CHECK(no >= 0);
  Bytes block;
  block.reserve(kBlockBytes);
  append_be32(block, market);
  block.push_back(static_cast<char>(kind));
  append_be64(block, static_cast<std::uint64_t>(no));
  block.append(3, '\0');
  std::string text(id_prefix(kind));
  return text += crockford_encode(view_of(permute(ciphers_of(serial_, key_).seal.get(), block)));
}

std::string PublicIdCodec::seal(SaleId const& id) const {
  constexpr auto kLeadNoMax = std::numeric_limits<std::int64_t>::max() / kSaleSlotsMax - 1;
  LEADEX_CHECK(id.lead_no >= 0 && id.lead_no <= kLeadNoMax);
  LEADEX_CHECK(id.slot >= 0 && id.slot < kSaleSlotsMax);
  return seal(IdKind::sale, id.market, id.lead_no * kSaleSlotsMax + id.slot);
}

Result<RawId, IdError> PublicIdCodec::open(std::string_view text, IdKind expected) const {
  auto const id = open_any(text);
  if (id && id->kind != expected) return refuse(IdError::wrong_kind);
  return id;
}

Result<RawId, IdError> PublicIdCodec::open_any(std::string_view text) const {
  auto const underscore = text.find('_');
  if (underscore == std::string_view::npos || text.size() != underscore + 1 + kTextChars) {
    return refuse(IdError::malformed);
  }
  auto const prefix = text.substr(0, underscore + 1);
  auto const sealed = crockford_decode(text.substr(underscore + 1));
  if (!sealed) return refuse(IdError::malformed);
  for (auto const& [kind, known] : kPrefixes) {
    if (known != prefix) continue;
    auto const block = permute(ciphers_of(serial_, key_).open.get(), *sealed);
    auto const bytes = view_of(block);
    auto const no = static_cast<std::int64_t>(read_be64(bytes.substr(5)));
    // Kind and check bits in one comparison: 33 bits that a forged block meets by luck only.
    bool const genuine = block[4] == static_cast<std::uint8_t>(kind) && no >= 0 &&
                         (block[13] | block[14] | block[15]) == 0;
    if (!genuine) return refuse(IdError::forged);
    return RawId{kind, read_be32(bytes), no};
  }
  return refuse(IdError::malformed);
}

Result<SaleId, IdError> PublicIdCodec::open_sale(std::string_view text) const {
  return open(text, IdKind::sale).map([](RawId const& raw) {
    return SaleId{raw.market, raw.no / kSaleSlotsMax,
                  static_cast<std::int32_t>(raw.no % kSaleSlotsMax)};
  });
}

Result<LeadId, IdError> PublicIdCodec::open_listing(std::string_view text) const {
  return open(text, IdKind::listing).map([](RawId const& raw) {
    return LeadId{raw.market, raw.no};
  });
}

}  // namespace leadex::crypto

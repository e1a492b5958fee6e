// The library's current interface keeps its state to itself; its older one, still the same code
// underneath, shows it.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "server/crypto/sha256_state.hpp"

#include <openssl/sha.h>

#include "billing/values/check.hpp"

namespace leadex::crypto {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kChainBytes = 32;
constexpr std::size_t kBlockBytes = 64;

}  // namespace

struct ResumableSha256::State {
  State() { LEADEX_CHECK(SHA256_Init(&context) == 1); }
  ~State() { OPENSSL_cleanse(&context, sizeof context); }
  State(State const&) = delete;
  State& operator=(State const&) = delete;

  SHA256_CTX context{};
};

ResumableSha256::ResumableSha256() : state_(std::make_unique<State>()) {}
ResumableSha256::ResumableSha256(ResumableSha256&&) noexcept = default;
ResumableSha256& ResumableSha256::operator=(ResumableSha256&&) noexcept = default;
ResumableSha256::~ResumableSha256() = default;

ResumableSha256& ResumableSha256::update(ByteView part) {
  LEADEX_CHECK(SHA256_Update(&state_->context, part.data(), part.size()) == 1);
  return *this;
}

Digest ResumableSha256::finish() {
  Digest digest{};
  LEADEX_CHECK(SHA256_Final(digest.data(), &state_->context) == 1);
  LEADEX_CHECK(SHA256_Init(&state_->context) == 1);
  return digest;
}

Bytes ResumableSha256::state() const {
  auto const& context = state_->context;
  Bytes out;
  out.reserve(kLengthBytes + kChainBytes + context.num);
  auto const bits = (std::uint64_t{context.Nh} << 32U) | context.Nl;
  append_be64(out, bits / 8U);
  for (auto const word : context.h) append_be32(out, word);
  out.append(reinterpret_cast<char const*>(context.data), context.num);
  return out;
}

std::optional<ResumableSha256> ResumableSha256::resume(ByteView state) {
  if (state.size() < kLengthBytes + kChainBytes) return std::nullopt;
  auto const length = read_be64(state.substr(0, kLengthBytes));
  auto const block = state.substr(kLengthBytes + kChainBytes);
  if (block.size() != length % kBlockBytes || length >> 61U != 0) return std::nullopt;
  ResumableSha256 hash;
  auto& context = hash.state_->context;
  context.Nh = static_cast<SHA_LONG>((length * 8U) >> 32U);
  context.Nl = static_cast<SHA_LONG>((length * 8U) & 0xFFFFFFFFU);
  for (std::size_t i = 0; i < std::size(context.h); ++i) {
    context.h[i] = read_be32(state.substr(kLengthBytes + 4 * i, 4));
  }
  context.num = static_cast<unsigned>(block.size());
  block.copy(reinterpret_cast<char*>(context.data), block.size());
  return hash;
}

}  // namespace leadex::crypto

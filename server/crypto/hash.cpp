#include "server/crypto/hash.hpp"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <utility>

#include "server/crypto/evp.hpp"

namespace leadex::crypto {
namespace {

constexpr std::size_t kHmacSlots = 16;

EVP_MD* sha256_algorithm() {
  static evp::Md const md{evp::must(EVP_MD_fetch(nullptr, "SHA256", nullptr))};
  return md.get();
}

EVP_MAC* hmac_algorithm() {
  static evp::Mac const mac{evp::must(EVP_MAC_fetch(nullptr, "HMAC", nullptr))};
  return mac.get();
}

EVP_KDF* hkdf_algorithm() {
  static evp::Kdf const kdf{evp::must(EVP_KDF_fetch(nullptr, "HKDF", nullptr))};
  return kdf.get();
}

evp::MdCtx new_sha256() {
  evp::MdCtx ctx{evp::must(EVP_MD_CTX_new())};
  evp::must(EVP_DigestInit_ex2(ctx.get(), sha256_algorithm(), nullptr));
  return ctx;
}

void digest_update(EVP_MD_CTX* ctx, ByteView part) {
  if (!part.empty()) evp::must(EVP_DigestUpdate(ctx, part.data(), part.size()));
}

// Ends the digest and readies the context for the next message without a new allocation.
Digest digest_finish(EVP_MD_CTX* ctx) {
  Digest digest{};
  evp::must(EVP_DigestFinal_ex(ctx, digest.data(), nullptr));
  evp::must(EVP_DigestInit_ex2(ctx, nullptr, nullptr));
  return digest;
}

// OpenSSL takes its parameters through pointers to non-const, and reads only.
OSSL_PARAM sha256_param(char const* name) {
  static constexpr char kSha256Name[] = "SHA256";
  return OSSL_PARAM_construct_utf8_string(name, const_cast<char*>(kSha256Name), 0);
}

OSSL_PARAM bytes_param(char const* name, ByteView bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes.data()), bytes.size());
}

void hmac_set_key(evp::MacCtx& ctx, Secret const& key) {
  if (!ctx) ctx.reset(evp::must(EVP_MAC_CTX_new(hmac_algorithm())));
  OSSL_PARAM const params[] = {sha256_param(OSSL_MAC_PARAM_DIGEST), OSSL_PARAM_construct_end()};
  evp::must(EVP_MAC_init(ctx.get(), key.data(), key.size(), params));
}

void hmac_update(EVP_MAC_CTX* ctx, ByteView part) {
  if (!part.empty()) evp::must(EVP_MAC_update(ctx, octets(part), part.size()));
}

Digest hmac_finish(EVP_MAC_CTX* ctx) {
  Digest tag{};
  std::size_t size = 0;
  evp::must(EVP_MAC_final(ctx, tag.data(), &size, tag.size()));
  LEADEX_CHECK(size == tag.size());
  evp::must(EVP_MAC_init(ctx, nullptr, 0, nullptr));  // no key: the one set stays
  return tag;
}

}  // namespace

Digest sha256(ByteView message) {
  thread_local evp::MdCtx const ctx = new_sha256();
  digest_update(ctx.get(), message);
  return digest_finish(ctx.get());
}

struct Sha256::State {
  evp::MdCtx ctx = new_sha256();
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

Sha256& Sha256::update(ByteView part) {
  digest_update(state_->ctx.get(), part);
  return *this;
}

Digest Sha256::finish() { return digest_finish(state_->ctx.get()); }

HmacKey::HmacKey(Secret key) : key_(std::move(key)), serial_(evp::next_key_serial()) {
  LEADEX_CHECK(!key_.empty());
}

Digest HmacKey::sign(std::initializer_list<ByteView> parts) const {
  LEADEX_CHECK(!key_.empty());  // moved from
  thread_local evp::KeySlots<evp::MacCtx, kHmacSlots> slots;
  auto& ctx = slots.at(serial_, [this](evp::MacCtx& slot) { hmac_set_key(slot, key_); });
  for (auto const part : parts) hmac_update(ctx.get(), part);
  return hmac_finish(ctx.get());
}

bool HmacKey::matches(ByteView message, ByteView tag) const {
  return constant_time_equal(view_of(sign(message)), tag);
}

struct HmacStream::State {
  evp::MacCtx ctx;
};

HmacStream::HmacStream(HmacKey const& key) : state_(std::make_unique<State>()) {
  LEADEX_CHECK(!key.key_.empty());
  hmac_set_key(state_->ctx, key.key_);
}

HmacStream::HmacStream(HmacStream&&) noexcept = default;
HmacStream& HmacStream::operator=(HmacStream&&) noexcept = default;
HmacStream::~HmacStream() = default;

HmacStream& HmacStream::update(ByteView part) {
  hmac_update(state_->ctx.get(), part);
  return *this;
}

Digest HmacStream::finish() { return hmac_finish(state_->ctx.get()); }

Secret hkdf_sha256(Secret const& key, ByteView salt, ByteView info, std::size_t length) {
  LEADEX_CHECK(!key.empty() && length > 0 && length <= kHkdfBytesMax);
  evp::KdfCtx const ctx{evp::must(EVP_KDF_CTX_new(hkdf_algorithm()))};
  std::array<OSSL_PARAM, 5> params{};
  std::size_t n = 0;
  params[n++] = sha256_param(OSSL_KDF_PARAM_DIGEST);
  params[n++] = bytes_param(OSSL_KDF_PARAM_KEY, key.view());
  // RFC 5869: no salt means 32 zero bytes, which is OpenSSL's own default.
  if (!salt.empty()) params[n++] = bytes_param(OSSL_KDF_PARAM_SALT, salt);
  if (!info.empty()) params[n++] = bytes_param(OSSL_KDF_PARAM_INFO, info);
  params[n] = OSSL_PARAM_construct_end();
  Secret derived(length);
  evp::must(EVP_KDF_derive(ctx.get(), derived.data(), derived.size(), params.data()));
  return derived;
}

}  // namespace leadex::crypto

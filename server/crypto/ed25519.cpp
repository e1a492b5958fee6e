#include "server/crypto/ed25519.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "server/crypto/evp.hpp"

namespace leadex::crypto {
namespace {

std::shared_ptr<EVP_PKEY> shared(EVP_PKEY* pkey) {
  return std::shared_ptr<EVP_PKEY>(evp::must(pkey), evp::Freed<EVP_PKEY_free>{});
}

Bytes raw_public(EVP_PKEY* pkey) {
  Bytes raw(kEd25519KeyBytes, '\0');
  std::size_t size = raw.size();
  evp::must(EVP_PKEY_get_raw_public_key(pkey, octets(raw), &size));
  LEADEX_CHECK(size == raw.size());
  return raw;
}

}  // namespace

std::optional<Ed25519PublicKey> Ed25519PublicKey::from_raw(ByteView raw) {
  if (raw.size() != kEd25519KeyBytes) return std::nullopt;
  return Ed25519PublicKey(
      shared(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets(raw), raw.size())));
}

std::optional<Ed25519PublicKey> Ed25519PublicKey::from_hex(std::string_view hex) {
  auto const raw = hex_decode(hex);
  return raw ? from_raw(*raw) : std::nullopt;
}

bool Ed25519PublicKey::verify(ByteView message, ByteView signature) const {
  if (signature.size() != std::tuple_size_v<Ed25519Signature>) return false;
  evp::MdCtx const ctx{evp::must(EVP_MD_CTX_new())};
  evp::must(EVP_DigestVerifyInit(ctx.get(), nullptr, nullptr, nullptr, pkey_.get()));
  bool const fits = EVP_DigestVerify(ctx.get(), octets(signature), signature.size(),
                                     octets(message), message.size()) == 1;
  if (!fits) ERR_clear_error();
  return fits;
}

Bytes Ed25519PublicKey::raw() const { return raw_public(pkey_.get()); }

std::string Ed25519PublicKey::pem() const {
  std::unique_ptr<BIO, evp::Freed<BIO_free>> const bio{evp::must(BIO_new(BIO_s_mem()))};
  evp::must(PEM_write_bio_PUBKEY(bio.get(), pkey_.get()));
  std::string text(BIO_ctrl_pending(bio.get()), '\0');
  LEADEX_CHECK(
      std::cmp_equal(BIO_read(bio.get(), text.data(), static_cast<int>(text.size())), text.size()));
  return text;
}

Ed25519Key Ed25519Key::from_seed(Secret const& seed) {
  LEADEX_CHECK(seed.size() == kEd25519KeyBytes);
  return Ed25519Key(
      shared(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size())));
}

Ed25519Signature Ed25519Key::sign(ByteView message) const {
  Ed25519Signature signature{};
  std::size_t size = signature.size();
  evp::MdCtx const ctx{evp::must(EVP_MD_CTX_new())};
  evp::must(EVP_DigestSignInit(ctx.get(), nullptr, nullptr, nullptr, pkey_.get()));
  evp::must(EVP_DigestSign(ctx.get(), signature.data(), &size, octets(message), message.size()));
  LEADEX_CHECK(size == signature.size());
  return signature;
}

Ed25519PublicKey Ed25519Key::public_key() const {
  auto const raw = raw_public(pkey_.get());
  auto key = Ed25519PublicKey::from_raw(raw);
  LEADEX_CHECK(key.has_value());
  return *std::move(key);
}

}  // namespace leadex::crypto

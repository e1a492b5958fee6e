#include "server/crypto/aead.hpp"

#include <openssl/err.h>

#include <array>
#include <utility>

#include "server/crypto/evp.hpp"
#include "server/crypto/random.hpp"

namespace leadex::crypto {
namespace {

evp::CipherCtx new_gcm(bool sealing) {
  static evp::Cipher const gcm{evp::must(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr))};
  evp::CipherCtx ctx{evp::must(EVP_CIPHER_CTX_new())};
  evp::must(EVP_CipherInit_ex2(ctx.get(), gcm.get(), nullptr, nullptr, sealing ? 1 : 0, nullptr));
  return ctx;
}

// Feeds one run of bytes; a null `out` marks associated data. Never called with zero bytes, which
// OpenSSL would take for the end of the message.
void feed(EVP_CIPHER_CTX* ctx, std::uint8_t* out, ByteView in) {
  int size = 0;
  evp::must(EVP_CipherUpdate(ctx, out, &size, octets(in), static_cast<int>(in.size())));
  LEADEX_CHECK(std::cmp_equal(size, in.size()));
}

}  // namespace

AeadKey::AeadKey(Secret key) : key_(std::move(key)) { LEADEX_CHECK(key_.size() == kAeadKeyBytes); }

AeadKey AeadKey::generate() { return AeadKey(random_secret(kAeadKeyBytes)); }

void aead_seal_to(Bytes& out, AeadKey const& key, ByteView associated, ByteView plain) {
  LEADEX_CHECK(plain.size() <= kAeadPlainBytesMax && associated.size() <= kAeadPlainBytesMax);
  LEADEX_CHECK(key.secret().size() == kAeadKeyBytes);
  thread_local evp::CipherCtx const ctx = new_gcm(true);
  auto const start = out.size();
  out.resize(start + plain.size() + kAeadOverheadBytes);
  auto* const nonce = octets(out) + start;
  auto* const cipher_text = nonce + kAeadNonceBytes;
  random_fill(nonce, kAeadNonceBytes);
  evp::must(EVP_CipherInit_ex2(ctx.get(), nullptr, key.secret().data(), nonce, 1, nullptr));
  if (!associated.empty()) feed(ctx.get(), nullptr, associated);
  if (!plain.empty()) feed(ctx.get(), cipher_text, plain);
  int size = 0;
  auto* const tag = cipher_text + plain.size();
  evp::must(EVP_CipherFinal_ex(ctx.get(), tag, &size));
  evp::must(EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_GET_TAG, kAeadTagBytes, tag));
}

Bytes aead_seal(AeadKey const& key, ByteView associated, ByteView plain) {
  Bytes sealed;
  aead_seal_to(sealed, key, associated, plain);
  return sealed;
}

Result<Secret, AeadError> aead_open(AeadKey const& key, ByteView associated, ByteView sealed) {
  if (sealed.size() < kAeadOverheadBytes ||
      sealed.size() > kAeadPlainBytesMax + kAeadOverheadBytes ||
      associated.size() > kAeadPlainBytesMax) {
    return refuse(AeadError::malformed);
  }
  LEADEX_CHECK(key.secret().size() == kAeadKeyBytes);
  thread_local evp::CipherCtx const ctx = new_gcm(false);
  auto const cipher_text = sealed.substr(kAeadNonceBytes, sealed.size() - kAeadOverheadBytes);
  std::array<char, kAeadTagBytes> tag;
  sealed.copy(tag.data(), tag.size(), sealed.size() - tag.size());
  evp::must(
      EVP_CipherInit_ex2(ctx.get(), nullptr, key.secret().data(), octets(sealed), 0, nullptr));
  evp::must(EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_SET_TAG, kAeadTagBytes, tag.data()));
  if (!associated.empty()) feed(ctx.get(), nullptr, associated);
  Secret plain(cipher_text.size());
  if (!cipher_text.empty()) feed(ctx.get(), plain.data(), cipher_text);
  std::uint8_t none[kAeadTagBytes];
  int size = 0;
  if (EVP_CipherFinal_ex(ctx.get(), none, &size) != 1) {
    ERR_clear_error();  // a TLS session on this thread must not find our refusal in its queue
    return refuse(AeadError::not_authentic);
  }
  return plain;
}

}  // namespace leadex::crypto

#pragma once
// How this room holds OpenSSL objects: owning pointers, algorithms fetched once per process, and
// slots that keep prepared contexts per thread. Only files of server/crypto include it.

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "billing/values/check.hpp"

namespace leadex::crypto::evp {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

using Md = std::unique_ptr<EVP_MD, Freed<EVP_MD_free>>;
using MdCtx = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Mac = std::unique_ptr<EVP_MAC, Freed<EVP_MAC_free>>;
using MacCtx = std::unique_ptr<EVP_MAC_CTX, Freed<EVP_MAC_CTX_free>>;
using Kdf = std::unique_ptr<EVP_KDF, Freed<EVP_KDF_free>>;
using KdfCtx = std::unique_ptr<EVP_KDF_CTX, Freed<EVP_KDF_CTX_free>>;
using Cipher = std::unique_ptr<EVP_CIPHER, Freed<EVP_CIPHER_free>>;
using CipherCtx = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;
using Pkey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

/// For calls that fail only when the library or the memory is broken: nothing sensible can follow.
inline void must(int rc) { LEADEX_CHECK(rc == 1); }

template <class T>
[[nodiscard]] T* must(T* object) {
  LEADEX_CHECK(object != nullptr);
  return object;
}

/// A number no other key of this process had: names a key in the per-thread slots without keeping
/// its bytes, so a dead key's context can never serve a new key at the same address.
[[nodiscard]] std::uint64_t next_key_serial() noexcept;

/// Per-thread contexts prepared for the keys used last. Two keys whose serials meet in one slot
/// evict each other, which costs time and nothing else.
template <class Prepared, std::size_t kSlots>
class KeySlots {
 public:
  /// The slot of key `serial`; `prepare(Prepared&)` runs when another key was there.
  template <class Prepare>
  Prepared& at(std::uint64_t serial, Prepare const& prepare) {
    auto& slot = slots_[serial % kSlots];
    if (slot.serial != serial) {
      slot.serial = 0;
      prepare(slot.prepared);
      slot.serial = serial;
    }
    return slot.prepared;
  }

 private:
  struct Slot {
    std::uint64_t serial{};
    Prepared prepared{};
  };
  std::array<Slot, kSlots> slots_{};
};

}  // namespace leadex::crypto::evp

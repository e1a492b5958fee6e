#include "server/privacy/fingerprint.hpp"

namespace leadex::privacy {

RequestFingerprint::RequestFingerprint(KeyRing const& ring, std::string_view target)
    : stream_(ring.body_fingerprint()) {
  crypto::Bytes size;
  crypto::append_be64(size, target.size());
  stream_.update(size).update(target);
}

RequestFingerprint& RequestFingerprint::update(crypto::ByteView body_part) {
  stream_.update(body_part);
  return *this;
}

}  // namespace leadex::privacy

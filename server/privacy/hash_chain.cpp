#include "server/privacy/hash_chain.hpp"

#include "billing/values/check.hpp"

namespace leadex::privacy {

ChainHasher::ChainHasher(std::string_view chain) { add('c', chain); }

ChainHasher& ChainHasher::add_int64(std::int64_t value) {
  crypto::Bytes bytes;
  crypto::append_be64(bytes, static_cast<std::uint64_t>(value));
  add('i', bytes);
  return *this;
}

ChainHasher& ChainHasher::add_bytes(crypto::ByteView bytes) {
  add('b', bytes);
  return *this;
}

ChainHasher& ChainHasher::add_text(std::string_view text) {
  add('t', text);
  return *this;
}

ChainHasher& ChainHasher::add_null() {
  add('n', {});
  return *this;
}

crypto::Digest ChainHasher::finish(crypto::Digest const& previous) {
  add_int64(fields_);
  add('p', crypto::view_of(previous));
  finished_ = true;
  return hash_.finish();
}

void ChainHasher::add(char type, crypto::ByteView bytes) {
  LEADEX_CHECK(!finished_);
  crypto::Bytes head(1, type);
  crypto::append_be64(head, bytes.size());
  hash_.update(head).update(bytes);
  ++fields_;
}

}  // namespace leadex::privacy

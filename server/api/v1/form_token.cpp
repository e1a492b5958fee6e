#include "server/api/v1/form_token.hpp"

#include "matching/market/codec.hpp"
#include "server/crypto/aead.hpp"

namespace leadex::api {

namespace {

constexpr std::string_view kPage = "form-page/1";
constexpr std::string_view kConfirm = "form-confirm/1";
constexpr std::size_t kTokenCharsMax = 8192;

template <class Token>
std::string seal(privacy::KeyRing const& keys, std::string_view use, Token const& token) {
  return crypto::base64url_encode(
      crypto::aead_seal(keys.token(), use, market::encode_value(token)));
}

template <class Token>
std::optional<Token> open(privacy::KeyRing const& keys, std::string_view use, storage::FormId form,
                          std::string_view text) {
  if (text.size() > kTokenCharsMax) return std::nullopt;
  auto const sealed = crypto::base64url_decode(text);
  if (!sealed) return std::nullopt;
  auto const opened = crypto::aead_open(keys.token(), use, *sealed);
  if (!opened) return std::nullopt;
  auto token = market::decode_value<Token>(opened->view());
  if (!token || token->market != form.market || token->form_no != form.no ||
      token->nonce.size() != kPageNonceBytes) {
    return std::nullopt;
  }
  return std::move(*token);
}

}  // namespace

std::string seal_page(privacy::KeyRing const& keys, PageToken const& token) {
  return seal(keys, kPage, token);
}

std::optional<PageToken> open_page(privacy::KeyRing const& keys, storage::FormId form,
                                   std::string_view text) {
  auto token = open<PageToken>(keys, kPage, form, text);
  if (token && token->sources.size() != kFormSources) return std::nullopt;
  return token;
}

std::string seal_confirm(privacy::KeyRing const& keys, ConfirmToken const& token) {
  return seal(keys, kConfirm, token);
}

std::optional<ConfirmToken> open_confirm(privacy::KeyRing const& keys, storage::FormId form,
                                         std::string_view text) {
  return open<ConfirmToken>(keys, kConfirm, form, text);
}

}  // namespace leadex::api

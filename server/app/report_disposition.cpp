#include "server/app/report_disposition.hpp"

#include <algorithm>

#include "server/observe/log.hpp"
#include "server/privacy/lead_envelope.hpp"

namespace leadex::app {

namespace {

using quality::StageRefusal;
using storage::DispositionRow;
using storage::ToldSale;

tl::unexpected<AppError> invalid(std::string_view pointer, std::string_view code,
                                 std::string_view detail) {
  return fail(AppCode::validation_failed, "The word cannot be taken.",
              {{std::string{pointer}, std::string{code}, std::string{detail}}});
}

tl::unexpected<AppError> refused(StageRefusal refusal) {
  switch (refusal) {
    case StageRefusal::not_standing:
      return fail(AppCode::wrong_state, "The lead was not delivered, or it went back.");
    case StageRefusal::closed:
      return fail(AppCode::wrong_state, "The sale was won or lost already.");
    case StageRefusal::too_many:
      return fail(AppCode::wrong_state, "Enough was told of this sale: 32 words.");
    case StageRefusal::in_future:
      return invalid("/at", "in_future", "It has not happened yet.");
    case StageRefusal::before_sale:
      return invalid("/at", "before_sale", "The lead was not sold yet.");
    case StageRefusal::before_last:
      return invalid("/at", "before_last", "Something later was told before.");
    case StageRefusal::backward:
      return invalid("/stage", "backward", "The sale has come further than that.");
    case StageRefusal::reason_missing:
      return invalid("/reason", "missing_field", "A loss has a reason.");
    case StageRefusal::reason_invalid:
      return invalid("/reason", "text_invalid", "Has a-z and _, begins with a letter, up to 64.");
    case StageRefusal::reason_unwelcome:
      return invalid("/reason", "unwelcome", "Only a loss has a reason.");
    case StageRefusal::bant_incomplete:
      return invalid("/bant", "incomplete", "Budget, authority, need and timeline must be there.");
    case StageRefusal::bant_unwelcome:
      break;
  }
  return invalid("/bant", "unwelcome", "Only sales_qualified has answers.");
}

quality::SaleStory story_of(ToldSale const& sale, std::vector<DispositionRow> const& told) {
  quality::SaleStory story;
  story.standing = sale.standing;
  story.sold_us = sale.sold_us;
  story.told = static_cast<int>(told.size());
  for (auto const& word : told) {
    story.reached = std::max(story.reached.value_or(word.stage), word.stage);
    story.last_us = std::max(story.last_us, word.at_us);
  }
  return story;
}

/// A word's place within its lead: no two words of a lead share it.
crypto::Bytes place_in_lead(SaleId sale, std::int32_t n) {
  return privacy::row_key(sale.lead_no,
                          std::int64_t{sale.slot} * quality::kDispositionsMax + std::int64_t{n});
}

Result<crypto::AeadKey, privacy::SealError> key_of(privacy::KeyRing const& ring,
                                                   ToldSale const& sale) {
  return privacy::open_lead_key(ring, {sale.id.market, sale.id.lead_no},
                                {sale.kek_id, sale.key_wrapped});
}

/// A row that was damaged, or a month's key that is not there: somebody has to look.
tl::unexpected<AppError> not_opened(SaleId sale) {
  log::error("disposition.open", "what is sealed for a lead does not open")
      .field("market", std::int64_t{sale.market})
      .field("lead", sale.lead_no);
  return fail(AppCode::internal_invariant, "Something went wrong on our side.");
}

AppResult<std::string> seal_answers(AppTools const& tools, ToldSale const& sale, std::int32_t n,
                                    std::string const& answers) {
  // Of an erased person nothing new is kept.
  if (answers.empty() || sale.erased) return std::string{};
  auto const key = key_of(tools.ring, sale);
  if (!key) return not_opened(sale.id);
  auto const row = place_in_lead(sale.id, n);
  return privacy::seal_field(*key, {"disposition", sale.id.market, row, "bant_sealed"}, answers);
}

}  // namespace

AppResult<DispositionRow> report_disposition(AppTools const& tools, PlatformTx& tx,
                                             Principal const& actor, ToldWord const& told) {
  auto const sale = tx.lead_stories().bought(actor.tenant_no, told.sale);
  if (!sale) return fail(AppCode::not_found, "There is no such sale.");
  auto const before = tx.lead_stories().told(storage::Viewer::of(actor), told.sale);
  auto const story = story_of(*sale, before);
  auto const now_us = to_unix_micros(tx.now());
  if (auto const refusal = quality::refusal_of(story, told.word, now_us)) {
    return refused(*refusal);
  }
  DispositionRow row;
  row.sale = told.sale;
  row.n = story.told;
  row.buyer_no = actor.tenant_no;
  row.generator_no = sale->generator_no;
  row.stage = told.word.stage;
  row.reason = told.word.reason;
  if (row.stage == quality::DispositionStage::lost) {
    row.group = quality::loss_group(row.reason, story.reached);
  }
  row.at_us = told.word.at_us;
  row.told_us = now_us;
  auto sealed = seal_answers(tools, *sale, row.n, told.bant);
  if (!sealed) return refuse(std::move(sealed.error()));
  row.bant_sealed = std::move(*sealed);
  tx.lead_stories().add(row);
  return row;
}

AppResult<std::optional<std::string>> open_answers(privacy::KeyRing const& ring,
                                                   ToldSale const& sale,
                                                   DispositionRow const& row) {
  if (row.bant_sealed.empty() || sale.erased) return std::optional<std::string>{};
  auto const key = key_of(ring, sale);
  if (!key) return not_opened(row.sale);
  auto const place = place_in_lead(row.sale, row.n);
  auto const opened = privacy::open_field(
      *key, {"disposition", row.sale.market, place, "bant_sealed"}, row.bant_sealed);
  if (!opened) return not_opened(row.sale);
  return std::optional{std::string{opened->view()}};
}

}  // namespace leadex::app

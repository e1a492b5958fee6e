#include "server/delivery/happenings.hpp"

#include <algorithm>

namespace leadex::delivery {

namespace {

using crypto::IdKind;

/// Collects the events of one batch; the key's count runs over all of them.
class Collector {
 public:
  Collector(MarketNo market, std::int64_t batch_seq) : market_(market), batch_seq_(batch_seq) {}

  void at(market::CommitItem const& item) {
    at_us_ = item.at_us;
    edit_ = std::holds_alternative<market::UpsertCampaign>(item.command);
    credit_ = std::holds_alternative<market::ClawBack>(item.command) || is_late_credit(item);
  }
  [[nodiscard]] std::vector<Happening> take() { return std::move(found_); }

  void operator()(market::SaleAwarded const& effect) {
    auto& happening = add_sale("sale.created", effect.lead_no, effect.slot);
    happening.buyer_no = effect.budget.buyer_no;
    happening.generator_no = effect.generator_no;
    if (effect.state == market::SaleState::pending) {
      happening.confirming_campaign = effect.budget.campaign_no;
    }
  }

  void operator()(market::SaleStepped const& effect) {
    auto const type = type_of(effect.step);
    // Most visits come to nothing: to tell each of them would drown what an account wants to know.
    if (type.empty() || effect.of_visit) return;
    add_sale(type, effect.lead_no, effect.slot).sale = {effect.lead_no, effect.slot};
  }

  void operator()(market::LeadMoved const& effect) {
    if (effect.state != market::LeadState::withdrawn) return;
    add("lead.withdrawn", IdKind::lead, effect.lead_no).lead_no = effect.lead_no;
  }

  void operator()(market::CampaignMoved const& effect) {
    bool const dry = effect.status == market::CampaignStatus::exhausted;
    bool const tried = effect.status == market::CampaignStatus::trial_ended;
    // An edit of a campaign that has run dry before tells its status again.
    if (!(dry || tried) || edit_) return;
    add(dry ? "campaign.exhausted" : "campaign.trial_ended", IdKind::campaign, effect.campaign_no)
        .buyer_no = effect.buyer_no;
  }

  void operator()(market::ReturnMoved const& effect) {
    constexpr std::uint8_t kManual = 2;
    if (effect.opened) add_return(effect, "return.opened", IdKind::ret);
    switch (effect.state) {
      case market::ReturnState::open:
        break;
      case market::ReturnState::disputed:
        add_return(effect, "dispute.opened", IdKind::dispute);
        break;
      case market::ReturnState::accepted:
      case market::ReturnState::denied:
        if (effect.ruling == kManual) add_return(effect, "dispute.decided", IdKind::dispute);
        add_return(effect, "return.decided", IdKind::ret);
        break;
    }
  }

  void operator()(market::BudgetLow const& effect) {
    add("balance.low", IdKind::campaign, effect.campaign_no).buyer_no = effect.buyer_no;
  }

  void operator()(market::CounterMoved const&) {}
  void operator()(market::BudgetMoved const&) {}
  void operator()(market::BidMoved const&) {}
  void operator()(market::AuctionHeld const&) {}
  void operator()(market::SourceCounted const&) {}
  void operator()(market::SourceTermsMoved const&) {}
  void operator()(market::PingReserved const&) {}
  void operator()(market::PromiseUsed const&) {}
  void operator()(market::LeadRested const&) {}
  void operator()(market::LeadRelisted const&) {}
  void operator()(market::ConversionMoved const&) {}  // what it costs is told by the sale
  void operator()(market::EstimatesSet const&) {}
  void operator()(market::LeadShared const&) {}    // nobody is told: it would name a rival's lead
  void operator()(market::LeadWithheld const&) {}  // whose list a person is on is told to nobody

  void operator()(market::DealMoved const& effect) {
    auto const type = effect.state == market::DealState::proposed ? "deal.proposed"
                      : effect.state == market::DealState::active ? "deal.accepted"
                                                                  : "deal.ended";
    auto& happening = add(type, IdKind::deal, effect.deal_no);
    happening.buyer_no = effect.buyer_no;
    happening.generator_no = effect.generator_no;
  }

 private:
  /// Of a lead found bad whose buyer's return was decided before: no return tells of it.
  [[nodiscard]] static bool is_late_credit(market::CommitItem const& item) {
    return std::holds_alternative<market::OpenReturn>(item.command) &&
           std::ranges::none_of(item.effects, [](auto const& effect) {
             return std::holds_alternative<market::ReturnMoved>(effect);
           });
  }
  [[nodiscard]] std::string_view type_of(market::SaleStep step) const {
    switch (step) {
      case market::SaleStep::delivered:
        return "sale.delivered";
      case market::SaleStep::voided:
      case market::SaleStep::expired:
        return "sale.voided";
      case market::SaleStep::settled:
        return "sale.settled";
      case market::SaleStep::credited:
      case market::SaleStep::returned:
        return credit_ ? "sale.credited" : "";  // else told by return.decided
      case market::SaleStep::lapsed:
        return "sale.voided";
      case market::SaleStep::waiting:
      case market::SaleStep::holdback_released:
        break;
    }
    return {};
  }

  Happening& add(std::string_view type, IdKind kind, std::int64_t subject_no) {
    Happening happening;
    happening.key = {market_, batch_seq_, static_cast<std::int32_t>(found_.size())};
    happening.type = type;
    happening.subject_kind = kind;
    happening.subject_no = subject_no;
    happening.at_us = at_us_;
    return found_.emplace_back(happening);
  }

  Happening& add_sale(std::string_view type, std::int64_t lead_no, std::int32_t slot) {
    return add(type, IdKind::sale, lead_no * kSaleSlotsMax + slot);
  }

  void add_return(market::ReturnMoved const& effect, std::string_view type, IdKind kind) {
    auto& happening = add(type, kind, effect.return_no);
    happening.buyer_no = effect.buyer_no;
    happening.generator_no = effect.generator_no;
  }

  MarketNo market_;
  std::int64_t batch_seq_;
  std::int64_t at_us_{};
  bool edit_{};
  bool credit_{};
  std::vector<Happening> found_;
};

}  // namespace

std::vector<Happening> happenings(MarketNo market, std::int64_t batch_seq,
                                  market::CommitBody const& body) {
  Collector collector(market, batch_seq);
  for (auto const& item : body.items) {
    collector.at(item);
    for (auto const& effect : item.effects) std::visit(collector, effect);
  }
  return collector.take();
}

std::vector<storage::NewPostback> told_conversions(market::CommitBody const& body) {
  using market::ConversionState;
  std::vector<storage::NewPostback> told;
  for (auto const& item : body.items) {
    for (auto const& effect : item.effects) {
      auto const* const moved = std::get_if<market::ConversionMoved>(&effect);
      if (moved == nullptr || moved->state == ConversionState::pending ||
          moved->state == ConversionState::uncovered) {
        continue;
      }
      told.push_back({moved->conversion_no, moved->lead_no, moved->state});
    }
  }
  return told;
}

}  // namespace leadex::delivery

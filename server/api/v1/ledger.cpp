#include "billing/values/check.hpp"
#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/render/ids.hpp"

namespace leadex::api {

namespace {

template <class Row, class Write>
http::Response answer_rows(ApiCall const& call, std::vector<Row> const& rows, Write write,
                           std::vector<std::int64_t> const& next = {}) {
  std::vector<std::string> items;
  for (auto const& row : rows) {
    json::JsonWriter out;
    write(out, row);
    items.push_back(out.str());
  }
  return page_answer(call, items, next);
}

Result<storage::TransferFilter, ApiProblem> read_filter(ApiCall const& call) {
  auto const page = read_page(call, 3);
  if (!page) return refuse(page.error());
  auto const market = query_market(call);
  if (!market) return refuse(market.error());
  storage::TransferFilter filter;
  filter.limit = page->limit;
  filter.stream = *market;
  if (auto const text = call.query("account")) {
    auto const account = render::open_ledger_account(call.ctx.ids, *text);
    // An id that is none finds nothing: no account has this number.
    filter.account = account ? storage::LedgerAccountCursor{account->stream, account->account_no}
                             : storage::LedgerAccountCursor{0, -1};
  }
  if (auto const code = call.query("code")) filter.code = transfer_code_from_text(*code);
  if (!page->after.empty()) {
    filter.before =
        storage::TransferCursor{static_cast<MarketNo>(page->after[0]),
                                {page->after[1], static_cast<std::int32_t>(page->after[2])}};
  }
  return filter;
}

}  // namespace

Answered list_ledger_accounts(ApiCall& call) {
  auto const page = read_page(call, 2);
  if (!page) co_return refuse(page.error());
  auto const market = query_market(call);
  if (!market) co_return refuse(market.error());
  storage::LedgerAccountFilter filter;
  filter.limit = page->fetch();
  filter.stream = *market;
  if (auto const code = call.query("code")) filter.code = account_code_from_text(*code);
  if (auto const owner = query_id<AccountId>(call, "account_id")) {
    filter.owner_no = owner->market == 0 ? owner->no : -1;
  }
  if (!page->after.empty()) {
    filter.after =
        storage::LedgerAccountCursor{static_cast<MarketNo>(page->after[0]), page->after[1]};
  }
  auto const found = co_await trade_of(call).ledger.accounts(viewer_of(call), filter);
  if (!found) co_return refuse(problem_of(found.error()));
  co_return answer_page(
      call, *page, *found,
      [&](json::JsonWriter& out, storage::LedgerAccountView const& view) {
        render::write_ledger_account(out, call.ctx.ids, view);
      },
      [](storage::LedgerAccountView const& view) {
        return std::vector<std::int64_t>{std::int64_t{view.stream}, view.account.account_no};
      });
}

Answered list_ledger_transfers(ApiCall& call) {
  auto const write = [&](json::JsonWriter& out, storage::TransferView const& view) {
    render::write_transfer(out, call.ctx.ids, view);
  };
  auto const filter = read_filter(call);
  if (!filter) co_return refuse(filter.error());
  if (auto const text = call.query("sale_id")) {
    auto const sale = call.ctx.ids.open_sale(*text);
    auto transfers =
        co_await trade_of(call).ledger.of_sale(viewer_of(call), sale ? *sale : SaleId{0, -1, 0});
    if (!transfers) co_return refuse(problem_of(transfers.error()));
    std::erase_if(*transfers, [&](storage::TransferView const& view) {
      auto const& account = filter->account;
      bool const of_account = !account || (account->stream == view.stream &&
                                           (account->account_no == view.transfer.debit ||
                                            account->account_no == view.transfer.credit));
      return !of_account || (filter->stream && view.stream != *filter->stream) ||
             (filter->code && view.transfer.code != *filter->code);
    });
    co_return answer_rows(call, *transfers, write);
  }
  auto const page = co_await trade_of(call).ledger.transfers(viewer_of(call), *filter);
  if (!page) co_return refuse(problem_of(page.error()));
  std::vector<std::int64_t> next;
  if (page->next) {
    next = {std::int64_t{page->next->stream}, page->next->ref.batch_seq,
            std::int64_t{page->next->ref.n}};
  }
  co_return answer_rows(call, page->transfers, write, next);
}

Answered list_earnings(ApiCall& call) {
  auto const found = co_await trade_of(call).ledger.earnings(viewer_of(call));
  if (!found) co_return refuse(problem_of(found.error()));
  co_return answer_rows(call, *found, [](json::JsonWriter& out, storage::EarningsView const& view) {
    render::write_earnings(out, view);
  });
}

}  // namespace leadex::api

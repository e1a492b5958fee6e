#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <memory>
#include <thread>

#include "server/cli/client/draw_check.hpp"
#include "server/cli/client/listing_output.hpp"
#include "server/cli/client/table.hpp"
#include "server/cli/client/verbs.hpp"
#include "server/crypto/hash.hpp"
#include "server/json/writer.hpp"

namespace leadex::cli {

namespace {

constexpr std::chrono::milliseconds kPollEvery{500};

std::vector<ColumnOf> const& batch_columns() {
  static std::vector<ColumnOf> const kColumns{
      {"id", "id"},
      {"market", "market"},
      {"status", "status"},
      {"read", "counts/read"},
      {"accepted", "counts/accepted"},
      {"duplicate", "counts/duplicate"},
      {"suppressed", "counts/suppressed"},
      {"rejected", "counts/rejected"},
      {"commitment", "commitment_no"},
  };
  return kColumns;
}

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) (void)std::fclose(file);
  }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

File open_to_read(std::string const& path) {
  File file{path == "-" ? stdin : std::fopen(path.c_str(), "rb")};
  if (!file) throw Failure(kUsage, path + " cannot be read");
  return file;
}

http::UploadSource source_of(std::FILE* file) {
  return [file](std::span<char> room) -> std::optional<std::size_t> {
    auto const got = std::fread(room.data(), 1, room.size(), file);
    if (got == 0 && std::ferror(file) != 0) return std::nullopt;
    return got;
  };
}

bool is_final(std::string const& status) {
  return status == "listed" || status == "rejected" || status == "closed";
}

/// Waits for the verdict, telling of changes on stderr; the wait is the verifiers', so it has no
/// end of its own.
Answer follow(Api& api, Answer batch) {
  auto const id = batch.json()["id"].text();
  std::string told;
  while (true) {
    auto const status = batch.json()["status"].text();
    if (status != told) print_note(fmt::format("{}: {}", id, status));
    told = status;
    if (is_final(status)) return batch;
    std::this_thread::sleep_for(kPollEvery);
    batch = api.get("/v1/batches/" + query_encode(id));
  }
}

constexpr int kTriesMax = 120;  // without a byte more that is stored
constexpr std::chrono::seconds kTryEvery{1};

/// Where the upload goes on; nothing while the server is not there, or still reads the piece that
/// was cut.
std::optional<Answer> ask_place(Api& api, std::string const& target) {
  try {
    auto answer = api.call("GET", target);
    if (answer.ok()) return answer;
    bool const passing = answer.problem_code() == "in_progress" || answer.status >= 500;
    if (!passing) throw Refusal(answer, "GET " + target);
  } catch (Refusal const&) {
    throw;
  } catch (Failure const& failure) {
    if (failure.exit_code() != kUnreachable) throw;
  }
  return std::nullopt;
}

/// Brings the rest of the file until all of it is taken. @return the batch
Answer bring_pieces(Api& api, std::string const& path, std::string const& id) {
  auto const target = "/v1/uploads/" + query_encode(id);
  auto const file = open_to_read(path);
  std::int64_t reached = 0;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    if (tries > 0) std::this_thread::sleep_for(kTryEvery);
    auto const place = ask_place(api, target);
    if (!place) continue;
    if (place->json()["complete"].flag()) return api.get("/v1/batches/" + query_encode(id));
    auto const offset = place->json()["offset"].integer();
    if (offset > reached) tries = 0;
    reached = offset;
    if (fseeko(file.get(), offset, SEEK_SET) != 0) throw Failure(kUsage, path + " cannot be read");
    auto answer = api.upload_piece(target, offset, source_of(file.get()));
    if (answer && answer->ok()) return std::move(*answer);
    auto const code = answer ? answer->problem_code() : std::string{};
    bool const passing = !answer || answer->status >= 500 || code == "in_progress" ||
                         code == "upload_offset_wrong" || code == "rate_limited";
    if (!passing) throw Refusal(*answer, "PATCH " + target);
    print_note(id + ": the connection broke; going on");
  }
  throw Failure(kUnreachable, id + " did not come to its end; --continue " + id + " goes on");
}

/// In pieces, from its beginning or from where an earlier call left it.
Answer upload_in_pieces(Api& api, Command const& command, bool lines) {
  auto id = command.continued;
  if (id.empty()) {
    auto target = "/v1/uploads?market=" + query_encode(command.market) +
                  "&format=" + (lines ? "ndjson" : "csv");
    if (!command.ask.empty()) target += "&ask=" + query_encode(command.ask);
    id = api.post(target).json()["id"].text();
    print_note(id + ": begun");
  }
  return bring_pieces(api, command.file, id);
}

std::string hash_of_file(std::string const& path) {
  auto const file = open_to_read(path);
  crypto::Sha256 hash;
  std::array<char, 64 * 1024> part{};
  while (auto const got = std::fread(part.data(), 1, part.size(), file.get())) {
    hash.update({part.data(), got});
  }
  if (std::ferror(file.get()) != 0) throw Failure(kUsage, path + " cannot be read");
  auto const digest = hash.finish();
  return crypto::hex_encode(crypto::view_of(digest));
}

std::string row_list(std::vector<std::int64_t> const& rows) {
  std::string text;
  for (auto const row : rows) text += (text.empty() ? "" : " ") + std::to_string(row);
  return text;
}

/// What a dry run found; nothing is kept that could be asked for later.
void print_findings(JsonView batch) {
  if (batch["rejects"].is_null()) return;
  Table table({"row", "code", "field", "detail"});
  for (auto const& reject : batch["rejects"].items()) {
    table.add({reject["row"].shown(), reject["code"].shown(), reject["pointer"].shown(),
               reject["detail"].shown()});
  }
  if (table.size() > 0) print_out("\n" + table.text());
}

}  // namespace

int upload_batch(Api& api, Command const& command) {
  auto target = "/v1/batches?market=" + query_encode(command.market);
  if (!command.ask.empty()) target += "&ask=" + query_encode(command.ask);
  if (command.dry_run) target += "&dry_run=true";
  bool const lines = command.file.ends_with(".ndjson") || command.file.ends_with(".jsonl");
  bool const pieces = command.resume || !command.continued.empty();
  auto const file = pieces ? File{} : open_to_read(command.file);
  auto batch = pieces ? upload_in_pieces(api, command, lines)
                      : api.upload(target, lines ? "application/x-ndjson" : "text/csv",
                                   source_of(file.get()));
  if (command.follow) batch = follow(api, std::move(batch));
  print_one(command, batch, batch_columns());
  if (command.dry_run && !command.local.json) print_findings(batch.json());
  auto const counts = batch.json()["counts"];
  bool const all = counts["accepted"].integer() == counts["read"].integer();
  if (!all && !command.dry_run) {
    print_note(fmt::format("Not all rows were taken; GET /v1/batches/{}/rejects says why.",
                           batch.json()["id"].shown()));
  }
  if (batch.json()["status"].text() == "rejected") return kFailed;
  return all ? kOk : kPartial;
}

int list_batches(Api& api, Command const& command) {
  return print_list(api, command, "/v1/batches", batch_columns());
}

int show_batch(Api& api, Command const& command) {
  auto const place = "/v1/batches/" + query_encode(command.id);
  auto const batch = api.get(place);
  print_one(command, batch, batch_columns());
  if (command.local.json) return kOk;
  auto const check = api.call("GET", place + "/spot-check");
  if (!check.ok()) return kOk;  // an upload that still runs has none
  print_one(command, check,
            {{"sample size", "plan/sample_size"},
             {"may be bad", "plan/acceptance_number"},
             {"verdict", "verdict"},
             {"commitment", "commitment"},
             {"secret", "secret"}});
  return kOk;
}

int verify_sample(Api& api, Command const& command) {
  auto const check = api.get("/v1/batches/" + query_encode(command.id) + "/spot-check");
  auto const draw = read_draw(check.json());
  auto const findings = check_draw(draw);
  bool const file_holds = command.file.empty() || hash_of_file(command.file) == draw.file_sha256;
  bool const holds = findings.all_hold() && file_holds;
  if (command.local.json) {
    print_out(json_object({{"commitment_holds", findings.commitment_holds},
                           {"sample_holds", findings.sample_holds},
                           {"size_holds", findings.size_holds},
                           {"skip_holds", findings.skip_holds},
                           {"verdict_holds", findings.verdict_holds},
                           {"file_holds", file_holds},
                           {"lot_size", static_cast<std::int64_t>(draw.accepted_rows.size())},
                           {"sample_size", draw.sample_size}}) +
              "\n");
    return holds ? kOk : kFailed;
  }
  auto const word = [](bool good) { return good ? "holds" : "DOES NOT HOLD"; };
  print_out(fmt::format("commitment  {}: sha256(secret) against {}\n",
                        word(findings.commitment_holds), draw.commitment));
  if (!command.file.empty()) {
    print_out(fmt::format("file        {}: {}\n", word(file_holds), draw.file_sha256));
  }
  print_out(fmt::format("size        {}: {} of {} rows checked, {} planned\n",
                        word(findings.size_holds), draw.sampled_rows.size(),
                        draw.accepted_rows.size(), draw.sample_size));
  print_out(fmt::format("skip        {}: {}\n", word(findings.skip_holds),
                        draw.skipped ? "left out" : "not left out"));
  print_out(fmt::format("verdict     {}: {}{}\n", word(findings.verdict_holds), draw.verdict,
                        draw.by_admin ? " (an admin judged)" : ""));
  print_out(fmt::format("sample      {}: rows {}\n", word(findings.sample_holds),
                        row_list(findings.expected_rows)));
  return holds ? kOk : kFailed;
}

}  // namespace leadex::cli

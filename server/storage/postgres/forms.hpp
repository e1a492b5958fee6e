#pragma once
// FormStore over tables form, form_version, form_submission, form_mail and form_count. Any thread.

#include "server/storage/forms.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresFormStore final : public FormStore {
 public:
  /// @param pool  outlives this.
  explicit PostgresFormStore(Pool& pool) : pool_(pool) {}
  [[nodiscard]] Later<bool> insert(Form form) override;
  [[nodiscard]] Later<std::vector<Form>> list(Viewer viewer, FormFilter filter) override;
  [[nodiscard]] Later<std::optional<Form>> find(Viewer viewer, FormId id) override;
  [[nodiscard]] Later<std::optional<Form>> visited(FormId id, std::int32_t version) override;
  [[nodiscard]] Later<std::optional<Form>> change(Viewer viewer, FormId id,
                                                  std::optional<bool> paused,
                                                  std::optional<std::string> definition,
                                                  Timestamp now) override;
  [[nodiscard]] Later<Taken> take(FormSubmission submission) override;
  [[nodiscard]] Later<std::optional<FormWaiting>> waiting(PageKey page) override;
  [[nodiscard]] Later<bool> confirm(PageKey page, Timestamp now) override;
  [[nodiscard]] Later<std::vector<FormWaiting>> due_mails(Timestamp now,
                                                          std::chrono::seconds again_after,
                                                          int limit) override;
  [[nodiscard]] Later<bool> mailed(PageKey page, bool sent) override;
  [[nodiscard]] Later<std::int64_t> forget_before(Timestamp oldest) override;
  [[nodiscard]] Later<bool> add(std::vector<FormCount> counts) override;
  [[nodiscard]] Later<std::vector<FormCount>> counts(FormId id, std::int32_t from_day,
                                                     std::int32_t to_day) override;

 private:
  Pool& pool_;
};

}  // namespace leadex::storage::postgres

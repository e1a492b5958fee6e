#pragma once
// FormCounts: what happened to forms, counted in memory and added to the tables now and then; what
// a process that dies has not added yet is lost. Any thread.

#include <map>
#include <mutex>
#include <tuple>

#include "server/storage/forms.hpp"

namespace leadex::api {

class FormCounts {
 public:
  explicit FormCounts(storage::FormStore& store) : store_(store) {}

  void add(storage::FormId form, Timestamp at, storage::FormStep step);
  /// Adds what was counted to the tables; what could not be added is kept.
  [[nodiscard]] boost::asio::awaitable<Result<void, storage::StoreError>> flush();

 private:
  using Key = std::tuple<storage::FormId, std::int32_t, storage::FormStep>;
  storage::FormStore& store_;
  std::mutex guard_;  // of the counts
  std::map<Key, std::int64_t> counts_;
};

}  // namespace leadex::api

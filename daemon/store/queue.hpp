#pragma once

#include "daemon/store/sqlite.hpp"
#include "daemon/store/store.hpp"

#include <string>
#include <vector>

namespace plimsoll::store {

/// Why `retire_sinks` gave a message up.
inline constexpr std::string_view kSinkRemoved = "sink removed";

/// Whether an unsent message of this type gives way to a newer one of its key.
bool is_collapsible(const NewAlert& alert);

/// The order within the outbox: one queue per (sink, alert key), in which only the first unfinished
/// message, the head, may be sent. Inside the caller's transaction; throws `Failure`.
class Queue {
  public:
    explicit Queue(Database& db);

    /// Appends a message, superseding those that collapse into it.
    void append(const NewAlert& alert, const Destination& destination, std::int64_t now_ms);
    /// Appends a retraction wherever its original was attempted, and withdraws the original where
    /// it was not.
    void retract(const NewAlert& alert, std::int64_t now_ms);
    /// Whether something of the alert's episode was attempted at the sink, or still will be.
    bool is_told(const NewAlert& alert, std::string_view sink);
    /// Makes the first unfinished message of the key its head.
    void promote(std::string_view sink, std::string_view alert_key);

  private:
    void insert(const NewAlert& alert, const Destination& destination, std::int64_t now_ms);
    std::int64_t not_before(const Destination& destination, std::int64_t now_ms);

    Statement insert_;
    Statement collapse_;
    Statement promote_;
    Statement original_;
    Statement withdraw_;
    Statement holding_;
    Statement last_try_;
    Statement told_;
};

/// The alerts of a round with their messages; known ids are ignored, see `Store::commit`.
void write_alerts(Database& db, const std::vector<NewAlert>& alerts, std::int64_t now_ms);

}  // namespace plimsoll::store

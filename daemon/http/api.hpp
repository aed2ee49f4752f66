#pragma once

#include "daemon/http/message.hpp"
#include "daemon/store/store.hpp"
#include "daemon/view/view.hpp"

#include <chrono>
#include <functional>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::http {

/// Answers questions about the running daemon. Only reads; knows nothing of sockets. Safe from any
/// thread: ledgers are held still only while they are copied, and rows are made of the copy.
class Api {
  public:
    struct Parts {
        const view::Live& live;
        store::Store& store;
        /// Whether every worker lives; reasons when not.
        std::function<bool(std::string& reason)> healthy;
        /// Delivery state of every sink, for `/status`.
        std::function<std::string()> sinks_json;
        /// The text of `/metrics`; none: that path is not there.
        std::function<std::string()> metrics_text = {};
    };
    explicit Api(Parts parts) : parts_(std::move(parts)) {}

    Response answer(const Request& request) const;

  private:
    // api.cpp
    Response healthy(const Request& request) const;
    Response ready(const Request& request) const;
    Response status(const Request& request) const;
    Response metrics(const Request& request) const;
    Response index(const Request& request) const;
    // tables.cpp
    Response tvl(const Request& request) const;
    Response markets(const Request& request) const;
    Response bands(const Request& request) const;
    Response positions(const Request& request) const;
    Response explain(const Request& request) const;
    // prices.cpp
    Response heatmap(const Request& request) const;
    Response what_if(const Request& request) const;
    // records.cpp
    Response liquidations(const Request& request) const;
    Response alerts(const Request& request) const;

    /// One path and the function that answers it.
    struct Route {
        std::string_view path;
        std::string_view example;  ///< parameters, for people
        std::string_view help;
        Response (Api::*answer)(const Request&) const;
    };
    static std::span<const Route> routes();

    /// What costs much waits here for its turn, so that it never takes all threads or cores. None
    /// when the turn does not come: answer 503.
    class Turn {
      public:
        explicit Turn(const Api& api) : api_(api), is_ours_(api.turns_.try_acquire_for(kWait)) {}
        ~Turn() {
            if (is_ours_) api_.turns_.release();
        }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        explicit operator bool() const { return is_ours_; }

      private:
        static constexpr std::chrono::seconds kWait{5};
        const Api& api_;
        bool is_ours_;
    };

    Parts parts_;
    mutable std::counting_semaphore<2> turns_{2};
};

}  // namespace plimsoll::http

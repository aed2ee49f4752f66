#pragma once

#include "daemon/alerts/figures.hpp"

namespace plimsoll::rules {

using alerts::amount_text;
using alerts::count_text;
using alerts::decimal;
using alerts::decimal_up;
using alerts::name_text;
using alerts::short_account;
using alerts::usd_text;

}  // namespace plimsoll::rules

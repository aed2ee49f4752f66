// Headers that nearly every file includes and that take long to read.
#pragma once

#include "config/settings.hpp"
#include "daemon/alerts/alert.hpp"
#include "protocols/common/protocol.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#pragma once

#include "abi/expected.hpp"

#include <string_view>

namespace plimsoll::config {

/// `name@host`, or `Words <name@host>` where the words are ASCII letters, digits, blanks and
/// `. _ -`: what can stand in a mail's header as it is. At most 254 characters.
Expected<void, ParseError> check_mailbox(std::string_view text);

/// `smtps://host[:port]` or `smtp://host[:port]`, without a user or a path.
Expected<void, ParseError> check_mail_server(std::string_view text);

/// Digits, ':' and letters, digits, `_`, `-`, as Telegram gives them out.
bool is_bot_token(std::string_view text);
/// A number, or `@` and a name.
bool is_chat(std::string_view text);

}  // namespace plimsoll::config

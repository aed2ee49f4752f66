#include "tests/config/support.hpp"

#include <gtest/gtest.h>

namespace plimsoll::config {
namespace {

using testing::Broken;

class BrokenSection : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenSection, is_told_once_with_line_column_and_hint) {
    testing::expect_told_once(GetParam());
}

std::string name_of(const ::testing::TestParamInfo<Broken>& tested) { return tested.param.name; }

const Broken kChains[] = {
    {"empty_endpoints",
     "version = 1\n[chains.eth]\nkind = \"evm\"\nchain_id = 1\nendpoints = @@[]\n"
     "[protocols.p]\nkind = \"aave-v3\"\nchain = \"eth\"\n",
     "'endpoints' of [chains.eth] is empty"},
    {"no_chain_id",
     "version = 1\n@@[chains.eth]\nkind = \"evm\"\nendpoints = [\"https://a.example\"]\n"
     "[protocols.aave-v3-ethereum]\nkind = \"aave-v3\"\nchain = \"eth\"\n",
     "[chains.eth] has no 'chain_id'", "for example: chain_id = 1"},
    {"chain_id_zero",
     "version = 1\n[chains.eth]\nkind = \"evm\"\nchain_id = @@0\n"
     "endpoints = [\"https://a.example\"]\n"
     "[protocols.aave-v3-ethereum]\nkind = \"aave-v3\"\nchain = \"eth\"\n",
     "'chain_id' must be from 1 to 9007199254740991"},
    {"tron_wallet",
     "[chains.t]\nkind = \"tron\"\nchain_id = 728126428\n"
     "endpoints = [@@\"https://a.example/wallet/\"]\n",
     "the URL of a TRON node ends with '/wallet'", "give its base URL, '/wallet' is appended"},
    {"tron_jsonrpc",
     "[chains.t]\nkind = \"tron\"\nchain_id = 728126428\n"
     "endpoints = [@@\"https://a.example/k/jsonrpc?x=1\"]\n",
     "the URL of a TRON node ends with '/jsonrpc'", "give its base URL, '/jsonrpc' is appended"},
    {"tron_chain_id",
     "[chains.t]\nkind = \"tron\"\nchain_id = @@4294967296\n"
     "endpoints = [\"https://a.example\"]\n",
     "a TRON chain_id has four bytes, 4294967296 is too large",
     "mainnet is 728126428, Nile 3448148188, Shasta 2494104990"},
    {"multicall_of_tron_elsewhere",
     "[chains.two]\nkind = \"evm\"\nchain_id = 2\nendpoints = [\"https://a.example\"]\n"
     "multicall = @@\"TEazPvZwDjDtFeJupyo7QunvnrnUjPH8ED\"\n",
     "'multicall': 'TEazPvZwDjDtFeJupyo7QunvnrnUjPH8ED' is an address of TRON, and this is not"},
    {"unknown_kind",
     "version = 1\n[chains.eth]\nkind = @@\"emv\"\nchain_id = 1\n"
     "endpoints = [\"https://a.example\"]\n[protocols.p]\nkind = \"aave-v3\"\nchain = \"eth\"\n",
     "'kind': 'emv' is not known", "did you mean 'evm'?"},
    {"same_chain_twice",
     "[chains.two]\nkind = \"evm\"\nchain_id = @@1\nendpoints = [\"https://a.example\"]\n",
     "chains 'eth' and 'two' have the same chain_id",
     "one chain may have several endpoints and protocols"},
    {"websocket",
     "[chains.two]\nkind = \"evm\"\nchain_id = 2\nendpoints = [@@\"wss://a.example\"]\n",
     "WebSocket URLs are not supported; use the provider's https:// URL"},
    {"no_scheme", "[chains.two]\nkind = \"evm\"\nchain_id = 2\nendpoints = [@@\"a.example\"]\n",
     "a URL begins with https:// or http://"},
    {"no_host",
     "[chains.two]\nkind = \"evm\"\nchain_id = 2\nendpoints = [{ url = @@\"https:///v2\" }]\n",
     "the URL has no valid host"},
    {"endpoint_without_url",
     "[chains.two]\nkind = \"evm\"\nchain_id = 2\nendpoints = [@@{ max_rps = 2 }]\n",
     "the endpoint has no 'url'"},
    {"endpoint_is_a_number", "[chains.two]\nkind = \"evm\"\nchain_id = 2\nendpoints = [@@8545]\n",
     "'endpoints' must be a URL or a table, not an integer"},
    {"alias_twice",
     "[chains.two]\nkind = \"evm\"\nchain_id = 2\n"
     "endpoints = [{ url = \"https://a.example\", alias = @@\"eth-1\" }]\n",
     "endpoint alias 'eth-1' is given twice"},
    {"alias_with_a_blank",
     "[chains.two]\nkind = \"evm\"\nchain_id = 2\n"
     "endpoints = [{ url = \"https://a.example\", alias = @@\"my node\" }]\n",
     "'my node' cannot be an alias", "letters, digits, '.', '_' and '-', at most 64"},
    {"header_with_a_line_break",
     "[chains.two]\nkind = \"evm\"\nchain_id = 2\n"
     "endpoints = [{ url = \"https://a.example\", header = { @@X-Key = \"a\\r\\nHost: b\" } }]\n",
     "a header's value has no line breaks or control characters"},
    {"too_many_to_agree",
     "[chains.two]\nkind = \"evm\"\nchain_id = 2\nagree = @@2\n"
     "endpoints = [\"https://a.example\"]\n",
     "'agree' asks for 2 endpoints, the chain has 1"},
    {"finality_misspelt",
     "[chains.two]\nkind = \"evm\"\nchain_id = 2\nfinality = @@\"finalised\"\n"
     "endpoints = [\"https://a.example\"]\n",
     "'finality': expected \"finalized\", \"safe\", \"latest\" or a number of blocks, found "
     "'finalised'",
     "did you mean 'finalized'?"},
    {"finality_negative",
     "[chains.two]\nkind = \"evm\"\nchain_id = 2\nfinality = @@-3\n"
     "endpoints = [\"https://a.example\"]\n",
     "'finality': expected \"finalized\", \"safe\", \"latest\" or a number of blocks, found '-3'"},
};
INSTANTIATE_TEST_SUITE_P(Chains, BrokenSection, ::testing::ValuesIn(kChains), name_of);

const Broken kProtocols[] = {
    {"unknown_chain", "[protocols.b]\nkind = \"aave-v3\"\nchain = @@\"ehh\"\n",
     "there is no 'chains.ehh' in the file", "did you mean 'eth'?"},
    {"kind_of_a_later_version", "[protocols.b]\nkind = @@\"comet\"\nchain = \"eth\"\n",
     "'kind': 'comet' is not supported yet by this version", "one of: aave-v3, compound-v2"},
    {"kind_misspelt", "[protocols.b]\nkind = @@\"aave3\"\nchain = \"eth\"\n",
     "'kind': 'aave3' is not known", "did you mean 'aave-v3'?"},
    {"no_kind",
     "@@[protocols.b]\nchain = \"eth\"\naddress = \"0x1000000000000000000000000000000000000001\"\n",
     "[protocols.b] has no 'kind'", "for example: kind = \"aave-v3\""},
    {"wrong_checksum",
     "[protocols.b]\nkind = \"aave-v3\"\nchain = \"eth\"\n"
     "address = @@\"0x2F39d218133AFaB8F2B819B1066c7E434Ad94E9e\"\n",
     "'address': the address has a wrong EIP-55 checksum; it should read "
     "0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e"},
    {"wrong_base58_checksum",
     "[chains.t]\nkind = \"tron\"\nchain_id = 728126428\nendpoints = [\"https://a.example\"]\n"
     "[protocols.b]\nkind = \"aave-v3\"\nchain = \"t\"\n"
     "address = @@\"TGjYzgCyPobsNS9n6WcbdLVR9dH7mWqFx8\"\n",
     "'address': TGjYzgCyPobsNS9n6WcbdLVR9dH7mWqFx8 has a wrong checksum: a character is missing "
     "or mistyped"},
    {"address_of_tron_elsewhere",
     "[protocols.b]\nkind = \"aave-v3\"\nchain = \"eth\"\n"
     "address = @@\"TGjYzgCyPobsNS9n6WcbdLVR9dH7mWqFx7\"\n",
     "'address': 'TGjYzgCyPobsNS9n6WcbdLVR9dH7mWqFx7' is an address of TRON, and this is not"},
    {"address_too_short",
     "[protocols.b]\nkind = \"aave-v3\"\nchain = \"eth\"\naddress = @@\"0x1234\"\n",
     "'address': an address is 0x and 40 hex digits"},
    {"unknown_deployment",
     "[protocols.b]\nkind = \"aave-v3\"\nchain = \"eth\"\ndeployment = @@\"aave-v3-etherium\"\n",
     "no built-in deployment is called 'aave-v3-etherium'", "did you mean 'aave-v3-ethereum'?"},
    {"deployment_of_another_chain",
     "[protocols.b]\nkind = \"aave-v3\"\nchain = \"eth\"\ndeployment = @@\"aave-v3-base\"\n",
     "'aave-v3-base' is on chain_id 8453, chain 'eth' has 1"},
    {"named_after_a_deployment_of_another_chain",
     "@@[protocols.aave-v3-base]\nkind = \"aave-v3\"\nchain = \"eth\"\n",
     "'aave-v3-base' is on chain_id 8453, chain 'eth' has 1", "give the address, or another name"},
    {"deployment_of_a_later_kind",
     "[protocols.b]\nchain = \"eth\"\ndeployment = @@\"aave-v2-ethereum\"\n",
     "'aave-v2-ethereum' is of kind \"aave-v2\", which is not supported yet by this version"},
    {"address_and_another_deployment",
     "[protocols.b]\nkind = \"aave-v3\"\nchain = \"eth\"\ndeployment = \"spark-ethereum\"\n"
     "address = @@\"0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e\"\n",
     "'spark-ethereum' has another address, 0x02C3eA4e34C0cBd694D2adFa2c690EECbC1793eE",
     "leave out 'deployment' or 'address'"},
    {"no_address_on_an_unknown_chain",
     "[chains.dev]\nkind = \"evm\"\nchain_id = 31337\nendpoints = [\"http://127.0.0.1:8545\"]\n"
     "@@[protocols.b]\nkind = \"aave-v3\"\nchain = \"dev\"\n",
     "[protocols.b] has no 'address'",
     "give the PoolAddressesProvider; no built-in deployment is on chain_id 31337"},
    {"same_deployment_twice", "@@[protocols.b]\nkind = \"aave-v3\"\nchain = \"eth\"\n",
     "protocols 'aave-v3-ethereum' and 'b' are the same deployment"},
};
INSTANTIATE_TEST_SUITE_P(Protocols, BrokenSection, ::testing::ValuesIn(kProtocols), name_of);

const Broken kBands[] = {
    {"low_above_high", "[bands.b]\ncollateral = \"ETH\"\nbetween = @@[2400, 2200]\n",
     "the lower end of 'between' must be below the upper"},
    {"low_equals_high", "[bands.b]\ncollateral = \"ETH\"\nbetween = @@[5, \"5.0\"]\n",
     "the lower end of 'between' must be below the upper"},
    {"three_ends", "[bands.b]\ncollateral = \"ETH\"\nbetween = @@[1, 2, 3]\n",
     "'between' must be two amounts: [low, high]"},
    {"no_between", "@@[bands.b]\ncollateral = \"ETH\"\n", "[bands.b] has no 'between'",
     "for example: between = [2200, 2400]"},
    {"collateral_with_a_blank", "[bands.b]\ncollateral = @@\"wrapped ETH\"\nbetween = [1, 2]\n",
     "'wrapped ETH' is neither a symbol nor an address"},
    {"member_of_two_groups",
     "[groups.A]\nleader = \"X\"\nmembers = [\"X\"]\n[groups.B]\nleader = \"Y\"\n"
     "members = [\"Y\", @@\"X\"]\n",
     "'X' is already a member of group 'A'"},
    {"watch_checksum", "[watch.w]\naccounts = [@@\"0x2F39d218133AFaB8F2B819B1066c7E434Ad94E9e\"]\n",
     "'accounts': the address has a wrong EIP-55 checksum; it should read "
     "0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e, found "
     "'0x2F39d218133AFaB8F2B819B1066c7E434Ad94E9e'"},
    {"watch_base58_checksum", "[watch.w]\naccounts = [@@\"TRX9Uhjnn2MdEzWvvZFqJyJ2KUu9sRZq6b\"]\n",
     "'accounts': TRX9Uhjnn2MdEzWvvZFqJyJ2KUu9sRZq6b has a wrong checksum: a character is missing "
     "or mistyped, found 'TRX9Uhjnn2MdEzWvvZFqJyJ2KUu9sRZq6b'"},
    {"watch_in_two_forms",
     "[watch.w]\naccounts = [\"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t\", "
     "@@\"0xa614f803b6fd780986a42c78ec9c7f77e6ded13c\"]\n",
     "'accounts' names '0xa614f803b6fd780986a42c78ec9c7f77e6ded13c' twice"},
    {"group_base58_checksum",
     "[groups.A]\nleader = @@\"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u\"\nmembers = []\n",
     "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u has a wrong checksum: a character is missing or "
     "mistyped"},
    {"watch_nobody", "[watch.w]\naccounts = @@[]\n", "'accounts' of [watch.w] is empty"},
};
INSTANTIATE_TEST_SUITE_P(Bands, BrokenSection, ::testing::ValuesIn(kBands), name_of);

const Broken kSinks[] = {
    {"kind_with_a_slip", "[sinks.team]\nkind = @@\"slak\"\n", "'kind': 'slak' is not known",
     "did you mean 'slack'?"},
    {"url_for_mail",
     "[sinks.m]\nkind = \"email\"\nserver = \"smtps://m.example\"\nfrom = \"a@m.example\"\n"
     "to = [\"b@m.example\"]\n@@url = \"https://m.example\"\n",
     "'url' has no meaning in [sinks.m]",
     "it belongs to kind \"webhook\", \"alertmanager\", \"slack\", \"discord\", "
     "\"telegram\", \"pagerduty\""},
    {"mail_server",
     "[sinks.m]\nkind = \"email\"\nserver = @@\"https://m.example\"\nfrom = \"a@m.example\"\n"
     "to = [\"b@m.example\"]\n",
     "'server': not smtps://host:port or smtp://host:port"},
    {"mail_address",
     "[sinks.m]\nkind = \"email\"\nserver = \"smtps://m.example\"\nfrom = \"a@m.example\"\n"
     "to = [@@\"b@m.example\\r\\nBcc: c@d.example\"]\n",
     "'to': not an address such as risk@mail.example"},
    {"mail_to_nobody",
     "@@[sinks.m]\nkind = \"email\"\nserver = \"smtps://m.example\"\nfrom = \"a@m.example\"\n",
     "[sinks.m] has no 'to'", "for example: to = [\"risk@mail.example\"]"},
    {"password_in_the_clear",
     "[sinks.m]\nkind = \"email\"\nserver = \"smtp://m.example\"\nfrom = \"a@m.example\"\n"
     "to = [\"b@m.example\"]\nuser = \"u\"\npassword = \"p\"\nallow_plain = @@true\n",
     "a password is never sent without TLS", "leave out 'allow_plain' or the login"},
    {"telegram_token", "[sinks.t]\nkind = \"telegram\"\ntoken = @@\"12/34\"\nchat = \"1\"\n",
     "'token' is not digits, ':' and the bot's key"},
    {"telegram_chat", "[sinks.t]\nkind = \"telegram\"\ntoken = \"1:a\"\nchat = @@\"my chat\"\n",
     "'chat' is neither a number nor the @name of a channel"},
    {"pagerduty_without_key", "@@[sinks.p]\nkind = \"pagerduty\"\n",
     "[sinks.p] has no 'routing_key'",
     "for example: routing_key = \"${credential:pagerduty_key}\""},
    {"language", "[sinks.s]\nkind = \"slack\"\nurl = \"https://a.example\"\nlanguage = @@\"de\"\n",
     "'language': 'de' is not known", "one of: en, zh"},
    {"page_url",
     "[sinks.s]\nkind = \"slack\"\nurl = \"https://a.example\"\npage_url = @@\"javascript:1\"\n",
     "'page_url' is not an address for people", "for example: \"https://plimsoll.example/\""},
    {"previous_key_alone",
     "[signing]\n"
     "previous = @@\"0000000000000000000000000000000000000000000000000000000000000001\"\n",
     "'previous' is given and 'key' is not"},
    {"no_kind", "@@[sinks.s]\npath = \"a\"\n", "[sinks.s] has no 'kind'",
     "for example: kind = \"webhook\""},
    {"webhook_without_url", "@@[sinks.s]\nkind = \"webhook\"\n", "[sinks.s] has no 'url'",
     "for example: url = \"${credential:oncall_url}\""},
    {"plain_http", "[sinks.s]\nkind = \"webhook\"\nurl = @@\"http://a.example\"\n",
     "the URL of a sink begins with https://", "or set allow_http = true"},
    {"key_of_the_other_kind",
     "[sinks.s]\nkind = \"webhook\"\nurl = \"https://a.example\"\n@@path = \"alerts\"\n",
     "'path' has no meaning in [sinks.s]", "it belongs to kind \"jsonl\""},
    {"secret_without_prefix",
     "[sinks.s]\nkind = \"webhook\"\nurl = \"https://a.example\"\nsecrets = [@@\"abc\"]\n",
     "a webhook secret begins with whsec_", "make one with: echo whsec_$(openssl rand -base64 32)"},
    {"secret_too_short",
     "[sinks.s]\nkind = \"webhook\"\nurl = \"https://a.example\"\n"
     "secrets = [@@\"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"]\n",
     "a webhook secret holds 24 to 64 bytes, this one 23",
     "make one with: echo whsec_$(openssl rand -base64 32)"},
    {"private_block",
     "[sinks.s]\nkind = \"webhook\"\nurl = \"https://a.example\"\n"
     "allow_private = [@@\"10.1.2.3/16\"]\n",
     "'allow_private': the address has bits below its /16"},
    {"path_outside", "[sinks.s]\nkind = \"jsonl\"\npath = @@\"../alerts\"\n",
     "'path' of [sinks.s] must lie under the state directory", "for example \"alerts\""},
    {"same_path_twice", "[sinks.a]\nkind = \"jsonl\"\n@@[sinks.b]\nkind = \"jsonl\"\n",
     "sinks 'a' and 'b' write to the same path"},
    {"signing_key_zero",
     "[signing]\n"
     "key = @@\"0000000000000000000000000000000000000000000000000000000000000000\"\n",
     "'key': the signing key is zero, which is no key"},
    {"signing_key_too_large",
     "[signing]\n"
     "key = @@\"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141\"\n",
     "'key': the signing key is not below the order of secp256k1"},
    {"signing_key_too_short", "[signing]\nkey = @@\"0x1234\"\n",
     "'key': a signing key is 32 bytes: 64 hex digits"},
    {"expected_address_without_key",
     "[signing]\nexpect_address = @@\"0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e\"\n",
     "'expect_address' is given and 'key' is not"},
    {"inhibit_unknown_label",
     "[[inhibit]]\nwhen = { @@typ = \"oracle.stale\" }\nmute = { rule = \"hf-*\" }\n",
     "unknown label 'typ'", "did you mean 'type'?"},
    {"inhibit_empty", "[[inhibit]]\nwhen = @@{}\nmute = { rule = \"hf-*\" }\n",
     "'when' matches nothing: it is empty"},
};
INSTANTIATE_TEST_SUITE_P(Sinks, BrokenSection, ::testing::ValuesIn(kSinks), name_of);

}  // namespace
}  // namespace plimsoll::config

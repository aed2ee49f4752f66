#include "daemon/sinks/http_post.hpp"
#include "tests/daemon/sinks/disk.hpp"

#include <gtest/gtest.h>
#include <httplib.h>

#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <thread>

namespace plimsoll::sinks {
namespace {

using namespace std::chrono_literals;
using Fault = HttpReply::Fault;

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

/// Self-signed, for the address or name given, valid from an hour ago for `valid`.
Certificate make_certificate(EVP_PKEY* key, const char* alt_name, std::chrono::seconds valid) {
    Certificate out(X509_new());
    X509_set_version(out.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(out.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(out.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(out.get()), valid.count());
    X509_set_pubkey(out.get(), key);
    X509_NAME* name = X509_get_subject_name(out.get());
    const std::string text = "test";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1, 0);
    X509_set_issuer_name(out.get(), name);
    const std::unique_ptr<X509_EXTENSION, Free> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alt_name));
    X509_add_ext(out.get(), extension.get(), -1);
    X509_sign(out.get(), key, EVP_sha256());
    return out;
}

/// An https server on loopback, and the file that makes its certificate trusted.
class TlsServer {
  public:
    explicit TlsServer(const char* alt_name, std::chrono::seconds valid = 24h)
        : key_(EVP_EC_gen("P-256")),
          certificate_(make_certificate(key_.get(), alt_name, valid)),
          server_(certificate_.get(), key_.get()) {
        server_.Post("/", [](const httplib::Request&, httplib::Response& response) {
            response.status = 204;
        });
        server_.set_keep_alive_timeout(1);
        port_ = server_.bind_to_any_port("127.0.0.1");
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) std::this_thread::yield();
        FILE* file = fopen(ca_file().c_str(), "w");
        PEM_write_X509(file, certificate_.get());
        fclose(file);
    }
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;
    ~TlsServer() {
        server_.stop();
        thread_.join();
    }

    std::string ca_file() const { return (folder_.path() / "ca.pem").string(); }
    HttpReply post(const std::string& host, bool is_trusted) const {
        HttpRules rules;
        rules.allow_private = {parse_cidr("127.0.0.0/8").value()};
        rules.total_timeout = 5s;
        if (is_trusted) rules.ca_file = ca_file();
        return make_curl_poster(rules)->post(
            {Secret("https://" + host + ":" + std::to_string(port_) + "/"), {}, "{}"});
    }

  private:
    testing::TemporaryFolder folder_;
    Key key_;
    Certificate certificate_;
    httplib::SSLServer server_;
    int port_ = 0;
    std::thread thread_;
};

TEST(Tls, trusted_certificate_of_the_right_name_is_accepted) {
    const TlsServer server("IP:127.0.0.1");
    const HttpReply reply = server.post("127.0.0.1", true);
    EXPECT_EQ(reply.status, 204) << reply.text;
}

TEST(Tls, self_signed_certificate_is_refused) {
    const TlsServer server("IP:127.0.0.1");
    EXPECT_EQ(server.post("127.0.0.1", false).fault, Fault::tls);
}

TEST(Tls, certificate_of_another_name_is_refused) {
    const TlsServer server("DNS:elsewhere.example");
    EXPECT_EQ(server.post("127.0.0.1", true).fault, Fault::tls);
}

TEST(Tls, expired_certificate_is_refused) {
    const TlsServer server("IP:127.0.0.1", -60s);
    EXPECT_EQ(server.post("127.0.0.1", true).fault, Fault::tls);
}

}  // namespace
}  // namespace plimsoll::sinks

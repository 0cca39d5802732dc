/*
 * What may precede TLS on a connection: the PROXY protocol, of both versions,
 * and a dialogue of mail that ends with STARTTLS.
 */

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace debug {

class Prelude {
  public:
    /* Whether bytes may be the beginning of what take() takes. */
    static bool recognises(std::string_view bytes);

    /* What a client may say before its ClientHello, in bytes. */
    static constexpr std::size_t longest = 16 * 1024;

    enum class Found { more, tls, nothing };

    /*
     * Takes the client's bytes from the front of `bytes`; with Found::tls the
     * handshake begins with what is left of them and of what begun() has.
     */
    Found take(std::string_view& bytes);

    /* The first bytes of the handshake, which came in pieces. */
    std::string_view begun() const noexcept { return head_; }

    /* The client, as a proxy names it; else empty. */
    const std::string& proxied() const noexcept { return proxied_; }

    /* Whether what the server has said up to now is no TLS. */
    bool is_dialogue() const noexcept { return dialogue_; }

    std::size_t held() const noexcept {
        return head_.capacity() + proxied_.capacity();
    }

  private:
    Found look();
    Found take_proxy_line();
    Found take_proxy_header();
    Found take_line();

    std::string head_; /* not understood yet */
    std::string proxied_;
    std::size_t skip_ = 0; /* of a header */
    std::size_t said_ = 0; /* all in all */
    bool dialogue_ = false;
};

}  // namespace debug

/*
 * What may precede TLS on a connection: both versions of the PROXY protocol,
 * and a mail dialogue that ends with STARTTLS.
 */

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace debug {

class Prelude {
  public:
    /* Whether these bytes can begin a prelude that take() reads. */
    static bool recognises(std::string_view bytes);

    /* How many bytes a client may send before its ClientHello. */
    static constexpr std::size_t longest = 16 * 1024;

    enum class Found { more, tls, nothing };

    /*
     * Reads the client's data from the front of `bytes`. With Found::tls, the
     * handshake consists of begun() and the remaining bytes.
     */
    Found take(std::string_view& bytes);

    /* The first bytes of the handshake, if they came in pieces. */
    std::string_view begun() const noexcept { return head_; }

    /* The client that a proxy names; otherwise empty. */
    const std::string& proxied() const noexcept { return proxied_; }

    /* Whether the server has sent something other than TLS so far. */
    bool is_dialogue() const noexcept { return dialogue_; }

    std::size_t held() const noexcept {
        return head_.capacity() + proxied_.capacity();
    }

  private:
    Found look();
    Found take_proxy_line();
    Found take_proxy_header();
    Found take_line();

    std::string head_; /* not parsed yet */
    std::string proxied_;
    std::size_t skip_ = 0; /* of a header */
    std::size_t said_ = 0; /* in total */
    bool dialogue_ = false;
};

}  // namespace debug

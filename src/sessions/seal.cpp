#include "sessions/seal.hpp"

#include <algorithm>
#include <array>
#include <openssl/rand.h>
#include <openssl/ssl.h>

namespace session_cache {

namespace {

constexpr std::size_t id_at = 1;
constexpr std::size_t nonce_at = id_at + sizeof(SealingKey::Id);
constexpr std::size_t context_at = nonce_at + sizeof(Nonce);

const EVP_CIPHER* cipher() {
    static EVP_CIPHER* const fetched =
        EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    return fetched;
}

/*
 * Random. Fetches many at a time, because a call for one costs as much. Call it
 * only in a worker: processes that are forked with a stock of nonces would
 * share it.
 */
Nonce take_nonce() {
    constexpr std::size_t size = sizeof(Nonce);
    static std::array<unsigned char, 64 * size> stock;
    static std::size_t left = 0;
    Nonce nonce;

    if (left == 0) {
        require(RAND_bytes(stock.data(), stock.size()) == 1);
        left = stock.size();
    }
    left -= size;
    std::copy_n(stock.begin() + static_cast<std::ptrdiff_t>(left), size,
                nonce.begin());
    return nonce;
}

/* AES-256-GCM under the key of a session. */
class Gcm {
  public:
    enum class Mode { open, seal };

    /* `context` is what the additional data contain: the tag in a value's head,
     * or in format 2 the context itself. */
    Gcm(Mode mode, const SealingKey& key, Bytes session_id, Bytes context,
        const unsigned char* head)
        : ctx_(EVP_CIPHER_CTX_new()) {
        SealingKey::SessionKey own;
        key.derive(session_id, own);
        require(ctx_ != nullptr &&
                EVP_CipherInit_ex(ctx_.get(), cipher(), nullptr,
                                  own.bytes.data(), head + nonce_at,
                                  mode == Mode::seal) == 1);

        authenticate({head, nonce_at}, session_id, context);
    }

    void crypt(Bytes from, unsigned char* to) {
        int n = 0;
        require(EVP_CipherUpdate(ctx_.get(), to, &n, from.data(),
                                 static_cast<int>(from.size())) == 1);
    }

    void tag(unsigned char* to) {
        require(finish() &&
                EVP_CIPHER_CTX_ctrl(ctx_.get(), EVP_CTRL_AEAD_GET_TAG,
                                    seal_tail, to) == 1);
    }

    bool matches(const unsigned char* tag) {
        require(EVP_CIPHER_CTX_ctrl(ctx_.get(), EVP_CTRL_AEAD_SET_TAG,
                                    seal_tail,
                                    const_cast<unsigned char*>(tag)) == 1);
        return finish();
    }

  private:
    /* In one call, because each call costs as much as all of these bytes. */
    void authenticate(Bytes head, Bytes session_id, Bytes context) {
        std::array<unsigned char, nonce_at + 1 + SSL_MAX_SSL_SESSION_ID_LENGTH +
                                      SSL_MAX_SID_CTX_LENGTH>
            data;
        require(session_id.size() <= SSL_MAX_SSL_SESSION_ID_LENGTH &&
                context.size() <= SSL_MAX_SID_CTX_LENGTH);

        auto end = std::copy(head.begin(), head.end(), data.begin());
        *end++ = static_cast<unsigned char>(session_id.size());
        end = std::copy(session_id.begin(), session_id.end(), end);
        end = std::copy(context.begin(), context.end(), end);
        crypt({data.begin(), end}, nullptr);
    }

    bool finish() {
        unsigned char none[1];
        int n = 0;
        return EVP_CipherFinal_ex(ctx_.get(), none, &n) == 1;
    }

    Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> ctx_;
};

}  // namespace

void seal(const SealingKey& key, const SealedFor& what,
          std::span<unsigned char> value) {
    seal(key, what, take_nonce(), value);
}

void seal(const SealingKey& key, const SealedFor& what, const Nonce& nonce,
          std::span<unsigned char> value) {
    unsigned char* head = value.data();
    auto text = value.subspan(seal_head, value.size() - seal_head - seal_tail);

    head[0] = sealed_format;
    std::copy(key.id().begin(), key.id().end(), head + id_at);
    std::copy(nonce.begin(), nonce.end(), head + nonce_at);

    SealingKey::ContextTag context = key.tag(what.session_id, what.context);
    std::copy(context.begin(), context.end(), head + context_at);

    Gcm gcm(Gcm::Mode::seal, key, what.session_id, context, head);
    gcm.crypt(text, text.data());
    gcm.tag(text.data() + text.size());
}

Refusal unseal(std::span<const SealingKey> keys, const SealedFor& what,
               std::string_view value, SecretBytes& out) {
    Bytes bytes(reinterpret_cast<const unsigned char*>(value.data()),
                value.size());

    bool is_tagged = !bytes.empty() && bytes[0] == sealed_format;
    std::size_t text_at = is_tagged ? seal_head : context_at;

    if (!is_sealed(value) || bytes.size() <= text_at + seal_tail) {
        return Refusal::not_sealed;
    }

    auto id = bytes.subspan(id_at, sizeof(SealingKey::Id));
    auto key = std::find_if(keys.begin(), keys.end(), [&](const auto& k) {
        return std::equal(id.begin(), id.end(), k.id().begin());
    });
    if (key == keys.end()) {
        return Refusal::unknown_key;
    }

    auto text = bytes.subspan(text_at, bytes.size() - text_at - seal_tail);
    Bytes context = is_tagged ? bytes.subspan(context_at, text_at - context_at)
                              : what.context;
    out.bytes().resize(text.size());

    Gcm gcm(Gcm::Mode::open, *key, what.session_id, context, bytes.data());
    gcm.crypt(text, reinterpret_cast<unsigned char*>(out.bytes().data()));
    if (!gcm.matches(text.data() + text.size())) {
        return Refusal::forged;
    }

    bool is_ours =
        !is_tagged ||
        std::ranges::equal(context, key->tag(what.session_id, what.context));
    return is_ours ? Refusal::none : Refusal::other_context;
}

}  // namespace session_cache

#include "backends/stream_bio.hpp"

#include <cerrno>

namespace backends {

namespace {

coro::Stream& stream_of(BIO* bio) {
    return *static_cast<coro::Stream*>(BIO_get_data(bio));
}

/* Returns 0 at the end of the stream, and -1 for a retry or an error in
 * errno. */
int read(BIO* bio, char* buffer, int size) noexcept {
    coro::Stream& stream = stream_of(bio);
    BIO_clear_retry_flags(bio);

    if (!stream.may_read()) {
        BIO_set_retry_read(bio);
        return -1;
    }

    auto n = stream.read({buffer, static_cast<std::size_t>(size)});
    if (!n) {
        return errno == 0 ? 0 : -1;
    }

    if (*n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    return static_cast<int>(*n);
}

int write(BIO* bio, const char* data, int size) noexcept {
    BIO_clear_retry_flags(bio);

    auto n = stream_of(bio).write({data, static_cast<std::size_t>(size)});
    if (!n) {
        return -1;
    }

    if (*n == 0) {
        BIO_set_retry_write(bio);
        return -1;
    }
    return static_cast<int>(*n);
}

/* Nothing is buffered here, so a flush always succeeds. */
long control(BIO* /* bio */, int command, long /* number */,
             void* /* data */) noexcept {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/* It lives as long as the process. */
BIO_METHOD* make_method() {
    BIO_METHOD* method =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");

    if (method != nullptr) {
        BIO_meth_set_read(method, read);
        BIO_meth_set_write(method, write);
        BIO_meth_set_ctrl(method, control);
    }
    return method;
}

}  // namespace

BIO* make_stream_bio(coro::Stream& stream) noexcept {
    static BIO_METHOD* const method = make_method();
    BIO* bio = method != nullptr ? BIO_new(method) : nullptr;

    if (bio != nullptr) {
        BIO_set_data(bio, &stream);
        BIO_set_init(bio, 1);
    }
    return bio;
}

}  // namespace backends

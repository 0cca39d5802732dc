#include "simulate/network.hpp"

#include "coro/loop.hpp"
#include "support/allocations.hpp"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <utility>

namespace simulate {

namespace {

// No real descriptor of this process is this high.
constexpr int first_fd = 1 << 24;

Network* the_network = nullptr;

int fail(int error) {
    errno = error;
    return -1;
}

std::uint16_t port_of(const sockaddr* address) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(address)->sin_port);
}

}  // namespace

Connection::Connection(Network& network, int fd)
    : network_(network), world_(network.world()), fd_(fd),
      room_(std::size_t{64} << world_.chance().below(13)) {}

Micros Connection::delay() {
    Chance& chance = world_.chance();
    const Micros base = chance.between(network_.nearest, network_.farthest);
    const bool is_held_up = chance.one_in(50);
    return base +
           (is_held_up ? chance.between(Micros(0), Micros(30'000))
                       : Micros(0)) +
           (host_ != nullptr ? chance.between(Micros(0), host_->slow)
                             : Micros(0));
}

// Some are refused or connect at once, as with a Unix socket.
int Connection::connect(const sockaddr* address) {
    host_ = network_.host(port_of(address));
    const bool is_there = host_ != nullptr && host_->is_listening_;
    world_.note("connect", static_cast<std::uint64_t>(fd_), is_there);

    if (!is_there && world_.chance().one_in(4)) {
        state_ = State::failed;
        return fail(ECONNREFUSED);
    }
    state_ = State::connecting;
    if (is_there && !host_->is_cut_off_ && world_.chance().one_in(8)) {
        finish_connect();
        return 0;
    }
    world_.in(delay(), [self = shared_from_this()] { self->finish_connect(); });
    return fail(EINPROGRESS);
}

// A lost SYN is sent again.
void Connection::finish_connect() {
    if (is_closed_) {
        return;
    }
    if (host_ != nullptr && host_->is_cut_off_) {
        world_.in(Milliseconds(200),
                  [self = shared_from_this()] { self->finish_connect(); });
        return;
    }

    if (host_ == nullptr || !host_->is_listening_) {
        state_ = State::failed;
        error_ = ECONNREFUSED;
    } else {
        state_ = State::open;
        ++host_->accepted_;
        host_->connections_.emplace(fd_, shared_from_this());
        if (host_->on_accept) {
            host_->on_accept();
        }
    }
    poke();
}

unsigned Connection::readiness() const {
    if (error_ != 0 || state_ == State::failed) {
        return coro::readable | coro::writable | coro::ended;
    }
    unsigned ready = 0;
    if (!inbox_.empty() || has_ended_) {
        ready |= coro::readable;
    }
    if (has_ended_) {
        ready |= coro::ended;
    }
    if (state_ == State::open && taken_ < room_) {
        ready |= coro::writable;
    }
    return ready;
}

void Connection::poke() {
    if (changed) {
        changed();
    }
}

int Connection::take_error() {
    return std::exchange(error_, 0);
}

ssize_t Connection::receive(char* buffer, std::size_t size) {
    if (network_.fails_now()) {
        return fail(EINTR);
    }
    if (!inbox_.empty()) {
        const auto n = std::min(size, inbox_.size());
        inbox_.copy(buffer, n);
        inbox_.erase(0, n);
        return static_cast<ssize_t>(n);
    }
    if (error_ != 0) {
        has_ended_ = true;
        has_noticed_ = true;
        return fail(take_error());
    }
    has_noticed_ = has_ended_;
    return has_ended_ ? 0 : fail(EAGAIN);
}

ssize_t Connection::send(std::string_view bytes) {
    if (network_.fails_now()) {
        return fail(EINTR);
    }
    if (error_ != 0) {
        has_noticed_ = true;
        return fail(take_error());
    }
    if (state_ != State::open) {
        has_noticed_ = true;
        return fail(EPIPE);
    }
    const auto n = std::min(bytes.size(), room_ - taken_);
    wants_room_ = n < bytes.size();
    if (n == 0) {
        return fail(EAGAIN);
    }

    taken_ += n;
    to_host_.emplace_back(bytes.substr(0, n));
    host_at_ = std::max(host_at_, world_.now() + delay());
    world_.at(host_at_,
              [self = shared_from_this()] { self->arrive_at_host(); });
    return static_cast<ssize_t>(n);
}

void Connection::close() {
    if (std::exchange(is_closed_, true)) {
        return;
    }
    const auto self = shared_from_this();
    changed = nullptr;
    network_.close(fd_);
    if (state_ == State::open && host_ != nullptr) {
        to_host_.emplace_back();
        host_at_ = std::max(host_at_, world_.now() + delay());
        world_.at(host_at_, [self] { self->arrive_at_host(); });
    }
}

void Connection::arrive_at_host() {
    if (host_ == nullptr || to_host_.empty()) {
        return;  // it is dead, or was reset
    }
    if (host_->is_cut_off_ || host_->is_frozen_) {
        world_.in(Milliseconds(50),
                  [self = shared_from_this()] { self->arrive_at_host(); });
        return;
    }

    const std::string bytes = std::move(to_host_.front());
    to_host_.pop_front();
    if (bytes.empty()) {
        host_->forget(*this);
        return;
    }
    taken_ -= bytes.size();
    if (std::exchange(wants_room_, false)) {
        poke();
    }
    if (has_hung_up_) {  // a kernel answers that with a reset
        send_piece({{}, true}, false);
        return;
    }
    request += bytes;
    serve();
}

void Connection::serve() {
    if (is_mute) {
        request.clear();
        return;
    }
    world_.note("serve", static_cast<std::uint64_t>(fd_), request.size());
    host_->serve(*this);
}

void Connection::reply(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto most = world_.chance().one_in(3)
                              ? 1 + world_.chance().below(network_.segment)
                              : network_.segment;
        const auto n = std::min(most, bytes.size());
        send_piece({std::string(bytes.substr(0, n)), false}, false);
        bytes.remove_prefix(n);
    }
}

void Connection::hang_up() {
    if (std::exchange(has_hung_up_, true)) {
        return;
    }
    send_piece({{}, true}, !world_.chance().one_in(3));
}

// `at_once`: it arrives together with what was sent before it.
void Connection::send_piece(Piece piece, bool at_once) {
    to_client_.push_back(std::move(piece));
    const Micros earliest = world_.now() + delay();
    if (!at_once || client_at_ < world_.now()) {
        client_at_ = std::max(client_at_, earliest);
    }
    world_.at(client_at_,
              [self = shared_from_this()] { self->arrive_at_client(); });
}

void Connection::arrive_at_client() {
    if (is_closed_ || to_client_.empty()) {
        return;
    }
    if (host_ != nullptr && host_->is_cut_off_) {
        world_.in(Milliseconds(50),
                  [self = shared_from_this()] { self->arrive_at_client(); });
        return;
    }

    const Piece piece = std::move(to_client_.front());
    to_client_.pop_front();
    inbox_ += piece.bytes;
    has_ended_ = has_ended_ || piece.is_end;
    if (piece.is_end) {
        expect_notice();
    }
    poke();
}

// A client notices the end of a connection, and does not wait for a timeout.
void Connection::expect_notice() {
    world_.in(Milliseconds(150), [weak = weak_from_this(), &world = world_] {
        const auto self = weak.lock();
        if (self != nullptr && !self->is_closed_ && !self->has_noticed_) {
            world.fail("the end of a connection is not noticed");
        }
    });
}

void Connection::reset() {
    if (std::exchange(has_hung_up_, true)) {
        return;
    }
    to_client_.clear();
    to_host_.clear();
    const auto self = shared_from_this();
    if (host_ != nullptr) {
        host_->forget(*this);
    }
    world_.in(delay(), [self] {
        self->state_ = State::failed;
        self->error_ = ECONNRESET;
        self->has_ended_ = true;
        self->expect_notice();
        self->poke();
    });
}

Host::Host(Network& network, std::string name)
    : network_(network), world_(network.world()), name_(std::move(name)),
      port_(++network.last_port_) {
    network_.hosts_.emplace(port_, this);
}

Host::~Host() {
    for (const auto& [fd, connection] : connections_) {
        connection->host_ = nullptr;
    }
    network_.hosts_.erase(port_);
}

void Host::freeze(bool frozen) {
    is_frozen_ = frozen;
}

void Host::drop_all(bool reset) {
    const auto all = connections_;
    for (const auto& [fd, connection] : all) {
        reset ? connection->reset() : connection->hang_up();
    }
}

void Host::die() {
    is_listening_ = false;
    is_frozen_ = false;
    drop_all(world_.chance().one_in(2));
}

void Host::forget(Connection& connection) {
    connections_.erase(connection.fd_);
}

bool Host::tells_a_lie() const {
    return lies != 0 && world_.chance().one_in(lies);
}

Network::Network(World& world) : world_(world), last_fd_(first_fd) {
    the_network = this;
}

Network::~Network() {
    the_network = nullptr;
}

Network& Network::of(World& /* world */) {
    return *the_network;
}

int Network::open() {
    if (fails_now()) {
        return fail(EMFILE);
    }
    ++opened_;
    const int fd = ++last_fd_;
    sockets_.emplace(fd, std::make_shared<Connection>(*this, fd));
    return fd;
}

std::shared_ptr<Connection> Network::socket(int fd) const {
    const auto found = sockets_.find(fd);
    return found != sockets_.end() ? found->second : nullptr;
}

void Network::close(int fd) {
    sockets_.erase(fd);
}

Host* Network::host(std::uint16_t port) const {
    const auto found = hosts_.find(port);
    return found != hosts_.end() ? found->second : nullptr;
}

}  // namespace simulate

#pragma once

#include "simulate/simulated_loop.hpp"
#include "simulate/world.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace simulate {

class Host;
class Network;

// A stream between a worker and a server. Bytes take some time, and arrive in
// pieces and in order.
class Connection : public Socket,
                   public std::enable_shared_from_this<Connection> {
  public:
    Connection(Network& network, int fd);

    // --- the server's end ---

    std::string request;   // what has arrived and was not taken
    bool asking = false;   // what the server knows about the client
    bool is_mute = false;  // no more answers

    void reply(std::string_view bytes);
    // Ends after what was replied, often together with the last of it.
    void hang_up();
    // Ends it, and loses what is on its way.
    void reset();
    bool is_open() const { return !has_hung_up_ && !is_closed_; }

    // --- the client's end, as system calls: -1 and errno on an error ---

    int connect(const sockaddr* address);
    ssize_t receive(char* buffer, std::size_t size);
    ssize_t send(std::string_view bytes);
    int take_error();
    unsigned readiness() const override;
    void close() override;

  private:
    enum class State { fresh, connecting, open, failed };

    // What arrives at the client: bytes, or the end.
    struct Piece {
        std::string bytes;
        bool is_end;
    };

    void finish_connect();
    void poke();
    void expect_notice();
    void send_piece(Piece piece, bool at_once);
    void arrive_at_client();
    void arrive_at_host();
    void serve();
    Micros delay();

    Network& network_;
    World& world_;
    const int fd_;
    Host* host_ = nullptr;
    State state_ = State::fresh;
    int error_ = 0;  // from connecting, or of the stream
    std::string inbox_;
    bool has_ended_ = false;
    std::deque<Piece> to_client_;
    std::deque<std::string> to_host_;  // an empty one is the client's end
    Micros client_at_{0};              // when the last of these arrives
    Micros host_at_{0};
    const std::size_t room_;
    std::size_t taken_ = 0;  // how much of it is taken
    bool wants_room_ = false;
    bool has_noticed_ = false;  // the end, or the reset
    bool has_hung_up_ = false;
    bool is_closed_ = false;  // by the client
    friend class Host;
};

// A server's machine.
class Host {
  public:
    Host(Network& network, std::string name);
    virtual ~Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    const std::string& name() const { return name_; }
    std::uint16_t port() const { return port_; }
    static constexpr const char* ip = "127.0.0.1";

    // It still accepts connections, but says nothing.
    void freeze(bool frozen);
    bool is_frozen() const { return is_frozen_; }
    // Nothing reaches it, and nothing arrives from it.
    void cut_off(bool is_cut_off) { is_cut_off_ = is_cut_off; }
    bool is_cut_off() const { return is_cut_off_; }
    // Each byte takes up to this much longer.
    Micros slow{0};
    // One answer in this many makes no sense. 0: all make sense.
    unsigned lies = 0;

    // Resets or ends all connections.
    void drop_all(bool reset);
    // It does not listen any more.
    void die();
    virtual void restart() { is_listening_ = true; }
    bool is_listening() const { return is_listening_; }

    std::size_t connections() const { return connections_.size(); }
    std::uint64_t accepted() const { return accepted_; }
    std::function<void()> on_accept;

  protected:
    // Takes and answers all complete requests in `request`.
    virtual void serve(Connection& connection) = 0;

    bool tells_a_lie() const;
    World& world() const { return world_; }

  private:
    friend class Connection;

    void forget(Connection& connection);

    Network& network_;
    World& world_;
    const std::string name_;
    const std::uint16_t port_;
    bool is_listening_ = true;
    bool is_frozen_ = false;
    bool is_cut_off_ = false;
    std::uint64_t accepted_ = 0;
    std::map<int, std::shared_ptr<Connection>> connections_;
};

// All sockets of a world. There is one in each.
class Network {
  public:
    explicit Network(World& world);
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    static Network& of(World& world);

    World& world() { return world_; }

    // A new socket's descriptor, or -1 and errno.
    int open();
    std::shared_ptr<Connection> socket(int fd) const;
    void close(int fd);
    Host* host(std::uint16_t port) const;

    // How many sockets are open at the clients' ends.
    std::size_t open_sockets() const { return sockets_.size(); }
    // How many were ever opened.
    std::uint64_t opened() const { return opened_; }

    // The largest piece in bytes, except for those that are not cut.
    std::size_t segment = 1448;
    // The shortest and the longest time on the way.
    Micros nearest{50};
    Micros farthest{500};
    // One system call in this many fails, if it can. 0: none fails.
    unsigned fails = 0;

    bool fails_now() { return fails != 0 && world_.chance().one_in(fails); }

  private:
    friend class Host;

    World& world_;
    int last_fd_;
    std::uint64_t opened_ = 0;
    std::map<int, std::shared_ptr<Connection>> sockets_;
    std::map<std::uint16_t, Host*> hosts_;
    std::uint16_t last_port_ = 10000;
};

}  // namespace simulate

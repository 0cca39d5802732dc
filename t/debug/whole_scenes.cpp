#include "debug/whole_scenes.hpp"

#include "debug/script.hpp"

#include <initializer_list>

namespace support {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// A client's connection and a worker's, and what goes over them, handshake by
// handshake, a second apart.
class Stage {
  public:
    explicit Stage(std::uint16_t store_port)
        : store_port_(store_port), store_(1, 41000, store_port) {
        script_.add(store_.open());
    }

    // A new client, which says this.
    void meet(const std::string& hello) {
        script_.wait(milliseconds(1'000));
        tcp_ = RawTcp(256 + ++clients_, 40000, 443);
        script_.add(tcp_.open());
        say(hello);
    }
    void say(const std::string& bytes) { script_.add(tcp_.say(bytes)); }
    void answer(const std::string& bytes) {
        script_.wait(microseconds(700));
        script_.add(tcp_.answer(bytes));
    }
    void close() { script_.add(tcp_.close()); }
    void close_server() { script_.add(tcp_.close_server()); }

    void ask(const std::string& command) { script_.add(store_.say(command)); }
    void reply(const std::string& bytes) {
        script_.wait(microseconds(250));
        script_.add(store_.answer(bytes));
    }
    void lose_store() {
        script_.add(store_.close_server());
        next_store();
    }
    void leave_store() {
        script_.add(store_.close());
        next_store();
    }
    void wait(microseconds time) { script_.wait(time); }
    void add(const std::string& packet) { script_.add(packet); }

    std::string capture() const { return script_.file(); }

  private:
    void next_store() {
        store_ = RawTcp(1, ++store_client_port_, store_port_);
        script_.add(store_.open());
    }

    Script script_;
    std::uint16_t store_port_;
    std::uint16_t store_client_port_ = 41000;
    RawTcp store_;
    RawTcp tcp_{0, 0, 0};
    std::uint32_t clients_ = 0;
};

std::string early_key(int n) {
    return "ngx_ssl:early:" + key(n).substr(8);
}

std::string hello12(int n, const std::string& more = "") {
    return client_hello(
        {n != 0 ? id(n) : "", server_name("shop.example") + more});
}

std::string hello13(const std::vector<std::string>& offered,
                    const std::string& more = "") {
    return client_hello(
        {id(8), server_name("shop.example") + tls13_offered() + more +
                    (offered.empty() ? "" : identities(offered))});
}

// A new client offers this session, and Redis is asked for it.
void look_up(Stage& stage, int n, const std::string& reply) {
    stage.meet(hello12(n));
    stage.ask(redis_get(key(n)));
    stage.reply(reply);
}

// The rest of a handshake, of either version.
void full12(Stage& stage, int new_id = 9) {
    stage.answer(server_hello({id(new_id)}) + record(22, message(11, "cert")) +
                 record(22, message(14, "")));
    stage.say(record(22, message(16, "key")) + finished());
    stage.answer(finished());
}

void resume12(Stage& stage, int n) {
    stage.answer(server_hello({id(n)}) + finished());
    stage.say(finished());
}

void end13(Stage& stage, const std::string& chosen = "") {
    stage.answer(server_hello({id(8), tls13_chosen() + chosen}) +
                 record(20, "\1") + record(23, std::string(900, 'e')));
    stage.say(record(20, "\1") + record(23, std::string(53, 'f')));
}

void sessions_of_tls12(Stage& stage) {
    // new, and stored
    stage.meet(hello12(0));
    full12(stage);
    stage.ask(redis_command({"SETEX", key(9), "300", "value"}));
    stage.reply("+OK\r\n");
    // found
    stage.meet(hello12(1, extension(16, std::string("\0\3\2h2", 5))));
    stage.ask(redis_get(key(1)));
    stage.reply(hit);
    resume12(stage, 1);
    // not found, and it was stored before
    look_up(stage, 9, miss);
    full12(stage, 7);
    stage.ask(redis_command({"SETEX", key(7), "300", "v"}));
    stage.reply("-OOM command not allowed\r\n");
    // not found, and nobody knows why
    look_up(stage, 2, miss);
    full12(stage);
    // not asked for
    stage.meet(hello12(1));
    resume12(stage, 1);
    // refused, and deleted
    look_up(stage, 3, hit);
    full12(stage);
    stage.ask(redis_command({"DEL", key(3)}));
    stage.reply(":1\r\n");
}

void troubles(Stage& stage) {
    // waited in vain
    stage.meet(hello12(4));
    stage.ask(redis_get(key(4)));
    stage.wait(milliseconds(200));
    full12(stage);
    stage.reply(hit);
    // an error
    look_up(stage, 4, "-LOADING Redis is loading the dataset in memory\r\n");
    full12(stage);
    // the store leaves, or the worker does
    stage.meet(hello12(4));
    stage.ask(redis_get(key(4)));
    stage.lose_store();
    full12(stage);
    stage.meet(hello12(4));
    stage.ask(redis_get(key(4)));
    stage.wait(milliseconds(50));
    stage.leave_store();
    full12(stage);
    // never asked
    stage.meet(hello12(5));
    full12(stage);
    // broken off, in every way
    stage.meet(hello12(0));
    stage.close();
    stage.meet(hello12(0));
    stage.answer(server_hello({id(9)}));
    stage.say(record(21, "\2\60"));
    stage.meet(hello12(0));
    stage.answer(record(21, "\2\50"));
    stage.meet(hello13({}));
    stage.answer(server_hello({id(8), tls13_chosen()}) + record(20, "\1") +
                 record(23, std::string(900, 'e')));
    stage.say(record(20, "\1") + record(23, std::string(19, 'a')));
    // no longer followed
    stage.meet(hello12(0));
    stage.say("\1\2\3\4\5\6");
}

void sessions_of_tls13(Stage& stage) {
    stage.meet(hello13({}));
    end13(stage);
    // the second of two, after a HelloRetryRequest
    stage.meet(hello13({id(1), id(2)}));
    stage.answer(server_hello({id(8), tls13_chosen(), true}));
    stage.say(hello13({id(1), id(2)}));
    stage.ask(redis_get(key(1)));
    stage.reply(miss);
    stage.ask(redis_get(key(2)));
    stage.reply(hit);
    end13(stage, chosen_identity(1));
    // by ticket, and one that is not taken
    stage.meet(hello13({std::string(200, 't')}));
    end13(stage, chosen_identity(0));
    stage.meet(hello13({std::string(200, 't')}));
    end13(stage);
    // early data: claimed, and claimed before
    for (const bool again : {false, true}) {
        stage.meet(hello13({id(1)}, extension(42, "")));
        stage.ask(redis_get(key(1)));
        stage.reply(hit);
        stage.ask(redis_command({"SET", early_key(1), "1", "EX", "60", "NX"}));
        stage.reply(again ? miss : "+OK\r\n");
        end13(stage, chosen_identity(0));
    }
    // the key of a ticket
    stage.meet(hello13({std::string(200, 't')}));
    stage.ask(redis_get("ngx_ssl:seed:" + key(1).substr(8, 32)));
    stage.reply(hit);
    end13(stage, chosen_identity(0));
    // many offers
    stage.meet(hello13({id(1), id(2), id(3), id(4)}));
    end13(stage, chosen_identity(3));
}

void others(Stage& stage) {
    // sent on to another server
    look_up(stage, 6, "-MOVED 1 10.0.0.7:6379\r\n");
    RawTcp other(1, 42000, 6379);
    stage.add(other.open());
    stage.add(other.say(redis_get(key(6))));
    stage.add(other.answer("-CLUSTERDOWN Hash slot not served\r\n"));
    full12(stage);
    // two of one session, of which one is looked up
    RawTcp first(900, 40000, 443);
    stage.wait(milliseconds(1'000));
    stage.add(first.open());
    stage.add(first.say(hello12(1)));
    look_up(stage, 1, hit);
    resume12(stage, 1);
    stage.add(first.answer(server_hello({id(1)}) + finished()));
    stage.add(first.say(finished()));
    // of nobody
    stage.ask(redis_get(key(5)));
    stage.reply(miss);
    // a proxy before it, and no TLS
    stage.meet("PROXY TCP4 1.2.3.4 10.0.0.1 5555 443\r\n" + hello12(0));
    full12(stage);
    stage.meet("GET / HTTP/1.1\r\n\r\n");
    stage.close();
    // a replica
    RawTcp replica(7, 43000, 6379);
    stage.add(replica.open());
    stage.add(replica.say(redis_command({"PSYNC", "?", "-1"})));
}

WholeScene with_redis() {
    Stage stage(6379);
    sessions_of_tls12(stage);
    troubles(stage);
    sessions_of_tls13(stage);
    others(stage);
    return {"redis", "-p 443 --store redis:6379", stage.capture()};
}

WholeScene with_memcached() {
    Stage stage(11211);
    stage.meet(hello12(1));
    stage.ask("get " + key(1) + "\r\n");
    stage.reply("VALUE " + key(1) + " 0 3\r\nabc\r\nEND\r\n");
    resume12(stage, 1);
    stage.meet(hello12(2));
    stage.ask("get " + key(2) + "\r\n");
    stage.reply("END\r\n");
    full12(stage);
    stage.ask("set " + key(9) + " 0 300 3\r\nabc\r\n");
    stage.reply("STORED\r\n");
    stage.meet(hello12(3));
    stage.ask("get " + key(3) + "\r\n");
    stage.reply("SERVER_ERROR out of memory\r\n");
    full12(stage);
    stage.ask("delete " + key(3) + "\r\n");
    stage.reply("NOT_FOUND\r\n");
    return {"memcached", "-p 443 --store memcached:11211", stage.capture()};
}

// The lines of the n-th client's handshake, so many seconds after the start.
std::string logged(int n, int second,
                   std::initializer_list<std::string> lines) {
    const auto time = std::to_string(20 + second);
    const auto head = "2023/11/14 22:13:" + time + " [debug] 7#7: *" + time +
                      " remote ssl session cache: +";
    std::string log = head + "0 us handshake begins, 10.0.1." +
                      std::to_string(n) + ":40000 -> 10.0.0.1:443\n";
    for (const auto& line : lines) {
        log += head + line + '\n';
    }
    return log;
}

std::string log_of_all() {
    const std::string stored =
        "900 us session 0909..09 stored as ngx_ssl:0909..09, 171 bytes";
    return logged(1, 1,
                  {"90 us session 0101..01 offered",
                   "99 us store asked for ngx_ssl:0101..01, suspended",
                   "310 us store: HIT, 3 bytes, after 211 us",
                   "900 us handshake done: TLSv1.2 resumed, HIT"}) +
           logged(2, 2,
                  {"90 us session 0202..02 offered", "95 us local cache: miss",
                   "99 us store asked for ngx_ssl:0202..02, suspended",
                   "310 us store: TIMEOUT, 0 bytes, after 211 us", stored,
                   "950 us handshake done: TLSv1.2 full, TIMEOUT"}) +
           logged(3, 3,
                  {"990 us handshake broken off: tlsv1 alert unknown ca"}) +
           logged(9, 9,
                  {"5 us store asked for the seed of a ticket, suspended",
                   "7 us value refused: it is of another server",
                   "8 us early data refused: it has been seen before",
                   "20 us handshake done: TLSv1.3 full, INVALID"}) +
           logged(4, 12, {"1430 us handshake done: TLSv1.2 full, BUSY"});
}

WholeScene with_log() {
    Stage stage(6379);
    // both say the same
    look_up(stage, 1, hit);
    resume12(stage, 1);
    // the log knows better
    look_up(stage, 2, hit);
    full12(stage);
    stage.meet(hello13({}));
    end13(stage);
    // The log waits for the capture, but not for that long.
    stage.wait(milliseconds(8'000));
    stage.meet(hello12(4));
    full12(stage);
    return {"log", "-p 443 --store redis:6379", stage.capture(), log_of_all()};
}

}  // namespace

std::vector<WholeScene> whole_scenes() {
    return {with_redis(), with_memcached(), with_log()};
}

}  // namespace support

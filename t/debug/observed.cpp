#include "debug/observed.hpp"

#include "debug/observer.hpp"

#include <cstdio>
#include <doctest/doctest.h>

namespace support {

Observed observe(const std::string& file, const debug::Roles& roles,
                 const debug::Names& names) {
    Observed observed;
    debug::Observer observer(roles, names, [&](debug::Story&& story) {
        observed.summary.add(story);
        observed.stories.push_back(std::move(story));
    });
    std::string bytes = file;
    debug::Capture capture(fmemopen(bytes.data(), bytes.size(), "r"), "file");
    while (const auto frame = capture.next()) {
        observer.add(capture.link_type(), *frame);
    }
    observer.finish();
    observer.add_to(observed.summary, {});
    observed.trouble = capture.trouble();
    return observed;
}

std::string kinds(const debug::Story& story) {
    std::string all;
    for (const auto& event : story.events) {
        all += (all.empty() ? "" : " ") + std::string(event.kind);
    }
    return all;
}

Scene::Scene(bool v6, std::uint16_t client_port,
             std::chrono::microseconds begin)
    : tls({v6 ? "2001:db8::5" : "10.1.2.3", client_port},
          {v6 ? "2001:db8::1" : "10.0.0.1", 443}, begin),
      store({v6 ? "2001:db8::1" : "10.0.0.1", 41880},
            {v6 ? "2001:db8::9" : "10.0.0.9", 6379}, begin),
      hello_(tls.now()) {}

void Scene::play(const RecordedHandshake& handshake,
                 std::chrono::microseconds thinks) {
    hello_ = tls.now();
    bool waited = false;
    for (const auto& [from_client, bytes] : handshake.flights) {
        if (!from_client && !waited) {
            tls.wait(thinks);
            waited = true;
        }
        tls.say(from_client ? TcpScript::From::client : TcpScript::From::server,
                bytes);
        tls.wait(std::chrono::microseconds(100));
    }
}

void Scene::ask(std::chrono::microseconds at, std::string_view command) {
    store.wait(hello_ + at - store.now());
    store.say(TcpScript::From::client, command);
}

void Scene::answer(std::chrono::microseconds at, std::string_view reply) {
    store.wait(hello_ + at - store.now());
    store.say(TcpScript::From::server, reply);
}

std::string redis_command(const std::vector<std::string>& words) {
    std::string text = '*' + std::to_string(words.size()) + "\r\n";
    for (const auto& word : words) {
        text += '$' + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    }
    return text;
}

std::string redis_get(const std::string& key) {
    return redis_command({"GET", key});
}

std::string redis_hit(std::size_t size) {
    return '$' + std::to_string(size) + "\r\n" + std::string(size, 'v') +
           "\r\n";
}

}  // namespace support

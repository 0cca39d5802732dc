#include "debug/wire/memcached_binary.hpp"
#include "debug/capture/cursor.hpp"

#include <algorithm>
#include <cstdio>

namespace debug {

namespace {

constexpr std::size_t header_size = 24;
constexpr unsigned request_magic = 0x80;
constexpr unsigned response_magic = 0x81;
constexpr std::size_t max_key = 250;
constexpr std::size_t max_extras = 32;
constexpr std::size_t max_body = 1U << 30;

constexpr unsigned key_not_found = 1;
constexpr unsigned key_exists = 2;

struct Known {
    unsigned opcode;
    std::string_view name;
    Verb verb;
    bool quiet;
};

constexpr Known known[] = {
    {0x00, "get", Verb::get, false},      {0x09, "getq", Verb::get, true},
    {0x0c, "getk", Verb::get, false},     {0x0d, "getkq", Verb::get, true},
    {0x01, "set", Verb::set, false},      {0x11, "setq", Verb::set, true},
    {0x02, "add", Verb::set, false},      {0x04, "delete", Verb::erase, false},
    {0x14, "deleteq", Verb::erase, true},
};

/* Commands that have no reply, or one of several packets. */
constexpr unsigned quit_quietly = 0x17;
constexpr unsigned stat = 0x10;
constexpr unsigned add = 0x02;

const Known* find(unsigned opcode) {
    const auto* found =
        std::find_if(std::begin(known), std::end(known),
                     [&](const Known& each) { return each.opcode == opcode; });
    return found == std::end(known) ? nullptr : found;
}

/* From memcached's BinaryProtocolRevamped page. */
struct Header {
    unsigned magic;
    unsigned opcode;
    std::size_t key;
    std::size_t extras;
    unsigned status; /* of a response */
    std::size_t body;
    std::uint32_t opaque;

    explicit Header(std::string_view bytes) {
        Cursor cursor(bytes);
        magic = cursor.number(1);
        opcode = cursor.number(1);
        key = cursor.number(2);
        extras = cursor.number(1);
        cursor.take(1); /* data type */
        status = cursor.number(2);
        body = cursor.number(4);
        opaque = cursor.number(4);
    }

    bool makes_sense(Side from) const {
        return magic ==
                   (from == Side::client ? request_magic : response_magic) &&
               key <= max_key && extras <= max_extras && body <= max_body &&
               key + extras <= body;
    }

    std::size_t value() const { return body - key - extras; }
};

}  // namespace

MemcachedBinaryReader::MemcachedBinaryReader(StoreListener& listener,
                                             const Flow& flow)
    : listener_(listener), flow_(flow), pending_(listener, flow) {}

void MemcachedBinaryReader::data(Side from, Time time, std::string_view bytes) {
    Way& way = ways_.at(static_cast<std::size_t>(from));

    while (!bytes.empty() && !lost_) {
        std::size_t skipped = std::min(way.skip, bytes.size());
        way.skip -= skipped;
        bytes.remove_prefix(skipped);

        std::size_t wanted = std::max(way.wanted, header_size);
        std::string_view part = bytes.substr(0, wanted - way.head.size());
        way.head += part;
        bytes.remove_prefix(part.size());
        if (way.head.size() < wanted) {
            continue;
        }

        Header header(way.head);
        if (!header.makes_sense(from)) {
            lose();
            return;
        }
        way.wanted = header_size + header.extras + header.key;
        if (way.head.size() == way.wanted) {
            way.skip = header.value();
            way.wanted = 0;
            std::string head;
            head.swap(way.head);
            packet(from, time, head);
        }
    }
}

std::size_t MemcachedBinaryReader::held() const {
    return sizeof(*this) + ways_[0].head.capacity() + ways_[1].head.capacity() +
           pending_.held();
}

void MemcachedBinaryReader::packet(Side from, Time time,
                                   std::string_view head) {
    if (from == Side::client) {
        command(time, head);
    } else {
        reply(time, head);
    }
}

void MemcachedBinaryReader::command(Time time, std::string_view head) {
    Header header(head);

    if (const Known* command = find(header.opcode)) {
        pending_.push(time,
                      {.id = next_command_id(),
                       .store = "memcached",
                       .name = command->name,
                       .verb = command->verb,
                       .key = {},
                       .size = command->verb == Verb::set ? header.value() : 0},
                      head.substr(header_size + header.extras), header.opcode,
                      command->quiet, header.opaque);
    } else if (header.opcode != quit_quietly) {
        pending_.push_other(header.opcode, header.opaque);
    }
}

/*
 * Moves a reply's command to the front. Clients number their commands, or give
 * all of them the same number; then the order counts. False if the capture
 * lacks the command.
 */
bool MemcachedBinaryReader::find_command(Time time, std::string_view head) {
    Header header(head);
    std::string_view key = head.substr(header_size + header.extras);

    if (!pending_.is_next(header.opaque, header.opcode)) {
        bool is_equal =
            !pending_.empty() && pending_.front().opaque == header.opaque;
        if (is_equal) {
            lose();
        }
        return !is_equal &&
               pending_.bring_numbered(header.opaque, header.opcode);
    }
    /* Quiet commands before it had no reply: a miss, or done. */
    while (pending_.front().quiet &&
           (pending_.front().kind != header.opcode ||
            pending_.front().opaque != header.opaque ||
            (!key.empty() &&
             pending_.front().key != PendingCommands::hash(key)))) {
        bool missed = pending_.front().verb == Verb::get;
        pending_.answer_front(
            time, {.outcome = missed ? Outcome::miss : Outcome::done});
        if (pending_.empty()) {
            return false;
        }
    }
    const auto& front = pending_.front();
    if (front.opaque == header.opaque && front.kind != header.opcode) {
        lose();
        return false;
    }
    return pending_.bring_numbered(header.opaque, header.opcode);
}

void MemcachedBinaryReader::reply(Time time, std::string_view head) {
    Header header(head);
    if (!find_command(time, head)) {
        return;
    }

    if (header.opcode == stat && header.key != 0) {
        return; /* a figure; the end of the list has no name */
    }

    StoreReply reply;
    bool is_taken = header.opcode == add && header.status == key_exists;
    if (header.status == key_not_found || is_taken) {
        reply.outcome = Outcome::miss;
    } else if (header.status != 0) {
        char code[16];
        std::snprintf(code, sizeof(code), "0x%02x", header.status);
        reply.outcome = Outcome::error;
        reply.text = code;
    } else if (pending_.front().verb == Verb::get) {
        reply.outcome = Outcome::hit;
        reply.size = header.value();
    }
    pending_.answer_front(time, reply);
}

void MemcachedBinaryReader::gap(Side /*from*/, Time /*time*/) {
    lose();
}

void MemcachedBinaryReader::closed(Side by, Time time, bool /*reset*/) {
    listener_.disconnected(flow_, time, by);
}

void MemcachedBinaryReader::forgotten(Time /*time*/) {
    lose();
}

void MemcachedBinaryReader::lose() {
    pending_.clear();
    lost_ = true;
}

}  // namespace debug

// The tables of docs/troubleshooting.md: the error log or nginx -t has the
// words of each row.

#include "support/files.hpp"
#include "support/markdown.hpp"
#include "support/memory_checker.hpp"
#include "troubles.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <functional>
#include <regex>
#include <sstream>

using namespace support;
using namespace troubles;

namespace {

// The pieces of a phrase in backquotes, which is split at each ellipsis.
using Words = std::vector<std::string>;

struct Row {
    std::string seen;            // the first column
    std::vector<Words> phrases;  // all that it has in backquotes
};

Words pieces(std::string phrase) {
    Words words;
    const std::string ellipsis = "…";
    for (auto at = phrase.find(ellipsis); at != phrase.npos;
         at = phrase.find(ellipsis)) {
        words.push_back(phrase.substr(0, at));
        phrase.erase(0, at + ellipsis.size());
    }
    words.push_back(phrase);
    std::erase(words, "");
    return words;
}

std::vector<Row> documented() {
    std::vector<Row> rows;
    for (const Cells& cells :
         table_rows("docs/troubleshooting.md", "# Troubleshooting")) {
        Row row{cells.at(0), {}};
        static const std::regex quoted("`([^`]*)`");
        for (std::sregex_iterator at(row.seen.begin(), row.seen.end(), quoted),
             end;
             at != end; ++at) {
            row.phrases.push_back(pieces((*at)[1]));
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

// Whether one line has all of the words, in this order.
bool has(const std::string& text, const Words& words) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::size_t at = 0;
        for (const auto& word : words) {
            at = at == line.npos ? at : line.find(word, at);
            at = at == line.npos ? at : at + word.size();
        }
        if (at != line.npos) {
            return true;
        }
    }
    return false;
}

// The source, with the strings joined that clang-format has broken.
std::string source(const std::string& file) {
    static const std::regex broken("\"\\s*\n\\s*\"");
    auto text = std::regex_replace(read_file(repository() / file), broken, "");
    return std::regex_replace(text, std::regex(R"(\\")"), "\"");
}

// Either what brings a row about, or the test that does.
struct Case {
    const char*
        seen;  // the beginning of a row, or of what is in its backquotes
    std::function<std::string(const Finds& finds)> provoke{};
    const char* elsewhere = nullptr;
    bool preloads = false;  // see PRELOAD_TEST_CASE
};

const std::vector<Case> cases{
    {"full handshakes, and nobody knows why", {}, "t/e2e/status_test.cpp"},
    {"`module \"…\" version", of_other_nginx},
    {"no sessions arrive in Redis", {}, "t/e2e/config_test.cpp"},
    {"sessions resume at their own node only", {}, "t/e2e/isolation_test.cpp"},
    {"`stored session is not used", of_other_keys},
    {"`parameter \"key\" … cannot be used: OpenSSL has no", of_lacking_openssl,
     nullptr, true},
    {"`parameter \"key\" … cannot be used: OpenSSL's", of_wrong_openssl,
     nullptr, true},
    {"`key file \"…\" is not random", of_zeros},
    {"`a \"key\" …", of_ticket_key},
    {"TLS 1.3 does not resume", {}, "t/e2e/resumption_test.cpp"},
    {"`AUTH failed: WRONGPASS", of_auth},
    {"`no stack for a coroutine", {}, "t/faults/operator_limits_test.cpp"},
    {"JavaScript in a variable", {}, "t/e2e/stacks_test.cpp"},
    {"`GET timed out`", of_frozen},
    {"`TLS handshake failed: certificate verify failed", of_untrusted},
    {"`the port may be one without TLS", of_no_tls},
    {"`unavailable: HELLO failed: ERR max number of clients", of_full_clients},
    {"`No buffer space available", of_no_connections},
    {"`(tls=on)", of_tls},
    {"`it seems to be …", of_other_servers},
    {"`recv() failed: tlsv13 alert certificate required", of_no_certificate},
    {"`the store tells no ticket key", of_late_key},
    {"`\"ssl_session_tickets off\"", of_tickets_off},
    {"`parameter \"rotate\"", of_rotate},
    {"`the clock here is", of_clocks, nullptr, true},
    {"`TIME failed: NOPERM", of_survey},
    {"`stats failed", {}, "t/backends/claim_test.cpp"},
    {"`SET failed: OOM", of_full_claims, nullptr, true},
    {"`SETEX failed: OOM", of_full},
    {"`SETEX failed: READONLY", of_replica},
    {"`resolving failed: …: Sentinel", of_no_such_master},
    {"`ROLE failed", of_no_master},
    {"`redis cluster of", of_no_cluster},
    {"`GET failed: CLUSTERDOWN", of_cluster_down},
    {"`…: no address is known", of_announced_names},
    {"`several parameters", of_no_libmemcached},
    {"`auth failed: …", of_memcached_auth},
    {"`auth failed: the server has no SASL", of_no_sasl},
};

const Case* case_of(const Row& row) {
    const auto found =
        std::find_if(cases.begin(), cases.end(), [&](const Case& one) {
            return row.seen.starts_with(one.seen);
        });
    return found != cases.end() ? &*found : nullptr;
}

}  // namespace

TEST_CASE("troubles: each row of the document has a test") {
    const auto rows = documented();
    CHECK(rows.size() == cases.size());
    for (const auto& row : rows) {
        CAPTURE(row.seen);
        const Case* found = case_of(row);
        REQUIRE(found != nullptr);
        if (found->elsewhere != nullptr && row.seen.starts_with('`')) {
            for (const Words& words : row.phrases) {
                CHECK(has(source(found->elsewhere), words));
            }
        } else if (found->elsewhere != nullptr) {
            CHECK_FALSE(source(found->elsewhere).empty());
        }
    }
}

TEST_CASE("troubles: the words of each row are in the log") {
    for (const auto& row : documented()) {
        CAPTURE(row.seen);
        const Case* found = case_of(row);
        if (found == nullptr || !found->provoke ||
            (found->preloads && in_sanitizer())) {
            continue;
        }
        const auto log = found->provoke([&](const std::string& text) {
            return std::any_of(
                row.phrases.begin(), row.phrases.end(),
                [&](const Words& words) { return has(text, words); });
        });
        CAPTURE(log);
        for (const Words& words : row.phrases) {
            CAPTURE(words.front());
            CHECK(has(log, words));
        }
    }
}

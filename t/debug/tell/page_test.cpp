// The page: what is on it, in a real browser and byte by byte.

#include "debug/tell/html.hpp"
#include "debug/tell/kept_stories.hpp"
#include "support/browser.hpp"
#include "support/files.hpp"

#include <doctest/doctest.h>
#include <memory>
#include <regex>
#include <set>

using namespace support;
using namespace debug;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

const std::string evil = "<script>document.x = 1</script>'\"><img src=x>&amp;";

Story story(const std::string& client, const std::string& status, End end,
            std::optional<Microseconds> waited = {}) {
    Story made;
    made.client = *read_endpoint(client);
    made.server = *read_endpoint("10.0.0.1:443");
    made.begin = Time(std::chrono::seconds(1'700'000'000));
    made.on_wire = true;
    made.protocol = "TLSv1.3";
    made.server_name = "shop.example";
    made.status = status;
    made.end = end;
    made.lookup = waited;
    made.handshake = waited.value_or(Microseconds(0)) + milliseconds(1);
    made.add(made.begin, "client_hello", "ClientHello");
    made.add(made.begin + *made.handshake, "completed", "handshake done");
    return made;
}

// A page with these stories.
class Page {
  public:
    Page() : page_(std::make_unique<HtmlPage>(path())) {}

    void tell(const Story& story) {
        summary_.add(story);
        page_->tell(story);
    }
    void conclude() {
        page_->conclude(summary_);
        page_.reset();
    }
    std::string path() const { return (dir_.path() / "page.html").string(); }
    std::string text() const { return read_file(path()); }

  private:
    TempDir dir_;
    std::unique_ptr<HtmlPage> page_;
    Summary summary_;
};

// Handshakes on a page, the clients of those that are seen.
std::set<std::string> shown(const Browser& browser) {
    return browser.evaluate("return [...document.querySelectorAll('.story')]"
                            ".filter(s => s.offsetHeight > 0)"
                            ".map(s => s.dataset.client)");
}

void set_filter(const Browser& browser, const std::string& field,
                const std::string& value) {
    browser.evaluate("const e = document.getElementById('filter').elements['" +
                     field + "']; e.value = '" + value +
                     "'; e.dispatchEvent(new Event('input', "
                     "{bubbles: true}))");
}

// Of a mix, as it is told of in the documents.
void tell_mix(Page& page) {
    page.tell(story("10.1.2.3:1", "HIT", End::resumed, microseconds(150)));
    page.tell(story("10.1.2.3:2", "MISS", End::full, microseconds(130)));
    page.tell(story("10.1.2.4:3", "TIMEOUT", End::full, milliseconds(200)));
    page.tell(story("10.1.2.5:4", "-", End::full));
    Story odd = story("10.1.2.6:5", "HIT", End::broken_off, microseconds(90));
    odd.server_name = odd.alpn = evil;
    odd.notes.push_back(evil);
    odd.add(odd.begin, "store_get", evil);
    odd.offered.push_back({Offered::Kind::id, evil});
    page.tell(odd);
    page.conclude();
}

}  // namespace

TEST_CASE("page: what comes from outside is no markup") {
    Page page;
    Story odd = story("10.1.2.6:5", evil, End::full, milliseconds(1));
    odd.protocol = odd.server_name = odd.alpn = evil;
    odd.notes.push_back(evil);
    odd.add(odd.begin, "store_get", evil);
    odd.offered.push_back({Offered::Kind::id, evil});
    page.tell(odd);
    page.conclude();
    const auto text = page.text();
    CHECK(text.find("<script>document") == std::string::npos);
    CHECK(text.find("<img") == std::string::npos);
    CHECK(text.find("'\">") == std::string::npos);
    const Browser browser;
    browser.open("file://" + page.path());
    CHECK(browser.console().empty());
    CHECK(browser.evaluate("return document.x || null").is_null());
    CHECK(browser.evaluate("return document.images.length") == 0);
    CHECK(browser.evaluate("return document.querySelector('.story')"
                           ".dataset.status") == evil);
    const std::string all =
        browser.evaluate("return document.querySelector('.story').textContent");
    // The title three times, status, mark, event and note.
    std::size_t count = 0;
    for (auto at = all.find(evil); at != std::string::npos;
         at = all.find(evil, at + 1)) {
        ++count;
    }
    CHECK(count == 8);
}

TEST_CASE("page: filters, links, and narrow windows") {
    Page page;
    tell_mix(page);
    const Browser browser;
    browser.open("file://" + page.path());
    CHECK(shown(browser).size() == 5);
    set_filter(browser, "status", "HIT");
    CHECK(shown(browser) == std::set<std::string>{"10.1.2.3:1", "10.1.2.6:5"});
    set_filter(browser, "client", " 10.1.2.3");
    CHECK(shown(browser) == std::set<std::string>{"10.1.2.3:1"});
    CHECK(browser.evaluate("return document.querySelector('output').value") ==
          "1 of 5 shown");

    // Who waited longest is led to, whatever the filter hides.
    browser.evaluate("document.querySelector('li a').click()");
    CHECK(eventually([&] { return shown(browser).size() == 5; }));
    CHECK(browser.evaluate("return [...document.querySelectorAll("
                           "'.story[open]')].map(s => s.dataset.client)") ==
          nlohmann::json{"10.1.2.4:3"});
    CHECK(browser.console().empty());

    browser.evaluate("document.querySelectorAll('details').forEach("
                     "d => d.open = true)");
    check_fits(browser, "report");
}

TEST_CASE("page: without its script it shows all, and its links lead there") {
    Page page;
    tell_mix(page);
    write_file(page.path(),
               std::regex_replace(page.text(), std::regex("<script>[^]*"), ""));
    const Browser browser;
    browser.open("file://" + page.path());
    CHECK(shown(browser).size() == 5);
    CHECK(browser.evaluate("return document.getElementById('filter')"
                           ".offsetHeight") == 0);
    browser.evaluate("document.querySelector('li a').click()");
    CHECK(eventually([&] {
        return browser.evaluate("return document.querySelectorAll("
                                "'.story[open]').length") == 1;
    }));
}

TEST_CASE("page: the legend explains each status") {
    Page page;
    tell_mix(page);
    const Browser browser;
    browser.open("file://" + page.path());
    const std::set<std::string> explained =
        browser.evaluate("return [...document.querySelectorAll("
                         "'.legend .status')].map(e => e.textContent)");
    for (const std::string status :
         {"HIT", "LOCAL", "HIT or LOCAL", "TICKET", "MISS", "-", "INVALID",
          "TIMEOUT", "DOWN", "BUSY", "?"}) {
        CAPTURE(status);
        CHECK(explained.contains(status));
    }
}

TEST_CASE("page: each handshake has its time of day") {
    Page page;
    tell_mix(page);
    const auto text = page.text();
    CHECK(count_lines(text, "<time datetime='2023-11-14T22:13:20.000000Z'>") ==
          5);
}

TEST_CASE("page: of very many it has the latest and the worst") {
    Page page;
    constexpr int many = 20'000;
    for (int i = 1; i <= many; ++i) {
        // Some are odd, early; one waits longer than all others.
        const bool invalid = i % 100 == 7 && i < 3'000;
        page.tell(story("10.1.2.3:" + std::to_string(i),
                        invalid ? "INVALID" : "HIT",
                        invalid ? End::full : End::resumed,
                        i == 77 ? milliseconds(900)
                                : milliseconds(1) + microseconds(i % 1'000)));
    }
    page.conclude();
    const auto text = page.text();
    const auto has = [&](int i) {
        return text.find("id='handshake-" + std::to_string(i) + "'") !=
               std::string::npos;
    };
    CHECK(text.find("href='#handshake-77'") != std::string::npos);
    CHECK(has(77));
    CHECK(has(many));
    CHECK(has(many - static_cast<int>(KeptStories::latest_kept) + 1));
    CHECK_FALSE(has(many - static_cast<int>(KeptStories::latest_kept)));
    CHECK(has(7));
    CHECK(has(2'907));
    CHECK(has(999));
    CHECK_FALSE(has(1'000));
    // Two of those that took longest are among the latest.
    CHECK(count_lines(text, "id='handshake-") ==
          KeptStories::latest_kept + KeptStories::of_outcome_kept + 30 - 2);
    CHECK(text.find("Of 20000 handshakes") != std::string::npos);
}

TEST_CASE("page: who waited longest is there, however long stories are") {
    Page page;
    for (int i = 1; i <= 300; ++i) {
        auto told =
            story("10.1.2.3:" + std::to_string(i), "S" + std::to_string(i),
                  End::full, milliseconds(1'000 - i));
        for (std::size_t n = 0; n < Story::max_events; ++n) {
            told.add(told.begin, "store_get", std::string(300, '&'));
        }
        page.tell(told);
    }
    page.conclude();
    const auto text = page.text();
    const std::regex link("href='#(handshake-[0-9]+)'");
    int links = 0;
    for (std::sregex_iterator at(text.begin(), text.end(), link), end;
         at != end; ++at, ++links) {
        CHECK(text.find("id='" + (*at)[1].str() + "'") != std::string::npos);
    }
    CHECK(links == 5);
    CHECK(text.size() < 8 * 1024 * 1024);
}

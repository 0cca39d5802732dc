#include "status/status_page.hpp"

namespace session_cache {

const char* const status_page = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>remote_ssl_session_cache</title>
<link rel="icon" href="?format=icon">
<link rel="stylesheet" href="?format=style">
<script src="?format=script" defer></script>
</head>
<body data-updates="0">
<header>
  <h1>remote_ssl_session_cache</h1>
  <p id="state">no figures yet</p>
  <p id="module"></p>
  <p><a href="?format=json">JSON</a>
     <a href="?format=prometheus">Prometheus</a></p>
</header>
<div id="wrong" role="alert" hidden></div>
<main>
  <section class="wide" id="tiles"></section>
  <section class="wide">
    <h2>Handshakes per second</h2>
    <svg id="rates" viewBox="0 0 600 140" preserveAspectRatio="none"></svg>
    <div class="key"><i class="up">&#9632;</i> resumed
      <i class="down">&#9632;</i> full,
      <span id="scale"></span></div>
  </section>
  <section><h2>Handshakes</h2><table id="handshakes"></table>
    <h2>Early data</h2><table id="early"></table></section>
  <section><h2>Session cache</h2><table id="lookups"></table></section>
  <section><h2>Lookup times</h2>
    <table id="latency"></table>
    <svg id="histogram" viewBox="0 0 340 140"></svg></section>
  <section class="wide"><h2>Stores</h2>
    <table class="text" id="servers"></table></section>
  <section class="wide"><h2>Requests to the stores</h2>
    <table class="text" id="requests"></table></section>
  <section class="wide"><h2>Workers</h2>
    <table class="text" id="workers"></table></section>
  <section><h2>Stateless tickets</h2><table id="tickets"></table></section>
  <section><h2>Keys of sealed sessions</h2>
    <table class="text" id="keys"></table></section>
  <section><h2>Refused values</h2><table id="refused"></table></section>
</main>
</body>
</html>
)html";

const char* const status_style = R"css(:root {
  color-scheme: light dark;
  --back: #fafafa; --card: #fff; --text: #1c1e21; --dim: #6a7078;
  --line: #d9dce0; --good: #1f8a4c; --bad: #b83224; --other: #2f6fb3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #16181b; --card: #1f2226; --text: #e6e8ea; --dim: #969ca3;
    --line: #363b41; --good: #4cc07f; --bad: #ee6c5d; --other: #6aa9ec;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 75rem;
  background: var(--back); color: var(--text);
  font: 14px/1.45 system-ui, sans-serif;
  font-variant-numeric: tabular-nums;
}
header { display: flex; flex-wrap: wrap; gap: .2rem 1rem; }
h1 { margin: 0; font-size: 1.2rem; }
header p { margin: 0; align-self: end; color: var(--dim); }
h2 { margin: 0 0 .5rem; font-size: .95rem; }
table + h2 { margin-top: 1rem; }
main {
  display: grid; gap: .8rem; margin-top: .8rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr));
}
section {
  padding: .8rem 1rem; background: var(--card); overflow-x: auto;
  border: 1px solid var(--line); border-radius: 6px;
}
.wide { grid-column: 1 / -1; }
#tiles { display: flex; flex-wrap: wrap; gap: .6rem 2.4rem; }
#tiles b { display: block; font-size: 1.5rem; line-height: 1.2; }
#tiles span { color: var(--dim); }
table { width: 100%; border-collapse: collapse; }
th { color: var(--dim); font-weight: normal; text-align: left; }
th, td { padding: .12rem .6rem .12rem 0; white-space: nowrap; }
td + td, th + th { text-align: right; padding-right: 0; }
table.text td, table.text th { text-align: left; padding-right: .8rem; }
tr + tr td { border-top: 1px solid var(--line); }
#wrong {
  margin-top: .8rem; padding: .6rem 1rem; border-radius: 6px;
  background: var(--bad); color: #fff;
}
#wrong p { margin: .2rem 0; overflow-wrap: anywhere; }
.wrong header { border-bottom: 3px solid var(--bad); }
.up { color: var(--good); } .down, .error { color: var(--bad); }
svg { display: block; width: 100%; height: 9rem; }
svg text { fill: var(--dim); font-size: 11px; }
.key { color: var(--dim); } .key i { font-style: normal; }
a { color: inherit; }
)css";

const char* const status_icon =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\">"
    "<circle cx=\"4\" cy=\"4\" r=\"3\" fill=\"#2f6fb3\"/></svg>\n";

}  // namespace session_cache

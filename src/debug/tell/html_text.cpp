#include "debug/tell/html_text.hpp"

namespace debug {

const char* const html_head = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>TLS handshakes and their session cache</title>
<style>
:root {
  color-scheme: light dark;
  --back: #fff; --text: #1c2430; --dim: #5d6875; --line: #d9dee5;
  --good: #d8f0dc; --fair: #f3ecd2; --bad: #f8d9d6;
  --bar: #b9c3cf; --store: #1a7f92; --event: #5d6b7b; --broken: #c0392b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #14181d; --text: #dde3ea; --dim: #97a3b1; --line: #323a44;
    --good: #1f4a2a; --fair: #4b421f; --bad: #5b2521;
    --bar: #4a5563; --store: #3fb6cb; --event: #9aa6b4; --broken: #ee6c5d;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0 auto; max-width: 75rem; padding: 1rem;
  font: 14px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums;
  color: var(--text); background: var(--back); overflow-wrap: anywhere;
}
h1 { font-size: 1.4rem; margin: 0 0 .6rem; line-height: 1.25; }
h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; }
p { margin: .4rem 0; } ul { margin: .3rem 0; padding-left: 1.2rem; }
i { font-style: normal; color: var(--dim); } a { color: inherit; }
table { border-collapse: collapse; margin: .4rem 0; }
td, th {
  padding: .15rem 1rem .15rem 0; text-align: left; vertical-align: top;
}
th { font-weight: normal; color: var(--dim); }
td:not(:last-child), .times td { white-space: nowrap; }
.status {
  display: inline-block; padding: 0 .45em; border-radius: .3em;
  font-weight: 600; white-space: nowrap;
}
.good { background: var(--good); } .fair { background: var(--fair); }
.bad { background: var(--bad); }
.counts { display: flex; flex-wrap: wrap; gap: .4rem; }
details { border-top: 1px solid var(--line); padding: .35rem 0; }
summary { cursor: pointer; }
.story > summary {
  display: grid; gap: 0 .8rem; align-items: baseline;
  grid-template-columns: .6rem 13.5rem 7.6rem 5.6rem 1fr;
}
.story > summary::before { content: '\25b8'; color: var(--dim); }
.story[open] > summary::before { content: '\25be'; }
.story > summary > .status { justify-self: start; }
.title { white-space: pre-wrap; }
.story > div { padding: .3rem 0 .3rem 1.4rem; }
.story p, .events td:not(:last-child), .scale, .rest { color: var(--dim); }
:target { border-left: 3px solid var(--store); scroll-margin-top: 4rem; }
.events td:first-child { text-align: right; }
.events td.store { color: var(--store); }
.events td.broken { color: var(--broken); }
svg { display: block; width: 100%; height: 36px; }
.handshake { fill: var(--bar); } .lookup { fill: var(--store); opacity: .6; }
line { stroke-width: 2px; vector-effect: non-scaling-stroke; }
line.event { stroke: var(--event); } line.store { stroke: var(--store); }
line.broken { stroke: var(--broken); }
.scale { display: flex; justify-content: space-between; font-size: 12px; }
form { display: flex; flex-wrap: wrap; gap: .5rem 1.2rem; margin: .6rem 0; }
label { display: flex; gap: .5rem; align-items: baseline; }
select, input {
  font: inherit; color: inherit; background: var(--back);
  border: 1px solid var(--line); border-radius: .3em; padding: .15em .4em;
  max-width: 100%;
}
output { color: var(--dim); align-self: center; }
.legend svg { width: 3rem; height: 18px; }
@media (max-width: 40rem) {
  body { padding: .7rem; }
  td, th { padding-right: .6rem; }
  .times { display: block; overflow-x: auto; font-size: 12px; }
  .story > div { padding-left: 0; }
  .story > summary { display: flex; flex-wrap: wrap; gap: 0 .6rem; }
}
</style></head><body>
<h1>TLS handshakes and their session cache</h1>
)html";

const char* const html_legend = R"html(<details class="legend">
<summary>What the words and colours mean</summary>
<p>Each line below is a handshake: when it began by the clock of this machine,
the <b>status</b> of the session cache, how the handshake ended, the client and
the server's port, what the client offered (<b>ID</b> of a session, <b>PSK</b>
of one in TLS&nbsp;1.3, or a <b>ticket</b>, which needs no lookup), and how long
the lookup and the handshake took. Click a line to see its timeline.</p>
<table>
<tr><td><span class="status good">HIT</span></td>
<td>resumed, with the session from the store</td></tr>
<tr><td><span class="status good">LOCAL</span></td>
<td>resumed, and the store was not asked: nginx's own cache had the
session</td></tr>
<tr><td><span class="status good">HIT or LOCAL</span></td>
<td>resumed; the capture does not show which of the two</td></tr>
<tr><td><span class="status good">TICKET</span></td>
<td>resumed with a stateless ticket</td></tr>
<tr><td><span class="status fair">MISS</span></td>
<td>the store does not have the session that was offered</td></tr>
<tr><td><span class="status fair">-</span></td>
<td>nothing was offered, or a ticket, which needs no lookup</td></tr>
<tr><td><span class="status bad">INVALID</span></td>
<td>the store's session was refused</td></tr>
<tr><td><span class="status bad">TIMEOUT</span></td>
<td>the store did not answer in time</td></tr>
<tr><td><span class="status bad">DOWN</span>
<span class="status bad">BUSY</span></td>
<td>the store was not connected, or refused the request; too many requests
were waiting for it</td></tr>
<tr><td><span class="status bad">?</span></td>
<td>not known; the notes say why</td></tr>
</table>
<table>
<tr><td><svg viewBox="0 0 48 18"><rect y="5" width="48" height="8"
class="handshake"/></svg></td><td>the handshake, from the ClientHello to its
last message</td></tr>
<tr><td><svg viewBox="0 0 48 18"><rect y="5" width="48" height="8"
class="lookup"/></svg></td><td>from a request to the store to its
reply</td></tr>
<tr><td><svg viewBox="0 0 48 18"><line x1="10" x2="10" y2="18"
class="event"/><line x1="24" x2="24" y2="18" class="store"/><line x1="38"
x2="38" y2="18" class="broken"/></svg></td><td>an event: in the handshake (grey), with the
store (teal), or the end of a handshake that was broken off (red); hold the
pointer over a mark to see which</td></tr>
<tr><td>wire, log</td><td>the source: the capture, or nginx's error
log</td></tr>
</table>
</details>
)html";

const char* const html_end = R"html(<script>
const form = document.getElementById('filter');
const stories = [...document.querySelectorAll('.story')];
function filter() {
  const status = form.elements.status.value;
  const client = form.elements.client.value.trim().toLowerCase();
  let shown = 0;
  for (const story of stories) {
    story.hidden = status && story.dataset.status !== status ||
                   !story.dataset.client.includes(client);
    shown += !story.hidden;
  }
  for (const rest of document.querySelectorAll('.rest')) {
    rest.hidden = shown < stories.length;
  }
  form.elements.shown.value = shown + ' of ' + stories.length + ' shown';
}
function reveal() {
  const story = document.getElementById(location.hash.slice(1))
                        ?.closest('.story');
  if (story) {
    if (story.hidden) {
      form.reset();
      filter();
    }
    story.open = true;
    story.scrollIntoView();
  }
}
form.hidden = false;
form.addEventListener('input', filter);
form.addEventListener('submit', event => event.preventDefault());
addEventListener('hashchange', reveal);
filter();
reveal();
</script>
</body></html>
)html";

}  // namespace debug

#include "status/status_page.hpp"

namespace session_cache {

/* Text from the JSON is never taken for markup: only textContent is set. */
const char* const status_script = R"js('use strict';
const keep = 300;    // seconds that are drawn second by second
const recent = 60;   // and that "last minute" means
const history = [];  // {at: seconds, json}
const curve = [];    // {at, resumed, full}: rates
let ahead = 0;       // seconds that nginx's clock is ahead of ours

const at = id => document.getElementById(id);
const sum = object => Object.values(object).reduce((a, b) => a + b, 0);
const resumptions = ends => ends.resumed_from_store +
  ends.resumed_from_local + ends.resumed_by_ticket;
const resumed = json => resumptions(json.handshakes);
const percent = part => isFinite(part) ? (100 * part).toFixed(1) + ' %' : '-';
const number = n => n >= 100 ? Math.round(n).toLocaleString('en') :
  n.toFixed(n < 10 ? 2 : 1);
const count = n => n.toLocaleString('en');

function time(us) {
  return us === 0 ? '-' : us < 1000 ? Math.round(us) + ' us' :
    us < 1e6 ? number(us / 1000) + ' ms' : number(us / 1e6) + ' s';
}

function lasting(seconds) {
  const s = Math.max(0, Math.round(seconds));
  return s < 120 ? s + ' s' : s < 7200 ? Math.round(s / 60) + ' min' :
    Math.round(s / 3600) + ' h';
}

// By the clock of nginx, which need not be that of the browser.
const ago = since => lasting(Date.now() / 1000 + ahead - since);

function bytes(n) {
  for (const unit of ['B', 'KiB', 'MiB', 'GiB'])
    if (n < 1024 || unit === 'GiB')
      return (unit === 'B' ? n : number(n)) + ' ' + unit;
    else
      n /= 1024;
}

function element(parent, name, text, style) {
  const child = document.createElement(name);
  child.textContent = text ?? '';
  if (style)
    child.className = style;
  return parent.appendChild(child);
}

// rows: of cells, each a text or [text, class]; the first row is the head
function fill(id, rows) {
  const table = at(id);
  table.replaceChildren();
  rows.forEach((cells, n) => {
    const row = element(table, 'tr');
    for (const cell of cells)
      element(row, n ? 'td' : 'th', ...[cell].flat());
  });
}

function draw(id, shapes) {
  const svg = at(id);
  svg.replaceChildren();
  for (const [name, text, attributes] of shapes) {
    const shape = document.createElementNS(svg.namespaceURI, name);
    for (const key in attributes)
      shape.setAttribute(key, attributes[key]);
    shape.textContent = text;
    svg.appendChild(shape);
  }
}

// The newest figures, and those of about `seconds` before.
function span(seconds) {
  const last = history[history.length - 1];
  const first = history.find(h => last.at - h.at <= seconds + 0.5);
  return {now: last.json, then: first.json, seconds: last.at - first.at};
}

const rate = (of, {now, then, seconds}) =>
  seconds > 0 ? (of(now) - of(then)) / seconds : 0;

function ratio({now, then}, whole) {
  const hits = json => json.lookups.HIT + json.lookups.LOCAL +
    json.lookups.TICKET;
  const asked = json => sum(json.lookups) - json.lookups['-'];
  return whole ? hits(now) / asked(now) :
    (hits(now) - hits(then)) / (asked(now) - asked(then));
}

// Of all servers: how many of each class there were within the span.
function buckets({now, then}, whole) {
  const all = [];
  for (const server of now.servers) {
    const old = whole ? undefined : then.servers.find(s =>
      s.type === server.type && s.server === server.server);
    server.latency_us.buckets.forEach((bucket, i) => {
      all[i] ??= {le: bucket.le, count: 0};
      all[i].count += bucket.count -
        (old ? old.latency_us.buckets[i].count : 0);
    });
  }
  return all;
}

function quantile(all, part) {
  let left = part * all.reduce((n, b) => n + b.count, 0), lower = 0;
  for (const {le, count} of all) {
    if (le === 'inf')
      break;
    if (count > 0 && left <= count)
      return lower + (le - lower) * left / count;
    left -= count;
    lower = le;
  }
  return left > 0 ? lower : 0;
}

function showTiles(short, minute) {
  const tiles = at('tiles');
  tiles.replaceChildren();
  for (const [value, label] of [
    [number(rate(resumed, short)), 'resumed/s'],
    [number(rate(j => j.handshakes.full, short)), 'full/s'],
    [percent(ratio(minute, false)), 'hits, last minute'],
    [percent(ratio(minute, true)), 'hits, total'],
    [time(quantile(buckets(minute, false), 0.99)), 'p99, last minute'],
    [count(minute.now.suspended.now), 'waiting now']])
    element(element(tiles, 'div'), 'b', value).after(label);
}

function addToCurve() {
  const [then, now] = history.slice(-2);
  if (!now)
    return;
  const short = {now: now.json, then: then.json, seconds: now.at - then.at};
  curve.push({at: now.at, resumed: rate(resumed, short),
    full: rate(j => j.handshakes.full, short)});
  while (now.at - curve[0].at > keep)
    curve.shift();
}

// What nginx remembers from before the curve: the rates of whole minutes, at
// their middle.
function before(newest) {
  const end = curve.length ? curve[0].at : newest.at;
  return newest.json.minutes.map(m => ({at: m.begin + 30 - ahead,
    resumed: resumptions(m) / 60, full: m.full / 60}))
    .filter(p => p.at + 30 <= end);
}

function showRates() {
  const points = [...before(history[history.length - 1]), ...curve];
  const most =
    Math.max(0, ...points.map(p => Math.max(p.resumed, p.full))) || 1;
  const end = points.length ? points[points.length - 1].at : 0;
  const wide = points.length ? Math.max(recent, end - points[0].at) : recent;
  const line = (of, color) => ['polyline', '', {fill: 'none',
    stroke: `var(${color})`, 'stroke-width': 1.5,
    'vector-effect': 'non-scaling-stroke', points: points.map(p =>
      `${600 - 600 * (end - p.at) / wide},${135 - 130 * of(p) / most}`)
      .join(' ')}];
  draw('rates', [
    ['path', '', {d: 'M0 135H600M0 5H600', stroke: 'var(--line)',
      'vector-effect': 'non-scaling-stroke'}],
    line(p => p.full, '--bad'), line(p => p.resumed, '--good')]);
  at('scale').textContent =
    `up to ${number(most)} per second, in the last ` + (wide < 120 ?
      `${Math.round(wide)} s` : `${Math.round(wide / 60)} min`);
}

function showHistogram(all) {
  const most = Math.max(1, ...all.map(b => b.count));
  draw('histogram', all.flatMap((bucket, i) => {
    const height = 100 * bucket.count / most;
    const label = bucket.le === 'inf' ? 'more' : time(bucket.le);
    const shapes = [['rect', '', {x: 2 + i * 20, width: 17,
      y: 110 - height, height, fill: 'var(--other)'}]];
    if (i % 3 === 0)
      shapes.push(['text', label, {x: 2 + i * 20, y: 128}]);
    return shapes;
  }));
}

function showLatency(minute) {
  const row = (name, part) => [name,
    time(quantile(buckets(minute, false), part)),
    time(quantile(buckets(minute, true), part))];
  fill('latency', [['', 'last minute', 'total'], row('p50', 0.5),
    row('p90', 0.9), row('p99', 0.99)]);
  showHistogram(buckets(minute, true));
}

function showCounts(id, head, object, of, short) {
  fill(id, [[head, 'per second', 'total'], ...Object.keys(object).map(name =>
    [name.replaceAll('_', ' '), number(rate(j => of(j)[name] ?? 0, short)),
      count(object[name])])]);
}

const connections = (json, server) => json.workers.flatMap(w => w.servers)
  .filter(s => s.type === server.type && s.server === server.server);

// What the last error of a server calls for.
const advice = [
  [/wants a password|NOAUTH/, 'set "auth" to its password'],
  [/WRONGPASS|auth failed|AUTH failed/, 'correct "auth"'],
  [/READONLY|is a replica|not the master/,
    '"addr" is a replica: name the primary, or let Sentinels find it'],
  [/OOM/, 'raise "maxmemory", or let Redis evict ("maxmemory-policy")'],
  [/NOPERM/, 'allow this command for the user of "auth"'],
  [/it seems to be|without TLS|want TLS/,
    'correct "addr", "type" or "tls"'],
  [/certificate|TLS handshake/,
    'check "tls_ca", "tls_name" and the certificate'],
  [/max number of clients/, 'raise "maxclients"'],
  [/timed out/, 'the server or the network is slow or hangs'],
  [/connect\(\) failed|connection lost|closed by/,
    'check that the server runs and can be reached'],
];

function whatToDo(text) {
  const found = advice.find(([pattern]) => pattern.test(text));
  return found ? found[1] : 'see docs/troubleshooting.md';
}

// A line for each server that is not well, with its newest error.
function showWrong(json) {
  const lines = [];
  for (const server of json.servers) {
    const sick = connections(json, server).filter(c => !c.healthy &&
      (c.wrong_since || c.failing.length));
    if (!sick.length)
      continue;
    const since = Math.min(...sick.map(c => c.wrong_since ?? c.since));
    const last = sick.map(c => c.last_error).filter(e => e)
      .sort((a, b) => b.at - a.at)[0];
    const text = last ? last.text : 'not connected';
    lines.push(`${server.type} ${server.server}, for ${ago(since)}: ` +
      `${text}. What to do: ${whatToDo(text)}.`);
  }
  const wrong = at('wrong');
  wrong.replaceChildren();
  lines.forEach(line => element(wrong, 'p', line));
  wrong.hidden = !lines.length;
  document.body.classList.toggle('wrong', lines.length > 0);
  document.title = (lines.length ? '(!) ' : '') + json.module.host +
    ' remote_ssl_session_cache';
}

function showModule({module, keys}) {
  at('module').textContent =
    `${module.host}, ${module.version}, nginx ${module.nginx}`;
  fill('keys', [['key', 'purpose'], ...keys.map(k => [k.id,
    k.primary ? 'seals and opens' : 'opens']),
    ...keys.length ? [] : [['none', '-']]]);
}

function showServers(json) {
  fill('servers', [['server', 'workers', 'queue', 'peak', 'connects',
    'losses', 'fetched', 'stored'], ...json.servers.map(s => {
    const all = connections(json, s);
    const well = all.filter(c => c.healthy).length;
    return [`${s.type} ${s.server}`,
      [`${well} of ${all.length} healthy`, well < all.length ? 'down' : 'up'],
      count(s.queue.now), count(s.queue.highest), count(s.connects),
      count(s.losses), bytes(s.bytes.fetched), bytes(s.bytes.stored)];
  })]);
  const of = object => Object.entries(object).filter(e => e[1] > 0)
    .map(([name, n]) => `${count(n)} ${name}`).join(', ') || '-';
  fill('requests', [['server', 'fetches', 'sets', 'deletes'],
    ...json.servers.map(s => [`${s.type} ${s.server}`, of(s.fetches),
      of(s.sets), of(s.deletes)])]);
}

const state = s => s.state +
  (s.slots === undefined ? '' : `, ${count(s.slots)} of 16,384 slots` +
    (s.told ? `, learned ${ago(s.told)} ago` : '')) +
  (s.failing.length ? `, failing: ${s.failing.join(', ')}` : '');

const isOff = s => s.clock && Math.abs(s.clock.ahead_ms) > 10000;
const clock = s => s.clock === undefined ? '-' : s.clock === null ?
  'unknown' : `${s.clock.ahead_ms > 0 ? '+' : ''}` +
    `${(s.clock.ahead_ms / 1000).toFixed(1)} s`;

function showWorkers(json) {
  fill('workers', [['worker', 'waiting', 'peak', 'stacks', 'peak',
    'server', 'state', 'state for', 'queue', 'clock ahead'],
  ...json.workers.flatMap(w => w.servers.map(s => [w.pid,
    count(w.suspended.now), count(w.suspended.highest),
    count(w.stacks.now), count(w.stacks.highest), `${s.type} ${s.server}`,
    [state(s), s.healthy ? 'up' : 'down'], ago(s.since), count(s.queue.now),
    [clock(s), isOff(s) || s.clock === null ? 'down' : '']]))]);
}

// As far as there was anything to count.
function showTickets({opened, not_opened, keys, seeds, rotated, late}) {
  const rows = [
    ...Object.entries(opened).map(([slot, n]) => [`opened, ${slot} key`, n]),
    ...Object.entries(not_opened).map(([why, n]) => [`not used, ${why}`, n]),
    ['keys held', keys.now], ['slots started', rotated], ['late', late],
    ...Object.entries(seeds).map(([what, n]) => [`seeds ${what}`, n])]
    .filter(row => row[1] > 0)
    .map(([name, n]) => [name.replaceAll('_', ' '), count(n)]);
  fill('tickets', [['ticket or key', 'total'],
    ...rows.length ? rows : [['none', '-']]]);
}

function show() {
  const short = span(5), minute = span(recent), json = minute.now;
  showModule(json);
  showWrong(json);
  showTiles(short, minute);
  showRates();
  showCounts('handshakes', 'end', json.handshakes, j => j.handshakes, short);
  showCounts('lookups', 'status', json.lookups, j => j.lookups, short);
  showCounts('early', 'early data', json.early_data, j => j.early_data, short);
  showLatency(minute);
  showServers(json);
  showWorkers(json);
  showTickets(json.tickets);
  const refused = Object.entries(json.refused_values).filter(e => e[1] > 0);
  fill('refused', [['reason', 'total'], ...refused.map(([why, n]) =>
    [why, count(n)]), ...refused.length ? [] : [['none', '-']]]);
  document.body.dataset.updates++;
}

function take(json) {
  const last = history[history.length - 1];
  if (last && sum(json.handshakes) < sum(last.json.handshakes))
    history.length = curve.length = 0;  // nginx was restarted
  history.push({at: Date.now() / 1000, json});
  ahead = json.time - Date.now() / 1000;
  while (history[history.length - 1].at - history[0].at > keep)
    history.shift();
  addToCurve();
  show();
}

let taken = 0;

async function update() {
  try {
    const answer = await fetch('?format=json', {cache: 'no-store'});
    if (!answer.ok)
      throw new Error(answer.status + ' ' + answer.statusText);
    take(await answer.json());
    taken = Date.now();
    at('state').className = '';
    at('state').textContent = 'all workers, since nginx started';
  } catch (error) {
    at('state').className = 'error';
    at('state').textContent = `no new figures (${error.message})` +
      (taken ? `, these are ${lasting((Date.now() - taken) / 1000)} old` : '');
  }
  setTimeout(update, 1000);
}

update();
)js";

}  // namespace session_cache

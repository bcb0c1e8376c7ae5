// Is every produced sample accounted for? Ledgers of the nodes, completeness by hour, dead letters, foreign nodes.
import * as api from '../api.js';
import { clear } from '../charts/base.js';
import { completenessMap } from '../charts/completeness.js';
import { dateSecondOf, dateTimeOf, windowText } from '../clock.js';
import { byId, fill, fold, h, shape, table } from '../dom.js';
import { NONE, count, span } from '../format.js';
import { t } from '../i18n.js';
import { balance } from '../ledger.js';
import { calmly, pageScope, run } from '../page.js';
import { listen, listenWorkshops } from '../stream.js';

const scope = pageScope();
const whole = scope.workshop_id === undefined; // the page of all workshops: completeness by workshop, not by machine

const term = (key, value) => h('span', {}, h('b', {}, count(value)), ' ', h('small', {}, t(`ledger.${key}`)));
const sign = (text) => h('span', { 'aria-hidden': 'true' }, text);

function equation(ledger) {
  const books = balance(ledger);
  return h(
    'div',
    { class: 'equation' },
    term('produced', books.produced), sign('='),
    term('stored', ledger.stored_batches), sign('+'),
    term('dead', ledger.dead_batches), sign('+'),
    term('lost', ledger.lost_batches), sign('+'),
    term('in_flight', books.inFlight),
    books.holds ? h('span', { class: 'check-ok' }, `✓ ${t('ledger.balanced')}`) : h('span', { class: 'check-bad' }, `✗ ${t('ledger.unbalanced', { doubled: count(books.doubled) })}`),
  );
}

function rangesOf(ledger) {
  const rows = [['stored', ledger.stored_ranges], ['dead', ledger.dead_ranges], ['lost', ledger.lost_ranges]].filter(([, text]) => text);
  return fold(
    ledger.ledger_id,
    t('ledger.ranges'),
    h('dl', { class: 'facts' }, rows.flatMap(([key, text]) => [h('dt', {}, t(`ledger.${key}`)), h('dd', { class: 'code ranges', tabindex: 0 }, text.replace(/\b(\d+)-\1\b/g, '$1').replaceAll(',', ', '))])),
  );
}

function ledgerPart(ledger) {
  const books = balance(ledger);
  return h(
    'div',
    {},
    h('p', { class: 'meta' }, t('ledger.id', { id: ledger.ledger_id }), ledger.current ? '' : ` · ${t('ledger.former')}`),
    equation(ledger),
    h('p', { class: 'meta' }, t('ledger.samples', { stored: count(ledger.stored_samples), dead: count(ledger.dead_samples), produced: count(ledger.produced_samples) })),
    h('p', { class: 'meta' }, t('ledger.announced', { time: ledger.announced_at === null ? NONE : dateTimeOf(ledger.announced_at) }), books.ahead > 0 ? ` · ${t('ledger.ahead', { n: count(books.ahead) })}` : ''),
    rangesOf(ledger),
  );
}

function nodePart(node) {
  const seen = node.last_seen === null ? NONE : t('node.seen', { time: dateTimeOf(node.last_seen), span: span(Date.now() - node.last_seen) });
  return h(
    'article',
    { class: 'node' },
    h('h3', {}, `${node.group} / ${node.node}`),
    h('p', {}, h('span', { class: 'state' }, shape(node.online ? 'ok' : 'bad'), t(node.online ? 'node.online' : 'node.offline'))),
    h('p', { class: 'meta' }, [seen, t('node.gaps', { gaps: count(node.sequence_gaps), rebirths: count(node.rebirths_asked) }), t('node.contract', { version: node.contract_version ?? NONE })].join(' · ')),
    node.ledgers.map(ledgerPart),
  );
}

function showDead(health) {
  const letters = health.nodes.flatMap((node) => node.newest_dead_letters.map((letter) => ({ ...letter, node: `${node.group} / ${node.node}` })));
  letters.sort((a, b) => b.received - a.received);
  const total = health.nodes.reduce((sum, node) => sum + node.dead_letters, health.unassigned_dead_letters);
  byId('dead-meta').textContent = t('dead.total', { n: count(total), unassigned: count(health.unassigned_dead_letters) });
  if (!letters.length) return fill('dead', h('p', { class: 'empty' }, total ? t('dead.unlisted') : t('dead.none')));
  const columns = [
    [t('dead.received'), (d) => dateSecondOf(d.received), 'time'],
    [t('dead.node'), (d) => d.node],
    [t('dead.topic'), (d) => h('span', { class: 'code' }, d.topic)],
    [t('dead.batch'), (d) => (d.batch === null ? NONE : count(d.batch)), 'num'],
    [t('dead.samples'), (d) => count(d.samples), 'num'],
    [t('dead.reason'), (d) => d.reason],
  ];
  return fill('dead', table(t('dead.caption'), columns, letters));
}

function showCompleteness(places) {
  const rows = places.filter((row) => row.hours.length).map((row) => ({ name: row.code, hours: row.hours.map((hour) => ({ start: hour.start, end: hour.end, share: hour.completeness })) }));
  if (!rows.length) return clear('completeness', t('completeness.empty'));
  const all = rows.flatMap((row) => row.hours);
  byId('completeness-meta').textContent = windowText(Math.min(...all.map((x) => x.start)), Math.max(...all.map((x) => x.end)));
  return completenessMap('completeness', rows);
}

async function showForeign() {
  const answer = await fetch('/console/foreign');
  if (!answer.ok) throw new Error(`/console/foreign: HTTP ${answer.status}`);
  const part = new DOMParser().parseFromString(await answer.text(), 'text/html');
  fill('foreign', ...part.body.childNodes);
}

async function load() {
  const health = await api.dataHealth({ ...scope, machines: !whole });
  const own = health.nodes.filter((node) => node.has_ledger);
  byId('nodes-meta').textContent = t('nodes.meta', { time: dateTimeOf(Date.parse(health.time)), marks: count(health.marks), waiting: count(health.waiting_diagnoses) });
  byId('store').textContent = t(`store.${health.store}`);
  fill('nodes', own.length ? own.map(nodePart) : h('p', { class: 'empty' }, t('nodes.empty')));
  showCompleteness(whole ? await api.workshopCompleteness() : health.equipment);
  showDead(health);
  await showForeign();
}

const again = await run(load, 30_000);
if (whole) listenWorkshops(calmly(again, 10_000));
else listen(calmly(again, 10_000));

// Orders planned against actual: what is made of each, how far it is, and the numbers behind it.
import * as api from '../api.js';
import { HOUR, dateMinuteOf, windowText } from '../clock.js';
import { byId, fill, h, table } from '../dom.js';
import { NONE, count, fixed, minutes, percent, span } from '../format.js';
import { t, word } from '../i18n.js';
import { lastHours, pageScope, problem, run } from '../page.js';
import { sheetTable } from '../sheet.js';
import { listen } from '../stream.js';

const scope = pageScope();
const AHEAD = 24 * HOUR; // orders planned for the next day are listed too
const EVERY = 5 * 60_000; // ms: each order is read from samples
const whole = !scope.line_id && !scope.workshop_id;
let orders = [];
let chosen = ''; // key of the order whose numbers are shown

const keyOf = (order) => `${order.equipment_id} ${order.code}`;

/** waiting, overdue, running, behind, short or done. */
function statusOf(order, now) {
  const late = order.planned_end !== null && order.planned_end < now;
  if (order.start === null) return late ? 'overdue' : 'waiting';
  if (order.end === null) return late ? 'behind' : 'running';
  return order.quantity !== null && order.good !== null && order.good < order.quantity ? 'short' : 'done';
}

const BAD = new Set(['overdue', 'behind', 'short']);
const badge = (status) => h('span', { class: BAD.has(status) ? 'flag' : 'flag calm' }, t(`orders.${status}`));

const period = (from, to) => (from === null ? NONE : to === null ? `${dateMinuteOf(from)} - ` : windowText(from, to));
const time = (us) => (us === null ? NONE : fixed(minutes(us), 1));
const share = (order) => (order.quantity && order.good !== null ? percent(order.good / order.quantity, 0) : NONE);

function pick(order) {
  return h('button', { class: 'pick', type: 'button', 'data-key': `order ${keyOf(order)}`, 'aria-pressed': String(keyOf(order) === chosen), onclick: () => choose(order) }, order.code);
}

function columns(now) {
  const place = [t('orders.place'), (order) => `${order.workshop} · ${order.line}`];
  return [
    [t('orders.order'), pick],
    [t('orders.status'), (order) => badge(statusOf(order, now))],
    ...(whole ? [place] : []),
    [t('orders.machine'), (order) => h('a', { href: `/equipment/${order.equipment_id}`, 'data-key': `machine ${keyOf(order)}` }, order.equipment)],
    [t('explain.product'), (order) => order.product || t('output.untold')],
    [t('orders.poq'), (order) => count(order.quantity), 'num'],
    [t('orders.pq'), (order) => count(order.produced), 'num'],
    [t('orders.gq'), (order) => count(order.good), 'num'],
    [t('orders.sq'), (order) => count(order.scrap), 'num'],
    [t('orders.share'), share, 'num'],
    [t('orders.planned'), (order) => period(order.planned_start, order.planned_end), 'time'],
    [t('orders.actual'), (order) => period(order.start, order.end), 'time'],
    [t('sums.completeness'), (order) => percent(order.completeness), 'num'],
    [t('sums.flags'), (order) => order.flags.map((flag) => h('span', { class: 'flag' }, word('flag', flag))), 'wide'],
  ];
}

function showList() {
  const now = Date.now();
  const rows = [...orders].sort((a, b) => (b.start ?? b.planned_start) - (a.start ?? a.planned_start));
  const selected = (order) => ({ 'aria-selected': keyOf(order) === chosen ? 'true' : null });
  fill('list', rows.length ? table(t('orders.caption'), columns(now), rows, selected) : h('p', { class: 'empty' }, t('orders.none')));
  const of = (status) => orders.filter((order) => statusOf(order, now) === status).length;
  byId('sums').textContent = t('orders.sums', { n: orders.length, running: of('running') + of('behind'), waiting: of('waiting') + of('overdue'), late: of('behind') + of('overdue'), short: of('short') });
}

const evidence = (order) => `/equipment/${order.equipment_id}/explain?${new URLSearchParams({ kpi: 'oee', window: 'shift', start: order.start })}`;

function showOrder() {
  const order = orders.find((row) => keyOf(row) === chosen);
  if (!order) return;
  byId('order-meta').textContent = `${order.code} · ${order.equipment}`;
  const facts = [
    [t('orders.pri'), order.pri_us === null ? NONE : `${fixed(order.pri_us / 1e6, 1)} s`],
    [t('orders.poq'), count(order.quantity)],
    [t('orders.psut'), order.setup_seconds === null ? NONE : span(order.setup_seconds * 1000)],
    [t('orders.poet'), time(order.planned_execution_us)],
    [t('orders.aoet'), time(order.aoet_us)],
    [t('orders.pbt'), time(order.pbt_us)],
    [t('orders.aubt'), order.aubt_us === null ? NONE : `${time(order.apt_us)} + ${time(order.aust_us)} + ${time(order.adet_us)} = ${time(order.aubt_us)}`],
    [t('orders.no_data'), time(order.no_data_us)],
    [t('orders.rq'), count(order.rework)],
    [t('orders.psq'), count(order.planned_scrap)],
  ];
  fill(
    'facts',
    h('dl', { class: 'facts' }, facts.flatMap(([name, text]) => [h('dt', {}, name), h('dd', {}, text)])),
    order.start === null ? null : h('p', {}, h('a', { href: evidence(order), 'data-key': 'evidence' }, t('orders.evidence'))),
  );
  fill('sheet', sheetTable(order.kpis.map((kpi) => ({ ...kpi, completeness: order.completeness })), { caption: t('orders.kpis.caption') }));
}

function choose(order) {
  chosen = keyOf(order);
  showList();
  showOrder();
}

async function load() {
  const [from, now] = lastHours(Number(byId('range').value));
  const to = now + AHEAD;
  for (const form of ['csv', 'xlsx']) byId(`file-${form}`).href = `/api/v1/orders/results/file?${new URLSearchParams({ format: form, ...scope, ...api.span(from, to) })}`;
  byId('orders-meta').textContent = windowText(from, to);
  orders = (await api.get('/orders/results', { ...scope, ...api.span(from, to) })).map((row) => api.timed(row, 'planned_start', 'planned_end', 'start', 'end'));
  showList();
  showOrder();
}

async function guarded() {
  try {
    await load();
    problem('');
  } catch (error) {
    problem(t('error.load', { reason: error.message }));
  }
}

byId('range-form').addEventListener('submit', (event) => event.preventDefault());
byId('range').addEventListener('change', guarded);
await run(load, EVERY);
listen(() => {}); // tells whether the server still answers

// All machines now, their last 24 hours, and OEE by hour.
import * as api from '../api.js';
import { clear } from '../charts/base.js';
import { COMPLETE_ENOUGH, oeeHours, oeeLegend } from '../charts/oee_hours.js';
import { legend, timeline } from '../charts/timeline.js';
import { HOUR, dateMinuteOf, dateOf, minuteOf, timeOf, windowText } from '../clock.js';
import { byId, h, refill, shape } from '../dom.js';
import { NONE, count, percent, span } from '../format.js';
import { nameOf, t, word } from '../i18n.js';
import { stateName } from '../palette.js';
import { lastHours, run } from '../page.js';
import { listen } from '../stream.js';
import { verdictMark } from '../verdict.js';

const HOURS = 24;
const BACKFILL_BELOW = 0.9; // share of the last 24 h below which the page explains why numbers are still missing

let machines = []; // as the stream last told
const extras = new Map(); // by equipment id: {product, seen}, read once a minute

const moment = (ms) => (dateOf(ms) === dateOf(Date.now()) ? timeOf(ms) : dateMinuteOf(ms));

function since(machine) {
  return machine.since === null ? t('card.never') : t('card.since', { time: moment(machine.since), span: span(Date.now() - machine.since) });
}

function counts({ shift }) {
  return shift ? [shift.produced, shift.good, shift.scrap].map(count).join(' / ') : NONE;
}

function oee({ shift }) {
  if (!shift) return h('div', { class: 'oee' }, h('span', { class: 'meta' }, t('card.no_shift')));
  const sure = shift.completeness !== null && shift.completeness >= COMPLETE_ENOUGH;
  const flags = shift.flags.filter((flag) => flag !== 'mixed_products');
  return h(
    'div',
    {},
    h('div', { class: 'oee' }, h('span', {}, t('card.oee')), h('span', { class: sure ? 'big' : 'big unsure' }, shift.oee === null ? t('kpi.undefined') : percent(shift.oee))),
    h('p', { class: 'meta' }, `${minuteOf(shift.start)} - ${minuteOf(shift.end)} · ${t('card.complete', { share: percent(shift.completeness) })}${shift.provisional ? ` · ${t('card.provisional')}` : ''}`),
    flags.map((flag) => h('span', { class: 'flag' }, word('flag', flag))),
  );
}

function diagnosis(machine) {
  if (!machine.diagnosis) return [];
  const href = `/equipment/${machine.equipment_id}/diagnosis?diagnosis=${machine.diagnosis.diagnosis_id}`;
  return [h('dt', {}, t('card.diagnosis')), h('dd', {}, h('a', { href, 'data-key': 'diagnosis' }, verdictMark(machine.diagnosis)), ` ${moment(machine.diagnosis.time)}`)];
}

function card(machine) {
  const extra = extras.get(machine.equipment_id) ?? { product: null, seen: null };
  return [
    h('div', {}, h('span', { class: 'state' }, shape(`state-${machine.state}`), stateName(machine.state)), h('span', { class: 'meta' }, since(machine))),
    h(
      'dl',
      {},
      h('dt', {}, t('card.product')), h('dd', {}, extra.product ?? NONE),
      h('dt', {}, t('card.counts')), h('dd', {}, counts(machine)),
      h('dt', {}, t('card.seen')), h('dd', {}, extra.seen === null ? t('nodata') : moment(extra.seen), machine.online ? '' : ` · ${t('node.offline')}`),
      diagnosis(machine),
    ),
    oee(machine),
  ];
}

function showCards() {
  for (const machine of machines) {
    const element = byId(`card-${machine.equipment_id}`);
    if (!element) continue; // registered since the page was made; the next visit shows it
    element.dataset.state = String(machine.state);
    refill(element.querySelector('.card-body'), card(machine));
  }
}

async function readExtras(id) {
  const signals = await api.signals(id);
  const times = signals.map((signal) => signal.time).filter((time) => time !== null);
  extras.set(id, {
    product: signals.find((signal) => signal.role === 'product')?.text ?? null,
    seen: times.length ? Math.max(...times) : null,
  });
}

async function showShift(id, now) {
  const shift = (await api.shifts(id, now - 1000, now)).find((window) => window.kind === 'shift');
  byId('shift').textContent = shift ? t('overview.window', { name: nameOf(shift), window: windowText(shift.start, shift.end) }) : t('overview.no_shift');
}

async function showStates(from, to) {
  const rows = await Promise.all(machines.map(async (machine) => ({ name: machine.code, intervals: await api.states(machine.equipment_id, from, to) })));
  byId('states-meta').textContent = windowText(from, to);
  if (!rows.some((row) => row.intervals.length)) return clear('states', t('states.empty'));
  timeline('states', rows, from, to);
  return legend('states-legend', rows, from, to);
}

async function showHours(from, to) {
  const rows = await Promise.all(machines.map(async (machine) => ({ name: machine.code, hours: await api.kpis(machine.equipment_id, { kpi: 'oee', window: 'hour', from, to }) })));
  byId('oee-hours-meta').textContent = windowText(from, to);
  if (!rows.some((row) => row.hours.length)) return clear('oee-hours', t('oee_hours.empty'));
  oeeHours('oee-hours', rows, from, to);
  return oeeLegend('oee-hours-legend');
}

/** Share of the machine hours of a range that are known; an hour without a row is not known yet. */
function known(rows, from, to) {
  const whole = (Math.ceil(to / HOUR) - Math.floor(from / HOUR)) * rows.length;
  const sum = rows.flatMap((row) => row.hours).reduce((total, hour) => total + (hour.completeness ?? 1), 0);
  return whole ? Math.min(1, sum / whole) : 1;
}

async function showBackfill(from, to) {
  const share = known(await api.completeness(from, to), from, to);
  const element = byId('backfill');
  element.hidden = share >= BACKFILL_BELOW;
  element.replaceChildren(h('p', {}, t('backfill.text', { share: percent(share) })), h('progress', { max: 1, value: share, 'aria-label': t('backfill.label') }));
}

async function load() {
  machines = await api.overview();
  if (!machines.length) {
    clear('states', t('overview.no_registry'));
    clear('oee-hours', t('overview.no_registry'));
    return;
  }
  const [from, to] = lastHours(HOURS);
  await Promise.all([...machines.map((machine) => readExtras(machine.equipment_id)), showShift(machines[0].equipment_id, Date.now()), showStates(from, to), showHours(from, to), showBackfill(from, to)]);
  showCards();
}

await run(load);
setInterval(showCards, 10_000); // "since ... ago" grows
listen((overview) => {
  machines = overview;
  showCards();
});

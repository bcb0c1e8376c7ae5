// One meter: its rate, what passed by hour with every finding marked, what it shows by shift, and the meters around it.
import * as api from '../api.js';
import { clear } from '../charts/base.js';
import { signalChart } from '../charts/signal.js';
import { windowBars } from '../charts/window_bars.js';
import { HOUR, windowText } from '../clock.js';
import { byId, fill, h, table } from '../dom.js';
import { amount, carrierName, coal, completeness, factorSource, factorText, figure, flags, remainder } from '../energy.js';
import { NONE, count, percent, unitText } from '../format.js';
import { t } from '../i18n.js';
import { meterTable, newest } from '../meter_table.js';
import { equipmentId, lastHours, problem, run, workshopId } from '../page.js';
import { listen } from '../stream.js';

const id = equipmentId();
const [HOURS, SHIFT_HOURS] = [48, 24 * 7];
const MAX_POINTS = 3000; // of a curve; the server keeps minimum and maximum of each piece of time
const RATE_ROLES = new Set(['active_power', 'steam_flow', 'gas_flow', 'water_flow', 'compressed_air_flow']);

function showFacts(meter, children) {
  const link = (m) => h('a', { href: `/meters/${m.equipment_id ?? m.id}`, 'data-key': m.code }, m.code);
  const facts = [
    [t('meter.carrier'), `${carrierName(meter.carrier)} (${unitText(meter.unit)})`],
    [t('meter.reading'), newest(meter, meter.reading)],
    [t('meter.rate'), newest(meter, meter.rate)],
    [t('meter.counts'), meter.machines.length ? meter.machines.join(', ') : NONE],
    [t('meter.parent'), meter.parent ? link({ id: meter.parent_id, code: meter.parent }) : t('meter.root')],
    [t('meter.children'), children.length ? children.flatMap((child, i) => [i ? ', ' : '', link(child)]) : NONE],
    [t('meter.interval'), t('span.s', { s: meter.interval_s })],
    [t('meter.modulus'), meter.modulus === null ? NONE : `${count(meter.modulus)} ${meter.register_unit}`],
  ];
  fill('facts', h('dl', { class: 'facts' }, facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])));
}

/** Every hour of [from, to); one that was never computed is no data. */
function everyHour(rows, from, to) {
  const told = new Map(rows.map((row) => [row.start, row]));
  const all = [];
  for (let start = Math.floor(from / HOUR) * HOUR; start < to; start += HOUR) {
    all.push(told.get(start) ?? { start, end: start + HOUR, value: null, completeness: 0, flags: [], provisional: false, kgce: null });
  }
  return all.map((row) => (row.completeness === 0 ? { ...row, value: null } : row));
}

async function showHours(meter) {
  const [from, to] = lastHours(HOURS);
  const rows = await api.energy(id, { window: 'hour', from, to });
  byId('hours-meta').textContent = windowText(from, to);
  if (!rows.length) return clear('hours', t('energy.empty'));
  return windowBars('hours', everyHour(rows, from, to), { unit: meter.unit, from: Math.floor(from / HOUR) * HOUR, to, name: t('meter.used'), explain: (row) => (row.kgce === null ? [] : [coal(row.kgce)]) });
}

async function showShifts() {
  const [from, to] = lastHours(SHIFT_HOURS);
  const rows = (await api.energy(id, { window: 'shift', from, to })).reverse();
  byId('shifts-meta').textContent = windowText(from, to);
  if (!rows.length) return fill('shifts', h('p', { class: 'empty' }, t('energy.empty')));
  const columns = [
    [t('window.shift'), (row) => `${windowText(row.start, row.end)}${row.provisional ? ` · ${t('card.provisional')}` : ''}`, 'time'],
    [t('meter.used'), (row) => figure(row.value, row.unit, row.completeness), 'num'],
    [t('energy.coal'), (row) => (row.completeness > 0 ? coal(row.kgce) : NONE), 'num'],
    [t('energy.output'), (row) => (row.output === null ? NONE : count(row.output)), 'num'],
    [t('energy.per_unit'), (row) => (row.per_unit === null ? NONE : amount(row.per_unit, `${unitText(row.unit)}/${t('unit.pieces')}`, 4)), 'num'],
    [t('energy.completeness'), (row) => completeness(row.completeness), 'num'],
    [t('energy.flags'), (row) => flags(row.flags)],
  ];
  fill('shifts', table(t('meter.shifts.caption'), columns, rows));
  const factor = rows.find((row) => row.factor)?.factor;
  byId('factor').textContent = factor ? `${factorText(factor)} · ${factorSource(factor)}` : t('energy.no_coal');
  return null;
}

async function showTree(meter, children) {
  if (!children.length) return fill('tree', h('p', { class: 'empty' }, t('meter.no_children')));
  const [from, to] = lastHours(24);
  const rows = await api.energyValues({ workshop_id: workshopId() }, { window: 'shift', from, to });
  const start = Math.max(...rows.filter((row) => row.equipment_id === id).map((row) => row.start));
  const values = new Map(rows.filter((row) => row.start === start).map((row) => [row.equipment_id, row]));
  const own = values.get(id);
  byId('tree-meta').textContent = own ? windowText(own.start, own.end) : '';
  const rest = remainder(own, children.map((child) => values.get(child.equipment_id)));
  return fill('tree', meterTable(rest === null || !own.value ? t('meter.caption') : t('meter.tree.caption', { share: percent(rest / own.value) }), [meter, ...children], values));
}

async function showCurve() {
  const hours = Number(byId('rate-range').value);
  const [from, to] = lastHours(hours);
  const signal = (await api.signals(id)).find((s) => RATE_ROLES.has(s.role) && !s.retired);
  byId('rate-meta').textContent = windowText(from, to);
  if (!signal) return clear('rate', t('meter.no_rate'));
  const { points, decimated, total } = await api.samples(signal.series_id, from, to, MAX_POINTS);
  if (!points.some((p) => p.value !== null)) return clear('rate', t('nodata'), { hatched: true });
  byId('rate-meta').textContent = `${windowText(from, to)}${decimated ? ` · ${t('signal.decimated', { n: count(points.length), total: count(total) })}` : ''}`;
  return signalChart('rate', signal, points, from, to);
}

async function load() {
  const meters = await api.meters({ workshop_id: workshopId() });
  const meter = meters.find((m) => m.equipment_id === id);
  if (!meter) throw new Error(t('meter.unregistered'));
  const children = meters.filter((m) => m.parent_id === id);
  showFacts(meter, children);
  await Promise.all([showHours(meter), showShifts(), showTree(meter, children), showCurve()]);
}

await run(load);
byId('rate-range').addEventListener('change', () => showCurve().catch((error) => problem(t('error.load', { reason: error.message }))));
listen(() => {}); // tells whether the server still answers; the meter is read once a minute

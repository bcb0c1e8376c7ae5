// Energy of a workshop: what was used of each carrier and in standard coal, for one good item, while idle, and unmetered.
import * as api from '../api.js';
import { clear } from '../charts/base.js';
import { COMPLETE_ENOUGH } from '../charts/oee_hours.js';
import { stateEnergy } from '../charts/state_energy.js';
import { windowBars } from '../charts/window_bars.js';
import { HOUR, windowText } from '../clock.js';
import { byId, fill, fold, h, options, table } from '../dom.js';
import { showCost } from '../energy_cost.js';
import { amount, carrierName, coal, completeness, factorSource, factorText, figure, flags, windowsOf } from '../energy.js';
import { NONE, count, measured, percent, unitText } from '../format.js';
import { nameOf, t } from '../i18n.js';
import { meterTable } from '../meter_table.js';
import { lastHours, pageScope, problem, run, workshopId } from '../page.js';
import { listen } from '../stream.js';
import { chooser, chosenKind, hoursBack, offer } from '../windows.js';

const scope = pageScope();
const [HOURS, SHIFT_HOURS] = [24, 24 * 7];
const PRODUCING = 1; // number of the contract's MachineState
const perPiece = (unit) => `${unitText(unit)}/${t('unit.pieces')}`;

let sums = []; // of the workshop by window of the chosen kind
let meters = [];
let values = []; // of all meters, by window of the chosen kind

function number(name, text, share, ...meta) {
  const silent = share === 0;
  return h(
    'div',
    { class: silent ? 'number hatched' : 'number' },
    h('div', { class: 'name' }, name),
    h('div', { class: share !== null && share < COMPLETE_ENOUGH ? 'big unsure' : 'big' }, silent ? h('span', {}, t('nodata')) : text),
    h('p', { class: 'meta' }, meta.filter(Boolean).join(' · ')),
  );
}

/** Least complete carrier that is in the total. */
const leastOf = (sum) => Math.min(...sum.carriers.filter((c) => c.counted).map((c) => c.completeness), 1);

function showNumbers(sum) {
  const least = leastOf(sum);
  const electricity = sum.carriers.find((c) => c.carrier === 'electricity');
  const provisional = sum.provisional && t('card.provisional');
  const window = windowText(sum.start, sum.end);
  fill(
    'numbers',
    number(t('energy.total'), sum.kgce === null ? NONE : `${measured(sum.kgce, 5)} kgce`, least, t('factor_value.equivalent'), t('card.complete', { share: percent(least) }), window, provisional),
    number(t('energy.per_unit'), sum.kgce_per_unit === null ? NONE : `${measured(sum.kgce_per_unit, 4)} ${perPiece('kgce')}`, least, t('energy.total_by_output')),
    number(t('energy.output'), sum.output === null ? NONE : `${count(sum.output)} ${t('unit.pieces')}`, sum.output_completeness, sum.output_machines.join(', '), sum.output_completeness !== null && t('card.complete', { share: percent(sum.output_completeness) })),
    number(t('energy.remainder.electricity'), remainderText(electricity), electricity?.remainder_completeness ?? null, t('energy.remainder.what'), electricity && electricity.remainder_completeness !== null && t('card.complete', { share: percent(electricity.remainder_completeness) })),
  );
}

function remainderText(carrier) {
  if (!carrier || carrier.remainder === null || !carrier.amount) return NONE;
  const scale = carrier.value / carrier.amount;
  return `${amount(carrier.remainder * scale, carrier.unit, 4)} · ${percent(carrier.remainder / carrier.amount)}`;
}

function showCarriers(sum) {
  const columns = [
    [t('energy.carrier'), (c) => h('span', {}, carrierName(c.carrier), h('span', { class: 'meta' }, ` ${c.meters.join(', ')}`))],
    [t('meter.used'), (c) => figure(c.value, c.unit, c.completeness), 'num'],
    [t('energy.coal'), (c) => (c.value === null || c.completeness === 0 ? NONE : h('span', {}, coal(c.kgce), ' ', c.counted ? '' : h('span', { class: 'flag calm' }, t('energy.not_counted')))), 'num'],
    [t('energy.per_unit'), (c) => (c.per_unit === null ? NONE : amount(c.per_unit, perPiece(c.unit), 4)), 'num'],
    [t('meter.remainder'), (c) => h('span', { class: c.remainder_completeness !== null && c.remainder_completeness < COMPLETE_ENOUGH ? 'unsure' : false }, remainderText(c)), 'num'],
    [t('energy.completeness'), (c) => completeness(c.completeness), 'num'],
    [t('energy.flags'), (c) => flags(c.flags)],
    [t('energy.factor'), (c) => c.factors.map((factor) => fold(`${c.carrier} factor`, factorText(factor), h('p', { class: 'meta' }, factorSource(factor))))],
  ];
  fill('carriers', table(t('energy.carriers.caption'), columns, sum.carriers));
}

function show() {
  const window = offer(windowsOf(sums));
  byId('sum-meta').textContent = window ? windowText(window.start, window.end) : '';
  const sum = sums.find((row) => row.start === window?.start);
  if (!sum) return ['numbers', 'carriers', 'cost', 'tree'].forEach((id) => fill(id, h('p', { class: 'empty' }, t('energy.empty'))));
  showNumbers(sum);
  showCarriers(sum);
  byId('tree-meta').textContent = windowText(sum.start, sum.end);
  fill('tree', meterTable(t('meter.caption'), meters, new Map(values.filter((row) => row.start === sum.start).map((row) => [row.equipment_id, row]))));
  return Promise.all([showShares(sum), showCost(workshopId(), sum)]);
}

/** Shares of all machines with a meter of their own in the chosen window. */
const sharesOf = async (by, sum) => (await api.energyShares(scope, by, { window: chosenKind(), from: sum.start, to: sum.end })).map((row) => ({ ...row, shares: (row.windows.find((w) => w.start === sum.start) ?? row).shares }));

async function showShares(sum) {
  const [states, products, orders] = await Promise.all(['states', 'products', 'orders'].map((by) => sharesOf(by, sum)));
  for (const id of ['idle', 'products', 'orders']) byId(`${id}-meta`).textContent = windowText(sum.start, sum.end);
  showIdle(states.filter((row) => row.carrier === 'electricity' && row.shares.length));
  showMade('products', products);
  showMade('orders', orders);
}

const partOf = (row, wanted) => row.shares.filter((share) => wanted(Number(share.label))).reduce((sum, share) => sum + share.value, 0);
const unused = (row) => partOf(row, (state) => state !== PRODUCING);

function showIdle(rows) {
  if (!rows.length) {
    fill('idle-table', h('p', { class: 'empty' }, t('energy.no_single')));
    return clear('idle', t('energy.no_single'));
  }
  const worst = [...rows].sort((a, b) => unused(b) - unused(a)).map((row) => ({ ...row, name: row.machine, value: partOf(row, () => true) }));
  stateEnergy('idle', worst);
  const secondsOf = (row, wanted) => row.shares.filter((share) => wanted(Number(share.label))).reduce((sum, share) => sum + share.seconds, 0);
  const power = (row, wanted) => {
    const seconds = secondsOf(row, wanted);
    return seconds ? `${measured((partOf(row, wanted) * 3600) / seconds, 3)} kW` : NONE;
  };
  const columns = [
    [t('waits.machine'), (row) => row.machine],
    [t('meter.used'), (row) => amount(row.value, row.unit, 4), 'num'],
    [t('energy.unused'), (row) => amount(unused(row), row.unit, 4), 'num'],
    [t('energy.unused.part'), (row) => (row.value ? percent(unused(row) / row.value) : NONE), 'num'],
    [t('energy.power.making'), (row) => power(row, (state) => state === PRODUCING), 'num'],
    [t('energy.power.unused'), (row) => power(row, (state) => state !== PRODUCING && state !== 0), 'num'],
    [t('energy.completeness'), (row) => completeness(row.completeness), 'num'],
  ];
  return fill('idle-table', table(t('energy.idle.caption'), columns, worst));
}

function showMade(id, rows) {
  const made = rows.flatMap((row) => row.shares.filter((share) => share.output !== null).map((share) => ({ ...share, row })));
  if (!made.length) return fill(id, h('p', { class: 'empty' }, t('energy.no_single')));
  const columns = [
    [t(`energy.${id}.label`), ({ label }) => label || t(`energy.${id}.untold`)],
    [t('waits.machine'), ({ row }) => row.machine],
    [t('energy.carrier'), ({ row }) => carrierName(row.carrier)],
    [t('energy.output'), ({ output }) => count(output), 'num'],
    [t('meter.used'), ({ value, row }) => figure(value, row.unit, row.completeness), 'num'],
    [t('energy.per_unit'), ({ per_unit: each, row }) => (each === null ? NONE : amount(each, perPiece(row.unit), 4)), 'num'],
    [t('energy.coal_per_unit'), ({ kgce_per_unit: each }) => (each === null ? NONE : amount(each, perPiece('kgce'), 4)), 'num'],
    [t('energy.completeness'), ({ row }) => completeness(row.completeness), 'num'],
  ];
  return fill(id, table(t(`energy.${id}.caption`), columns, made));
}

async function showHours() {
  const [from, to] = lastHours(HOURS);
  const hours = await api.energySums(workshopId(), { window: 'hour', from, to });
  const carriers = [...new Set(hours.flatMap((hour) => hour.carriers.map((c) => c.carrier)))];
  const which = byId('carrier').value || (carriers.includes('electricity') ? 'electricity' : carriers[0]);
  options('carrier', carriers.map((carrier) => [carrier, carrierName(carrier)]), which);
  byId('hours-meta').textContent = windowText(from, to);
  if (!carriers.length) return clear('hours', t('energy.empty'));
  const told = new Map(hours.map((hour) => [hour.start, hour]));
  const rows = [];
  let unit = '';
  for (let start = Math.floor(from / HOUR) * HOUR; start < to; start += HOUR) {
    const hour = told.get(start);
    const carrier = hour?.carriers.find((c) => c.carrier === which);
    unit ||= carrier?.unit ?? '';
    rows.push({ start, end: start + HOUR, value: carrier && carrier.completeness > 0 ? carrier.value : null, completeness: carrier?.completeness ?? 0, flags: carrier?.flags ?? [], provisional: hour?.provisional ?? false, kgce: carrier?.kgce ?? null });
  }
  return windowBars('hours', rows, { unit, from: Math.floor(from / HOUR) * HOUR, to, name: t('meter.used'), explain: (row) => (row.kgce === null ? [] : [coal(row.kgce)]) });
}

async function showIntensity() {
  const [from, to] = lastHours(SHIFT_HOURS);
  const shifts = await api.energySums(workshopId(), { window: 'shift', from, to });
  byId('intensity-meta').textContent = windowText(from, to);
  if (!shifts.some((shift) => shift.kgce_per_unit !== null)) return clear('intensity', t('energy.no_intensity'));
  const rows = shifts.map((shift) => ({ ...shift, value: shift.kgce_per_unit, completeness: Math.min(leastOf(shift), shift.output_completeness ?? 1), flags: [] }));
  return windowBars('intensity', rows, { unit: perPiece('kgce'), from: rows[0].start, to: rows.at(-1).end, name: t('energy.per_unit'), explain: (row) => [`${t('energy.total')}: ${coal(row.kgce)}`, `${t('energy.output')}: ${count(row.output)}`] });
}

async function load() {
  const [from, to] = lastHours(hoursBack());
  [sums, meters, values] = await Promise.all([api.energySums(workshopId(), { window: chosenKind(), from, to }), api.meters(scope), api.energyValues(scope, { window: chosenKind(), from, to })]);
  await Promise.all([show(), showHours(), showIntensity()]);
}

const told = (action) => () => Promise.resolve(action()).catch((error) => problem(t('error.load', { reason: error.message })));

const again = await run(load);
chooser(again, told(show));
byId('carrier').addEventListener('change', told(showHours));
listen(() => {}); // tells whether the server still answers; energy is read once a minute

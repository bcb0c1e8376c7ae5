// Meters as a tree in a table: what each shows now and in a window, its part of the meter above, and what is left unmetered.
import { amount, carrierName, coal, completeness, figure, flags, remainder, tree } from './energy.js';
import { moment } from './cards.js';
import { COMPLETE_ENOUGH } from './charts/oee_hours.js';
import { h } from './dom.js';
import { NONE, measured, percent, unitText } from './format.js';
import { nameOf, t } from './i18n.js';

const DEEPEST = 4; // levels that css/parts.css indents
const MISSED = 3; // intervals without a reading after which "now" is no data

const level = (n) => `level-${Math.min(n, DEEPEST)}`;

/** Newest reading or rate of a meter; one that is too old is no data, with the time since when. */
export function newest(meter, reading) {
  if (!reading || reading.value === null) return h('span', { class: 'hatched nothing' }, h('span', {}, t('nodata')));
  const old = Date.now() - reading.time > MISSED * meter.interval_s * 1000;
  const value = h('span', { class: old ? 'unsure' : false }, `${measured(reading.value, reading.unit === meter.register_unit ? 12 : 4)} ${unitText(reading.unit)}`);
  const time = h('span', { class: 'meta' }, ` ${moment(reading.time)}`);
  return old ? h('span', {}, h('span', { class: 'hatched nothing' }, h('span', {}, t('nodata'))), ' ', h('span', { class: 'meta' }, t('meter.last', { value: value.textContent, time: moment(reading.time) }))) : h('span', {}, value, time);
}

function meterRow({ meter, level: depth }, value, above) {
  const part = value && above && above.value && value.completeness > 0 && above.completeness > 0 ? percent(value.value / above.value) : NONE;
  return h(
    'tr',
    {},
    h('th', { scope: 'row', class: level(depth) }, h('a', { href: `/meters/${meter.equipment_id}`, 'data-key': meter.code }, meter.code), h('span', { class: 'meta' }, ` ${nameOf(meter)}`)),
    h('td', {}, meter.machines.length ? meter.machines.join(', ') : meter.line),
    h('td', { class: 'num' }, newest(meter, meter.reading)),
    h('td', { class: 'num' }, newest(meter, meter.rate)),
    h('td', { class: 'num' }, value ? figure(value.value, value.unit, value.completeness) : figure(null)),
    h('td', { class: 'num' }, value && value.completeness > 0 ? coal(value.kgce) : NONE),
    h('td', { class: 'num' }, part),
    h('td', { class: 'num' }, value ? completeness(value.completeness) : NONE),
    h('td', {}, value ? flags(value.flags) : ''),
  );
}

/** What is to be said of a remainder: why it is unknown, or why it can't be trusted. */
function restWords(rest, values) {
  if (rest === null) return t('meter.remainder.unknown');
  if (values.some((value) => value.completeness < COMPLETE_ENOUGH)) return h('span', { class: 'flag' }, t('meter.remainder.partial'));
  return rest < 0 ? h('span', { class: 'flag bad' }, t('meter.remainder.negative')) : '';
}

function restRow(depth, meter, value, children) {
  const rest = remainder(value, children);
  return h(
    'tr',
    { class: 'rest' },
    h('th', { scope: 'row', class: level(depth + 1) }, t('meter.remainder')),
    h('td', { colspan: 3 }, restWords(rest, [value, ...children])),
    h('td', { class: 'num' }, rest === null ? figure(null) : amount(rest, meter.unit)),
    h('td', {}),
    h('td', { class: 'num' }, rest === null || !value.value ? NONE : percent(rest / value.value)),
    h('td', { colspan: 2 }),
  );
}

/** Rows of a carrier: each meter, its sub-meters below it, and after them what these do not show. */
function carrierRows(nodes, values) {
  const rows = [];
  const valueOf = (meter) => values.get(meter.equipment_id);
  const open = []; // meters whose sub-meters are being listed
  const closeTo = (depth) => {
    while (open.length && open.at(-1).level >= depth) {
      const node = open.pop();
      rows.push(restRow(node.level, node.meter, valueOf(node.meter), node.children.map(valueOf)));
    }
  };
  for (const node of nodes) {
    closeTo(node.level);
    rows.push(meterRow(node, valueOf(node.meter), open.length ? valueOf(open.at(-1).meter) : null));
    if (node.children.length) open.push(node);
  }
  closeTo(0);
  return rows;
}

/** The table of `meters` with `values` [meter id -> row] of one window. */
export function meterTable(caption, meters, values) {
  const heads = ['meter.name', 'meter.counts', 'meter.reading', 'meter.rate', 'meter.used', 'energy.coal', 'meter.part', 'energy.completeness', 'energy.flags'];
  const numbers = new Set(['meter.reading', 'meter.rate', 'meter.used', 'energy.coal', 'meter.part', 'energy.completeness']);
  const nodes = tree(meters);
  const carriers = [...new Set(meters.map((meter) => meter.carrier))];
  return h(
    'table',
    { class: 'meters' },
    h('caption', {}, caption),
    h('thead', {}, h('tr', {}, heads.map((key) => h('th', { scope: 'col', class: numbers.has(key) ? 'num' : false }, t(key))))),
    carriers.map((carrier) =>
      h('tbody', {}, h('tr', {}, h('th', { scope: 'rowgroup', colspan: heads.length, class: 'carrier' }, `${carrierName(carrier)} (${unitText(meters.find((m) => m.carrier === carrier).unit)})`)), carrierRows(nodes.filter((node) => node.meter.carrier === carrier), values)),
    ),
  );
}

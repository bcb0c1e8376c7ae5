// A machine's card: state, since when, what it makes, OEE of the shift with its completeness. Used by workshop and line pages.
import { COMPLETE_ENOUGH } from './charts/oee_hours.js';
import { dateMinuteOf, dateOf, minuteOf, timeOf } from './clock.js';
import { byId, h, refill, shape } from './dom.js';
import { NONE, count, percent, span } from './format.js';
import { t, word } from './i18n.js';
import { stateName } from './palette.js';
import { verdictMark } from './verdict.js';

/** hh:mm:ss of a time of today, else with its date. */
export const moment = (ms) => (dateOf(ms) === dateOf(Date.now()) ? timeOf(ms) : dateMinuteOf(ms));

function since(machine) {
  return machine.since === null ? t('card.never') : t('card.since', { time: moment(machine.since), span: span(Date.now() - machine.since) });
}

function counts({ shift }) {
  return shift ? [shift.produced, shift.good, shift.scrap].map(count).join(' / ') : NONE;
}

/** OEE of a shift {start, end, oee, completeness, provisional, flags}; `more` is put into its line of explanations. */
export function shiftOee(shift, more = null) {
  if (!shift) return h('div', { class: 'oee' }, h('span', { class: 'meta' }, t('card.no_shift')));
  const silent = shift.completeness === 0;
  const sure = shift.completeness !== null && shift.completeness >= COMPLETE_ENOUGH;
  const text = shift.oee === null ? t(silent ? 'nodata' : 'kpi.undefined') : percent(shift.oee);
  const explained = [`${minuteOf(shift.start)} - ${minuteOf(shift.end)}`, t('card.complete', { share: percent(shift.completeness) }), more, shift.provisional && t('card.provisional')];
  const flags = shift.flags.filter((flag) => flag !== 'mixed_products');
  return h(
    'div',
    {},
    h('div', { class: silent ? 'oee hatched' : 'oee' }, h('span', {}, t('card.oee')), h('span', { class: sure ? 'big' : 'big unsure' }, text)),
    h('p', { class: 'meta' }, explained.filter(Boolean).join(' · ')),
    flags.map((flag) => h('span', { class: 'flag' }, word('flag', flag))),
  );
}

function diagnosis(machine) {
  if (!machine.diagnosis) return [];
  const href = `/equipment/${machine.equipment_id}/diagnosis?diagnosis=${machine.diagnosis.diagnosis_id}`;
  return [h('dt', {}, t('card.diagnosis')), h('dd', {}, h('a', { href, 'data-key': 'diagnosis' }, verdictMark(machine.diagnosis)), ` ${moment(machine.diagnosis.time)}`)];
}

function card(machine, extra, rows) {
  return [
    h('div', {}, h('span', { class: 'state' }, shape(`state-${machine.state}`), stateName(machine.state)), h('span', { class: 'meta' }, since(machine))),
    h(
      'dl',
      {},
      h('dt', {}, t('card.product')), h('dd', {}, extra.product ?? NONE),
      h('dt', {}, t('card.counts')), h('dd', {}, counts(machine)),
      rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
      h('dt', {}, t('card.seen')), h('dd', {}, extra.seen === null ? t('nodata') : moment(extra.seen), machine.online ? '' : ` · ${t('node.offline')}`),
      diagnosis(machine),
    ),
    shiftOee(machine.shift),
  ];
}

const UNKNOWN = { product: null, seen: null };

/** Fill the cards of `machines`; `extras` [id -> {product, seen}], `rowsOf(machine)` gives further rows [name, value]. */
export function showCards(machines, extras, rowsOf = () => []) {
  for (const machine of machines) {
    const element = byId(`card-${machine.equipment_id}`);
    if (!element) continue; // registered since the page was made; the next visit shows it
    element.dataset.state = String(machine.state);
    refill(element.querySelector('.card-body'), card(machine, extras.get(machine.equipment_id) ?? UNKNOWN, rowsOf(machine)));
  }
}

// Every KPI of one window as a table: its value with the numbers behind it, or why it has none.
import { get, timed } from './api.js';
import { COMPLETE_ENOUGH } from './charts/oee_hours.js';
import { h, table } from './dom.js';
import { NONE, count, fixed, percent } from './format.js';
import { nameOf, t, word } from './i18n.js';

/** The sheet of a machine (its id) or of a scope {workshop_id | line_id}; `start` is the window's [ms]. */
export async function sheet(place, window, start) {
  const query = { window, start: new Date(start).toISOString() };
  const body = typeof place === 'number' ? await get(`/equipment/${place}/kpis/sheet`, query) : await get('/kpis/sheet', { ...place, ...query });
  return body.end === null ? body : timed(body, 'start', 'end', 'computed_at');
}

/** A value as people read it: ratios in percent, others with their unit. */
export function valueText({ value, unit }) {
  if (value === null) return NONE;
  return unit === '1' ? percent(value) : `${fixed(value, 2)} ${unit}`;
}

const why = (kpi) => (kpi.reason === 'not_delivered' ? t('reason.not_delivered', { what: word('needs', kpi.id) }) : word('flag', kpi.reason) === kpi.reason ? word('reason', kpi.reason) : word('flag', kpi.reason));

/** How much of the planned time is known behind a value; a value on less than enough says so. */
function completeness(kpi) {
  if (kpi.value === null && kpi.completeness === null) return NONE;
  const enough = kpi.completeness !== null && kpi.completeness >= COMPLETE_ENOUGH;
  return [percent(kpi.completeness), enough ? null : h('span', { class: 'flag' }, t('sheet.incomplete'))];
}

/** The table; `explain` gives the address that explains a stored KPI, null for none. */
export function sheetTable(kpis, { explain = () => null, caption = t('sheet.caption') } = {}) {
  const value = (kpi) => {
    const address = kpi.value === null ? null : explain(kpi);
    return address ? h('a', { href: address, 'data-key': `explain ${kpi.id}` }, valueText(kpi)) : valueText(kpi);
  };
  const columns = [
    [t('sheet.kpi'), (kpi) => nameOf(kpi)],
    [t('sheet.value'), value, 'num'],
    [t('sums.completeness'), completeness, 'num'],
    [t('sheet.why'), (kpi) => (kpi.reason ? why(kpi) : ''), 'wide'],
    [t('sheet.formula'), (kpi) => h('span', { class: 'code' }, kpi.formula), 'wide'],
    [t('sheet.numbers'), (kpi) => (kpi.numerator === null ? NONE : `${count(kpi.numerator)} / ${kpi.denominator === null ? NONE : count(kpi.denominator)}`), 'num'],
    [t('evidence.clause'), (kpi) => kpi.clause, 'wide'],
    [t('evidence.version'), (kpi) => kpi.formula_version ?? NONE, 'num'],
  ];
  return table(caption, columns, kpis);
}

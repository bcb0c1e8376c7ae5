// Words and numbers of energy: an amount never stands without its unit, a figure in standard coal never without its factor.
import { COMPLETE_ENOUGH } from './charts/oee_hours.js';
import { h } from './dom.js';
import { NONE, measured, percent, unitText } from './format.js';
import { t, word } from './i18n.js';

export const carrierName = (carrier) => word('carrier', carrier);

/** "1,804 kWh"; a value that is not known is a dash. */
export const amount = (value, unit, digits = 5) => (value === null || value === undefined ? NONE : `${measured(value, digits)} ${unitText(unit)}`);

/** Standard coal; without a factor it says so. */
export const coal = (kgce) => (kgce === null ? t('energy.no_coal') : `${measured(kgce, 4)} kgce`);

/** Completeness as text; too little of it is a flag, nothing at all is hatched. */
export function completeness(share) {
  if (share === null) return NONE;
  if (share === 0) return h('span', { class: 'hatched nothing' }, h('span', {}, t('nodata')));
  return share < COMPLETE_ENOUGH ? h('span', { class: 'flag' }, percent(share)) : percent(share);
}

/** Flags of a value as words; `meter_gap` and the like are findings, not alarms. */
export const flags = (list) => list.map((flag) => h('span', { class: flag === 'meter_missing' ? 'flag bad' : 'flag' }, word('flag', flag)));

/** A value with its unit; without any data it is hatched and says so, too little data mutes it. */
export function figure(value, unit, share) {
  if (value === null || share === 0) return h('span', { class: 'hatched nothing' }, h('span', {}, t('nodata')));
  return h('span', { class: share < COMPLETE_ENOUGH ? 'unsure' : false }, amount(value, unit));
}

/** "0.1229 kgce/kWh (当量 equivalent, A)" of a factor. */
export const factorText = (factor) => t('energy.factor.is', { kgce: factor.kgce, unit: unitText(factor.unit), value: word('factor_value', factor.value), confidence: factor.confidence });

/** Source of a factor, and its days. */
export const factorSource = (factor) => [factor.source, t('energy.factor.from', { day: factor.valid_from }), factor.origin === 'site' && t('energy.factor.site')].filter(Boolean).join(' · ');

/** Meters in the order of their tree: [{meter, level, children}]; a meter whose parent is not among them is a root. */
export function tree(meters) {
  const ids = new Set(meters.map((meter) => meter.equipment_id));
  const below = new Map();
  for (const meter of meters) {
    const parent = ids.has(meter.parent_id) ? meter.parent_id : null;
    below.set(parent, [...(below.get(parent) ?? []), meter]);
  }
  const walk = (parent, level) =>
    (below.get(parent) ?? []).flatMap((meter) => [{ meter, level, children: below.get(meter.equipment_id) ?? [] }, ...walk(meter.equipment_id, level + 1)]);
  return walk(null, 0);
}

/** What a meter shows and its sub-meters do not, in its unit; null where one of them is not known. */
export function remainder(own, children) {
  if (!own || own.completeness === 0 || !children.length) return null;
  if (children.some((child) => !child || child.completeness === 0)) return null;
  return own.value - children.reduce((sum, child) => sum + child.value, 0);
}

/** Windows [{start, end, provisional}] of rows, newest first. */
export function windowsOf(rows) {
  const found = new Map(rows.map((row) => [row.start, { start: row.start, end: row.end, provisional: row.provisional }]));
  return [...found.values()].sort((a, b) => b.start - a.start);
}

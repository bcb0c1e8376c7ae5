// While history is still coming in, the page says so: low numbers are then no verdict.
import { HOUR } from './clock.js';
import { byId, h } from './dom.js';
import { percent } from './format.js';
import { t } from './i18n.js';

const BELOW = 0.9; // share of the range below which the page explains why numbers are still missing

/** Share of the machine hours of a range that are known; an hour without a row is not known yet. */
function known(rows, from, to) {
  const whole = (Math.ceil(to / HOUR) - Math.floor(from / HOUR)) * rows.length;
  const sum = rows.flatMap((row) => row.hours).reduce((total, hour) => total + (hour.completeness ?? 1), 0);
  return whole ? Math.min(1, sum / whole) : 1;
}

/** Show how much of [from, to) is there; `rows` are machines [{hours: [{completeness}]}]. */
export function showBackfill(rows, from, to) {
  const share = known(rows, from, to);
  const element = byId('backfill');
  element.hidden = share >= BELOW;
  element.replaceChildren(h('p', {}, t('backfill.text', { share: percent(share) })), h('progress', { max: 1, value: share, 'aria-label': t('backfill.label') }));
}

// Words and small parts that the pages of the programme share.
import { amount } from './charts/months.js';
import { told } from './charts/progress.js';
import { h } from './dom.js';
import { NONE, fixed, percent } from './format.js';
import { nameOf, t, word } from './i18n.js';

const LOUD = { 'at risk': 'flag bad', missed: 'flag bad', 'no data': 'flag', open: 'flag calm', 'on track': 'flag calm', met: 'flag calm' };
const key = (value) => value.replaceAll(' ', '_');

/** Where a target or an entry stands. */
export const statusFlag = (status) => h('span', { class: `${LOUD[status] ?? 'flag'} nowrap` }, word('target_status', key(status)));

const SHARES = new Set(['incomplete', 'mostly declared']);
const DAYS = new Set(['stale', 'not observed when due']);

/** Why a target stands where it does, with both numbers. */
export function reasonText(target, reason) {
  const number = (value) => (SHARES.has(reason.why) ? percent(value) : DAYS.has(reason.why) ? fixed(value, 0) : told(target, value));
  return t(`target_why.${key(reason.why)}`, { value: number(reason.value), limit: number(reason.limit) });
}

/** A declared answer that telemetry contradicts, with both numbers. */
export const contradiction = (worst) =>
  h('span', { class: 'flag bad' }, t('prog.contradicted', { item: nameOf(worst), declared: percent(worst.declared), measured: percent(worst.measured) }));

const WORDS = { measured: 'basis.measured', attached: 'basis.declared_with_attachment', declared: 'basis.declared' };
const PARTS = Object.keys(WORDS);
const SPACE = 'http://www.w3.org/2000/svg';

/** A bar of what answers rest on; the same as words below it. */
export function confidence(row) {
  if (row.measured === null) return NONE;
  const bar = document.createElementNS(SPACE, 'svg');
  bar.setAttribute('class', 'confidence');
  bar.setAttribute('aria-hidden', 'true');
  let from = 0;
  for (const part of PARTS) {
    const box = document.createElementNS(SPACE, 'rect');
    const size = Math.max(row[part], 0) * 100;
    for (const [name, value] of Object.entries({ x: `${from}%`, width: `${size}%`, height: '100%', class: part })) box.setAttribute(name, value);
    from += size;
    bar.append(box);
  }
  return [bar, h('span', { class: 'meta nowrap' }, PARTS.map((part) => percent(row[part], 0)).join(' / '))];
}

/** What the parts of such a bar mean. */
export const confidenceLegend = () => PARTS.map((part) => h('li', {}, h('span', { class: `swatch confidence-${part}` }), t(WORDS[part])));

/** A number with its sign. */
export const signed = (value) => (value === null || Number.isNaN(value) ? NONE : `${value > 0 ? '+' : ''}${fixed(value, 1)}`);

/** By how much an indicator moved: OEE in points, electricity in percent. */
export function changeText(moved) {
  if (moved.difference === null || moved.relative === null) return NONE;
  return moved.indicator === 'oee' ? t('prog.points', { n: signed(moved.difference * 100) }) : `${signed(moved.relative * 100)} %`;
}

/** How an indicator moved, in a sentence. */
export function movedText(moved) {
  if (!moved || moved.recent === null) return t('prog.moved.none');
  return t('prog.moved', { baseline: amount(moved, moved.baseline), recent: amount(moved, moved.recent), change: changeText(moved), months: moved.recent_months });
}

/** Whether months rise or fall, and whether that is told from chance. */
export function directionFlag(moved) {
  const good = moved.indicator === 'oee' ? 1 : -1;
  if (moved.direction === 0) return h('span', { class: 'flag calm nowrap' }, t('prog.direction.none'));
  return h('span', { class: moved.direction === good ? 'flag calm nowrap' : 'flag bad nowrap' }, t(moved.direction === 1 ? 'prog.direction.up' : 'prog.direction.down'));
}

/** How long a workshop has been silent. */
export function silence(row) {
  const kind = row.stale ? 'flag bad' : 'flag calm';
  if (row.silent_days === null) return h('span', { class: kind }, t('prog.never_heard'));
  return h('span', { class: kind }, row.silent_days < 1 ? t('prog.heard_today') : t('prog.silent_days', { n: fixed(row.silent_days, 1) }));
}

/** Link to an entry of the programme. */
export const entryLink = (row) => h('a', { href: `/programme/entries/${row.programme_entry_id}` }, nameOf(row));

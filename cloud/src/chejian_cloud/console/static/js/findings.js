// Diagnoses that need a look: one row for each fault of a machine, under the alarm budget.
import { get, timed } from './api.js';
import { dateMinuteOf } from './clock.js';
import { byId, fill, h, table } from './dom.js';
import { NONE, count } from './format.js';
import { t, word } from './i18n.js';
import { confidenceText, verdictMark } from './verdict.js';

/** Show the findings of a scope in `findings`; those that were answered are left out, those held back are counted. */
export async function showFindings(scope = {}) {
  const found = (await get('/diagnosis-findings', scope)).map((row) => timed(row, 'first', 'last', 'raised'));
  const open = found.filter((f) => f.needs_look);
  const held = found.filter((f) => f.raised === null).length;
  byId('findings-panel').hidden = !open.length && !held;
  byId('findings-meta').textContent = t('findings.count', { n: count(open.length), held: count(held) });
  if (!open.length) return fill('findings', h('p', { class: 'empty' }, t('findings.none')));
  const columns = [
    [t('findings.machine'), (f) => h('a', { href: `/equipment/${f.equipment_id}/diagnosis?diagnosis=${f.diagnosis_id}`, 'data-key': `finding ${f.diagnosis_id}` }, f.code)],
    [t('diagnoses.verdict'), verdictMark],
    [t('diagnoses.confidence'), confidenceText],
    [t('findings.signal'), (f) => f.signal],
    [t('findings.since'), (f) => dateMinuteOf(f.first), 'time'],
    [t('findings.last'), (f) => dateMinuteOf(f.last), 'time'],
    [t('findings.times'), (f) => count(f.times), 'num'],
    [t('findings.why'), (f) => word('budget', f.reason)],
    [t('answer.title'), (f) => (f.answer ? word('answer', f.answer) : NONE)],
  ];
  return fill('findings', table(t('findings.caption'), columns, open));
}

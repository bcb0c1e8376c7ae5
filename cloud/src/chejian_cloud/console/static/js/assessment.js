// Words that the pages of assessments share: where a form is, and what it came to.
import { h } from './dom.js';
import { NONE, fixed } from './format.js';
import { t, word } from './i18n.js';

const LOUD = { returned: 'flag', approved: 'flag calm', draft: 'flag calm', submitted: 'flag', reviewed: 'flag' };

/** Where a form is. */
export const stateFlag = (state) => h('span', { class: LOUD[state] ?? 'flag' }, word('assess_state', state));

/** Total and level of what was submitted last. */
export function standing(row) {
  if (row.submitted_at === null) return NONE;
  const total = row.total === null ? '' : fixed(row.total, 1);
  const level = row.level_number === null ? t('assess.no_level') : t('assess.level_number', { n: row.level_number });
  return [total, level].filter(Boolean).join(' · ');
}

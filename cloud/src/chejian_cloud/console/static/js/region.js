// Words that the pages of regions share.
import { h } from './dom.js';
import { nameOf, word } from './i18n.js';

/** Name of a form's region. */
export const regionName = (row) => nameOf({ name_zh: row.region_name_zh, name_en: row.region_name_en, code: row.region });

/** Whether a form is open. */
export const regionState = (state) => h('span', { class: 'flag calm nowrap' }, word('region_state', state));

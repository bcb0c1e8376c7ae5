// The same time in the words of SEMI E10 and E79: states with their share of total time, and ratios with what they divide.
import { h, table } from './dom.js';
import { NONE, fixed, minutes, percent } from './format.js';
import { t, word } from './i18n.js';

const RATIOS = ['oee', 'availability_efficiency', 'operational_efficiency', 'rate_efficiency', 'quality_efficiency', 'operational_uptime', 'operational_utilization'];

/** Tables of what `/losses` tells as `semi`; null: no hour is stored. */
export function semiTables(semi) {
  if (semi === null) return [h('p', { class: 'empty' }, t('kpis.empty'))];
  const total = semi.states.reduce((sum, state) => sum + state.us, 0);
  const states = [
    [t('semi.state'), (state) => `${state.name === 'NO_DATA' ? '' : `${state.name} `}${word('semi_state', state.name)}`],
    [t('semi.minutes'), (state) => fixed(minutes(state.us), 1), 'num'],
    [t('semi.share'), (state) => (total ? percent(state.us / total) : NONE), 'num'],
  ];
  const ratios = [
    [t('semi.ratio'), (name) => word('semi_ratio', name)],
    [t('semi.of'), (name) => word('semi_how', name), 'wide'],
    [t('semi.value'), (name) => (semi[name] === null ? t('kpi.undefined') : percent(semi[name])), 'num'],
  ];
  return [table(t('semi.states'), states, semi.states), table(t('semi.ratios'), ratios, RATIOS)];
}

// Energy of machines by what they did: one stacked bar a machine, in the colours of the states.
import { fill, h, shape } from '../dom.js';
import { measured, percent, span, unitText } from '../format.js';
import { t } from '../i18n.js';
import { NO_DATA, STATES, colour, stateColour, stateName } from '../palette.js';
import { draw, label, prepare, redrawn, tip, valueAxis } from './base.js';
import { swatch } from './timeline.js';

const HATCHED = { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [1, 6], rotation: -Math.PI / 4 }; // as `hatch` draws it

const shareOf = (row, state) => row.shares.find((share) => Number(share.label) === state);

/** Draw rows [{name, unit, value, shares: [{label, value, part, seconds}]}], one bar each. */
export const stateEnergy = redrawn((id, rows) => {
  prepare(id, rows.length);
  const present = STATES.filter((state) => rows.some((row) => shareOf(row, state)?.value));
  const told = (row, state) => {
    const share = shareOf(row, state);
    return tip(`${row.name} · ${stateName(state)}`, `${measured(share.value, 4)} ${unitText(row.unit)} · ${percent(share.part)}`, t('timeline.length', { span: span(share.seconds * 1000) }), share.seconds ? t('energy.mean_power', { power: measured((share.value * 3600) / share.seconds, 3), unit: `${unitText(row.unit)}/h` }) : null);
  };
  draw(
    id,
    {
      grid: { left: 8, right: 24, top: 8, bottom: 28, containLabel: true },
      tooltip: { trigger: 'item', formatter: ({ dataIndex, seriesIndex }) => told(rows[dataIndex], present[seriesIndex]) },
      xAxis: valueAxis({ name: unitText(rows[0].unit), nameLocation: 'middle', nameGap: 26 }),
      yAxis: { type: 'category', inverse: true, data: rows.map((row) => row.name), axisLabel: label(12), axisTick: { show: false }, axisLine: { lineStyle: { color: colour('text-muted') } } },
      series: present.map((state) => ({
        type: 'bar',
        stack: 'energy',
        barMaxWidth: 26,
        itemStyle: { color: stateColour(state), borderColor: colour('panel'), borderWidth: 0.5, ...(state === NO_DATA ? { decal: { ...HATCHED, color: colour('state-0-hatch') } } : {}) },
        data: rows.map((row) => shareOf(row, state)?.value ?? 0),
      })),
    },
    { points: rows.length * present.length },
  );
  fill(`${id}-legend`, present.map((state) => h('li', {}, swatch(stateColour(state), state === NO_DATA), shape(`state-${state}`), stateName(state))));
});

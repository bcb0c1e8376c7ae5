// OEE by hour, one line per machine. An hour that is not complete enough is hollow; an undefined one leaves a gap.
import { wall, windowText } from '../clock.js';
import { percent } from '../format.js';
import { t } from '../i18n.js';
import { colour } from '../palette.js';
import { draw, label, narrow, prepare, timeAxis, tip, valueAxis } from './base.js';

/** Below this share of known time an OEE is not shown as a fact (boards.md 4.2, panel 11 of the OEE board). */
export const COMPLETE_ENOUGH = 0.95;

const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond', 'path://M0,0L10,0L5,9z', 'path://M4,0H6V4H10V6H6V10H4V6H0V4H4z'];
const DASHES = ['solid', [6, 3], [2, 3], 'solid', [6, 3], [2, 3]];

function lineOf(machine, i, from, to) {
  const shade = colour(`line-${(i % 6) + 1}`);
  const data = machine.hours.map(({ start, end, value, completeness }) => ({
    value: [wall((Math.max(start, from) + Math.min(end, to)) / 2), value === null ? null : value * 100],
    hour: { start, end, value, completeness, name: machine.name },
    itemStyle: { color: completeness < COMPLETE_ENOUGH ? colour('panel') : shade, borderColor: shade, borderWidth: 1.5 },
  }));
  return {
    name: machine.name,
    type: 'line',
    data,
    connectNulls: false,
    symbol: SYMBOLS[i % SYMBOLS.length],
    symbolSize: 6,
    showAllSymbol: true,
    lineStyle: { color: shade, type: DASHES[i % DASHES.length], width: 1.6 },
    itemStyle: { color: shade },
    emphasis: { focus: 'series' },
  };
}

/** Draw machines [{name, hours: [{start, end, value, completeness}]}]; values are ratios. */
export function oeeLines(id, machines, from, to) {
  const element = prepare(id);
  const small = narrow(element);
  draw(
    id,
    {
      legend: { top: 0, type: 'scroll', itemWidth: 26, textStyle: label(12) },
      grid: { left: 8, right: 14, top: 34, bottom: 8, containLabel: true },
      tooltip: {
        trigger: 'item',
        formatter: ({ data }) =>
          tip(
            `${data.hour.name} · OEE ${percent(data.hour.value)}`,
            windowText(data.hour.start, data.hour.end),
            t('completeness.is', { share: percent(data.hour.completeness) }),
          ),
      },
      xAxis: timeAxis(wall(from), wall(to), { splitNumber: small ? 3 : 6 }),
      yAxis: valueAxis({ min: 0, max: (v) => Math.max(100, Math.ceil(v.max / 10) * 10), axisLabel: { ...label(12, 'text-muted'), formatter: '{value} %' } }),
      series: machines.map((machine, i) => lineOf(machine, i, from, to)),
    },
    { points: machines.length * 24 },
  );
}

// Waterfall of the time losses of a window, in minutes: from the calendar down to effective time.
import { count, fixed, minutes, percent } from '../format.js';
import { t } from '../i18n.js';
import { categoryColour, colour } from '../palette.js';
import { draw, label, narrow, prepare, redrawn, tip, valueAxis } from './base.js';
import { interval } from './timeline.js';

/** Losses in the order in which they are taken off; `shade` is the ISO 22400 category that the time belongs to. */
const STEPS = [
  ['not_scheduled', 'NOT_SCHEDULED'],
  ['planned_stop', 'PDT'],
  ['no_data', 'NO_DATA'],
  ['adot', 'ADOT'],
  ['adet', 'ADET'],
  ['aust', 'AUST'],
  ['speed_loss', 'ADET'],
  ['quality_loss', 'ADET'],
];

/** Bars [{key, from, to, minutes, total}] of a window's `inputs` (microseconds). */
export function waterfall(inputs) {
  const bars = [{ key: 'calendar', from: 0, to: minutes(inputs.calendar_us), total: true }];
  let level = minutes(inputs.calendar_us);
  for (const [key, shade] of STEPS) {
    const next = level - minutes(inputs[`${key}_us`]);
    bars.push({ key, shade, from: next, to: level });
    level = next;
  }
  bars.push({ key: 'effective', from: 0, to: minutes(inputs.effective_us), total: true, rest: level });
  return bars.map((bar) => ({ ...bar, minutes: bar.to - bar.from }));
}

/** Microseconds that the parts leave unexplained; 0 when the waterfall closes. */
export const unexplained = (inputs) =>
  inputs.calendar_us - inputs.effective_us - STEPS.reduce((sum, [key]) => sum + inputs[`${key}_us`], 0);

/** "−12.0" of a loss, "+1.5" of a gain (a cycle faster than ideal), "0" of nothing. */
function amount(bar) {
  const { total, minutes: value } = bar;
  if (total) return fixed(value, 1);
  if (isNothing(bar)) return '0';
  return `${value > 0 ? '−' : '+'}${fixed(Math.abs(value), 1)}`;
}

/** Height at which the next bar begins. */
const levelAfter = (bar) => (bar.total ? bar.to : bar.from);

const isNothing = (bar) => !bar.total && Math.abs(bar.minutes) < 0.05;

/** Thin lines from bar to bar; they lead through the rows of losses that are zero, which have no bar. */
function connector(params, api) {
  const [x, top] = api.coord([api.value(1), api.value(0)]);
  const [, bottom] = api.coord([api.value(1), api.value(0) + 1]);
  return { type: 'line', shape: { x1: x, y1: top, x2: x, y2: bottom }, style: { stroke: colour('rule'), lineWidth: 1 } };
}

const shadeOf = (bar) => (bar.total ? colour('line-1') : categoryColour(bar.shade));

/** Draw the waterfall of `inputs`. */
export const losses = redrawn((id, inputs) => {
  const element = prepare(id);
  const small = narrow(element);
  const bars = waterfall(inputs);
  const drawn = bars.map((bar, i) => ({ ...bar, row: i })).filter((bar) => !isNothing(bar));
  const whole = minutes(inputs.calendar_us);
  draw(id, {
    grid: { left: 8, right: small ? 58 : 96, top: 4, bottom: 8, containLabel: true },
    tooltip: {
      formatter: ({ dataIndex }) => {
        const bar = drawn[dataIndex];
        return tip(t(`loss.${bar.key}`), `${fixed(bar.minutes, 1)} min · ${percent(bar.minutes / whole)}`, t(`loss.${bar.key}.what`));
      },
    },
    xAxis: valueAxis({ min: (v) => Math.min(0, v.min), axisLabel: { ...label(12, 'text-muted'), formatter: (v) => count(v), hideOverlap: true } }),
    yAxis: {
      type: 'category',
      inverse: true,
      data: bars.map((bar) => t(`loss.${bar.key}`)),
      axisLabel: label(small ? 11 : 12),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colour('text-muted') } },
    },
    series: [
      { type: 'custom', renderItem: connector, silent: true, encode: { x: 1, y: 0 }, data: bars.slice(0, -1).map((bar, i) => [i, levelAfter(bar)]) },
      {
        type: 'custom',
        renderItem: interval((index) => ({ shade: shadeOf(drawn[index]), hatched: drawn[index].key === 'no_data' }), 0.7),
        encode: { x: [1, 2], y: 0 },
        data: drawn.map((bar) => [bar.row, Math.min(bar.from, bar.to), Math.max(bar.from, bar.to)]),
      },
      {
        type: 'scatter',
        symbolSize: 0.1,
        silent: true,
        data: bars.map((bar, i) => [Math.max(bar.from, bar.to), i]),
        label: {
          show: true,
          position: 'right',
          ...label(small ? 11 : 12),
          formatter: ({ dataIndex }) => amount(bars[dataIndex]),
        },
      },
    ],
  });
});

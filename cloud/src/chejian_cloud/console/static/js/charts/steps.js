// Waterfall of the steps that the API answers, from the calendar down to effective time, in minutes.
import { count, fixed, minutes, percent } from '../format.js';
import { t } from '../i18n.js';
import { categoryColour, colour } from '../palette.js';
import { draw, label, narrow, prepare, redrawn, tip, valueAxis } from './base.js';
import { interval } from './timeline.js';

/** Time category that a step's shade is taken from. */
const SHADES = {
  not_scheduled: 'NOT_SCHEDULED',
  planned_stop: 'PDT',
  planned_maintenance: 'PDT',
  no_data: 'NO_DATA',
  no_order: 'ADOT',
  setup: 'AUST',
};

const TINY = 0.05; // min; less is written as 0

/** Rows [{name, from, to}] below the calendar [min]; `effective` stands on the axis again. */
export function rows(steps) {
  let level = steps.reduce((sum, step) => sum + minutes(step.us), 0);
  return steps.map(({ name, us }) => {
    const size = minutes(us);
    const row = name === 'effective' ? { name, from: 0, to: size, size } : { name, from: level - size, to: level, size };
    level -= size;
    return row;
  });
}

const shade = (name) => (name === 'effective' ? colour('line-1') : categoryColour(SHADES[name] ?? 'ADET'));

/** Draw steps [{name, us}] of a waterfall; those that are zero are left out. */
export const stepsChart = redrawn((id, steps) => {
  const element = prepare(id);
  const small = narrow(element);
  const whole = steps.reduce((sum, step) => sum + minutes(step.us), 0);
  const shown = rows(steps).filter(({ name, size }) => name === 'effective' || Math.abs(size) >= TINY);
  const text = ({ name, size }) => (name === 'effective' ? fixed(size, 1) : `${size > 0 ? '−' : '+'}${fixed(Math.abs(size), 1)}`);
  draw(id, {
    grid: { left: 8, right: small ? 58 : 90, top: 4, bottom: 8, containLabel: true },
    tooltip: { formatter: ({ dataIndex }) => tip(t(`step.${shown[dataIndex].name}`), `${fixed(shown[dataIndex].size, 1)} min · ${percent(shown[dataIndex].size / whole)}`) },
    xAxis: valueAxis({ min: (v) => Math.min(0, v.min), axisLabel: { ...label(12, 'text-muted'), formatter: (v) => count(v), hideOverlap: true } }),
    yAxis: { type: 'category', inverse: true, data: shown.map(({ name }) => t(`step.${name}`)), axisLabel: label(small ? 11 : 12), axisTick: { show: false }, axisLine: { lineStyle: { color: colour('text-muted') } } },
    series: [
      {
        type: 'custom',
        renderItem: interval((index) => ({ shade: shade(shown[index].name), hatched: shown[index].name === 'no_data' }), 0.7),
        encode: { x: [1, 2], y: 0 },
        data: shown.map((row, i) => [i, Math.min(row.from, row.to), Math.max(row.from, row.to)]),
      },
      { type: 'scatter', symbolSize: 0.1, silent: true, data: shown.map((row, i) => [Math.max(row.from, row.to), i]), label: { show: true, position: 'right', ...label(small ? 11 : 12), formatter: ({ dataIndex }) => text(shown[dataIndex]) } },
    ],
  });
});

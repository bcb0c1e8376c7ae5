// Spectra over time: one row a window, the darker a cell the higher its level. Columns are orders of shaft speed, so a
// line stays in its place when the speed changes.
import { dateMinuteOf, dateTimeOf } from '../clock.js';
import { fixed, measured } from '../format.js';
import { t } from '../i18n.js';
import { colour } from '../palette.js';
import { draw, label, prepare, redrawn, tip } from './base.js';

const MERGE = 3; // steps of order that share a column: 200 columns are what a panel can show
const SHADES = ['panel-raised', 'oee-5', 'oee-4', 'oee-3', 'oee-2', 'oee-1', 'text'];
const NAMES = { bpfo: 'BPFO', bpfi: 'BPFI', bsf2: '2BSF', ftf: 'FTF' };
const PART = { outer_race: 'bpfo', inner_race: 'bpfi', rolling_element: 'bsf2', cage: 'ftf' };

function cells(levels, step) {
  const out = [];
  levels.forEach((row, y) => {
    for (let x = 0; x * MERGE < row.length; x += 1) {
      out.push([x, y, Math.max(...row.slice(x * MERGE, (x + 1) * MERGE)) * step]);
    }
  });
  return out;
}

/** Columns to name: harmonics of the named part, else the first line of each part; shaft orders of a velocity spectrum. */
function marks({ kind, orders }, part) {
  if (kind === 'velocity') return [1, 2, 3].map((n) => ({ order: n, name: `${n}×` }));
  const own = PART[part];
  if (own) return [1, 2, 3].map((n) => ({ order: n * orders[own], name: `${n}×${NAMES[own]}` }));
  return Object.entries(NAMES).map(([key, name]) => ({ order: orders[key], name }));
}

/** Draw {kind, unit, order_step, level_step, orders, times, levels}; `part` is the verdict's. */
export const waterfall = redrawn((id, data, part) => {
  prepare(id);
  const width = data.order_step * MERGE;
  const columns = Math.ceil(data.levels[0].length / MERGE);
  const points = cells(data.levels, data.level_step);
  const low = data.kind === 'velocity' ? 20 : 1; // dB over 0.1 µm/s, nat: below it noise
  const high = points.reduce((most, [, , value]) => Math.max(most, value), low + 1);
  const named = marks(data, part).filter(({ order }) => order < columns * width);
  draw(
    id,
    {
      grid: { left: 8, right: 12, top: 26, bottom: 44, containLabel: true },
      tooltip: {
        formatter: ({ data: [x, y, value] }) => tip(dateTimeOf(data.times[y]), t('waterfall.at', { order: fixed((x + 0.5) * width, 2) }), `${measured(value, 3)} ${data.unit.split(' ')[0]}`),
      },
      xAxis: { type: 'category', data: Array.from({ length: columns }, (_, i) => i * width), name: t('waterfall.order'), nameLocation: 'middle', nameGap: 24, nameTextStyle: label(12, 'text-muted'), axisLabel: { ...label(11, 'text-muted'), interval: (i) => Math.abs((i * width) / 2 - Math.round((i * width) / 2)) < width / 4, formatter: (v) => String(Math.round(Number(v))) }, axisTick: { show: false } },
      yAxis: { type: 'category', data: data.times.map(dateMinuteOf), axisLabel: { ...label(11, 'text-muted'), hideOverlap: true }, axisTick: { show: false } },
      visualMap: { show: false, min: low, max: high, inRange: { color: SHADES.map((shade) => colour(shade)) } },
      series: [
        {
          type: 'heatmap',
          data: points,
          progressive: 0,
          emphasis: { disabled: true },
          markLine: {
            symbol: 'none',
            silent: true,
            lineStyle: { color: colour(part ? 'fault' : 'accent'), type: 'dotted', width: 1 },
            label: { color: colour('text'), fontSize: 11, formatter: ({ dataIndex }) => named[dataIndex].name },
            data: named.map(({ order }) => ({ xAxis: Math.floor(order / width) })),
          },
        },
      ],
    },
    { points: points.length, subject: `${data.kind} ${data.times.length}` },
  );
});

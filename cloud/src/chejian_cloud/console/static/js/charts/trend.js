// A condition figure over time, against the zones of ISO 10816-3 and the moment from which a baseline judges.
import { dateTimeOf, unwall, wall } from '../clock.js';
import { measured } from '../format.js';
import { t } from '../i18n.js';
import { colour } from '../palette.js';
import { draw, label, narrow, prepare, redrawn, slider, timeAxis, tip, valueAxis } from './base.js';

const PARTS = ['outer_race', 'inner_race', 'rolling_element', 'cage'];
const ORDERS = ['1', '2', '3'];
const DASHES = ['solid', 'dashed', 'dotted', [8, 3, 2, 3]];
const HEADROOM = 1.15; // over the highest value, so that its zone shows

/** Series [{name, values}] of a figure. */
function curves(figure, windows, part) {
  const one = (name, pick) => ({ name, values: windows.map((w) => pick(w) ?? null) });
  if (figure === 'parts') return PARTS.map((p) => ({ ...one(t(`part.${p}`), (w) => w.parts[p]), strong: p === part }));
  if (figure === 'orders') return ORDERS.map((order) => one(t('order.is', { n: order }), (w) => w.orders[order]));
  return [{ ...one(t(`figure.${figure}`), (w) => w[figure]), strong: false }];
}

/** Bands of zones C and D; A and B are the ground. */
function zones(limits, top) {
  const [ab, bc, cd] = limits;
  const band = (name, from, to, shade) => [
    { yAxis: from, name, itemStyle: { color: shade }, label: { position: 'right', color: colour('text'), fontSize: 11 } },
    { yAxis: Math.max(to, from) },
  ];
  return [
    band(t('zone.A'), 0, ab, 'transparent'),
    band(t('zone.B'), ab, bc, 'transparent'),
    band(t('zone.C'), bc, cd, colour('zone-c')),
    band(t('zone.D'), cd, Math.max(top, cd * HEADROOM), colour('zone-d')),
  ];
}

/** Draw `figure` of windows [{time, velocity_mm_s, rms, kurtosis, parts, orders}]. */
export const trend = redrawn((id, { windows, limits, unit, judgedFrom }, figure, part, from, to) => {
  const element = prepare(id);
  const lines = curves(figure, windows, part);
  const graded = figure === 'velocity_mm_s' && limits;
  const top = Math.max(...lines.flatMap((line) => line.values.map((v) => v ?? 0)), graded ? limits[2] : 0) * HEADROOM;
  const units = { velocity_mm_s: 'mm/s', parts: 'nat', kurtosis: '' };
  draw(
    id,
    {
      legend: { show: lines.length > 1, top: 0, right: 8, itemHeight: 8, textStyle: label(12), selectedMode: false },
      grid: { left: 8, right: graded && !narrow(element) ? 120 : 20, top: 34, bottom: 40, containLabel: true },
      tooltip: {
        trigger: 'axis',
        formatter: (items) => tip(dateTimeOf(unwall(items[0].data[0])), ...items.map((i) => `${i.seriesName}: ${measured(i.data[1], 3)}`)),
      },
      xAxis: timeAxis(wall(from), wall(to), { splitNumber: narrow(element) ? 3 : 6 }),
      yAxis: valueAxis({ name: units[figure] ?? unit, min: 0, max: graded ? Number(top.toPrecision(2)) : undefined }),
      dataZoom: [slider(), { type: 'inside', zoomOnMouseWheel: 'ctrl' }],
      series: lines.map((line, i) => ({
        name: line.name,
        type: 'line',
        data: windows.map((w, k) => [wall(w.time), line.values[k]]),
        symbol: 'circle',
        symbolSize: 4,
        showSymbol: windows.length < 400,
        showAllSymbol: true,
        lineStyle: { color: colour(line.strong ? 'fault' : 'line-1'), width: line.strong ? 2 : 1.2, type: DASHES[i] },
        itemStyle: { color: colour(line.strong ? 'fault' : 'line-1') },
        ...(i === 0 && graded ? { markArea: { silent: true, data: zones(limits, top) } } : {}),
        ...(i === 0 && judgedFrom
          ? { markLine: { silent: true, symbol: 'none', lineStyle: { color: colour('accent'), type: 'dashed' }, label: { formatter: t('trend.judged_from'), color: colour('text'), fontSize: 11 }, data: [{ xAxis: wall(judgedFrom) }] } }
          : {}),
      })),
    },
    { points: windows.length * lines.length, subject: `${figure} ${to - from}` },
  );
});

// How many workshops stand at each level by year, and how far the parts of an assessment have come in the middle of all.
import { count, percent } from '../format.js';
import { nameOf, t } from '../i18n.js';
import { colour } from '../palette.js';
import { clear, draw, label, prepare, redrawn, tip, valueAxis } from './base.js';

const SHADES = ['product-2', 'product-4', 'oee-4', 'product-1', 'product-3']; // level 0 and up; the legend and the bars name each
const LIGHT = new Set(['product-2', 'product-4', 'oee-4']); // shades that want dark text

export const levelName = (row) => (row.level === null ? t('assess.no_level') : nameOf({ name_zh: row.level_zh, name_en: row.level_en, code: row.level }));

/** Draw levels [{year, level, level_number, level_zh, level_en, workshops}] into `id`. */
export const levels = redrawn((id, rows) => {
  if (!rows.length) {
    clear(id, t('prog.levels.none'));
    return;
  }
  prepare(id);
  const years = [...new Set(rows.map((row) => row.year))];
  const kinds = [...new Map(rows.map((row) => [row.level_number, levelName(row)]))].sort(([a], [b]) => a - b);
  draw(id, {
    legend: { top: 0, right: 8, itemHeight: 10, textStyle: label(12), selectedMode: false },
    grid: { left: 8, right: 20, top: 40, bottom: 8, containLabel: true },
    tooltip: { trigger: 'axis', formatter: (items) => tip(items[0].name, ...items.filter((i) => i.value).map((i) => `${i.seriesName}: ${count(i.value)}`)) },
    xAxis: { type: 'category', data: years.map(String), axisLabel: label(12), axisTick: { show: false }, axisLine: { lineStyle: { color: colour('text-muted') } } },
    yAxis: valueAxis({ name: t('prog.workshops'), minInterval: 1 }),
    series: kinds.map(([number, name], i) => {
      const shade = SHADES[i % SHADES.length];
      return {
        name,
        type: 'bar',
        stack: 'levels',
        barMaxWidth: 60,
        data: years.map((year) => rows.find((row) => row.year === year && row.level_number === number)?.workshops ?? 0),
        itemStyle: { color: colour(shade), borderColor: colour('panel'), borderWidth: 1 },
        label: { show: true, color: colour(LIGHT.has(shade) ? 'text' : 'on-dark'), formatter: ({ value }) => (value ? count(value) : '') },
      };
    }),
  });
});

const curve = (name, value, shade, type, filled) => ({
  value,
  name,
  lineStyle: { color: colour(shade), width: 2, type },
  itemStyle: { color: colour(shade) },
  areaStyle: filled ? { color: colour(shade), opacity: 0.15 } : undefined,
});

/** Draw axes [{name_zh, name_en, lower, median, upper, own}] into `id`: at most three shapes. */
export const quartiles = redrawn((id, { axes, least }) => {
  const told = axes.some((axis) => axis.median !== null);
  const own = axes.some((axis) => axis.own !== null);
  if (!told && !own) {
    clear(id, axes.length ? t('prog.radar.few', { n: least }) : t('assess.radar.none'));
    return;
  }
  prepare(id);
  const data = told ? [curve(t('prog.upper'), axes.map((a) => a.upper), 'text-muted', 'dotted'), curve(t('prog.median'), axes.map((a) => a.median), 'line-1', 'dashed')] : [];
  if (own) data.push(curve(t('prog.own'), axes.map((a) => a.own), 'accent', 'solid', true));
  else data.push(curve(t('prog.lower'), axes.map((a) => a.lower), 'product-2', 'solid'));
  draw(id, {
    legend: { top: 0, right: 8, itemHeight: 8, textStyle: label(12), selectedMode: false, data: data.map((each) => each.name) },
    tooltip: { trigger: 'item', formatter: ({ name, value }) => tip(name, ...axes.map((axis, i) => `${nameOf(axis)}: ${percent(value[i])}`)) },
    radar: {
      indicator: axes.map((axis) => ({ name: nameOf(axis), max: 1 })),
      axisName: label(12),
      center: ['50%', '55%'],
      radius: '62%',
      splitArea: { show: false },
      splitLine: { lineStyle: { color: colour('grid') } },
      axisLine: { lineStyle: { color: colour('grid') } },
    },
    series: [{ type: 'radar', data, symbolSize: 5 }],
  });
});

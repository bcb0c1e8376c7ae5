// Stop time by reason, greatest first, with the cumulative share and the 80 % line.
import { count, fixed, minutes, percent } from '../format.js';
import { nameOf, t } from '../i18n.js';
import { colour } from '../palette.js';
import { draw, label, narrow, prepare, redrawn, tip, valueAxis } from './base.js';

const MOST = 10; // bars; the rest is in the table of the API

/** Draw bars [{code, name_zh, name_en, duration_us, occurrences, cumulative}]. */
export const pareto = redrawn((id, bars) => {
  const element = prepare(id);
  const shown = bars.slice(0, MOST);
  const small = narrow(element);
  draw(id, {
    grid: { left: 8, right: small ? 40 : 60, top: 30, bottom: 8, containLabel: true },
    tooltip: {
      trigger: 'axis',
      axisPointer: { type: 'none' },
      formatter: ([{ dataIndex }]) => {
        const bar = shown[dataIndex];
        return tip(nameOf(bar), `${fixed(minutes(bar.duration_us), 1)} min · ${percent(bar.share)}`, t('oee.pareto.times', { n: count(bar.occurrences) }), t('oee.pareto.cumulative', { share: percent(bar.cumulative) }));
      },
    },
    xAxis: { type: 'category', data: shown.map(nameOf), axisLabel: { ...label(small ? 10 : 12), interval: 0, rotate: shown.length > 4 ? 28 : 0 }, axisTick: { show: false }, axisLine: { lineStyle: { color: colour('text-muted') } } },
    yAxis: [
      valueAxis({ name: t('oee.minutes'), nameTextStyle: { ...label(12, 'text-muted'), align: 'left' } }),
      valueAxis({ min: 0, max: 1, splitLine: { show: false }, axisLabel: { ...label(12, 'text-muted'), formatter: (v) => `${Math.round(v * 100)} %` } }),
    ],
    series: [
      { type: 'bar', data: shown.map((bar) => ({ value: minutes(bar.duration_us), itemStyle: { color: bar.code ? colour('accent') : colour('state-0'), borderColor: colour('text-muted'), decal: bar.code ? undefined : { symbol: 'line', dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4, color: colour('state-0-hatch') } } })), barMaxWidth: 46 },
      {
        type: 'line',
        yAxisIndex: 1,
        symbol: 'circle',
        symbolSize: 6,
        lineStyle: { color: colour('line-1'), width: 1.5 },
        itemStyle: { color: colour('line-1') },
        data: shown.map((bar) => bar.cumulative),
        markLine: { silent: true, symbol: 'none', lineStyle: { color: colour('text-muted'), type: 'dashed' }, label: { show: true, position: 'insideStartTop', formatter: '80 %', ...label(11, 'text-muted') }, data: [{ yAxis: 0.8 }] },
      },
    ],
  });
});

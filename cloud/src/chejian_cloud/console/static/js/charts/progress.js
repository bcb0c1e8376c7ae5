// A target's observations against the plan's line.
import { DAY, parse, wall } from '../clock.js';
import { measured, percent } from '../format.js';
import { t } from '../i18n.js';
import { colour } from '../palette.js';
import { clear, draw, label, prepare, redrawn, timeAxis, tip, valueAxis } from './base.js';

const ROOM = 30 * DAY; // beside the first and the last point

/** A value of a target as people read it: quotients as percent. */
export const told = (target, value) => (target.unit === '1' ? percent(value) : measured(value, 5));

const dot = (point) => [wall(parse(`${point.day}T12:00:00+08:00`)), point.value];

/** Draw target {unit, kind, line, observations, value} into `id`. */
export const progress = redrawn((id, target) => {
  const points = [...target.line, ...target.observations].map(dot);
  if (!points.length) {
    clear(id, t('prog.progress.none'), { hatched: true });
    return;
  }
  prepare(id);
  const times = points.map(([time]) => time);
  const goal = target.value === null || target.kind === 'rate' ? [] : [target.value];
  const axisLabel = { ...label(12, 'text-muted'), formatter: (value) => told(target, value) };
  draw(
    id,
    {
      legend: { top: 0, right: 8, itemHeight: 8, textStyle: label(12), selectedMode: false },
      grid: { left: 8, right: 20, top: 34, bottom: 8, containLabel: true },
      tooltip: {
        trigger: 'axis',
        formatter: (items) => tip(items[0].axisValueLabel, ...items.map((i) => `${i.seriesName}: ${told(target, i.data[1])}`)),
      },
      xAxis: timeAxis(Math.min(...times) - ROOM, Math.max(...times) + ROOM, { axisLabel: { ...label(12, 'text-muted'), hideOverlap: true, formatter: '{yyyy}-{MM}' } }),
      yAxis: valueAxis({ scale: target.kind !== 'count', axisLabel }),
      series: [
        {
          name: t('prog.plan_line'),
          type: 'line',
          data: target.line.map(dot),
          symbol: 'diamond',
          symbolSize: 7,
          lineStyle: { color: colour('text-muted'), type: 'dashed', width: 1.5 },
          itemStyle: { color: colour('text-muted') },
          markLine: {
            silent: true,
            symbol: 'none',
            lineStyle: { color: colour('accent'), type: 'dotted' },
            label: { formatter: goal.length ? t('prog.goal', { value: told(target, target.value) }) : '', position: 'insideStartTop', color: colour('text'), fontSize: 11 },
            data: goal.map((value) => ({ yAxis: value })),
          },
        },
        {
          name: t('prog.observed'),
          type: 'line',
          step: target.kind === 'count' ? 'end' : false,
          data: target.observations.map(dot),
          symbol: 'circle',
          symbolSize: 5,
          lineStyle: { color: colour('line-1'), width: 2 },
          itemStyle: { color: colour('line-1') },
        },
      ],
    },
    { subject: target.id },
  );
});

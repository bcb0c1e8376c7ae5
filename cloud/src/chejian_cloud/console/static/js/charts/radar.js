// How far each part of an assessment has come, from 0 to 1 of its own best.
import { nameOf } from '../i18n.js';
import { colour } from '../palette.js';
import { draw, label, prepare, redrawn } from './base.js';

/** Draw axes [{name_zh, name_en, value}] into `id`. */
export const radar = redrawn((id, axes) => {
  prepare(id);
  draw(id, {
    radar: {
      indicator: axes.map((axis) => ({ name: nameOf(axis), max: Math.max(1, axis.value) })),
      axisName: label(12),
      radius: '62%',
      splitArea: { show: false },
      splitLine: { lineStyle: { color: colour('grid') } },
      axisLine: { lineStyle: { color: colour('grid') } },
    },
    series: [
      {
        type: 'radar',
        data: [{ value: axes.map((axis) => axis.value) }],
        symbolSize: 6,
        lineStyle: { color: colour('accent'), width: 2 },
        itemStyle: { color: colour('accent') },
        areaStyle: { color: colour('accent'), opacity: 0.18 },
      },
    ],
  });
});

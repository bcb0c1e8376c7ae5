// States of a machine above the reasons of its stops, under one time axis; a stop that needs a reason is hatched.
import { dateTimeOf, wall } from '../clock.js';
import { fill, h } from '../dom.js';
import { span } from '../format.js';
import { t } from '../i18n.js';
import { NO_DATA, colour, stateColour, stateName } from '../palette.js';
import { draw, label, narrow, prepare, redrawn, slider, timeAxis, tip } from './base.js';
import { interval, swatch } from './timeline.js';

function look(stop) {
  if (stop.reason) return { shade: colour('accent'), hatched: false };
  return { shade: colour(stop.needs_reason ? 'panel-raised' : 'state-7'), hatched: stop.needs_reason };
}

/** Draw state intervals and stops between two instants [ms]; `nameOf(code)` words a reason. */
export const reasonLine = redrawn((id, intervals, stops, from, to, nameOf) => {
  const element = prepare(id);
  const rows = [
    ...intervals.map((v) => ({ row: 0, ...v, title: stateName(v.state), look: { shade: stateColour(v.state), hatched: v.state === NO_DATA } })),
    ...stops.map((v) => ({ row: 1, ...v, title: v.reason || v.needs_reason ? nameOf(v.reason) : t('stops.needs_none'), look: look(v) })),
  ];
  draw(
    id,
    {
      grid: { left: 8, right: 14, top: 8, bottom: 44, containLabel: true },
      tooltip: {
        trigger: 'item',
        formatter: ({ dataIndex }) => {
          const row = rows[dataIndex];
          return tip(row.title, `${dateTimeOf(row.start)} - ${dateTimeOf(row.end)}`, t('timeline.length', { span: span(row.end - row.start) }), row.comment);
        },
      },
      xAxis: timeAxis(wall(from), wall(to), { splitNumber: narrow(element) ? 3 : 8 }),
      yAxis: { type: 'category', inverse: true, data: [t('timeline.state'), t('stops.reason')], axisLabel: label(12), axisTick: { show: false }, axisLine: { lineStyle: { color: colour('text-muted') } } },
      dataZoom: [slider({ filterMode: 'weakFilter' }), { type: 'inside', filterMode: 'weakFilter', zoomOnMouseWheel: 'ctrl' }],
      series: [
        {
          type: 'custom',
          renderItem: interval((index) => rows[index].look),
          encode: { x: [1, 2], y: 0 },
          data: rows.map((row) => [row.row, wall(Math.max(row.start, from)), wall(Math.min(row.end, to))]),
        },
      ],
    },
    { points: rows.length },
  );
});

/** Say what the reason row means, with the total time of each kind. */
export const reasonLegend = redrawn((id, stops) => {
  const total = (wanted) => span(stops.filter(wanted).reduce((sum, stop) => sum + stop.end - stop.start, 0));
  const kinds = [
    [look({ reason: 'x' }), t('stops.explained'), (stop) => stop.reason],
    [look({ needs_reason: true }), t('stops.unexplained'), (stop) => stop.needs_reason],
    [look({}), t('stops.needs_none'), (stop) => !stop.reason && !stop.needs_reason],
  ];
  fill(id, kinds.map(([{ shade, hatched }, text, wanted]) => h('li', {}, swatch(shade, hatched), `${text} ${total(wanted)}`)));
});

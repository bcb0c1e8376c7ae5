// One bar a window (hour, shift, day) over time. What is not known well is hollow on hatched ground; findings are marks.
import { wall, windowText } from '../clock.js';
import { measured, percent, unitText } from '../format.js';
import { t, word } from '../i18n.js';
import { colour } from '../palette.js';
import { draw, label, narrow, prepare, redrawn, timeAxis, tip, valueAxis } from './base.js';
import { COMPLETE_ENOUGH } from './oee_hours.js';
import { roundEnd } from './spectrum.js';
import { hatch } from './timeline.js';

const FILLED = 0.76; // share of a window's width that its bar fills
const ROOM = 1.15; // part of the axis above the highest bar, for marks
export const MARKS = { meter_rollover: 'circle', meter_replaced: 'diamond', meter_reset: 'triangle', meter_gap: 'rect' };

const unsure = ({ value, completeness }) => value === null || (completeness !== null && completeness < COMPLETE_ENOUGH);

/** Hatched ground from [x, x] of the data to the whole height. */
export function ground(params, api) {
  const [left] = api.coord([api.value(0), 0]);
  const [right] = api.coord([api.value(1), 0]);
  const box = { x: left, y: params.coordSys.y, width: right - left, height: params.coordSys.height };
  return {
    type: 'group',
    silent: true,
    children: [
      { type: 'rect', shape: box, style: { fill: colour('state-0') } },
      { type: 'path', shape: { pathData: hatch(box) }, style: { stroke: colour('state-0-hatch'), fill: 'none', lineWidth: 1 } },
    ],
  };
}

function bar(rows) {
  return (params, api) => {
    const row = rows[params.dataIndex];
    const [left, top] = api.coord([api.value(0), api.value(2)]);
    const [right, bottom] = api.coord([api.value(1), 0]);
    const width = Math.max((right - left) * FILLED, 1);
    const hollow = unsure(row);
    return {
      type: 'rect',
      shape: { x: left + (right - left - width) / 2, y: Math.min(top, bottom), width, height: Math.abs(bottom - top) },
      style: { fill: colour(hollow ? 'panel-raised' : 'line-1'), stroke: colour(hollow ? 'text-muted' : 'panel'), lineWidth: hollow ? 1 : 0.5 },
    };
  };
}

/**
 * Draw rows [{start, end, value, completeness, flags, provisional}] of `unit` in [from, to); `explain(row)` gives further
 * lines of a tooltip. A window without a row is no data, too: give it with value null and completeness 0.
 */
export const windowBars = redrawn((id, rows, { unit, from, to, name, explain = () => [] }) => {
  const element = prepare(id);
  const known = rows.filter((row) => row.value !== null);
  const highest = Math.max(...known.map((row) => row.value), 0);
  const lowest = Math.min(...known.map((row) => row.value), 0);
  const span = (row) => [wall(row.start), wall(row.end)];
  const place = (row) => [(wall(row.start) + wall(row.end)) / 2, row.value ?? 0];
  const marks = Object.entries(MARKS)
    .map(([flag, symbol]) => ({ flag, symbol, rows: rows.filter((row) => row.flags?.includes(flag)) }))
    .filter((mark) => mark.rows.length);
  const told = (row) =>
    tip(
      windowText(row.start, row.end),
      row.value === null || row.completeness === 0 ? t('nodata') : `${name}: ${measured(row.value, 5)} ${unitText(unit)}`,
      ...explain(row),
      row.completeness === null ? null : t('completeness.is', { share: percent(row.completeness) }),
      ...(row.flags ?? []).map((flag) => word('flag', flag)),
      row.provisional ? t('card.provisional') : null,
    );
  draw(
    id,
    {
      legend: { show: marks.length > 0, top: 0, right: 8, itemWidth: 11, itemHeight: 11, textStyle: label(12), selectedMode: false, data: marks.map(({ flag, symbol }) => ({ name: word('flag', flag), icon: symbol })) },
      grid: { left: 8, right: 14, top: 34, bottom: 8, containLabel: true },
      tooltip: { trigger: 'axis', axisPointer: { type: 'none' }, formatter: (items) => (items.length ? told(items.find((item) => item.seriesName === 'bars') ? rows[items.find((item) => item.seriesName === 'bars').dataIndex] : items[0].data.row) : '') },
      xAxis: timeAxis(wall(from), wall(to), { splitNumber: narrow(element) ? 3 : 7 }),
      yAxis: valueAxis({ min: lowest < 0 ? -roundEnd(-lowest) : 0, max: roundEnd(Math.max(highest * ROOM, 1e-9)), name: marks.length && narrow(element) ? unitText(unit) : `${name} (${unitText(unit)})`, nameLocation: 'end', nameTextStyle: { ...label(12, 'text-muted'), align: 'left' } }),
      series: [
        { name: 'ground', type: 'custom', silent: true, tooltip: { show: false }, renderItem: ground, encode: { x: [0, 1] }, data: rows.filter(unsure).map(span) },
        { name: 'bars', type: 'custom', clip: true, renderItem: bar(rows), encode: { x: [0, 1], y: 2 }, data: rows.map((row) => [...span(row), row.value ?? 0]) },
        ...marks.map(({ flag, symbol, rows: own }) => ({
          name: word('flag', flag),
          type: 'scatter',
          symbol,
          symbolSize: 12,
          symbolOffset: [0, -12],
          symbolRotate: flag === 'meter_reset' ? 180 : 0,
          itemStyle: { color: colour('warning'), borderColor: colour('warning-text'), borderWidth: 1 },
          data: own.map((row) => ({ value: place(row), row })),
        })),
      ],
    },
    { points: rows.length },
  );
});

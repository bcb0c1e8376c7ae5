// State timeline (Gantt): one row per machine, hatched where there are no data.
import { dateTimeOf, unwall, wall } from '../clock.js';
import { fill, h, shape } from '../dom.js';
import { percent, span } from '../format.js';
import { t } from '../i18n.js';
import { NO_DATA, STATES, categoryColour, categoryName, colour, stateColour, stateName } from '../palette.js';
import { draw, label, narrow, prepare, redrawn, slider, timeAxis, tip } from './base.js';

const HATCH = 7; // px between two hatch lines

/** SVG path of diagonal lines inside a rectangle: "no data" is seen without colour. */
export function hatch({ x, y, width, height }) {
  let path = '';
  for (let c = HATCH; c < width + height; c += HATCH) {
    const x0 = Math.max(0, c - height);
    const x1 = Math.min(width, c);
    path += `M${x + x0} ${y + c - x0}L${x + x1} ${y + c - x1}`;
  }
  return path;
}

function bar(rectangle, fillColour, hatched) {
  const children = [
    { type: 'rect', shape: rectangle, style: { fill: fillColour, stroke: hatched ? colour('state-0-hatch') : colour('panel'), lineWidth: rectangle.width > 3 ? 0.5 : 0 } },
  ];
  if (hatched) {
    children.push({ type: 'path', shape: { pathData: hatch(rectangle) }, style: { stroke: colour('state-0-hatch'), fill: 'none', lineWidth: 1 }, silent: true });
  }
  return { type: 'group', children };
}

/** renderItem for data [row, from, to]; `lookOf(index)` gives {shade, hatched}, `share` the part of the row that is filled. */
export const interval = (lookOf, share = 0.66) => (params, api) => {
  const row = api.value(0);
  const from = api.coord([api.value(1), row]);
  const to = api.coord([api.value(2), row]);
  const height = api.size([0, 1])[1] * share;
  const rectangle = globalThis.echarts.graphic.clipRectByRect(
    { x: from[0], y: from[1] - height / 2, width: Math.max(to[0] - from[0], 0.5), height },
    params.coordSys,
  );
  const { shade, hatched } = lookOf(params.dataIndex);
  return rectangle && bar(rectangle, shade, hatched);
};

/** How an interval looks in a row of states, or of ISO 22400 time categories. */
function look(interval, byCategory) {
  if (byCategory) return { name: categoryName(interval.category), shade: categoryColour(interval.category), hatched: interval.category === 'NO_DATA' };
  return { name: stateName(interval.state), shade: stateColour(interval.state), hatched: interval.state === NO_DATA };
}

function tooltip(rows, looks) {
  return ({ data, dataIndex }) => {
    if (!data) return '';
    const [row, from, to] = data;
    const [start, end] = [unwall(from), unwall(to)];
    return tip(`${rows[row].name} · ${looks[dataIndex].name}`, `${dateTimeOf(start)} - ${dateTimeOf(end)}`, t('timeline.length', { span: span(end - start) }));
  };
}

/** Draw rows [{name, intervals: [{start, end, state, category}], byCategory?}] between two instants [ms]. */
export const timeline = redrawn((id, rows, from, to, { zoom = false } = {}) => {
  const element = prepare(id, rows.length);
  const data = rows.flatMap((row, i) => row.intervals.map((v) => [i, wall(Math.max(v.start, from)), wall(Math.min(v.end, to))]));
  const looks = rows.flatMap((row) => row.intervals.map((v) => look(v, row.byCategory)));
  const small = narrow(element);
  draw(
    id,
    {
      grid: { left: 8, right: 14, top: 8, bottom: zoom ? 44 : 8, containLabel: true },
      tooltip: { trigger: 'item', formatter: tooltip(rows, looks) },
      xAxis: timeAxis(wall(from), wall(to), { splitNumber: small ? 3 : 8 }),
      yAxis: { type: 'category', inverse: true, data: rows.map((row) => row.name), axisLabel: label(12), axisTick: { show: false }, axisLine: { lineStyle: { color: colour('text-muted') } } },
      dataZoom: zoom ? [slider({ filterMode: 'weakFilter' }), { type: 'inside', filterMode: 'weakFilter', zoomOnMouseWheel: 'ctrl' }] : [],
      series: [
        {
          type: 'custom',
          renderItem: interval((index) => looks[index]),
          encode: { x: [1, 2], y: 0 },
          data,
        },
      ],
    },
    { points: data.length },
  );
});

/** Total milliseconds per state of the rows inside [from, to). */
export function totals(rows, from, to) {
  const sums = new Map();
  for (const { start, end, state } of rows.flatMap((row) => row.intervals)) {
    const length = Math.min(end, to) - Math.max(start, from);
    if (length > 0) sums.set(state, (sums.get(state) ?? 0) + length);
  }
  return sums;
}

/** Legend with the total time and share of each state; each entry has shape, word and number. */
export const legend = redrawn((id, rows, from, to) => {
  const sums = totals(rows, from, to);
  const whole = [...sums.values()].reduce((a, b) => a + b, 0);
  fill(
    id,
    STATES.filter((state) => sums.has(state)).map((state) =>
      h('li', {}, swatch(stateColour(state), state === NO_DATA), shape(`state-${state}`), `${stateName(state)} ${span(sums.get(state))} · ${percent(sums.get(state) / whole)}`),
    ),
  );
});

/** The colour of a bar as it looks in the chart. */
export function swatch(shade, hatched) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'swatch');
  svg.setAttribute('viewBox', '0 0 28 14');
  svg.setAttribute('aria-hidden', 'true');
  const part = (name, attributes) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    svg.append(element);
  };
  const line = { stroke: colour(hatched ? 'state-0-hatch' : 'text-muted'), 'stroke-width': 0.8 };
  part('rect', { x: 0.5, y: 0.5, width: 27, height: 13, fill: shade, ...line });
  if (hatched) part('path', { d: hatch({ x: 0, y: 0, width: 28, height: 14 }), ...line });
  return svg;
}

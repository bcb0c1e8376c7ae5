// What a line put out in each hour, stacked by product; hours of which too little is known are hatched behind their bar.
import { HOUR, wall, windowText } from '../clock.js';
import { count, percent } from '../format.js';
import { nameOf, t } from '../i18n.js';
import { colour } from '../palette.js';
import { draw, label, narrow, prepare, redrawn, timeAxis, tip, valueAxis } from './base.js';
import { COMPLETE_ENOUGH } from './oee_hours.js';
import { roundEnd } from './spectrum.js';
import { ground } from './window_bars.js';

const SHADES = 4; // product shades of palette.css; a fifth product and later ones share the last
const FILLED = 0.76; // share of an hour's width that its bar fills

const shadeOf = (index) => colour(`product-${Math.min(index + 1, SHADES)}`);

function bars(hours, index, below) {
  return (params, api) => {
    const hour = hours[params.dataIndex];
    const [left, top] = api.coord([api.value(0), below[params.dataIndex] + api.value(2)]);
    const [right, bottom] = api.coord([api.value(1), below[params.dataIndex]]);
    const width = (right - left) * FILLED;
    const box = { x: left + (right - left - width) / 2, y: top, width, height: bottom - top };
    return box.height > 0 && { type: 'rect', shape: box, style: { fill: shadeOf(index), stroke: colour('panel'), lineWidth: hour.provisional ? 0 : 0.5, opacity: 1 } };
  };
}

const unsure = ({ completeness }) => completeness !== null && completeness < COMPLETE_ENOUGH;

/** Draw {hours: [{start, end, products, completeness, provisional}], products: [{code, names}]} of `api.lineOutput`. */
export const lineOutput = redrawn((id, { hours, products }, from, to) => {
  const element = prepare(id);
  const codes = [...new Set(hours.flatMap((hour) => Object.keys(hour.products)))].sort();
  const nameOfCode = (code) => (code === '' ? t('output.untold') : [code, nameOf(products.find((p) => p.code === code) ?? {})].filter(Boolean).join(' '));
  const span = ({ start, end }) => [wall(start), wall(end)];
  const below = hours.map(() => 0);
  const stacks = codes.map((code, index) => {
    const feet = [...below];
    const data = hours.map((hour, i) => {
      const items = hour.products[code] ?? 0;
      below[i] += items;
      return [...span(hour), items];
    });
    return { name: nameOfCode(code), type: 'custom', clip: true, renderItem: bars(hours, index, feet), encode: { x: [0, 1], y: 2 }, itemStyle: { color: shadeOf(index) }, data };
  });
  const explain = (hour) =>
    tip(
      windowText(hour.start, hour.end),
      ...Object.entries(hour.products).map(([code, items]) => `${nameOfCode(code)}: ${count(items)} ${t('unit.pieces')}`),
      hour.completeness === null ? t('completeness.unscheduled') : t('completeness.is', { share: percent(hour.completeness) }),
      hour.provisional ? t('card.provisional') : null,
    );
  draw(
    id,
    {
      legend: { top: 0, left: 'center', icon: 'rect', itemWidth: 14, itemHeight: 10, textStyle: label(12), selectedMode: false, data: stacks.map((stack) => stack.name) },
      grid: { left: 8, right: 14, top: 34, bottom: 8, containLabel: true },
      tooltip: {
        trigger: 'axis',
        axisPointer: { type: 'none' },
        formatter: (items) => (items.length ? explain(hours[items[0].dataIndex]) : ''),
      },
      xAxis: timeAxis(wall(Math.floor(from / HOUR) * HOUR), wall(to), { splitNumber: narrow(element) ? 3 : 6 }),
      yAxis: valueAxis({ min: 0, max: roundEnd(Math.max(...below, 1)), minInterval: 1, name: t('output.axis'), nameLocation: 'end', nameTextStyle: { ...label(12, 'text-muted'), align: 'left' } }),
      series: [
        { name: 'ground', type: 'custom', silent: true, tooltip: { show: false }, renderItem: ground, encode: { x: [0, 1] }, data: hours.filter(unsure).map(span) },
        ...stacks,
      ],
    },
    { points: hours.length * codes.length },
  );
});

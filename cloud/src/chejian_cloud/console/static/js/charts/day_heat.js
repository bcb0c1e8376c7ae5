// OEE of each day as a calendar: one column per week, one row per weekday; the darker a day, the lower its OEE.
import { DAY, dateOf, dateTimeOf } from '../clock.js';
import { NONE, percent } from '../format.js';
import { t } from '../i18n.js';
import { categoryColour, colour } from '../palette.js';
import { draw, label, prepare, redrawn, tip } from './base.js';
import { COMPLETE_ENOUGH } from './oee_hours.js';
import { hatch } from './timeline.js';

const STEPS = 5; // as in oee_hours.js
const WEEKS = 13; // columns at least, so that the first days are no giants
const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7]; // ISO, Monday is 1

/** ISO weekday of a time in the plant's zone. */
function weekday(ms) {
  const [date] = dateTimeOf(ms).split(' ');
  return new Date(`${date}T00:00:00Z`).getUTCDay() || 7;
}

function shade({ value, completeness }) {
  if (completeness === 0) return categoryColour('NO_DATA');
  if (value === null || completeness === null || completeness < COMPLETE_ENOUGH) return colour('panel-raised');
  return colour(`oee-${Math.min(STEPS, Math.max(1, Math.floor(value * STEPS) + 1))}`);
}

function cell(days) {
  return (params, api) => {
    const day = days[params.dataIndex];
    const [x, y] = api.coord([api.value(0), api.value(1)]);
    const [width, height] = api.size([1, 1]);
    const box = { x: x - width / 2 + 1, y: y - height / 2 + 1, width: Math.max(width - 2, 1), height: Math.max(height - 2, 1) };
    const children = [{ type: 'rect', shape: box, style: { fill: shade(day), stroke: colour('rule'), lineWidth: 0.5 } }];
    if (day.completeness === 0) children.push({ type: 'path', shape: { pathData: hatch(box) }, style: { stroke: colour('state-0-hatch'), fill: 'none', lineWidth: 1 }, silent: true });
    return { type: 'group', children };
  };
}

/** Draw days [{start, value, completeness}] in the order of time. */
export const dayHeat = redrawn((id, days) => {
  prepare(id);
  const newest = days.at(-1).start;
  const oldest = Math.min(days[0].start, newest - (WEEKS - 1) * 7 * DAY);
  const first = oldest - (weekday(oldest) - 1) * DAY;
  const week = ({ start }) => Math.floor((start - first + DAY / 4) / (7 * DAY));
  const weeks = week(days.at(-1)) + 1;
  const starts = Array.from({ length: weeks }, (_, i) => dateOf(first + i * 7 * DAY));
  draw(id, {
    grid: { left: 8, right: 14, top: 8, bottom: 8, containLabel: true },
    tooltip: {
      formatter: ({ dataIndex }) => {
        const day = days[dataIndex];
        return tip(dateTimeOf(day.start).slice(0, 10), `OEE ${day.value === null ? NONE : percent(day.value)}`, t('completeness.is', { share: percent(day.completeness) }));
      },
    },
    xAxis: { type: 'category', data: starts, axisLabel: { ...label(11, 'text-muted'), hideOverlap: true }, axisTick: { show: false }, axisLine: { show: false } },
    yAxis: { type: 'category', inverse: true, data: WEEKDAYS.map((n) => t(`weekday.${n}`)), axisLabel: label(11, 'text-muted'), axisTick: { show: false }, axisLine: { show: false } },
    series: [{ type: 'custom', renderItem: cell(days), encode: { x: 0, y: 1 }, data: days.map((day) => [week(day), weekday(day.start) - 1]) }],
  });
});

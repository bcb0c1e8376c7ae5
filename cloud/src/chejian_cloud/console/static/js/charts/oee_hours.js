// OEE by hour: one row per machine under the same time axis as the state timeline, the number written into the cell.
// The darker a cell, the lower the OEE; an hour that is not complete enough is hollow, one without data is hatched.
import { HOUR, wall, windowText } from '../clock.js';
import { fill, h } from '../dom.js';
import { NONE, percent } from '../format.js';
import { t } from '../i18n.js';
import { categoryColour, colour } from '../palette.js';
import { draw, font, label, narrow, prepare, redrawn, timeAxis, tip } from './base.js';
import { hatch, swatch } from './timeline.js';

/** Below this share of known time an OEE is not shown as a fact. */
export const COMPLETE_ENOUGH = 0.95;

const STEPS = 5; // equal steps of 20 %: a scale to read by, not a verdict; palette.css has a shade for each
const LOUD_STEPS = 2; // the lowest of them, whose text is --on-scale
const DIGITS = 22; // px that "100" needs

/** Whether nothing at all is known of an hour; `null` completeness means that nothing was scheduled. */
const silent = ({ completeness }) => completeness === undefined || completeness === 0;

/** Step 1 (lowest) .. 5 of a ratio. */
const stepOf = (value) => Math.min(STEPS, Math.max(1, Math.floor(value * STEPS) + 1));

/** Ground, text colour and text of an hour. */
function look(hour) {
  if (silent(hour)) return { shade: categoryColour('NO_DATA'), hatched: true, text: '', ink: 'text', edge: 'rule' };
  if (hour.value === null) return { shade: colour('panel'), text: NONE, ink: 'text-muted', edge: 'rule' };
  const step = stepOf(hour.value);
  const text = String(Math.round(hour.value * 100));
  if (hour.completeness < COMPLETE_ENOUGH) return { shade: colour('panel-raised'), text, ink: 'text-muted', edge: 'text-muted' };
  return { shade: colour(`oee-${step}`), text, ink: step > LOUD_STEPS ? 'text' : 'on-scale', edge: 'panel' };
}

function cell(hours) {
  return (params, api) => {
    const { shade, hatched, text, ink, edge } = look(hours[params.dataIndex]);
    const [left, y] = api.coord([api.value(1), api.value(0)]);
    const [right] = api.coord([api.value(2), api.value(0)]);
    const tall = api.size([0, 1])[1];
    const box = { x: left + 1, y: y - tall / 2 + 1, width: Math.max(right - left - 2, 0.5), height: tall - 2 };
    const children = [{ type: 'rect', shape: box, style: { fill: shade, stroke: colour(edge), lineWidth: 1 } }];
    if (hatched) children.push({ type: 'path', shape: { pathData: hatch(box) }, style: { stroke: colour('state-0-hatch'), fill: 'none', lineWidth: 1 }, silent: true });
    if (text && box.width >= DIGITS) {
      children.push({ type: 'text', style: { text, x: box.x + box.width / 2, y, align: 'center', verticalAlign: 'middle', fill: colour(ink), fontSize: 12, fontFamily: font() }, silent: true });
    }
    return { type: 'group', children };
  };
}

/** Every hour of [from, to) of a machine; hours without a computed value have no `completeness`. */
function hoursOf({ name, hours }, from, to) {
  const told = new Map(hours.map((hour) => [hour.start, hour]));
  const all = [];
  for (let start = Math.floor(from / HOUR) * HOUR; start < to; start += HOUR) {
    all.push({ value: null, ...told.get(start), start, end: start + HOUR, name });
  }
  return all;
}

function hourTip(hour) {
  if (silent(hour)) return tip(`${hour.name} · ${t('nodata')}`, windowText(hour.start, hour.end));
  return tip(
    `${hour.name} · OEE ${hour.value === null ? t('kpi.undefined') : percent(hour.value)}`,
    windowText(hour.start, hour.end),
    hour.completeness === null ? t('completeness.unscheduled') : t('completeness.is', { share: percent(hour.completeness) }),
  );
}

/** Draw machines [{name, hours: [{start, end, value, completeness}]}]; values are ratios. */
export const oeeHours = redrawn((id, machines, from, to) => {
  const element = prepare(id, machines.length);
  const rows = machines.map((machine) => hoursOf(machine, from, to));
  const hours = rows.flat();
  const data = rows.flatMap((row, y) => row.map(({ start, end }) => [y, wall(Math.max(start, from)), wall(Math.min(end, to))]));
  draw(
    id,
    {
      grid: { left: 8, right: 14, top: 8, bottom: 8, containLabel: true },
      tooltip: { trigger: 'item', formatter: ({ dataIndex }) => hourTip(hours[dataIndex]) },
      xAxis: timeAxis(wall(from), wall(to), { splitNumber: narrow(element) ? 3 : 8 }),
      yAxis: { type: 'category', inverse: true, data: machines.map(({ name }) => name), axisLabel: label(12), axisTick: { show: false }, axisLine: { lineStyle: { color: colour('text-muted') } } },
      series: [{ type: 'custom', renderItem: cell(hours), encode: { x: [1, 2], y: 0 }, data }],
    },
    { points: data.length },
  );
});

/** Say what the shades mean. */
export const oeeLegend = redrawn((id) => {
  const width = 100 / STEPS;
  const steps = Array.from({ length: STEPS }, (_, i) => [colour(`oee-${i + 1}`), false, `${i * width}–${(i + 1) * width} %`]);
  const rest = [[colour('panel-raised'), false, t('oee_hours.partial')], [categoryColour('NO_DATA'), true, t('nodata')]];
  fill(id, [...steps, ...rest].map(([shade, hatched, text]) => h('li', {}, swatch(shade, hatched), text)), h('li', {}, `${NONE} ${t('oee_hours.undefined')}`));
});

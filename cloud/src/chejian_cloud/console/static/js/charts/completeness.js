// Heat map of data completeness: one row per machine, one cell per hour; the share is written into the cell.
import { minuteOf, windowText } from '../clock.js';
import { NONE, percent } from '../format.js';
import { t } from '../i18n.js';
import { colour } from '../palette.js';
import { draw, font, label, narrow, prepare, redrawn, tip } from './base.js';
import { COMPLETE_ENOUGH } from './oee_hours.js';
import { hatch } from './timeline.js';

function shadeOf(share) {
  if (share >= COMPLETE_ENOUGH) return colour('state-7');
  return share > 0 ? colour('state-5') : colour('state-0');
}

function cell(cells, small) {
  return (params, api) => {
    const { share } = cells[params.dataIndex];
    const [x, y] = api.coord([api.value(0), api.value(1)]);
    const [w, tall] = api.size([1, 1]);
    const box = { x: x - w / 2 + 1, y: y - tall / 2 + 1, width: w - 2, height: tall - 2 };
    const children = [{ type: 'rect', shape: box, style: { fill: share === null ? colour('panel') : shadeOf(share), stroke: colour('rule'), lineWidth: 0.5 } }];
    if (share === 0) children.push({ type: 'path', shape: { pathData: hatch(box) }, style: { stroke: colour('state-0-hatch'), fill: 'none', lineWidth: 1 } });
    else if (!small) {
      const text = share === null ? NONE : String(Math.floor(share * 100));
      children.push({ type: 'text', style: { text, x, y, align: 'center', verticalAlign: 'middle', fill: colour('text'), fontSize: 11, fontFamily: font() } });
    }
    return { type: 'group', children };
  };
}

/** Draw rows [{name, hours: [{start, end, share}]}] with `share` 0..1 or null (nothing scheduled). */
export const completenessMap = redrawn((id, rows) => {
  const element = prepare(id, rows.length);
  const small = narrow(element);
  const starts = [...new Set(rows.flatMap((row) => row.hours.map((hour) => hour.start)))].sort((a, b) => a - b);
  const cells = rows.flatMap((row, y) => row.hours.map((hour) => ({ ...hour, name: row.name, at: [starts.indexOf(hour.start), y] })));
  draw(
    id,
    {
      grid: { left: 8, right: 12, top: 8, bottom: 8, containLabel: true },
      tooltip: {
        formatter: ({ dataIndex }) => {
          const { name, start, end, share } = cells[dataIndex];
          return tip(name, windowText(start, end), share === null ? t('completeness.unscheduled') : t('completeness.is', { share: percent(share) }));
        },
      },
      xAxis: { type: 'category', data: starts.map(minuteOf), axisLabel: { ...label(11, 'text-muted'), hideOverlap: true }, axisTick: { show: false } },
      yAxis: { type: 'category', inverse: true, data: rows.map((row) => row.name), axisLabel: label(12), axisTick: { show: false } },
      series: [{ type: 'custom', renderItem: cell(cells, small), data: cells.map(({ at }) => at), encode: { x: 0, y: 1 } }],
    },
    { points: cells.length },
  );
});

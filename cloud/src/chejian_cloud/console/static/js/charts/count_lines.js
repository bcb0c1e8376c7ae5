// What was made, added up hour by hour, beside what the planned time would have given at the ideal cycle.
import { wall, windowText } from '../clock.js';
import { count } from '../format.js';
import { t } from '../i18n.js';
import { colour } from '../palette.js';
import { draw, label, narrow, prepare, redrawn, timeAxis, tip, valueAxis } from './base.js';

/** Draw hours [{start, end, actual, ideal}] whose counts are sums from the shift's begin on. */
export const countLines = redrawn((id, hours, from, to) => {
  const element = prepare(id);
  const points = (name) => [[wall(from), 0], ...hours.map((hour) => [wall(hour.end), hour[name]])];
  const line = (name, key, more) => ({ name: t(key), type: 'line', symbol: 'none', data: points(name), ...more });
  draw(id, {
    legend: { top: 0, textStyle: label(12), selectedMode: false },
    grid: { left: 8, right: 14, top: 34, bottom: 8, containLabel: true },
    tooltip: {
      trigger: 'axis',
      formatter: ([{ dataIndex }]) => {
        const hour = hours[dataIndex - 1];
        return hour ? tip(windowText(from, hour.end), `${t('oee.counts.actual')}: ${count(hour.actual)}`, `${t('oee.counts.ideal')}: ${count(hour.ideal)}`) : '';
      },
    },
    xAxis: timeAxis(wall(from), wall(to), { splitNumber: narrow(element) ? 3 : 6 }),
    yAxis: valueAxis({ min: 0, name: t('unit.pieces'), nameTextStyle: { ...label(12, 'text-muted'), align: 'left' } }),
    series: [
      line('actual', 'oee.counts.actual', { lineStyle: { color: colour('line-1'), width: 2 }, itemStyle: { color: colour('line-1') } }),
      line('ideal', 'oee.counts.ideal', { lineStyle: { color: colour('text-muted'), width: 1.5, type: 'dashed' }, itemStyle: { color: colour('text-muted') } }),
    ],
  });
});

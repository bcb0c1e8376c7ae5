// A quotient by month, with the level of its baseline.
import { DAY, parse, wall } from '../clock.js';
import { measured, percent } from '../format.js';
import { t } from '../i18n.js';
import { colour } from '../palette.js';
import { clear, draw, label, prepare, redrawn, timeAxis, tip, valueAxis } from './base.js';

const MIDDLE = 15 * DAY; // a month's value stands in its middle

/** A value of an indicator as people read it. */
export const amount = (moved, value) => (moved.unit === '1' || moved.unit === 'index' ? percent(value) : measured(value, 4));

/** Draw {indicator, unit, baseline, months: [{start, value, completeness}]} into `id`. */
export const months = redrawn((id, moved) => {
  if (!moved || moved.months.every((month) => month.value === null)) {
    clear(id, t('nodata'), { hatched: true });
    return;
  }
  prepare(id);
  const data = moved.months.map((month) => [wall(parse(month.start)) + MIDDLE, month.value, month.completeness]);
  const axisLabel = { ...label(12, 'text-muted'), formatter: (value) => amount(moved, value) };
  draw(id, {
    grid: { left: 8, right: 92, top: 22, bottom: 8, containLabel: true }, // the baseline is named beside the months, not over them
    tooltip: {
      trigger: 'axis',
      formatter: ([point]) => tip(point.axisValueLabel, amount(moved, point.data[1]), t('completeness.is', { share: percent(point.data[2]) })),
    },
    xAxis: timeAxis(data[0][0] - MIDDLE, data.at(-1)[0] + MIDDLE, { splitNumber: 5, axisLabel: { ...label(12, 'text-muted'), hideOverlap: true, formatter: '{yyyy}-{MM}' } }),
    yAxis: valueAxis({ scale: true, splitNumber: 3, axisLabel }),
    series: [
      {
        type: 'line',
        data,
        symbol: 'circle',
        symbolSize: 6,
        showAllSymbol: true,
        lineStyle: { color: colour('line-1'), width: 2 },
        itemStyle: { color: colour('line-1') },
        markLine: {
          silent: true,
          symbol: 'none',
          precision: 12, // else it is drawn where its two decimals are
          lineStyle: { color: colour('accent'), type: 'dashed' },
          label: { formatter: t('prog.baseline_is', { value: amount(moved, moved.baseline) }), position: 'end', color: colour('text'), fontSize: 11 },
          data: moved.baseline === null ? [] : [{ yAxis: moved.baseline }],
        },
      },
    ],
  });
});

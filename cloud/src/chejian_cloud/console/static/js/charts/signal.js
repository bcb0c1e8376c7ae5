// Values of one signal over time; values of doubtful quality are flagged, silence is a gap.
import { dateTimeOf, unwall, wall } from '../clock.js';
import { measured, unitText } from '../format.js';
import { t } from '../i18n.js';
import { colour, stateName } from '../palette.js';
import { draw, label, narrow, prepare, redrawn, slider, timeAxis, tip, valueAxis } from './base.js';

const GOOD = 192; // contract Quality.GOOD

/** Draw `points` [{time, value, quality}] of a signal {name, unit, kind}. */
export const signalChart = redrawn((id, signal, points, from, to) => {
  const element = prepare(id);
  const state = signal.kind === 'state';
  const stepped = state || signal.kind.startsWith('total');
  const text = (value) => (state ? stateName(value) : `${measured(value)} ${unitText(signal.unit)}`);
  const doubtful = points.filter((p) => p.value !== null && p.quality !== null && p.quality < GOOD);
  draw(
    id,
    {
      grid: { left: 8, right: 16, top: 30, bottom: 44, containLabel: true },
      tooltip: {
        trigger: 'axis',
        axisPointer: { type: 'line', lineStyle: { color: colour('text-muted') } },
        formatter: (items) => items.length > 0 && items[0].data[1] !== null
          ? tip(`${text(items[0].data[1])}`, dateTimeOf(unwall(items[0].data[0])))
          : tip(t('nodata')),
      },
      xAxis: timeAxis(wall(from), wall(to), { splitNumber: narrow(element) ? 3 : 7 }),
      yAxis: valueAxis({
        name: unitText(signal.unit),
        nameLocation: 'end',
        scale: !state,
        ...(state ? { min: 0, max: 9, interval: 1, axisLabel: { ...label(11, 'text-muted'), formatter: stateName } } : {}),
      }),
      dataZoom: [slider(), { type: 'inside', zoomOnMouseWheel: 'ctrl' }],
      series: [
        {
          type: 'line',
          data: points.map((p) => [wall(p.time), p.value]),
          step: stepped ? 'end' : false,
          showSymbol: points.length < 60,
          symbolSize: 4,
          connectNulls: false,
          lineStyle: { color: colour('line-1'), width: 1.5 },
          itemStyle: { color: colour('line-1') },
        },
        {
          type: 'scatter',
          data: doubtful.map((p) => [wall(p.time), p.value]),
          symbol: 'diamond',
          symbolSize: 9,
          itemStyle: { color: colour('warning') },
        },
      ],
    },
    { points: points.length, subject: `${signal.series_id} ${to - from}` },
  );
});

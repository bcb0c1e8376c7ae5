// Velocity spectrum: shaft orders tell imbalance and misalignment, twice the mains the motor's own magnetic hum.
import { fixed, measured } from '../format.js';
import { t } from '../i18n.js';
import { colour } from '../palette.js';
import { draw, label, prepare, redrawn, tip, valueAxis } from './base.js';
import { roundEnd, tick } from './spectrum.js';

/** Draw {id, frequencies, values, markers: [{label, hz}]} [Hz, mm/s RMS of each bin]. */
export const velocity = redrawn((id, data) => {
  prepare(id);
  draw(
    id,
    {
      grid: { left: 8, right: 30, top: 30, bottom: 26, containLabel: true },
      tooltip: { trigger: 'axis', formatter: ([point]) => tip(`${fixed(point.data[0], 1)} Hz`, `${measured(point.data[1], 3)} mm/s`) },
      xAxis: valueAxis({ name: 'Hz', min: 0, max: roundEnd(data.frequencies.at(-1)), splitLine: { show: false } }),
      yAxis: valueAxis({ name: 'mm/s', min: 0, axisLabel: { ...label(11, 'text-muted'), formatter: tick } }),
      dataZoom: [{ type: 'inside', zoomOnMouseWheel: 'ctrl' }],
      series: [
        {
          name: t('velocity.title'),
          type: 'line',
          data: data.frequencies.map((hz, i) => [hz, data.values[i]]),
          symbol: 'none',
          lineStyle: { color: colour('line-1'), width: 1 },
          itemStyle: { color: colour('line-1') },
          markLine: {
            symbol: 'none',
            silent: true,
            lineStyle: { color: colour('accent'), type: 'dashed', width: 1 },
            label: { position: 'end', rotate: 0, color: colour('text'), fontSize: 11, formatter: ({ dataIndex }) => data.markers[dataIndex].label },
            data: data.markers.map((mark) => ({ xAxis: mark.hz })),
          },
        },
      ],
    },
    { points: data.frequencies.length, subject: data.id },
  );
});

// Values of one signal over time; values of doubtful quality are flagged, silence is a gap.
import { dateTimeOf, unwall, wall } from '../clock.js';
import { measured, unitText } from '../format.js';
import { t } from '../i18n.js';
import { colour, stateName } from '../palette.js';
import { draw, label, narrow, prepare, redrawn, slider, timeAxis, tip, valueAxis } from './base.js';

const GOOD = 192; // contract Quality.GOOD

const USUAL = 3; // baseline deviations to both sides of its level

/** Lines and a band that say what a verdict holds the signal against. */
function judged({ level, deviation, onset, limit }) {
  const line = (key, at, shade) => ({ ...at, lineStyle: { color: colour(shade), type: 'dashed' }, label: { formatter: t(key), position: 'end', color: colour('text'), fontSize: 11 } });
  const lines = [
    level !== undefined && line('signal.baseline', { yAxis: level }, 'accent'),
    limit !== undefined && line('signal.limit', { yAxis: limit }, 'fault'),
    onset && line('signal.onset', { xAxis: wall(onset) }, 'fault'),
  ].filter(Boolean);
  const band = deviation && [[{ yAxis: level - USUAL * deviation }, { yAxis: level + USUAL * deviation }]];
  return {
    markLine: { silent: true, symbol: 'none', data: lines },
    ...(band ? { markArea: { silent: true, itemStyle: { color: colour('veil') }, data: band } } : {}),
  };
}

/** Ends of the value axis: around the baseline where a `reach` is known, else from the values and the limit. */
function ends({ level, reach, limit }) {
  const round = (value) => Number(value.toPrecision(3));
  if (reach) return { min: round(level - reach), max: round(level + reach) };
  return limit === undefined ? {} : { max: ({ max }) => round(Math.max(max, limit) * 1.05) };
}

/**
 * Draw `points` [{time, value, quality}] of a signal {name, unit, kind}; for a verdict on it, with what it is `held` against:
 * {level, deviation, onset, limit, reach}, each if known.
 */
export const signalChart = redrawn((id, signal, points, from, to, held = {}) => {
  const element = prepare(id);
  const state = signal.kind === 'state';
  const stepped = state || signal.kind.startsWith('total');
  const text = (value) => (state ? stateName(value) : `${measured(value)} ${unitText(signal.unit)}`);
  const doubtful = points.filter((p) => p.value !== null && p.quality !== null && p.quality < GOOD);
  draw(
    id,
    {
      grid: { left: 8, right: held.level === undefined ? 16 : 60, top: 30, bottom: 44, containLabel: true },
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
        ...ends(held),
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
          ...judged(held),
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

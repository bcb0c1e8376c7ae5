// Envelope spectrum: the spectrum, its background, and where each bearing part would show itself.
import { fixed, measured } from '../format.js';
import { t } from '../i18n.js';
import { colour } from '../palette.js';
import { draw, label, narrow, prepare, redrawn, tip, valueAxis } from './base.js';

const PARTS = ['outer_race', 'inner_race', 'rolling_element', 'cage'];
const LANES = 92; // px for the four rows of markers above the spectrum
const NAMES = 20; // px between the rows and the spectrum, for the names of its ruled lines

function marker(line, chosen) {
  const shade = line.masked ? colour('rule') : colour(line.part === chosen ? 'fault' : 'line-1');
  return {
    value: [line.hz, PARTS.indexOf(line.part)],
    line,
    symbol: line.sideband ? 'diamond' : 'triangle',
    symbolSize: line.sideband ? 7 : 10,
    itemStyle: { color: line.masked ? colour('panel') : shade, borderColor: shade, borderWidth: 1.5 },
  };
}

/** "2×BPFO", "1×BPFI + 1×fr", "3×2BSF − 1×FTF": a line's name in the field's symbols. */
export function lineName({ part, order, sideband }) {
  const main = `${order}×${t(`symbol.${part}`)}`;
  if (!sideband) return main;
  return `${main} ${sideband > 0 ? '+' : '−'} ${Math.abs(sideband)}×${part === 'inner_race' ? 'fr' : 'FTF'}`;
}

function masked(masks, hz) {
  return masks.some((mask) => {
    const multiple = Math.max(Math.round(hz / mask.base_hz), 1);
    return Math.abs(hz - multiple * mask.base_hz) <= mask.half_width_hz;
  });
}

/** Marks [{part, order, sideband, hz, ratio?, masked}]: measured lines of the best part, expected places of the others. */
export function linesOf(markers, evidence) {
  const measuredLines = (evidence.lines ?? []).map((line) => ({
    part: line.family,
    order: line.order,
    sideband: line.sideband,
    hz: line.found_hz,
    ratio: line.ratio,
    masked: line.masked,
  }));
  const best = measuredLines[0]?.part;
  const expected = markers
    .filter((mark) => mark.part !== best)
    .map((mark) => ({ part: mark.part, order: mark.order, sideband: 0, hz: mark.hz, masked: masked(evidence.masks ?? [], mark.hz) }));
  return [...expected, ...measuredLines];
}

function markerTip(line) {
  return tip(
    `${lineName(line)} · ${fixed(line.hz, 1)} Hz`,
    t(`part.${line.part}`),
    line.ratio === undefined ? null : t('line.ratio.is', { ratio: measured(line.ratio, 3) }),
    line.masked ? t('line.masked') : null,
  );
}

function curve(name, xs, ys, shade, more = {}) {
  return {
    name,
    type: 'line',
    xAxisIndex: 1,
    yAxisIndex: 1,
    data: xs.map((x, i) => [x, ys[i]]),
    symbol: 'none',
    silent: true,
    lineStyle: { color: shade, width: 1, ...more },
    itemStyle: { color: shade },
  };
}

/** Label of a power: ticks are round, so all their digits are shown; powers of a healthy bearing are small. */
export function tick(value) {
  const size = Math.abs(value);
  if (size > 0 && (size < 0.001 || size >= 10_000)) return Number(value.toPrecision(3)).toExponential();
  return String(Number(value.toPrecision(4)));
}

/** Round end of an axis that holds `highest`: the next half of its decade, such as 600 for 599.9. */
export function roundEnd(highest) {
  const step = 10 ** Math.floor(Math.log10(highest)) / 2;
  return Math.ceil(highest / step - 1e-9) * step;
}

/** Draw {frequencies, values, background, lines: [{part, order, sideband, hz, ratio, masked}]}; `part` is the verdict's. */
export const spectrum = redrawn((id, data, part) => {
  const element = prepare(id);
  const small = narrow(element);
  const highest = data.frequencies.at(-1);
  const ruled = data.lines.filter((line) => line.part === part && !line.sideband);
  const left = small ? 52 : 84;
  const x = { min: 0, max: roundEnd(highest) };
  const across = { left, right: small ? 26 : 34, outerBoundsMode: 'none' }; // both grids alike: a mark stands above its line
  draw(
    id,
    {
      legend: { top: 0, right: 8, icon: 'rect', itemHeight: 3, data: [t('spectrum.line'), t('spectrum.background')], textStyle: label(12), selectedMode: false },
      grid: [
        { ...across, top: 28, height: LANES },
        { ...across, top: 28 + LANES + NAMES, bottom: 30 },
      ],
      tooltip: { trigger: 'item', formatter: ({ data: point }) => (point?.line ? markerTip(point.line) : '') },
      xAxis: [
        { ...valueAxis(x), gridIndex: 0, axisLabel: { show: false }, splitLine: { show: false }, axisLine: { show: false }, axisTick: { show: false } },
        { ...valueAxis({ ...x, name: 'Hz', nameLocation: 'end', nameGap: 4, axisLabel: { ...label(12, 'text-muted'), hideOverlap: true, formatter: (v) => measured(v, 4) } }), gridIndex: 1, splitLine: { show: false } },
      ],
      yAxis: [
        { type: 'category', inverse: true, gridIndex: 0, data: PARTS.map((p) => t(`symbol.${p}`)), axisLabel: label(12), axisTick: { show: false }, axisLine: { show: false }, splitLine: { show: true, lineStyle: { color: colour('grid') } } },
        { ...valueAxis({ min: 0, axisLabel: { ...label(11, 'text-muted'), formatter: tick } }), gridIndex: 1 },
      ],
      dataZoom: [{ type: 'inside', xAxisIndex: [0, 1], zoomOnMouseWheel: 'ctrl' }],
      series: [
        { ...curve(t('spectrum.line'), data.frequencies, data.values, colour('line-1')),
          markLine: {
            symbol: 'none',
            silent: true,
            label: { show: !small, position: 'end', rotate: 0, distance: 3, color: colour('fault-text'), fontSize: 11, formatter: ({ dataIndex }) => lineName(ruled[dataIndex]) },
            lineStyle: { color: colour('fault'), type: 'dashed', width: 1 },
            data: ruled.map((line) => ({ xAxis: line.hz })),
          } },
        curve(t('spectrum.background'), data.frequencies, data.background, colour('accent'), { width: 1.8 }),
        { type: 'scatter', xAxisIndex: 0, yAxisIndex: 0, data: data.lines.filter((line) => line.hz <= highest).map((line) => marker(line, part)) },
      ],
    },
    { points: data.frequencies.length * 2, subject: data.id },
  );
});

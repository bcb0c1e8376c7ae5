// One chart per element: ECharts with our look, no animation, and nothing that a strict content policy forbids.
import { h } from '../dom.js';
import { language } from '../i18n.js';
import { colour } from '../palette.js';

const charts = new Map();
const CANVAS_FROM = 5000; // points; above it SVG elements cost more than pixels

const resized = new ResizeObserver((entries) => {
  for (const entry of entries) {
    const chart = charts.get(entry.target);
    if (chart && entry.contentRect.width > 0) chart.resize();
  }
});

function chartOf(element, renderer) {
  const old = charts.get(element);
  if (old && element.dataset.renderer === renderer) return old;
  old?.dispose();
  const chart = globalThis.echarts.init(element, null, { renderer, locale: language === 'en' ? 'EN' : 'ZH' });
  element.dataset.renderer = renderer;
  charts.set(element, chart);
  resized.observe(element);
  return chart;
}

/** Whether the element is on a phone's screen: fewer labels, smaller margins. */
export const narrow = (element) => element.clientWidth < 520;

/** Text style shared by all labels. */
export const label = (size = 12, shade = 'text') => ({ color: colour(shade), fontSize: size });

/** Font of the page, for texts that charts draw themselves. */
export const font = () => getComputedStyle(document.body).fontFamily;

/** A slider to zoom along x, in our greys. */
export const slider = (more = {}) => ({
  type: 'slider',
  height: 20,
  bottom: 8,
  showDetail: false,
  brushSelect: false,
  borderColor: colour('rule'),
  backgroundColor: colour('panel-raised'),
  fillerColor: colour('veil'),
  dataBackground: { lineStyle: { color: colour('rule') }, areaStyle: { color: colour('grid') } },
  selectedDataBackground: { lineStyle: { color: colour('text-muted') }, areaStyle: { color: colour('grid') } },
  handleStyle: { color: colour('panel-raised'), borderColor: colour('text-muted') },
  moveHandleStyle: { color: colour('text-muted') },
  ...more,
});

/** A value axis with our grid lines. */
export const valueAxis = (more = {}) => ({
  type: 'value',
  axisLabel: label(12, 'text-muted'),
  nameTextStyle: label(12, 'text-muted'),
  splitLine: { lineStyle: { color: colour('grid') } },
  ...more,
});

/** A time axis whose positions come from clock.js `wall`. */
export const timeAxis = (min, max, more = {}) => ({
  type: 'time',
  min,
  max,
  axisLabel: { ...label(12, 'text-muted'), hideOverlap: true, formatter: { day: '{MM}-{dd}', hour: '{HH}:{mm}', minute: '{HH}:{mm}' } },
  axisLine: { lineStyle: { color: colour('text-muted') } },
  splitLine: { show: false },
  ...more,
});

/** Content of a tooltip: lines of text, the first one strong. */
export const tip = (...lines) =>
  h('div', { class: 'tip' }, lines.filter(Boolean).map((line, i) => (i ? h('p', {}, line) : h('strong', {}, line))));

function zoomOf(chart) {
  const zoom = chart.getOption()?.dataZoom?.[0];
  return zoom && { start: zoom.start, end: zoom.end };
}

/**
 * Draw `option` into the element `id`; `points` chooses between SVG and canvas. A chart of the same `subject` as before
 * keeps the reader's zoom.
 */
export function draw(id, option, { points = 0, subject = id } = {}) {
  const element = document.getElementById(id);
  element.classList.remove('is-empty');
  const kept = charts.has(element) && element.dataset.subject === String(subject) ? zoomOf(charts.get(element)) : undefined;
  element.dataset.subject = subject;
  const chart = chartOf(element, points > CANVAS_FROM ? 'canvas' : 'svg');
  chart.resize();
  chart.setOption(
    {
      animation: false,
      useUTC: true,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: font(), color: colour('text') },
      aria: { enabled: true, label: { description: element.dataset.title } },
      ...option,
      dataZoom: option.dataZoom?.map((zoom) => ({ ...zoom, ...kept })),
      tooltip: {
        confine: true,
        backgroundColor: colour('panel-raised'),
        borderColor: colour('text-muted'),
        textStyle: { color: colour('text') },
        ...option.tooltip,
      },
    },
    true,
  );
}

const calls = new Map(); // element id -> draws it as it was drawn last, in the colours of now

/** `paint(id, ...)`, remembered with what it was given: `redraw` does it again when the colours change. */
export const redrawn = (paint) => (id, ...given) => {
  const answer = paint(id, ...given);
  calls.set(id, () => paint(id, ...given));
  return answer;
};

/** Draw everything that was drawn, in the colours of now. */
export function redraw() {
  for (const [id, again] of calls) {
    if (document.getElementById(id)) again();
    else calls.delete(id);
  }
}

/** Take a chart away again and show `text` in its place, on hatched ground where that is the absence of data. */
export function clear(id, text, { hatched = false } = {}) {
  const element = document.getElementById(id);
  charts.get(element)?.dispose();
  charts.delete(element);
  calls.delete(id);
  resized.unobserve(element);
  delete element.dataset.renderer;
  element.classList.add('is-empty');
  element.replaceChildren(h('p', { class: hatched ? 'empty hatched' : 'empty' }, h('span', {}, text)));
}

const ROW = 34; // px a row of a chart with one row per machine needs to be read
const ROWS = 8; // rows that fit the heights of base.css

/** Ready an element for a chart: what it said before goes, and many `rows` make it higher. */
export function prepare(id, rows = 0) {
  const element = document.getElementById(id);
  if (!charts.has(element)) element.replaceChildren();
  element.style.height = rows > ROWS ? `${(rows + 3) * ROW}px` : '';
  return element;
}

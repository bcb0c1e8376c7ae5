// One machine: its day, its OEE with where the time went, and its signals.
import * as api from '../api.js';
import { clear } from '../charts/base.js';
import { losses, unexplained } from '../charts/losses.js';
import { COMPLETE_ENOUGH } from '../charts/oee_hours.js';
import { signalChart } from '../charts/signal.js';
import { legend, timeline } from '../charts/timeline.js';
import { dateSecondOf, dateTimeOf, windowText } from '../clock.js';
import { byId, fill, fold, h, options, table } from '../dom.js';
import { NONE, count, fixed, measured, minutes, percent, unitText } from '../format.js';
import { nameOf, t, word } from '../i18n.js';
import { NO_DATA, categoryName, stateName } from '../palette.js';
import { calmly, equipmentId, lastHours, problem, run } from '../page.js';
import { listen } from '../stream.js';

const id = equipmentId();
const KPIS = ['oee', 'availability', 'effectiveness', 'quality_ratio'];
const WINDOWS = { hour: 48, shift: 24 * 7, day: 24 * 30 }; // hours looked back by kind of window

let windows = []; // [{start, end, provisional, kpis: {id: row}}], newest first
let definitions = {}; // KPI definitions by id
let signals = [];

const address = new URL(location.href);

function remember(key, value) {
  address.searchParams.set(key, value);
  history.replaceState(null, '', address);
}

async function showStates() {
  const [from, to] = lastHours(24);
  const intervals = await api.states(id, from, to);
  byId('states-meta').textContent = windowText(from, to);
  if (!intervals.length) return clear('states', t('states.empty'));
  const states = { name: t('timeline.state'), intervals };
  timeline('states', [states, { name: t('timeline.category'), intervals, byCategory: true }], from, to, { zoom: true });
  legend('states-legend', [states], from, to);
  return null;
}

function flags(row) {
  const list = [...row.flags];
  if (row.provisional) list.push('provisional');
  return list.map((flag) => h('span', { class: flag === 'provisional' ? 'flag calm' : 'flag' }, word('flag', flag)));
}

const isCount = (kpi) => kpi === 'quality_ratio';

function part(kpi, value) {
  if (value === null) return NONE;
  return isCount(kpi) ? `${count(value)} ${t('unit.pieces')}` : `${fixed(minutes(value), 2)} min`;
}

function evidence(kpi, row) {
  const what = definitions[kpi];
  return fold(
    kpi,
    t('evidence.how'),
    h(
      'dl',
      { class: 'facts' },
      [
        [t('evidence.formula'), what ? what.formula : NONE],
        [t('evidence.numerator'), `${t(`numerator.${kpi}`)} = ${part(kpi, row.numerator)}`],
        [t('evidence.denominator'), `${t(`denominator.${kpi}`)} = ${part(kpi, row.denominator)}`],
        [t('evidence.window'), windowText(row.start, row.end)],
        [t('evidence.clause'), what ? what.clause : NONE],
        [t('evidence.version'), row.formula_version],
        [t('evidence.computed'), dateTimeOf(row.computed_at)],
      ].flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
    ),
  );
}

/** Big number of a KPI; a window of which nothing is known says so, and is not merely undefined. */
function numberText(row) {
  if (row.value !== null) return percent(row.value);
  return t(row.completeness === 0 ? 'nodata' : 'kpi.undefined');
}

function number(kpi, row) {
  const silent = row.completeness === 0;
  const sure = row.completeness !== null && row.completeness >= COMPLETE_ENOUGH;
  return h(
    'div',
    { class: kpi === 'oee' ? 'number chief' : 'number' },
    h('div', { class: 'name' }, t(`kpi.${kpi}`)),
    h('div', { class: ['big', sure ? '' : 'unsure', silent ? 'hatched' : ''].join(' ').trim() }, h('span', {}, numberText(row))),
    h('div', { class: 'meta' }, t('completeness.is', { share: percent(row.completeness) })),
    h('div', { class: 'clause' }, definitions[kpi]?.clause ?? ''),
    h('div', {}, flags(row)),
    evidence(kpi, row),
  );
}

function showWindow() {
  const chosen = windows[Number(byId('window-which').value)] ?? windows[0];
  if (!chosen) {
    fill('numbers', h('p', { class: 'empty' }, t('kpis.empty')));
    byId('losses-check').textContent = '';
    return clear('losses', t('kpis.empty'));
  }
  const text = windowText(chosen.start, chosen.end);
  byId('kpis-meta').textContent = t('window.is', { window: text, age: dateTimeOf(chosen.kpis.oee.computed_at) });
  byId('losses-meta').textContent = text;
  fill('numbers', KPIS.filter((kpi) => chosen.kpis[kpi]).map((kpi) => number(kpi, chosen.kpis[kpi])));
  const { inputs } = chosen.kpis.oee;
  losses('losses', inputs);
  const rest = unexplained(inputs);
  byId('losses-check').textContent = rest === 0 ? t('losses.closed', { minutes: fixed(minutes(inputs.calendar_us), 1) }) : t('losses.open', { rest: fixed(minutes(rest), 3) });
  return null;
}

const windowLabel = (w) => windowText(w.start, w.end) + (w.provisional ? ` · ${t('card.provisional')}` : '');

async function showKpis() {
  const kind = byId('window-kind').value;
  const [from, to] = lastHours(WINDOWS[kind]);
  const before = windows[Number(byId('window-which').value)]?.start;
  windows = api.windowsOf(await api.kpis(id, { window: kind, from, to }));
  const kept = windows.findIndex((w) => w.start === before);
  options('window-which', windows.map((w, i) => [i, windowLabel(w)]), kept > 0 ? kept : 0);
  showWindow();
}

function valueText(signal) {
  if (signal.time === null) return t('nodata');
  if (signal.kind === 'waveform') return t('signals.waveform', { rate: count(signal.sample_rate) });
  if (signal.kind === 'state') return stateName(signal.value ?? NO_DATA);
  if (signal.text !== null) return signal.text;
  return signal.value === null ? t('nodata') : measured(signal.value);
}

const chartable = (signal) => signal.value !== null && signal.kind !== 'waveform' && signal.kind !== 'event';

function showSignals() {
  const columns = [
    [t('signals.name'), (s) => (chartable(s) ? h('button', { class: 'pick', type: 'button', 'data-key': s.series_id, onclick: () => pick(s.series_id) }, s.name) : s.name)],
    [t('signals.value'), valueText, 'num'],
    [t('signals.unit'), (s) => unitText(s.unit)],
    [t('signals.time'), (s) => (s.time === null ? NONE : dateSecondOf(s.time)), 'time'],
    [t('signals.quality'), (s) => (s.quality === null ? NONE : word('quality', s.quality))],
  ];
  fill('signals-table', signals.length ? table(t('signals.caption'), columns, signals) : h('p', { class: 'empty' }, t('signals.empty')));
  const shown = signals.filter(chartable);
  const wanted = Number(byId('signal-which').value || address.searchParams.get('signal'));
  const first = shown.find((s) => s.series_id === wanted) ?? shown.find((s) => s.role === 'active_power') ?? shown[0];
  options('signal-which', shown.map((s) => [s.series_id, unitText(s.unit) ? `${s.name} [${unitText(s.unit)}]` : s.name]), first?.series_id);
}

async function showSignal() {
  const signal = signals.find((s) => s.series_id === Number(byId('signal-which').value));
  if (!signal) return clear('signal', t('signals.empty'));
  const [from, to] = lastHours(Number(byId('signal-range').value));
  const { points, decimated, total } = await api.samples(signal.series_id, from, to, 1500);
  byId('signal-meta').textContent = `${windowText(from, to)} · ${decimated ? t('signal.decimated', { n: count(points.length), total: count(total) }) : t('signal.all', { n: count(total) })}`;
  return points.length ? signalChart('signal', signal, points, from, to) : clear('signal', t('nodata'), { hatched: true });
}

async function pick(series) {
  byId('signal-which').value = String(series);
  await guarded(showSignal);
  byId('signal').scrollIntoView({ block: 'nearest' });
}

async function guarded(action) {
  try {
    await action();
    problem('');
  } catch (error) {
    problem(t('error.load', { reason: error.message }));
  }
}

async function load() {
  if (!Object.keys(definitions).length) definitions = await api.kpiDefinitions();
  signals = await api.signals(id);
  showSignals();
  await Promise.all([showStates(), showKpis(), showSignal()]);
}

if (address.searchParams.get('window') in WINDOWS) byId('window-kind').value = address.searchParams.get('window');
byId('window-form').addEventListener('submit', (event) => event.preventDefault());
byId('window-kind').addEventListener('change', () => {
  remember('window', byId('window-kind').value);
  guarded(showKpis);
});
byId('window-which').addEventListener('change', () => guarded(showWindow));
byId('signal-which').addEventListener('change', () => {
  remember('signal', byId('signal-which').value);
  guarded(showSignal);
});
byId('signal-range').addEventListener('change', () => guarded(showSignal));

const again = await run(load);
const reload = calmly(again, 10_000);
let before = '';
listen((overview) => {
  const now = JSON.stringify(overview.find((machine) => machine.equipment_id === id));
  if (before && now !== before) reload();
  before = now;
});

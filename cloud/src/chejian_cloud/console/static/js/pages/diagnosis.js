// Diagnosis board of a machine: the verdict in words, trend, spectra, evidence, baselines, and engineers' answers.
import { answerButtons, showAnswers, showPrecision } from '../answers.js';
import * as api from '../api.js';
import { clear } from '../charts/base.js';
import { signalChart } from '../charts/signal.js';
import { lineName, linesOf, spectrum } from '../charts/spectrum.js';
import { trend } from '../charts/trend.js';
import { velocity } from '../charts/velocity.js';
import { waterfall } from '../charts/waterfall.js';
import { DAY, HOUR, dateMinuteOf, dateSecondOf, dateTimeOf, windowText } from '../clock.js';
import { byId, fill, h, table } from '../dom.js';
import { NONE, count, fixed, measured, percent, unitText } from '../format.js';
import { t, word } from '../i18n.js';
import { equipmentId, lastHours, problem, run, workshopId } from '../page.js';
import { listen } from '../stream.js';
import { confidenceText, verdictMark } from '../verdict.js';
import { circumstance, indicatorName, indicatorValue, verdictCard } from '../verdict_card.js';
import { askButton } from '../waveform_request.js';

const LIMIT = 300;
const BEARING = 'bearing_envelope';
const PROCESS = 'process'; // baseline of all process methods
const id = equipmentId();
const address = new URL(location.href);
const BEFORE = 12 * HOUR; // of the signal that is shown before the onset
const LONGEST = 30 * DAY;
const AROUND = 1.6; // times the shift: what lies beyond, as in stops, is not judged and not shown
const vibrating = byId('trend') !== null;

let list = [];
let drawn = null; // id of the diagnosis that is shown
let told = null; // that diagnosis with its evidence

async function choose(diagnosis) {
  drawn = diagnosis;
  address.searchParams.set('diagnosis', diagnosis);
  history.replaceState(null, '', address);
  showList();
  try {
    await show();
    problem('');
  } catch (error) {
    problem(t('error.load', { reason: error.message }));
  }
}

/** Whatever names a fault; and, unless only those are asked for, the bearing's verdict on windows where nothing does. */
function listed() {
  const named = new Set(list.filter((d) => d.part !== null).map((d) => d.time));
  const quiet = (d) => !byId('only-named').checked && !named.has(d.time) && (d.method === BEARING || !vibrating);
  return list.filter((d) => d.part !== null || quiet(d));
}

function pick(d) {
  return h('button', { class: 'pick', type: 'button', 'data-key': d.diagnosis_id, onclick: () => choose(d.diagnosis_id) }, dateSecondOf(d.time));
}

function showList() {
  const rows = listed();
  byId('list-meta').textContent = t('diagnoses.count', { n: count(rows.length), limit: LIMIT });
  if (!rows.length) return fill('list', h('p', { class: 'empty' }, t('diagnoses.empty')));
  const columns = [
    [t('diagnoses.time'), pick, 'time'],
    ...(vibrating ? [[t('diagnoses.serial'), (d) => d.serial ?? NONE]] : []),
    [t('diagnoses.verdict'), verdictMark],
    [t('diagnoses.confidence'), confidenceText],
    [t('answer.title'), (d) => (d.answer ? word('answer', d.answer) : NONE)],
  ];
  return fill('list', table(t('diagnoses.caption'), columns, rows, (d) => ({ 'aria-selected': d.diagnosis_id === drawn ? 'true' : 'false' })));
}

function showLines(lines) {
  const columns = [
    [t('line.name'), (l) => lineName({ part: l.family, order: l.order, sideband: l.sideband })],
    [t('line.expected'), (l) => fixed(l.expected_hz, 2), 'num'],
    [t('line.found'), (l) => fixed(l.found_hz, 2), 'num'],
    [t('line.ratio'), (l) => measured(l.ratio, 3), 'num'],
    [t('line.counts'), (l) => (l.masked ? t('line.masked') : t('line.counted'))],
  ];
  fill('evidence', table(t('evidence.caption'), columns, lines, (l) => ({ class: l.masked ? 'masked' : null })));
}

function showIndicators(indicators, unit) {
  const columns = [
    [t('indicator.name'), indicatorName],
    [t('indicator.value'), (i) => indicatorValue(i, unit), 'num'],
    [t('indicator.growth'), (i) => (i.growth ? t('indicator.times', { n: measured(Math.exp(i.growth), 3) }) : NONE), 'num'],
  ];
  fill('evidence', table(t('indicator.caption'), columns, indicators));
}

function showEvidence({ evidence, unit }) {
  if (evidence.lines?.length) return showLines(evidence.lines);
  if (evidence.indicators?.length) return showIndicators(evidence.indicators, unit);
  return fill('evidence', h('p', { class: 'empty' }, t('evidence.empty')));
}

function showCounter(d) {
  const against = d.evidence.counter_evidence ?? [];
  const masks = d.evidence.masks ?? [];
  fill(
    'counter',
    against.length ? h('ul', {}, against.map((item) => h('li', {}, circumstance(item)))) : h('p', {}, t('counter.none')),
    d.method === BEARING && h('h3', {}, t('masks.title')),
    masks.length
      ? h('ul', {}, masks.map((mask) => h('li', {}, t('masks.is', { kind: word('mask', mask.kind), hz: fixed(mask.base_hz, 2), width: fixed(mask.half_width_hz, 2) }))))
      : d.method === BEARING && h('p', {}, t('masks.none')),
  );
}

async function showSpectra(d) {
  byId('spectrum-meta').textContent = dateTimeOf(d.time);
  const [envelope, speeds] = await Promise.all([api.spectrum(d.diagnosis_id), api.velocitySpectrum(d.diagnosis_id)].map((answer) => answer.catch((error) => error)));
  if (envelope instanceof Error) {
    byId('spectrum-note').textContent = envelope.message;
    clear('spectrum', t('spectrum.empty'));
  } else {
    spectrum('spectrum', { ...envelope, id: d.diagnosis_id, lines: linesOf(envelope.markers, d.evidence) }, d.part);
    byId('spectrum-note').textContent = t('spectrum.note');
  }
  if (speeds instanceof Error) return clear('velocity', t('spectrum.empty'));
  return velocity('velocity', { ...speeds, id: d.diagnosis_id });
}

async function showTrend() {
  const [from, to] = lastHours(24 * Number(byId('days').value));
  const [data, fall] = await Promise.all([api.vibration(id, from, to), api.waterfall(id, byId('kind').value, from, to)]);
  const part = told?.method === BEARING ? told.part : null;
  byId('trend-meta').textContent = windowText(data.windows[0]?.time ?? from, to);
  const judgedFrom = data.baselines.find((b) => b.method === 'shaft_orders')?.valid_from;
  byId('trend-note').textContent = data.limits ? t('trend.zones', { group: data.zone_group, support: t(`support.${data.support}`), limits: data.limits.join(' / ') }) : t('trend.no_zones');
  const first = Math.max(from, data.windows[0]?.time ?? from);
  if (data.windows.length) trend('trend', { ...data, judgedFrom }, byId('figure').value, part, first, to);
  else clear('trend', t('trend.empty'));
  if (!fall.times.length) return clear('waterfall', t('trend.empty'));
  byId('waterfall-note').textContent = t('waterfall.note', { n: count(fall.times.length) });
  return waterfall('waterfall', fall, part);
}

/** The signal that a process verdict is on, since well before its onset, against its baseline and limit. */
async function showHeld(d) {
  const { evidence } = d;
  const name = evidence.channel || evidence.contributions?.[0]?.channel;
  byId('held').closest('section').hidden = name === undefined;
  if (name === undefined) return;
  const [signals, baselines] = await Promise.all([api.signals(id), api.baselines(id)]);
  const signal = signals.find((s) => s.name === name);
  if (!signal) return clear('held', t('held.gone', { name }));
  const onset = evidence.onset_us && evidence.onset_us / 1000;
  const from = Math.max((onset || d.time) - BEFORE, d.time - LONGEST);
  const { points } = await api.samples(signal.series_id, from, d.time, 1500);
  const usual = baselines.find((b) => b.baseline_id === d.baseline_id)?.content.channels?.find((c) => c.name === name);
  const limit = evidence.forecast?.limit ?? evidence.counter_evidence?.find((e) => e.code === 'limit_is_twice_clean')?.value;
  const shift = evidence.indicators?.find((i) => i.name === 'shift')?.value;
  const reach = usual && shift ? AROUND * Math.abs(shift) * usual.deviation : undefined;
  byId('held-meta').textContent = `${name} · ${windowText(from, d.time)}`;
  byId('held-note').textContent = usual ? t('held.note', { level: measured(usual.level, 3), deviation: measured(usual.deviation, 3), unit: unitText(signal.unit) }) : '';
  if (!points.length) return clear('held', t('nodata'), { hatched: true });
  return signalChart('held', signal, points, from, d.time, { level: usual?.level, deviation: usual?.deviation, onset, limit, reach });
}

async function showBaselines() {
  const found = await api.baselines(id);
  if (!found.length) return fill('baselines', h('p', { class: 'empty' }, t('baselines.none')));
  const columns = [
    [t('precision.method'), (b) => (b.method === PROCESS ? word('method', PROCESS) : `${word('method', b.method)} ${b.method_version}`)],
    [t('baselines.version'), (b) => h('span', { class: 'nowrap' }, b.version)],
    [t('baselines.windows'), (b) => t(b.method === PROCESS ? 'baselines.hours' : 'baselines.span', { n: count(b.windows.length), from: dateMinuteOf(b.windows[0]), to: dateMinuteOf(b.windows.at(-1)) })],
    [t('baselines.valid_from'), (b) => dateMinuteOf(b.valid_from), 'time'],
    [t('baselines.by'), (b) => (b.automatic ? t('baselines.automatic') : b.user_name)],
    [t('baselines.active'), (b) => (b.active ? t('baselines.is_active') : NONE)],
  ];
  return fill('baselines', table(t('baselines.caption'), columns, found.filter((b) => b.windows.length)));
}

/** The way to a maintenance order that follows from the shown diagnosis, for those who may open one. */
function offerOrder() {
  const link = byId('order-link');
  if (!link) return;
  link.href = `/equipment/${id}/life-cycle?diagnosis=${drawn}`;
  link.hidden = false;
}

async function show() {
  if (drawn === null) {
    fill('chosen', h('p', { class: 'empty' }, t('diagnoses.empty')));
    fill('evidence');
    fill('counter');
    if (vibrating) for (const chart of ['spectrum', 'velocity']) clear(chart, t('diagnoses.empty'));
    byId('held').closest('section').hidden = true;
    return;
  }
  told = await api.diagnosis(drawn);
  fill('chosen', ...verdictCard(told));
  offerOrder();
  showEvidence(told);
  showCounter(told);
  await Promise.all([showAnswers(drawn), showHeld(told)]);
  if (vibrating && told.evidence.features) await showSpectra(told);
}

async function load() {
  list = await api.diagnoses(id, LIMIT);
  const asked = Number(address.searchParams.get('diagnosis'));
  drawn ??= list.find((d) => d.diagnosis_id === asked)?.diagnosis_id ?? listed()[0]?.diagnosis_id ?? null;
  showList();
  await show();
  await Promise.all([showPrecision(workshopId()), showBaselines(), ...(vibrating ? [showTrend()] : [])]);
}

answerButtons(() => drawn, load);
byId('only-named').addEventListener('change', showList);
const again = await run(load);
if (vibrating) await askButton(id, choose);
for (const control of ['figure', 'days', 'kind']) byId(control)?.addEventListener('change', showTrend);
let newest = list[0]?.diagnosis_id;
listen((overview) => {
  const now = overview.find((machine) => machine.equipment_id === id)?.diagnosis?.diagnosis_id;
  if (now !== newest) again();
  newest = now;
});

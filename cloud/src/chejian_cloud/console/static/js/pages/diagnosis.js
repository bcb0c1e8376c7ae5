// Bearing diagnoses of a machine: the verdict, what speaks for it, what against it, and the spectrum to check it by.
import * as api from '../api.js';
import { clear } from '../charts/base.js';
import { lineName, linesOf, spectrum } from '../charts/spectrum.js';
import { dateSecondOf, dateTimeOf } from '../clock.js';
import { byId, fill, h, shape, table } from '../dom.js';
import { NONE, count, fixed, measured, percent } from '../format.js';
import { known, t, word } from '../i18n.js';
import { equipmentId, problem, run } from '../page.js';
import { listen } from '../stream.js';
import { confidenceText, verdictKey, verdictMark, verdictText } from '../verdict.js';

const LIMIT = 100;
const id = equipmentId();
const address = new URL(location.href);

let list = [];
let drawn = null; // id of the diagnosis that is shown

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

function showList() {
  byId('list-meta').textContent = t('diagnoses.count', { n: count(list.length), limit: LIMIT });
  if (!list.length) return fill('list', h('p', { class: 'empty' }, t('diagnoses.empty')));
  const columns = [
    [t('diagnoses.time'), (d) => h('button', { class: 'pick', type: 'button', 'data-key': d.diagnosis_id, onclick: () => choose(d.diagnosis_id) }, dateSecondOf(d.time)), 'time'],
    [t('diagnoses.serial'), (d) => d.serial ?? NONE],
    [t('diagnoses.verdict'), verdictMark],
    [t('diagnoses.confidence'), confidenceText],
    [t('diagnoses.score'), (d) => measured(d.score, 3), 'num'],
  ];
  return fill('list', table(t('diagnoses.caption'), columns, list, (d) => ({ 'aria-selected': d.diagnosis_id === drawn ? 'true' : 'false' })));
}

function facts(d) {
  const { evidence } = d;
  const features = evidence.features ?? {};
  const rows = [
    [t('chosen.time'), dateTimeOf(d.time)],
    [t('diagnoses.serial'), d.serial ?? NONE],
    [t('diagnoses.confidence'), confidenceText(d)],
    [t('diagnoses.score'), t('chosen.score.is', { score: measured(d.score, 3) })],
    [t('chosen.speed'), t('chosen.speed.is', { hz: fixed(evidence.shaft_hz, 3), rpm: fixed(evidence.shaft_hz * 60, 1), nominal: d.nominal_rpm === null ? NONE : fixed(d.nominal_rpm, 0) })],
    [t('chosen.slip'), percent(evidence.slip_offset, 2)],
    [t('chosen.features'), t('chosen.features.are', { rms: measured(features.rms, 3), peak: measured(features.peak, 3), crest: measured(features.crest, 3), kurtosis: measured(features.kurtosis, 3) })],
    [t('chosen.runner_up'), evidence.runner_up ? `${t(`part.${evidence.runner_up}`)} (${measured(evidence.runner_up_score, 3)})` : NONE],
    [t('chosen.bearing'), d.bearing ?? NONE],
    [t('chosen.method'), `${d.method} ${d.method_version}`],
    [t('evidence.computed'), dateTimeOf(d.computed_at)],
    [t('chosen.raw'), h('a', { href: `/diagnoses/${d.diagnosis_id}/waveform.csv`, download: true }, t('chosen.raw.link'))],
  ];
  return h('dl', { class: 'facts' }, rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}

function showChosen(d) {
  const key = verdictKey(d);
  const symbol = { none: 'ok', cannot_tell: 'unsure' }[key] ?? 'bad';
  fill(
    'chosen',
    h('p', { class: symbol === 'bad' ? 'verdict bad' : 'verdict' }, shape(symbol), verdictText(d)),
    d.reason && h('p', {}, word('reason', d.reason)),
    facts(d),
  );
}

function showEvidence(d) {
  const lines = d.evidence.lines ?? [];
  if (!lines.length) return fill('evidence', h('p', { class: 'empty' }, t('evidence.empty')));
  const columns = [
    [t('line.name'), (l) => lineName({ part: l.family, order: l.order, sideband: l.sideband })],
    [t('line.expected'), (l) => fixed(l.expected_hz, 2), 'num'],
    [t('line.found'), (l) => fixed(l.found_hz, 2), 'num'],
    [t('line.ratio'), (l) => measured(l.ratio, 3), 'num'],
    [t('line.counts'), (l) => (l.masked ? t('line.masked') : t('line.counted'))],
  ];
  return fill('evidence', table(t('evidence.caption'), columns, lines, (l) => ({ class: l.masked ? 'masked' : null })));
}

function circumstance({ code, value }) {
  const key = `against.${code}`;
  return known(key) ? t(key, { value: measured(value, 3), percent: percent(value, 2) }) : `${code}: ${measured(value, 3)}`;
}

function showCounter(d) {
  const against = d.evidence.counter_evidence ?? [];
  const masks = d.evidence.masks ?? [];
  fill(
    'counter',
    against.length ? h('ul', {}, against.map((item) => h('li', {}, circumstance(item)))) : h('p', {}, t('counter.none')),
    h('h3', {}, t('masks.title')),
    masks.length
      ? h('ul', {}, masks.map((mask) => h('li', {}, t('masks.is', { kind: word('mask', mask.kind), hz: fixed(mask.base_hz, 2), width: fixed(mask.half_width_hz, 2) }))))
      : h('p', {}, t('masks.none')),
  );
}

async function showSpectrum(d) {
  const data = await api.spectrum(d.diagnosis_id).catch((error) => error);
  if (data instanceof Error) {
    byId('spectrum-note').textContent = data.message;
    clear('spectrum', t('spectrum.empty'));
    return;
  }
  spectrum('spectrum', { ...data, id: d.diagnosis_id, lines: linesOf(data.markers, d.evidence) }, d.part);
  byId('spectrum-note').textContent = t('spectrum.note');
}

async function show() {
  if (drawn === null) {
    fill('chosen', h('p', { class: 'empty' }, t('diagnoses.empty')));
    fill('evidence');
    fill('counter');
    return clear('spectrum', t('diagnoses.empty'));
  }
  const diagnosis = await api.diagnosis(drawn);
  showChosen(diagnosis);
  showEvidence(diagnosis);
  showCounter(diagnosis);
  byId('spectrum-meta').textContent = dateTimeOf(diagnosis.time);
  await showSpectrum(diagnosis);
  return null;
}

async function load() {
  list = await api.diagnoses(id, LIMIT);
  const asked = Number(address.searchParams.get('diagnosis'));
  drawn ??= list.find((d) => d.diagnosis_id === asked)?.diagnosis_id ?? list[0]?.diagnosis_id ?? null;
  showList();
  await show();
}

const again = await run(load);
let newest = list[0]?.diagnosis_id;
listen((overview) => {
  const told = overview.find((machine) => machine.equipment_id === id)?.diagnosis?.diagnosis_id;
  if (told !== newest) again();
  newest = told;
});

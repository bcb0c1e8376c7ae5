// A verdict as a maintenance engineer reads it: what it is, how sure, why, what speaks against it, what to do next.
import { dateMinuteOf, dateTimeOf } from './clock.js';
import { fold, h, shape } from './dom.js';
import { NONE, count, fixed, measured, percent, unitText } from './format.js';
import { known, t, word } from './i18n.js';
import { confidenceText, verdictKey, verdictShape } from './verdict.js';

const PRESENT = Math.exp(1.75); // power over background from which a line counts as present, as the method does
const GROWN = Math.log(2); // a doubling [nat]
const OF_SIGNAL = new Set(['pressure_drop', 'clean_pressure_drop', 'baseline_level', 'baseline_deviation']); // figures in the signal's unit
const middle = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

function whyBearing(d) {
  const read = (d.evidence.lines ?? []).filter((line) => !line.masked);
  const found = read.filter((line) => line.ratio >= PRESENT);
  const first = read.find((line) => !line.sideband);
  const faint = (d.evidence.counter_evidence ?? []).find(({ code }) => code === 'lines_faint');
  if (faint) return t('why.faint', { part: t(`part.${d.evidence.explanations[0].part}`), percent: percent(faint.value, 1) });
  if (!d.part || !found.length || !first) return t(`why.${verdictKey(d)}`);
  const values = { n: count(found.length), all: count(read.length), times: measured(middle(found.map((l) => l.ratio)), 2), hz: fixed(first.found_hz, 1), part: t(`part.${d.part}`) };
  return t('why.bearing', values);
}

function whyShaft(d) {
  const grown = (d.evidence.indicators ?? []).filter((i) => i.name.startsWith('order_') && i.growth >= GROWN);
  if (!d.part || !grown.length) return t(`why.${verdictKey(d)}`);
  const orders = grown.map((i) => t('why.order', { order: i.name.slice('order_'.length), times: measured(Math.exp(i.growth), 2) }));
  return t('why.shaft', { orders: orders.join(t('list.comma')) });
}

function whyProcess(d) {
  const { evidence } = d;
  if (!d.part) return t(`why.${verdictKey(d)}`);
  const figures = (evidence.indicators ?? []).map((i) => `${indicatorName(i)} ${indicatorValue(i, d.unit)}`);
  const since = evidence.onset_us ? t('why.since', { time: dateTimeOf(evidence.onset_us / 1000) }) : '';
  return t('why.process', { channel: evidence.channel, figures: figures.join(t('list.comma')), since });
}

/** What a figure of a verdict is: an order, a figure of its own name, or the strength of a kind of fault. */
export function indicatorName({ name }) {
  if (name.startsWith('order_')) return t('order.is', { n: name.slice('order_'.length) });
  return word(known(`indicator.${name}`) ? 'indicator' : 'part', name);
}

/** The value of a figure with its unit; `unit` is that of the signal. */
export function indicatorValue({ name, value }, unit) {
  const n = measured(value, 3);
  if (name === 'shift') return t('indicator.deviations', { n });
  if (name === 'per_hour') return `${n} ${unitText(unit)}/h`;
  return OF_SIGNAL.has(name) ? `${n} ${unitText(unit)}` : n;
}

const WHY = { bearing_envelope: whyBearing, shaft_orders: whyShaft };

/** One circumstance that speaks against a verdict, in words. */
export function circumstance({ code, value }) {
  const key = `against.${code}`;
  if (!known(key)) return code.startsWith('not_evaluated_') ? t('against.not_evaluated', { part: word('part', code.slice('not_evaluated_'.length)) }) : `${code}: ${measured(value, 3)}`;
  return t(key, { value: measured(value, 3), percent: percent(value, 2) });
}

/** Vibration of the machine in words: velocity and zone with the limit above it. */
function severity({ severity: s }) {
  if (!s) return null;
  const velocity = measured(s.velocity_mm_s, 3);
  if (!s.zone) return t('severity.no_zone', { velocity });
  const next = s.limits['ABC'.indexOf(s.zone)];
  return t(`severity.${s.zone}`, { velocity, limit: next === undefined ? '' : measured(next, 2) });
}

/** When the limit is reached if a process channel goes on as it did, or why nobody can tell. */
function reached({ evidence, unit }) {
  if (evidence.part !== 'filter_clogging') return null;
  if (!evidence.forecast) return t('forecast.none');
  const { limit, best_us: best, low_us: low, high_us: high } = evidence.forecast;
  const [at, from, to] = [best, low, high].map((us) => dateMinuteOf(us / 1000));
  return t('forecast.is', { limit: `${measured(limit, 3)} ${unitText(unit)}`, best: at, low: from, high: to });
}

/** Course of what the verdict rests on: since when, how fast, and how long at least and at most, or why not. */
function course({ course: c }) {
  if (!c) return null;
  const what = c.indicator === 'velocity' ? t('course.velocity') : t('course.lines', { part: t(`part.${c.indicator}`) });
  const grows = c.growth_per_day > 0 ? t('course.grows', { percent: percent(Math.expm1(c.growth_per_day), 1) }) : '';
  const since = c.onset ? `${t('course.since', { what, time: dateTimeOf(c.onset) })}${grows}` : '';
  if (c.reason) return `${since}${t('course.none', { reason: t(`course.no.${c.reason}`) })}`;
  return `${since}${t('course.life', { limit: t(`course.${c.limit_is}`), low: measured(c.low_days, 2), high: measured(c.high_days, 2), best: measured(c.best_days, 2) })}`;
}

function supporting(d) {
  const items = d.evidence.supporting_evidence ?? [];
  return items.length ? h('ul', {}, items.map((item) => h('li', {}, t(`supports.${item.code}`, { value: measured(item.value, 2) })))) : null;
}

function facts(d) {
  const { evidence } = d;
  const features = evidence.features ?? {};
  const rows = [
    [t('diagnoses.score'), d.method === 'bearing_envelope' ? t('chosen.score.is', { score: measured(d.score, 3) }) : measured(d.score, 3)],
    evidence.shaft_hz && [t('chosen.speed'), t('chosen.speed.is', { hz: fixed(evidence.shaft_hz, 3), rpm: fixed(evidence.shaft_hz * 60, 1), nominal: d.nominal_rpm === null ? NONE : fixed(d.nominal_rpm, 0) })],
    evidence.slip_offset !== undefined && [t('chosen.slip'), percent(evidence.slip_offset, 2)],
    evidence.depth !== undefined && [t('chosen.depth'), percent(evidence.depth, 1)],
    evidence.features && [t('chosen.features'), t('chosen.features.are', { rms: measured(features.rms, 3), peak: measured(features.peak, 3), crest: measured(features.crest, 3), kurtosis: measured(features.kurtosis, 3) })],
    evidence.runner_up && [t('chosen.runner_up'), `${t(`part.${evidence.runner_up}`)} (${measured(evidence.runner_up_score, 3)})`],
    d.bearing && [t('chosen.bearing'), d.bearing],
    [t('chosen.method'), `${d.method} ${d.method_version}`],
    [t('chosen.baseline'), evidence.baseline || t('chosen.cold')],
    [t('evidence.computed'), dateTimeOf(d.computed_at)],
    evidence.lines && [t('chosen.raw'), h('a', { href: `/diagnoses/${d.diagnosis_id}/waveform.csv`, download: true }, t('chosen.raw.link'))],
    evidence.features && [t('chosen.again'), h('a', { href: `/api/v1/diagnoses/${d.diagnosis_id}/recompute` }, t('chosen.again.link'))],
  ].filter(Boolean);
  return h('dl', { class: 'facts' }, rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}

function whole(d, key) {
  const against = d.evidence.counter_evidence ?? [];
  const unsure = d.confidence === 'probable';
  const graded = severity(d);
  const agreeing = supporting(d);
  const went = course(d) ?? reached(d);
  const parts = [
    [t('card.when'), `${dateTimeOf(d.time)}${d.serial ? ` · ${t('diagnoses.serial')} ${d.serial}` : ''}`],
    [t('card.sure'), `${confidenceText(d)} - ${t(`sure.${d.confidence}`)}`],
    [t('card.why'), d.reason ? word('reason', d.reason) : (WHY[d.method] ?? whyProcess)(d)],
    agreeing && [t('card.supports'), agreeing],
    [t('card.against'), against.length ? h('ul', {}, against.map((item) => h('li', {}, circumstance(item)))) : t('counter.none')],
    graded && [t('card.severity'), graded],
    went && [t('card.course'), went],
    [t('card.next'), h('strong', {}, d.part && unsure ? t('next.probable') : '', t(`next.${key}`))],
  ].filter(Boolean);
  return h('dl', { class: 'card-of-verdict' }, parts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}

/** Elements of a verdict's card. */
export function verdictCard(d) {
  const key = verdictKey(d);
  const symbol = verdictShape(d);
  return [
    h('p', { class: symbol === 'bad' ? 'verdict bad' : 'verdict' }, shape(symbol), t(`what.${key}`)),
    whole(d, key),
    fold('facts', t('card.facts'), facts(d)),
  ];
}

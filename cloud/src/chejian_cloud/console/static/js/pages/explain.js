// How a number came about: its formula with the numbers in it, and everything behind them.
import * as api from '../api.js';
import { dateSecondOf, dateTimeOf, windowText } from '../clock.js';
import { byId, fill, h, options, table } from '../dom.js';
import { NONE, count, fixed, minutes, percent, span } from '../format.js';
import { nameOf, t, word } from '../i18n.js';
import { stateName } from '../palette.js';
import { equipmentId, lastHours, problem, run } from '../page.js';
import { explanation } from '../reasons.js';
import { listen } from '../stream.js';

const id = equipmentId();
const WINDOWS = { hour: 48, shift: 24 * 7, day: 24 * 30 }; // hours looked back by kind of window
const address = new URL(location.href);
let definitions = {};

const valueText = (kpi, value) => {
  if (value === null) return t('kpi.undefined');
  return kpi.unit === '1' ? percent(value, 2) : `${fixed(value, 3)} ${kpi.unit}`;
};

function showValue(body) {
  const { kpi, value } = body;
  const numbers = [value.numerator, value.denominator].map((n) => (n === null ? NONE : count(n)));
  fill(
    'value',
    h('p', { class: 'equation' }, h('span', {}, nameOf(kpi)), '=', h('span', { class: 'code' }, kpi.formula), '=', h('span', {}, `${numbers[0]} / ${numbers[1]}`), '=', h('b', {}, valueText(kpi, value.value)), h('small', {}, t('explain.units'))),
    h(
      'dl',
      { class: 'facts' },
      [
        [t('evidence.window'), windowText(value.start, value.end)],
        [t('evidence.clause'), kpi.clause],
        [t('evidence.version'), value.formula_version],
        [t('explain.completeness'), percent(value.completeness)],
        [t('evidence.computed'), dateTimeOf(value.computed_at)],
        [t('explain.source'), t(body.from_samples ? 'explain.from_samples' : 'explain.from_storage')],
      ].flatMap(([name, text]) => [h('dt', {}, name), h('dd', {}, text)]),
    ),
    h('p', {}, [...value.flags, ...(value.provisional ? ['provisional'] : [])].map((flag) => h('span', { class: 'flag' }, word('flag', flag)))),
    body.agrees === null ? null : h('p', { class: body.agrees ? 'check-ok' : 'check-bad' }, t(body.agrees ? 'explain.agrees' : 'explain.differs')),
  );
}

function showTerms(body) {
  const whole = body.waterfall.reduce((sum, step) => sum + step.us, 0);
  const columns = [
    [t('explain.step'), (step) => t(`step.${step.name}`)],
    [t('oee.minutes'), (step) => fixed(minutes(step.us), 2), 'num'],
    [t('explain.share'), (step) => percent(step.us / whole), 'num'],
  ];
  const counts = ['produced', 'good', 'scrap', 'rework'].filter((name) => body.terms[name] !== null && body.terms[name] !== undefined);
  fill(
    'terms',
    body.waterfall.length ? table(t('explain.terms.caption'), columns, body.waterfall) : h('p', { class: 'empty' }, t('explain.not_kept')),
    h('p', { class: 'meta' }, counts.map((name) => `${t(`count.${name}`)} ${count(body.terms[name])}`).join(' · ')),
  );
  const rest = body.terms.calendar_us - whole;
  byId('terms-check').textContent = body.waterfall.length ? (rest === 0 ? t('losses.closed', { minutes: fixed(minutes(whole), 1) }) : t('losses.open', { rest: fixed(minutes(rest), 3) })) : '';
}

function cycles(row) {
  if (!row.cycles.length) return t('explain.no_cycle');
  return row.cycles.map((cycle) => h('div', {}, t('explain.cycle', { seconds: fixed(cycle.seconds, 2), date: dateTimeOf(cycle.valid_from).slice(0, 16) })));
}

function showProducts(body) {
  const columns = [
    [t('explain.product'), (row) => row.product || t('output.untold')],
    [t('count.produced'), (row) => count(row.produced), 'num'],
    [t('count.good'), (row) => count(row.good), 'num'],
    [t('count.scrap'), (row) => count(row.scrap), 'num'],
    [t('count.rework'), (row) => count(row.rework), 'num'],
    [t('explain.cycles'), cycles],
    [t('explain.ideal_time'), (row) => `${fixed(minutes(row.ideal_us), 2)} min`, 'num'],
  ];
  fill('products', body.products.length ? table(t('explain.products.caption'), columns, body.products) : h('p', { class: 'empty' }, t('explain.products.none')));
  const moved = [
    [t('signals.time'), (row) => dateSecondOf(row.time), 'time'],
    [t('count.scrap'), (row) => count(row.scrap), 'num'],
    [t('count.rework'), (row) => count(row.rework), 'num'],
  ];
  fill('corrections', body.corrections.length ? table(t('explain.corrections'), moved, body.corrections) : null);
}

function showReasons(body) {
  const columns = [
    [t('stops.reason'), (bar) => nameOf(bar)],
    [t('oee.minutes'), (bar) => fixed(minutes(bar.duration_us), 2), 'num'],
    [t('explain.times'), (bar) => count(bar.occurrences), 'num'],
    [t('explain.share'), (bar) => percent(bar.share), 'num'],
  ];
  fill('reasons', body.reasons.length ? table(t('explain.reasons.caption'), columns, body.reasons) : h('p', { class: 'empty' }, t('explain.reasons.none')));
}

function showIntervals(body) {
  const reason = (row) => (row.reason ? nameOf({ name_zh: row.reason_zh, name_en: row.reason_en, code: row.reason }) : NONE);
  const columns = [
    [t('stops.start'), (row) => dateSecondOf(row.start), 'time'],
    [t('stops.length'), (row) => span(row.end - row.start), 'num'],
    [t('timeline.state'), (row) => stateName(row.state)],
    [t('explain.class'), (row) => t(`class.${row.loss}`)],
    [t('timeline.category'), (row) => t(`category.${row.category}`)],
    [t('stops.reason'), reason],
  ];
  fill('intervals', body.intervals.length ? table(t('explain.intervals.caption', { n: count(body.intervals.length) }), columns, body.intervals) : h('p', { class: 'empty' }, t('states.empty')));
}

function showRevisions(body) {
  const columns = [
    [t('explain.revised_at'), (row) => dateTimeOf(row.revised_at), 'time'],
    [t('explain.was'), (row) => valueText(body.kpi, row.old_value), 'num'],
    [t('explain.became'), (row) => valueText(body.kpi, row.new_value), 'num'],
    [t('explain.cause'), (row) => (row.cause === 'samples' || !row.cause ? t('explain.late_samples') : row.cause)],
  ];
  fill('revisions', body.revisions.length ? table(t('explain.revisions.caption'), columns, body.revisions) : h('p', { class: 'empty' }, t('explain.revisions.none')));
}

async function show() {
  const [kpi, kind, start] = ['kpi', 'window', 'start'].map((name) => byId(`choose-${name}`).value);
  if (!start) {
    fill('value', h('p', { class: 'empty' }, t('kpis.empty')));
    return;
  }
  for (const [name, value] of Object.entries({ kpi, window: kind, start })) address.searchParams.set(name, value);
  history.replaceState(null, '', address);
  const body = await explanation(id, kpi, kind, Number(start));
  byId('value-meta').textContent = windowText(body.value.start, body.value.end);
  for (const part of [showValue, showTerms, showProducts, showReasons, showIntervals, showRevisions]) part(body);
}

async function load() {
  if (!Object.keys(definitions).length) definitions = await api.kpiDefinitions();
  const kind = byId('choose-window').value;
  const [from, to] = lastHours(WINDOWS[kind]);
  const rows = await api.kpis(id, { kpi: 'oee', window: kind, from, to });
  const starts = rows.sort((a, b) => b.start - a.start);
  const wanted = Number(address.searchParams.get('start'));
  const kept = starts.find((row) => row.start <= wanted && wanted < row.end) ?? starts[0];
  options('choose-start', starts.map((row) => [row.start, windowText(row.start, row.end) + (row.provisional ? ` · ${t('card.provisional')}` : '')]), kept?.start);
  const kpi = address.searchParams.get('kpi') ?? 'oee';
  options('choose-kpi', Object.values(definitions).map((d) => [d.id, nameOf(d)]), kpi);
  await show();
}

async function guarded(action) {
  try {
    await action();
    problem('');
  } catch (error) {
    problem(t('error.load', { reason: error.message }));
  }
}

if (address.searchParams.get('window') in WINDOWS) byId('choose-window').value = address.searchParams.get('window');
byId('choose-form').addEventListener('submit', (event) => event.preventDefault());
byId('choose-window').addEventListener('change', () => {
  address.searchParams.delete('start');
  guarded(load);
});
for (const name of ['kpi', 'start']) {
  byId(`choose-${name}`).addEventListener('change', () => guarded(show));
}
await run(load);
listen(() => {}); // tells whether the server still answers

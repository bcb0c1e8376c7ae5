// The OEE board of a line or a workshop: sums of its machines, each line at its bottleneck, and the way down to a machine.
import * as api from '../api.js';
import { clear } from '../charts/base.js';
import { COMPLETE_ENOUGH } from '../charts/oee_hours.js';
import { pareto } from '../charts/pareto.js';
import { stepsChart } from '../charts/steps.js';
import { dateTimeOf, windowText } from '../clock.js';
import { byId, fill, h, table } from '../dom.js';
import { NONE, fixed, minutes, percent } from '../format.js';
import { language, nameOf, t, word } from '../i18n.js';
import { calmly, lastHours, pageScope, problem, run } from '../page.js';
import { sheet, sheetTable } from '../sheet.js';
import { listen } from '../stream.js';
import { chooser, chosenKind, hoursBack, offer } from '../windows.js';

const scope = pageScope();
const FACTORS = ['availability', 'effectiveness', 'quality_ratio'];
let windows = []; // [{start, end, provisional}] of any machine, newest first

function big(kpi, value, completeness, flags, chief) {
  const sure = completeness !== null && completeness >= COMPLETE_ENOUGH;
  const text = value === null ? t(completeness === 0 ? 'nodata' : 'kpi.undefined') : percent(value);
  return h(
    'div',
    { class: chief ? 'number chief' : 'number' },
    h('div', { class: 'name' }, t(`kpi.${kpi}`)),
    h('div', { class: ['big', sure ? '' : 'unsure', completeness === 0 ? 'hatched' : ''].join(' ').trim() }, h('span', {}, text)),
    h('div', { class: 'meta' }, t('completeness.is', { share: percent(completeness) })),
    h('div', {}, chief ? flags.map((flag) => h('span', { class: 'flag' }, word('flag', flag))) : []),
  );
}

function showNumbers(body) {
  const of = Object.fromEntries(body.kpis.map((kpi) => [kpi.id, kpi.value]));
  const line = scope.line_id ? body.lines[0] : null;
  const told = line ?? { ...Object.fromEntries(['oee', ...FACTORS].map((id) => [id, of[id]])), completeness: body.completeness, flags: body.flags };
  fill('now', ['oee', ...FACTORS].map((kpi) => big(kpi, told[kpi], told.completeness, told.flags, kpi === 'oee')));
  byId('now-note').textContent = line
    ? t('sums.line', { machines: line.bottleneck.join(', '), starved: fixed(minutes(line.starved_us), 1), blocked: fixed(minutes(line.blocked_us), 1), sums: percent(of.oee) })
    : t('sums.workshop');
  if (body.uncounted.length) byId('now-note').append(` ${t('sums.uncounted', { machines: body.uncounted.join(', ') })}`);
}

function showLines(body) {
  const columns = [
    [t('sums.name'), (row) => h('a', { href: `/lines/${row.line_id}/oee`, 'data-key': `line ${row.line_id}` }, `${row.code} ${nameOf(row)}`)],
    [t('kpi.oee'), (row) => percent(row.oee), 'num'],
    ...FACTORS.map((kpi) => [t(`kpi.${kpi}`), (row) => percent(row[kpi]), 'num']),
    [t('sums.bottleneck'), (row) => row.bottleneck.join(', ')],
    [t('sums.completeness'), (row) => percent(row.completeness), 'num'],
  ];
  if (byId('lines')) fill('lines', table(t('sums.lines.caption'), columns, body.lines));
}

const hours = (value) => (value === null ? NONE : fixed(value, 2));

function showMachines(body) {
  const worst = [...body.machines].sort((a, b) => (a.oee ?? 2) - (b.oee ?? 2));
  const columns = [
    [t('sums.name'), (row) => h('a', { href: `/equipment/${row.equipment_id}/oee`, 'data-key': row.code }, `${row.code} ${nameOf(row)}`)],
    [t('kpi.oee'), (row) => percent(row.oee), 'num'],
    ...FACTORS.map((kpi) => [t(`kpi.${kpi}`), (row) => percent(row[kpi]), 'num']),
    ['MTBF [h]', (row) => hours(row.mtbf), 'num'],
    ['MTTR [h]', (row) => hours(row.mttr), 'num'],
    [t('sums.completeness'), (row) => percent(row.completeness), 'num'],
    [t('sums.flags'), (row) => row.flags.map((flag) => h('span', { class: 'flag' }, word('flag', flag))), 'wide'],
  ];
  fill('machines', table(t('sums.machines.caption'), columns, worst));
}

async function showWindow() {
  const chosen = offer(windows);
  if (!chosen) {
    fill('now', h('p', { class: 'empty' }, t('kpis.empty')));
    for (const chart of ['losses', 'pareto']) clear(chart, t('kpis.empty'));
    return;
  }
  const text = windowText(chosen.start, chosen.end);
  for (const [form, id] of [['csv', 'file-csv'], ['xlsx', 'file-xlsx']]) {
    byId(id).href = `/api/v1/kpi-values/file?${new URLSearchParams({ format: form, window: chosenKind(), ...scope, ...api.span(chosen.start, chosen.end) })}`;
  }
  for (const [window, id] of [[chosenKind(), 'file-pdf'], ['month', 'file-pdf-month']]) {
    byId(id).href = `/api/v1/reports/production?${new URLSearchParams({ window, start: new Date(chosen.start).toISOString(), lang: language === 'en' ? 'en' : 'zh', ...scope })}`;
  }
  const [body, losses] = await Promise.all([sheet(scope, chosenKind(), chosen.start), api.get('/losses', { ...scope, ...api.span(chosen.start, chosen.end) })]);
  byId('now-meta').textContent = t('window.is', { window: text, age: dateTimeOf(body.computed_at) });
  for (const panel of ['losses', 'pareto', 'machines', 'sheet']) byId(`${panel}-meta`).textContent = text;
  showNumbers(body);
  showLines(body);
  showMachines(body);
  fill('sheet', sheetTable(body.kpis));
  if (losses.waterfall.length) stepsChart('losses', losses.waterfall);
  else clear('losses', t('kpis.empty'));
  if (losses.pareto.length) pareto('pareto', losses.pareto);
  else clear('pareto', t('oee.pareto.none'));
}

async function load() {
  const [from, to] = lastHours(hoursBack());
  const known = new Map();
  for (const { values } of await api.kpisIn(scope, { kpi: 'oee', window: chosenKind(), from, to })) {
    for (const row of values) known.set(row.start, row);
  }
  windows = [...known.values()].sort((a, b) => b.start - a.start);
  await showWindow();
}

const told = (action) => async () => {
  try {
    await action();
    problem('');
  } catch (error) {
    problem(t('error.load', { reason: error.message }));
  }
};

chooser(told(load), told(showWindow));
listen(calmly(await run(load), 30_000));

// The OEE board of a machine: is it on plan, when did it slip, where did the shift go, what to mend first?
import * as api from '../api.js';
import { clear } from '../charts/base.js';
import { countLines } from '../charts/count_lines.js';
import { dayHeat } from '../charts/day_heat.js';
import { COMPLETE_ENOUGH, oeeHours, oeeLegend } from '../charts/oee_hours.js';
import { pareto } from '../charts/pareto.js';
import { stepsChart } from '../charts/steps.js';
import { DAY, dateTimeOf, windowText } from '../clock.js';
import { byId, fill, h, options } from '../dom.js';
import { count, fixed, minutes, percent } from '../format.js';
import { t, word } from '../i18n.js';
import { calmly, equipmentId, lastHours, problem, run } from '../page.js';
import { lossesOf } from '../reasons.js';
import { semiTables } from '../semi.js';
import { sheet, sheetTable } from '../sheet.js';
import { listen } from '../stream.js';

const id = equipmentId();
const KPIS = ['oee', 'availability', 'effectiveness', 'quality_ratio'];
/** World-class targets (Nakajima 1988: 90 % x 95 % x 99 % = 85 %): marks to steer by, not a verdict. */
const TARGETS = { oee: 0.85, availability: 0.9, effectiveness: 0.95, quality_ratio: 0.99 };
const DAYS = 90;
const WEEK = 7 * DAY;

let shifts = []; // windows with their KPI rows, newest first

function change(kpi, row) {
  const before = shifts.find((shift) => shift.start === row.start - WEEK)?.kpis[kpi];
  if (!before || before.value === null || row.value === null) return t('oee.no_before');
  const points = (row.value - before.value) * 100;
  return t('oee.change', { points: `${points >= 0 ? '+' : '−'}${fixed(Math.abs(points), 1)}` });
}

function number(kpi, row) {
  const known = row.value !== null;
  const sure = row.completeness !== null && row.completeness >= COMPLETE_ENOUGH;
  const text = known ? percent(row.value) : t(row.completeness === 0 ? 'nodata' : 'kpi.undefined');
  const why = `/equipment/${id}/explain?kpi=${kpi}&window=shift&start=${row.start}`;
  const reached = known && row.value >= TARGETS[kpi];
  return h(
    'div',
    { class: kpi === 'oee' ? 'number chief' : 'number' },
    h('div', { class: 'name' }, t(`kpi.${kpi}`)),
    h('div', { class: ['big', sure ? '' : 'unsure', row.completeness === 0 ? 'hatched' : ''].join(' ').trim() }, h('span', {}, text)),
    h('div', { class: 'meta' }, `${t('oee.target', { share: percent(TARGETS[kpi], 0) })} ${known ? t(reached ? 'oee.reached' : 'oee.missed') : ''}`),
    h('div', { class: 'meta' }, change(kpi, row)),
    h('div', { class: 'meta' }, t('completeness.is', { share: percent(row.completeness) })),
    h('div', {}, row.flags.map((flag) => h('span', { class: 'flag' }, word('flag', flag)))),
    h('a', { href: why, 'data-key': `why ${kpi}` }, t('oee.why')),
  );
}

const chosen = () => shifts.find((shift) => shift.start === Number(byId('shift').value)) ?? shifts[0];

async function showShift() {
  const shift = chosen();
  if (!shift) {
    fill('now', h('p', { class: 'empty' }, t('kpis.empty')));
    fill('semi', semiTables(null));
    for (const chart of ['losses', 'pareto', 'counts']) clear(chart, t('kpis.empty'));
    return;
  }
  const text = windowText(shift.start, shift.end);
  byId('now-meta').textContent = t('window.is', { window: text, age: dateTimeOf(shift.kpis.oee.computed_at) });
  fill('now', KPIS.filter((kpi) => shift.kpis[kpi]).map((kpi) => number(kpi, shift.kpis[kpi])));
  for (const form of ['csv', 'xlsx']) byId(`file-${form}`).href = fileUrl(form, shift);
  const [found, hours, every] = await Promise.all([lossesOf(id, shift.start, shift.end), api.kpis(id, { kpi: 'oee', window: 'hour', from: shift.start, to: shift.end }), sheet(id, 'shift', shift.start)]);
  fill('sheet', sheetTable(every.kpis, { explain: (kpi) => (shift.kpis[kpi.id] ? `/equipment/${id}/explain?kpi=${kpi.id}&window=shift&start=${shift.start}` : null) }));
  for (const panel of ['losses', 'pareto', 'counts', 'semi', 'sheet']) byId(`${panel}-meta`).textContent = text;
  fill('semi', semiTables(found.semi));
  showLosses(found);
  showCounts(shift, hours);
}

function fileUrl(form, shift) {
  const query = { format: form, window: 'shift', from: new Date(shift.start).toISOString(), to: new Date(shift.end).toISOString() };
  const { line, workshop } = document.body.dataset;
  return `/api/v1/kpi-values/file?${new URLSearchParams(line ? { ...query, line_id: line } : { ...query, workshop_id: workshop })}`;
}

function showLosses(found) {
  if (!found.waterfall.length) {
    clear('losses', t('kpis.empty'));
    clear('pareto', t('kpis.empty'));
    return;
  }
  stepsChart('losses', found.waterfall);
  const rest = found.terms.calendar_us - found.waterfall.reduce((sum, step) => sum + step.us, 0);
  byId('losses-check').textContent = rest === 0 ? t('losses.closed', { minutes: fixed(minutes(found.terms.calendar_us), 1) }) : t('losses.open', { rest: fixed(minutes(rest), 3) });
  if (found.pareto.length) pareto('pareto', found.pareto);
  else clear('pareto', t('oee.pareto.none'));
}

/** Sums by hour of what was made, and of what the planned time holds at the shift's mean ideal cycle. */
function showCounts(shift, hours) {
  const { produced, ideal_us: ideal } = shift.kpis.oee.inputs;
  if (!produced || !ideal) {
    byId('counts-note').textContent = '';
    clear('counts', t('oee.counts.none'));
    return;
  }
  const cycle = ideal / produced;
  let [actual, planned] = [0, 0];
  const rows = hours
    .filter((hour) => hour.start >= shift.start && hour.end <= shift.end)
    .map(({ start, end, inputs }) => {
      actual += inputs.produced ?? 0;
      planned += inputs.calendar_us - inputs.not_scheduled_us - inputs.planned_stop_us;
      return { start, end, actual, ideal: planned / cycle };
    });
  countLines('counts', rows, shift.start, shift.end);
  byId('counts-note').textContent = t('oee.counts.note', { seconds: fixed(cycle / 1e6, 2), n: count(produced) });
}

async function showHours() {
  const [from, to] = lastHours(24);
  const rows = await api.kpis(id, { kpi: 'oee', window: 'hour', from, to });
  byId('hours-meta').textContent = windowText(from, to);
  oeeHours('hours', [{ name: 'OEE', hours: rows }], from, to);
  oeeLegend('hours-legend');
}

async function showHeat() {
  const to = Date.now();
  const days = (await api.kpis(id, { kpi: 'oee', window: 'day', from: to - DAYS * DAY, to })).sort((a, b) => a.start - b.start);
  byId('heat-meta').textContent = t('oee.heat.days', { n: count(days.length) });
  oeeLegend('heat-legend');
  if (days.length) dayHeat('heat', days);
  else clear('heat', t('kpis.empty'));
}

async function load() {
  const [from, to] = lastHours(24 * 15);
  const before = Number(byId('shift').value);
  shifts = api.windowsOf(await api.kpis(id, { window: 'shift', from, to }));
  const kept = shifts.some((shift) => shift.start === before) ? before : shifts[0]?.start;
  options('shift', shifts.map((s) => [s.start, windowText(s.start, s.end) + (s.provisional ? ` · ${t('card.provisional')}` : '')]), kept);
  await Promise.all([showShift(), showHours(), showHeat()]);
}

byId('shift-form').addEventListener('submit', (event) => event.preventDefault());
byId('shift').addEventListener('change', async () => {
  try {
    await showShift();
    problem('');
  } catch (error) {
    problem(t('error.load', { reason: error.message }));
  }
});

const again = await run(load);
const reload = calmly(again, 30_000);
let before = '';
listen((overview) => {
  const now = JSON.stringify(overview.find((machine) => machine.equipment_id === id));
  if (before && now !== before) reload();
  before = now;
});

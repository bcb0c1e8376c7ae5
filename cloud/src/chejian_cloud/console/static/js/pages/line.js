// One line: its machines in the order of their flow, their states under each other, what it puts out, who waits for whom.
import * as api from '../api.js';
import { showCards } from '../cards.js';
import { clear } from '../charts/base.js';
import { lineOutput } from '../charts/output.js';
import { legend, timeline, totals } from '../charts/timeline.js';
import { DAY, windowText } from '../clock.js';
import { byId, fill, h, table } from '../dom.js';
import { windowsOf } from '../energy.js';
import { NONE, fixed, measured, percent, span } from '../format.js';
import { t } from '../i18n.js';
import { meterTable } from '../meter_table.js';
import { stateName } from '../palette.js';
import { lastHours, lineId, pageScope, run, workshopId } from '../page.js';
import { showShift } from '../shift.js';
import { shareBar } from '../states.js';
import { listen } from '../stream.js';

const HOURS = 24;
const HOUR_US = 3_600_000_000;
const [PRODUCING, FAULT, STOPPED, STARVED, BLOCKED, NO_DATA] = [1, 3, 4, 5, 6, 0]; // numbers of the contract's MachineState
const scope = pageScope();

let machines = []; // as the stream last told
let extras = new Map(); // by equipment id: {product, seen}
let waits = new Map(); // by equipment id: [state -> ms] of the shift

/** Pieces an hour of production time, against the planned rate of the same mix of products. */
function rate({ shift }) {
  if (!shift || !shift.produced || !shift.apt_us) return NONE;
  const actual = (shift.produced * HOUR_US) / shift.apt_us;
  if (!shift.ideal_us) return `${measured(actual, 3)} / ${NONE} ${t('unit.per_hour')}`;
  const ideal = (shift.produced * HOUR_US) / shift.ideal_us;
  return `${measured(actual, 3)} / ${measured(ideal, 3)} ${t('unit.per_hour')} · ${percent(shift.ideal_us / shift.apt_us, 0)}`;
}

function waiting(machine) {
  const sums = waits.get(machine.equipment_id);
  if (!sums) return NONE;
  const whole = [...sums.values()].reduce((a, b) => a + b, 0);
  return [STARVED, BLOCKED].map((state) => percent(whole ? (sums.get(state) ?? 0) / whole : null)).join(' / ');
}

const rowsOf = (machine) => [[t('line.rate'), rate(machine)], [t('line.waiting'), waiting(machine)]];

function showWaits(rows, from, to) {
  waits = new Map(rows.map((row) => [row.equipment_id, totals([row], from, to)]));
  byId('waits-meta').textContent = windowText(from, to);
  const known = rows.filter((row) => waits.get(row.equipment_id).size);
  if (!known.length) return fill('waits', h('p', { class: 'empty' }, t('states.empty')));
  const share = (state) => ({ equipment_id: id }) => {
    const sums = waits.get(id);
    const length = sums.get(state) ?? 0;
    return length ? h('span', { title: span(length) }, percent(length / [...sums.values()].reduce((a, b) => a + b, 0))) : NONE;
  };
  const columns = [
    [t('waits.machine'), (row) => h('a', { href: `/equipment/${row.equipment_id}`, 'data-key': row.code }, row.code)],
    [t('waits.shares'), (row) => shareBar(waits.get(row.equipment_id)), 'bar'],
    ...[PRODUCING, STARVED, BLOCKED, FAULT, STOPPED, NO_DATA].map((state) => [stateName(state), share(state), 'num']),
  ];
  return fill('waits', table(t('waits.caption'), columns, known));
}

async function showStates(shift) {
  const [from, to] = lastHours(HOURS);
  const rows = (await api.statesIn(scope, from, to)).map((row) => ({ ...row, name: row.code }));
  byId('states-meta').textContent = windowText(from, to);
  showWaits(rows, shift ? Math.max(from, shift.start) : from, Math.min(to, Date.now()));
  if (!rows.some((row) => row.intervals.length)) return clear('states', t('states.empty'));
  timeline('states', rows, from, to, { zoom: true });
  return legend('states-legend', rows, from, to);
}

async function showOutput() {
  const [from, to] = lastHours(HOURS);
  const output = await api.lineOutput(lineId(), from, to);
  byId('output-meta').textContent = windowText(from, to);
  const counting = output.machines.filter((machine) => machine.counts !== 'none');
  if (!counting.length) return clear('output', t('output.none'));
  const codes = counting.map((machine) => (machine.counts === 'produced' ? t('output.produced', { code: machine.code }) : machine.code)).join(', ');
  byId('output-note').textContent = `${t(output.registered ? 'output.registered' : 'output.all', { machines: codes })} ${t('output.total', { n: fixed(output.hours.flatMap((hour) => Object.values(hour.products)).reduce((a, b) => a + b, 0), 0) })}`;
  return lineOutput('output', output, from, to);
}

/** The meters of the line, and what they show of the newest shift. */
async function showMeters() {
  const now = Date.now();
  const [meters, rows] = await Promise.all([api.meters(scope), api.energyValues(scope, { window: 'shift', from: now - DAY, to: now })]);
  const window = windowsOf(rows)[0];
  byId('meters-meta').textContent = window ? windowText(window.start, window.end) : '';
  if (!meters.length) return fill('meters', h('p', { class: 'empty' }, t('line.no_meters')));
  return fill('meters', meterTable(t('meter.caption'), meters, new Map(rows.filter((row) => row.start === window?.start).map((row) => [row.equipment_id, row]))));
}

async function load() {
  machines = await api.overview(scope);
  const shift = await showShift(workshopId());
  await showMeters();
  if (!machines.length) return null; // a line of meters only, such as the utilities
  const [latest] = await Promise.all([api.latest(scope), showStates(shift), showOutput()]);
  extras = latest;
  return showCards(machines, extras, rowsOf);
}

await run(load);
setInterval(() => showCards(machines, extras, rowsOf), 10_000); // "since ... ago" grows
listen((overview) => {
  machines = overview;
  showCards(machines, extras, rowsOf);
});

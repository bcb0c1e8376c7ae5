// Chejian's own HTTP API as the pages need it: times become milliseconds, windows are grouped, errors are sentences.
import { parse } from './clock.js';
import { t } from './i18n.js';

const NO_CONTENT = 204;

export async function get(path, parameters = {}) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined));
  const answer = await fetch(`/api/v1${path}${query.size ? `?${query}` : ''}`, { headers: { accept: 'application/json' } }).catch(() => {
    throw new Error(t('error.offline'));
  });
  return bodyOf(answer, path);
}

/** Send `body` as JSON; the answer's body, null where it has none. */
export async function send(method, path, body, more = {}) {
  const headers = { accept: 'application/json', 'content-type': 'application/json', ...more };
  const answer = await fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) }).catch(() => {
    throw new Error(t('error.offline'));
  });
  return bodyOf(answer, path);
}

/** Items of one page of a list, and the address of the next page, as `get` takes it; null: there is none. */
export async function page(path) {
  const answer = await fetch(`/api/v1${path}`, { headers: { accept: 'application/json' } }).catch(() => {
    throw new Error(t('error.offline'));
  });
  const next = /<\/api\/v1([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '');
  return { items: await bodyOf(answer, path), next: next ? next[1] : null };
}

export const post = (path, body) => send('POST', path, body);

/** Send a file as it is, of a media type; the answer's body. */
export async function postFile(path, file, type, headers = {}) {
  const all = { accept: 'application/json', 'content-type': type, ...headers };
  const answer = await fetch(`/api/v1${path}`, { method: 'POST', headers: all, body: file }).catch(() => {
    throw new Error(t('error.offline'));
  });
  return bodyOf(answer, path);
}

async function bodyOf(answer, path) {
  if (answer.status === 401) location.assign(`/login?problem=ended&next=${encodeURIComponent(location.pathname + location.search)}`);
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(problem.detail ?? `${path}: HTTP ${answer.status}`), { status: answer.status, body: problem });
  }
  return answer.status === NO_CONTENT ? null : answer.json();
}

const iso = (ms) => new Date(ms).toISOString();
export const span = (from, to) => ({ from: iso(from), to: iso(to) });
export const timed = (row, ...names) => ({ ...row, ...Object.fromEntries(names.map((name) => [name, parse(row[name])])) });

/** State intervals [{start, end, state, category}] of a range. */
export async function states(id, from, to) {
  return (await get(`/equipment/${id}/states`, span(from, to))).map((row) => timed(row, 'start', 'end'));
}

/** State intervals of all machines of a scope {workshop_id, line_id}: [{equipment_id, code, intervals}]. */
export async function statesIn(scope, from, to) {
  const rows = await get('/states', { ...scope, ...span(from, to) });
  return rows.map((row) => ({ ...row, intervals: row.intervals.map((x) => timed(x, 'start', 'end')) }));
}

/** KPI values of all machines of a scope: [{equipment_id, code, values}]. */
export async function kpisIn(scope, { window, from, to, kpi }) {
  const rows = await get('/kpi-values', { ...scope, window, kpi, ...span(from, to) });
  return rows.map((row) => ({ ...row, values: row.values.map((x) => timed(x, 'start', 'end', 'computed_at')) }));
}

/** What all machines of a scope make and when they were heard of last: Map of id -> {product, seen}. */
export async function latest(scope) {
  const rows = await get('/latest', scope);
  return new Map(rows.map((row) => [row.equipment_id, { product: row.product, seen: parse(row.seen) }]));
}

/** KPI values of a range; `kpi` may be left out. */
export async function kpis(id, { window, from, to, kpi }) {
  const rows = await get(`/equipment/${id}/kpis`, { window, kpi, ...span(from, to) });
  return rows.map((row) => timed(row, 'start', 'end', 'computed_at'));
}

/** Windows [{start, end, provisional, kpis: {id: row}}] of KPI rows, newest first; only those that have an OEE row. */
export function windowsOf(rows) {
  const windows = new Map();
  for (const row of rows) {
    if (!windows.has(row.start)) windows.set(row.start, { start: row.start, end: row.end, kpis: {} });
    windows.get(row.start).kpis[row.kpi] = row;
  }
  return [...windows.values()]
    .filter((w) => w.kpis.oee)
    .map((w) => ({ ...w, provisional: w.kpis.oee.provisional }))
    .sort((a, b) => b.start - a.start);
}

/** Signals with their newest values: `time`, `value`, `text`, `quality` are null where nothing is stored. */
export async function signals(id) {
  const rows = await get(`/equipment/${id}/signals`);
  return rows.map((row) => {
    const last = row.last ?? { time: null, value: null, text: null, quality: null };
    return { ...row, time: parse(last.time), value: last.value, text: last.text, quality: last.quality };
  });
}

/** Points [{time, value, quality}] of a series and whether the server thinned them out. */
export async function samples(series, from, to, maxPoints) {
  const body = await get(`/series/${series}/samples`, { ...span(from, to), max_points: maxPoints });
  return {
    decimated: body.decimated,
    total: body.total,
    points: body.time.map((time, i) => ({ time: parse(time), value: body.value[i], quality: body.quality[i] })),
  };
}

/** KPI definitions (formula, clause) by id. */
export async function kpiDefinitions() {
  return Object.fromEntries((await get('/kpis')).map((kpi) => [kpi.id, kpi]));
}

/** Shifts and planned stops [{kind, code, name_zh, name_en, start, end}] of a range. */
export async function shifts(id, from, to) {
  return (await get(`/equipment/${id}/shifts`, span(from, to))).map((row) => timed(row, 'start', 'end'));
}

/** Diagnoses, newest first, without their evidence. */
export async function diagnoses(id, limit) {
  return (await get(`/equipment/${id}/diagnoses`, { limit })).map((row) => timed(row, 'time', 'computed_at'));
}

/** One diagnosis with its evidence. */
export async function diagnosis(id) {
  const found = timed(await get(`/diagnoses/${id}`), 'time', 'computed_at');
  return { ...found, course: found.course && timed(found.course, 'onset') };
}

/** Spectrum behind a diagnosis: {frequencies, values, background, markers: [{part, order, hz}]}. */
export async function spectrum(id) {
  const body = await get(`/diagnoses/${id}/spectrum`);
  return { frequencies: body.frequency, values: body.value, background: body.background, markers: body.markers };
}

/** Velocity spectrum behind a diagnosis: {frequencies, values, markers: [{label, hz}]}. */
export async function velocitySpectrum(id) {
  const body = await get(`/diagnoses/${id}/velocity-spectrum`);
  return { frequencies: body.frequency, values: body.value, markers: body.markers };
}

const baseline = (row) => ({ ...timed(row, 'valid_from', 'created_at'), windows: row.windows.map(parse) });

/** Windows of a machine's first bearing signal with zones and baselines, oldest first. */
export async function vibration(id, from, to) {
  const body = await get(`/equipment/${id}/vibration`, span(from, to));
  return { ...body, windows: body.windows.map((row) => timed(row, 'time')), baselines: body.baselines.map(baseline) };
}

/** Spectra of that signal over time, by order. */
export async function waterfall(id, kind, from, to) {
  const body = await get(`/equipment/${id}/waterfall`, { kind, ...span(from, to) });
  return { ...body, times: body.times.map(parse) };
}

/** Frozen baselines of a machine, newest first. */
export async function baselines(id) {
  return (await get(`/equipment/${id}/baselines`)).map(baseline);
}

/** Shifts and planned stops of a workshop in a range. */
export async function workshopShifts(workshop, from, to) {
  return (await get(`/workshops/${workshop}/shifts`, span(from, to))).map((row) => timed(row, 'start', 'end'));
}

/** Output of a line by hour and product: {registered, machines, products, hours: [{start, end, products, completeness}]}. */
export async function lineOutput(line, from, to) {
  const body = await get(`/lines/${line}/output`, span(from, to));
  return { ...body, hours: body.hours.map((hour) => timed(hour, 'start', 'end')) };
}

const reading = (row) => row && timed(row, 'time');

/** Meters of a scope with their place in the tree, their newest reading and rate. */
export async function meters(scope) {
  return (await get('/meters', scope)).map((row) => ({ ...row, reading: reading(row.reading), rate: reading(row.rate) }));
}

/** What all meters of a scope show by window: [{equipment_id, start, end, value, unit, kgce, completeness, flags, ...}]. */
export async function energyValues(scope, { window, from, to }) {
  return (await get('/energy/values', { ...scope, window, ...span(from, to) })).map((row) => timed(row, 'start', 'end', 'computed_at'));
}

/** What one meter shows by window. */
export async function energy(id, { window, from, to }) {
  return (await get(`/equipment/${id}/energy`, { window, ...span(from, to) })).map((row) => timed(row, 'start', 'end', 'computed_at'));
}

/** Energy by states, products or orders of each machine of a scope that has a meter of its own. */
export async function energyShares(scope, by, { window, from, to }) {
  const rows = await get(`/energy/shares/${by}`, { ...scope, window, ...span(from, to) });
  return rows.map((row) => ({ ...timed(row, 'start', 'end'), windows: row.windows.map((x) => timed(x, 'start', 'end')) }));
}

/** Energy of a workshop by window and carrier, with output, standard coal and unmetered remainder. */
export async function energySums(workshop, { window, from, to }) {
  return (await get(`/workshops/${workshop}/energy`, { window, ...span(from, to) })).map((row) => timed(row, 'start', 'end'));
}

/** Cost of a workshop's energy by carrier and band of its tariff; money is exact decimal text. */
export async function energyCost(workshop, { from, to }) {
  return timed(await get(`/workshops/${workshop}/energy/cost`, span(from, to)), 'start', 'end');
}

/** Energy of the running shift of every workshop: Map of workshop id -> sum. */
export async function workshopsEnergy() {
  return new Map((await get('/workshops-energy')).map((row) => [row.workshop_id, timed(row, 'start', 'end')]));
}

/** Nodes with their ledgers, what waits, and (`machines`) the completeness of the last 24 hours of a scope's machines. */
export async function dataHealth(scope = {}) {
  const body = await get('/data-health', scope);
  return {
    ...body,
    nodes: body.nodes.map((node) => ({
      ...timed(node, 'born_at', 'died_at', 'last_seen'),
      ledgers: node.ledgers.map((ledger) => timed(ledger, 'announced_at')),
      newest_dead_letters: node.newest_dead_letters.map((letter) => timed(letter, 'received')),
    })),
    equipment: body.equipment.map(hours),
  };
}

const hours = (row) => ({ ...row, hours: row.hours.map((hour) => timed(hour, 'start', 'end')) });

/** Completeness of every workshop by hour, over the last 24 hours. */
export async function workshopCompleteness() {
  return (await get('/workshop-completeness')).map(hours);
}

/** The machines of a scope at this moment: state, shift KPIs, newest diagnosis. */
export async function overview(scope = {}) {
  return liveMachines(await get('/overview', scope));
}

/** All workshops at this moment, in short. */
export async function workshopsNow() {
  return liveWorkshops(await get('/workshops-now'));
}

/** Workshops in short, from the API or from the stream, with their times as milliseconds. */
export function liveWorkshops(body) {
  return body.workshops.map((row) => ({
    ...row,
    shift: row.shift && timed(row.shift, 'start', 'end'),
    ...Object.fromEntries(['faults', 'silent', 'diagnoses'].map((name) => [name, row[name].map((item) => timed(item, 'since'))])),
  }));
}

/** An overview of machines, from the API or from the stream, with its times as milliseconds. */
export function liveMachines(body) {
  return body.equipment.map((row) => ({
    ...timed(row, 'since'),
    shift: row.shift && timed(row.shift, 'start', 'end'),
    diagnosis: row.diagnosis && timed(row.diagnosis, 'time'),
  }));
}

// The programme as far as the reader sees it: map, plan, ranking with confidence, trends, who reports, scenarios.
import * as api from '../api.js';
import { stateFlag } from '../assessment.js';
import { amount, months } from '../charts/months.js';
import { progress, told } from '../charts/progress.js';
import { levelName, levels, quartiles } from '../charts/spread.js';
import { outlineMap, tileMap } from '../charts/tile_map.js';
import { yearMinuteOf, parse } from '../clock.js';
import { byId, fill, h, options, table } from '../dom.js';
import { NONE, count, fixed, percent } from '../format.js';
import { nameOf, t, textOf, word } from '../i18n.js';
import { problem, run } from '../page.js';
import { changeText, confidence, confidenceLegend, contradiction, directionFlag, entryLink, movedText, reasonText, signed, silence, statusFlag } from '../programme.js';
import { listen } from '../stream.js';

const DEFAULT_STANDARD = 'gbt23020-2013';
const DEFAULT_TARGET = 'T1.workshops';
const STEPS = ['0–20 %', '20–40 %', '40–60 %', '60–80 %', '80–100 %'];
const MOST = 2000; // workshops of the ranking that are shown

let plan = null;
let map = null;
let targets = [];
let counts = [];

const cityName = (code) => nameOf(plan.cities.find((city) => city.code === code) ?? { code });
const sectorName = (id) => nameOf(plan.fields.find((field) => field.id === id) ?? { code: id });
const chosen = () => ({ city: byId('city').value || undefined, sector: byId('sector').value || undefined });
const empty = () => h('p', { class: 'empty' }, t('prog.none'));

function mark(row) {
  const parts = [row.stale && t('prog.mark.stale', { n: row.stale }), row.contradicted && t('prog.mark.contradicted', { n: row.contradicted })];
  return parts.filter(Boolean).join(' ');
}

function showMap() {
  const cities = plan.cities.map((city) => {
    const row = counts.find((each) => each.code === city.code);
    const words = t('prog.city.words', { city: nameOf(city), recognised: row.recognised, workshops: row.workshops, stale: row.stale, contradicted: row.contradicted });
    return { ...city, share: row.workshops ? row.recognised / row.workshops : null, value: `${row.recognised}/${row.workshops}`, mark: mark(row), words };
  });
  const pick = (code) => {
    byId('city').value = byId('city').value === code ? '' : code;
    again(filtered)();
  };
  if (map.approval_number) outlineMap('map', cities, map.cities, byId('city').value, pick);
  else tileMap('map', cities, byId('city').value, pick);
  fill('map-legend', h('li', {}, t('prog.map.legend')), STEPS.map((text, i) => h('li', {}, h('span', { class: `swatch tile-step-${i + 1}` }), text)), h('li', {}, t('prog.map.marks')));
  const columns = [
    [t('prog.city'), (row) => cityName(row.code)],
    [t('prog.workshops'), (row) => count(row.workshops), 'num'],
    [t('prog.recognised'), (row) => count(row.recognised), 'num'],
    [t('prog.lines'), (row) => `${count(row.lines_recognised)}/${count(row.lines)}`, 'num'],
    [t('prog.investment'), (row) => count(row.investment / 1e4), 'num'],
    [t('prog.reporting'), (row) => count(row.reporting), 'num'],
    [t('prog.stale'), (row) => count(row.stale), 'num'],
    [t('assess.contradictions'), (row) => count(row.contradicted), 'num'],
    ['OEE', (row) => percent(row.oee), 'num'],
    [t('assess.completeness'), (row) => percent(row.oee_completeness), 'num'],
  ];
  fill('map-table', table(t('prog.map.caption'), columns, counts));
}

function showTarget() {
  const target = targets.find((each) => each.id === byId('target').value);
  progress('progress', target);
  byId('progress-meta').textContent = t('prog.target.meta', { source: textOf(target, 'source'), confidence: target.confidence });
  const planned = target.planned === null ? NONE : told(target, target.planned);
  const seen = target.observed === null ? '' : t('prog.observed_planned', { value: told(target, target.observed), planned, day: target.observed_on });
  const baseline = target.baseline === null ? t('prog.no_baseline') : t('prog.baseline_from', { value: told(target, target.baseline), source: textOf(target, 'baseline_source') || textOf(target, 'source') });
  fill(
    'verdict',
    h('p', {}, statusFlag(target.status), ` ${seen}`),
    target.reasons.length ? h('ul', {}, target.reasons.map((reason) => h('li', {}, reasonText(target, reason)))) : null,
    h('p', { class: 'meta' }, [baseline, t('prog.method', { method: textOf(target, 'method') }), textOf(target, 'note')].filter(Boolean).join(' · ')),
  );
}

function goalText(row) {
  if (row.value === null) return t(row.up ? 'prog.up' : 'prog.down');
  return told(row, row.value) + (row.upper === null ? '' : ` - ${told(row, row.upper)}`);
}

function showTargets() {
  const columns = [
    [t('prog.target'), (row) => h('span', { title: row.phrase }, `${row.id} ${nameOf(row)}`)],
    [t('prog.baseline'), (row) => (row.baseline === null ? NONE : told(row, row.baseline)), 'num'],
    [t('prog.goal_column'), goalText, 'num'],
    [t('prog.unit'), (row) => word('target_unit', row.unit.replaceAll(/\W/g, '_'))],
    [t('prog.due_year'), (row) => String(row.due_year), 'num'],
    [t('prog.observed'), (row) => (row.observed === null ? NONE : told(row, row.observed)), 'num'],
    [t('prog.observed_on'), (row) => row.observed_on ?? NONE, 'time'],
    [t('prog.planned'), (row) => (row.planned === null ? NONE : told(row, row.planned)), 'num'],
    [t('assess.state'), (row) => statusFlag(row.status)],
    [t('prog.reasons'), (row) => row.reasons.map((reason) => h('div', {}, reasonText(row, reason)))],
    [t('prog.sure'), (row) => row.confidence],
  ];
  fill('targets', table(t('prog.targets.caption'), columns, targets));
}

function rankCell(row) {
  if (row.rank === null) return NONE;
  const moved = row.rank_before === null ? 0 : row.rank_before - row.rank;
  if (moved === 0) return String(row.rank);
  return [String(row.rank), h('span', { class: 'meta nowrap' }, ` ${moved > 0 ? t('prog.rank.up', { n: moved }) : t('prog.rank.down', { n: -moved })}`)];
}

function totalCell(row) {
  if (row.total === null) return NONE;
  const changed = row.total_before !== null && row.total !== row.total_before;
  return [fixed(row.total, 1), changed ? h('span', { class: 'meta nowrap' }, ` (${signed(row.total - row.total_before)})`) : null];
}

function showRanking(rows) {
  const columns = [
    [t('prog.rank'), rankCell, 'num'],
    [t('prog.workshop'), entryLink],
    [t('prog.city'), (row) => cityName(row.city_code)],
    [t('prog.sector'), (row) => sectorName(row.sector)],
    [t('assess.total'), totalCell, 'num'],
    [t('prog.level'), (row) => (row.assessment_id === null ? NONE : levelName(row))],
    [t('prog.confidence'), confidence, 'bar'],
    [t('assess.contradictions'), (row) => (row.worst ? contradiction(row.worst) : NONE)],
    [t('assess.state'), (row) => (row.state ? h('a', { href: `/assessments/${row.assessment_id}` }, stateFlag(row.state)) : t('prog.not_submitted'))],
    [t('assess.submitted_at'), (row) => (row.submitted_at ? yearMinuteOf(parse(row.submitted_at)) : NONE), 'time'],
  ];
  fill('ranking-legend', confidenceLegend());
  const wrong = rows.filter((row) => row.worst);
  fill('contradicted', wrong.map((row) => h('li', {}, entryLink(row), ' ', contradiction(row.worst))));
  fill('ranking', rows.length ? table(t('prog.ranking.caption'), columns, rows) : empty());
  byId('ranking-meta').textContent = t('prog.rows', { n: rows.length });
}

function showTrend(id, whole, rows, caption) {
  months(id, whole);
  byId(`${id}-meta`).textContent = movedText(whole);
  const columns = [
    [t('prog.workshop'), entryLink],
    [t('prog.city'), (row) => cityName(row.city_code)],
    [t('prog.baseline'), (row) => amount(row, row.baseline), 'num'],
    [t('prog.recent'), (row) => amount(row, row.recent), 'num'],
    [t('prog.change'), changeText, 'num'],
    [t('prog.direction'), directionFlag],
    [t('assess.completeness'), (row) => percent(row.completeness), 'num'],
  ];
  fill(`${id}-table`, rows.length ? table(caption, columns, rows) : empty());
}

function showReporting(rows) {
  const columns = [
    [t('prog.workshop'), entryLink],
    [t('prog.city'), (row) => cityName(row.city_code)],
    [t('prog.last_seen'), (row) => (row.last_seen ? yearMinuteOf(parse(row.last_seen)) : NONE), 'time'],
    [t('prog.silent'), silence],
    [t('prog.edges'), (row) => `${count(row.online)}/${count(row.edges)}`, 'num'],
    [t('prog.machines'), (row) => count(row.machines), 'num'],
  ];
  const stale = rows.filter((row) => row.stale);
  byId('stale-meta').textContent = t('prog.stale.meta', { n: stale.length, all: rows.length });
  fill('stale', stale.length ? table(t('prog.stale.caption'), columns, stale) : h('p', { class: 'empty' }, t('prog.stale.none')));
}

function showDistribution(found) {
  levels('levels', found.levels);
  byId('levels-meta').textContent = nameOf(found);
  quartiles('quartiles', found);
  const axis = (name) => (row) => percent(row[name]);
  const columns = [[t('prog.axis'), nameOf], [t('prog.lower'), axis('lower'), 'num'], [t('prog.median'), axis('median'), 'num'], [t('prog.upper'), axis('upper'), 'num']];
  fill('quartiles-table', table(t('prog.radar.caption', { n: found.enterprises }), columns, found.axes));
}

/** Everything that city, sector and standard narrow. */
async function filtered() {
  const where = chosen();
  const standard = byId('standard').value;
  for (const form of ['csv', 'xlsx']) {
    const query = new URLSearchParams(Object.entries({ ...where, format: form, standard }).filter(([, value]) => value !== undefined));
    byId(form).href = `/api/v1/programme/ranking/file?${query}`;
  }
  showMap();
  const [ranked, spread, oee, oeeRows, energy, energyRows, heard] = await Promise.all([
    api.get('/programme/ranking', { ...where, standard, limit: MOST }),
    api.get('/programme/distribution', { ...where, standard }),
    api.get('/programme/trends/oee', where),
    api.get('/programme/trends/oee/workshops', where),
    api.get('/programme/trends/energy', where),
    api.get('/programme/trends/energy/workshops', where),
    api.get('/programme/reporting', where),
  ]);
  showRanking(ranked);
  showDistribution(spread);
  showTrend('oee', oee, oeeRows, t('prog.oee.caption'));
  showTrend('energy', energy, energyRows, t('prog.energy.caption'));
  showReporting(heard);
}

async function begin() {
  const [found, outlines, standards] = await Promise.all([api.get('/programme'), api.get('/programme/map'), api.get('/assessment-standards')]);
  [plan, map] = [found, outlines];
  byId('plan').textContent = t('prog.plan', { plan: nameOf(plan), version: plan.version, source: textOf(plan, 'source') });
  const approved = map.approval_number ? t('prog.map.approved', { number: map.approval_number, source: map.source }) : t('prog.map.meta', { source: textOf(plan, 'places_source') });
  byId('map-meta').textContent = approved;
  options('city', [['', t('prog.all')], ...plan.cities.map((city) => [city.code, nameOf(city)])]);
  options('sector', [['', t('prog.all')], ...plan.fields.filter((field) => field.group === 'key').map((field) => [field.id, nameOf(field)])]);
  options('standard', standards.filter((each) => each.subject !== 'region').map((each) => [each.id, nameOf(each)]), DEFAULT_STANDARD);
}

async function load() {
  if (!plan) await begin();
  [targets, counts] = await Promise.all([api.get('/programme/targets'), api.get('/programme/cities')]);
  options('target', targets.map((target) => [target.id, `${target.id} ${nameOf(target)}`]), byId('target').value || DEFAULT_TARGET);
  showTarget();
  showTargets();
  await filtered();
}

async function scenario(event) {
  event.preventDefault();
  const years = Number(byId('scenario-years').value);
  const each = (name, id) => Array.from({ length: years }, () => [name, Number(byId(id).value) / 100]);
  const query = new URLSearchParams([
    ['energy', byId('scenario-energy').value],
    ['target', Number(byId('scenario-target').value) / 100],
    ...each('energy_growth', 'scenario-energy-growth'),
    ...each('value_added_growth', 'scenario-value-growth'),
  ]);
  const found = await api.get(`/programme/scenarios/intensity?${query}`);
  fill(
    'scenario',
    h('p', {}, statusFlag(found.met ? 'met' : 'missed'), ` ${t('prog.scenario.total', { total: `${signed(found.total * 100)} %`, years })}`),
    h('p', {}, t('prog.scenario.energy_end', { energy: count(found.energy), cap: count(found.cap) })),
    h('p', {}, t('prog.scenario.needed', { rate: `${signed(found.needed_rate * 100)} %` })),
  );
}

const again = (action) => (event) => action(event).then(() => problem(''), (error) => problem(error.message));
for (const id of ['city', 'sector', 'standard']) byId(id).addEventListener('change', again(filtered));
byId('target').addEventListener('change', showTarget);
byId('scenario-form').addEventListener('submit', again(scenario));
await run(load, 5 * 60_000);
listen(() => {}); // tells whether the server still answers

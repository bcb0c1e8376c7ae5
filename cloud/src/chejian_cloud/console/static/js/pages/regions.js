// Forms of the regions that the reader oversees, the start of a new one, and regions and years side by side.
import * as api from '../api.js';
import { parse, yearMinuteOf } from '../clock.js';
import { byId, fill, h, options, table } from '../dom.js';
import { NONE, fixed, measured, percent } from '../format.js';
import { nameOf, t, textOf, word } from '../i18n.js';
import { problem, run } from '../page.js';
import { regionName, regionState } from '../region.js';
import { listen } from '../stream.js';

let standards = [];
let regions = null;

const chosen = () => standards.find((each) => each.id === byId('standard').value);
const link = (row) => (row.region_assessment_id === null ? regionName(row) : h('a', { href: `/regions/${row.region_assessment_id}` }, regionName(row)));

function show(rows) {
  const columns = [
    [t('region.region'), link],
    [t('region.year'), (row) => String(row.year), 'num'],
    [t('assess.standard'), (row) => nameOf(standards.find((each) => each.id === row.standard_id) ?? { code: row.standard_id })],
    [t('assess.state'), (row) => regionState(row.state)],
    [t('assess.submitted_at'), (row) => (row.submitted_at ? yearMinuteOf(parse(row.submitted_at)) : NONE), 'time'],
    [t('region.submitted_total'), (row) => fixed(row.submitted_total, 2), 'num'],
  ];
  fill('forms', rows.length ? table(t('assess.forms.caption'), columns, rows) : h('p', { class: 'empty' }, t('assess.forms.none')));
}

const told = (column, value) => (column.scale === 'share' ? percent(value) : measured(value));

async function compare() {
  const standard = byId('compared').value;
  for (const form of ['csv', 'xlsx']) byId(form).href = `/api/v1/regional-comparison/file?${new URLSearchParams({ standard, format: form })}`;
  const found = await api.get('/regional-comparison', { standard });
  const columns = [
    [t('region.region'), link],
    [t('region.year'), (row) => String(row.year), 'num'],
    ...(found.has_total ? [[t('assess.total'), (row) => fixed(row.total, 2), 'num']] : []),
    ...found.columns.map((column) => [nameOf(column), (row) => told(column, row.values[column.id]), 'num']),
    [t('assess.answered'), (row) => percent(row.answered, 0), 'num'],
    [t('region.weakest'), (row) => row.weakest ?? NONE],
    ...(found.has_total ? [[t('region.normaliser'), (row) => (row.normaliser ? word('normaliser', row.normaliser) : NONE)]] : []),
    [t('assess.state'), (row) => h('span', {}, regionState(row.state), row.source_zh && ` ${textOf(row, 'source')}`)],
    [t('region.version'), (row) => row.standard_version, 'num'],
  ];
  fill('comparison', found.rows.length ? table(t('region.comparison.caption'), columns, found.rows) : h('p', { class: 'empty' }, t('assess.forms.none')));
}

function note() {
  const standard = chosen();
  byId('standard-note').textContent = `${t('assess.standard.note', { document: textOf(standard, 'document'), version: standard.version, confidence: standard.confidence, n: standard.measured_items, items: standard.items })} ${textOf(standard, 'source')}`;
}

async function start(event) {
  event.preventDefault();
  try {
    const form = await api.post('/regional-assessments', { standard: chosen().id, region: byId('region').value, year: Number(byId('year').value) });
    location.assign(`/regions/${form.region_assessment_id}`);
  } catch (error) {
    problem(error.message);
  }
}

async function load() {
  const [rows, all] = await Promise.all([api.get('/regional-assessments', { limit: 500 }), api.get('/assessment-standards')]);
  standards = all.filter((each) => each.subject === 'region');
  show(rows);
  if (regions === null) {
    const names = standards.map((each) => [each.id, nameOf(each)]);
    options('compared', names, rows[0]?.standard_id);
    byId('compared').addEventListener('change', compare);
    regions = await api.get('/regions');
    if (byId('start-form')) {
      options('standard', names);
      options('region', regions.map((each) => [each.code, `${nameOf(each)} ${each.code}`]));
      byId('year').value = new Date().getFullYear() - 1;
      byId('standard').addEventListener('change', note);
      byId('start-form').addEventListener('submit', start);
      note();
    }
  }
  await compare();
}

await run(load);
listen(() => {}); // tells whether the server still answers

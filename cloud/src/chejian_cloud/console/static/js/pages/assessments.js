// Assessments that the reader may see, and the start of a new one.
import * as api from '../api.js';
import { stateFlag, standing } from '../assessment.js';
import { parse, yearMinuteOf } from '../clock.js';
import { byId, fill, h, options, table } from '../dom.js';
import { NONE, percent } from '../format.js';
import { nameOf, t, textOf, word } from '../i18n.js';
import { problem, run } from '../page.js';
import { listen } from '../stream.js';

let standards = [];
let workshops = [];
let shownPages = 1;

const subjectOf = (row) => (row.workshop ? nameOf({ name_zh: row.workshop_name_zh, name_en: row.workshop_name_en, code: row.workshop }) : nameOf({ name_zh: row.enterprise_name_zh, name_en: row.enterprise_name_en, code: row.enterprise }));
const standardName = (id) => nameOf(standards.find((each) => each.id === id) ?? { code: id });

function show(rows) {
  const columns = [
    [t('assess.subject'), (row) => h('a', { href: `/assessments/${row.assessment_id}` }, subjectOf(row))],
    [t('assess.standard'), (row) => standardName(row.standard_id)],
    [t('assess.state'), (row) => stateFlag(row.state)],
    [t('assess.due'), (row) => h('span', {}, row.due_on ?? (row.late ? '' : NONE), row.late ? ' ' : null, row.late ? h('span', { class: 'flag bad' }, t('assess.late')) : null)],
    [t('assess.submitted_at'), (row) => (row.submitted_at ? yearMinuteOf(parse(row.submitted_at)) : NONE), 'time'],
    [t('assess.standing'), standing],
    [t('assess.measured_share'), (row) => percent(row.measured), 'num'],
    [t('assess.contradictions'), (row) => (row.contradictions ? h('span', { class: 'flag bad' }, row.contradictions) : (row.contradictions ?? NONE)), 'num'],
  ];
  fill('forms', rows.length ? table(t('assess.forms.caption'), columns, rows) : h('p', { class: 'empty' }, t('assess.forms.none')));
}

const chosen = () => standards.find((each) => each.id === byId('standard').value);

function offerSubjects() {
  const standard = chosen();
  const enterprises = new Map(workshops.map((w) => [w.enterprise_id, { name_zh: w.enterprise_name_zh, name_en: w.enterprise_name_en, code: w.enterprise }]));
  const found = standard.subject === 'workshop' ? workshops.map((w) => [String(w.workshop_id), nameOf(w)]) : [...enterprises].map(([id, e]) => [String(id), nameOf(e)]);
  options('subject', found);
  options('industry', standard.industries.map((each) => [each, word('industry', each)]));
  byId('standard-note').textContent = t('assess.standard.note', { document: textOf(standard, 'document'), version: standard.version, confidence: standard.confidence, n: standard.measured_items, items: standard.items });
}

async function start(event) {
  event.preventDefault();
  const standard = chosen();
  const key = standard.subject === 'workshop' ? 'workshop_id' : 'enterprise_id';
  try {
    const form = await api.post('/assessments', { standard: standard.id, [key]: Number(byId('subject').value), industry: byId('industry').value, due_on: byId('due').value || null });
    location.assign(`/assessments/${form.assessment_id}`);
  } catch (error) {
    problem(error.message);
  }
}

async function load() {
  const pages = [];
  for (let path = '/assessments'; path && pages.length < shownPages; path = pages.at(-1).next) pages.push(await api.page(path));
  standards = await api.get('/assessment-standards');
  show(pages.flatMap((each) => each.items));
  byId('older').hidden = !pages.at(-1).next;
  if (!byId('start-form') || workshops.length) return;
  workshops = await api.get('/workshops');
  options('standard', standards.filter((each) => each.subject !== 'region').map((each) => [each.id, nameOf(each)]));
  offerSubjects();
}

byId('start-form')?.addEventListener('submit', start);
byId('standard')?.addEventListener('change', offerSubjects);
const again = await run(load);
byId('older').addEventListener('click', () => {
  shownPages += 1;
  again();
});
listen(() => {}); // tells whether the server still answers

// One entry of the programme: where it stands and why, milestones, assessments with both numbers, how it moved.
import * as api from '../api.js';
import { stateFlag } from '../assessment.js';
import { months } from '../charts/months.js';
import { quartiles } from '../charts/spread.js';
import { yearMinuteOf, parse } from '../clock.js';
import { byId, fill, h, table } from '../dom.js';
import { NONE, count, fixed } from '../format.js';
import { nameOf, t, word } from '../i18n.js';
import { run } from '../page.js';
import { confidence, confidenceLegend, contradiction, directionFlag, movedText, silence, statusFlag } from '../programme.js';
import { listen } from '../stream.js';

const key = Number(byId('entry').dataset.id);
const STANDARD = 'gbt23020-2013';
let plan = null;

function concernText(concern) {
  if (concern.kind === 'overdue') return t('prog.concern.overdue', { step: word('milestone', concern.milestone) });
  if (concern.kind === 'stale') return concern.value === null ? t('prog.never_heard') : t('prog.concern.stale', { n: fixed(concern.value, 1) });
  return t('prog.concern.contradicted', { n: count(concern.value) });
}

function heard(entry) {
  if (!entry.reporting) return t('prog.not_registered');
  return [entry.reporting.last_seen ? `${yearMinuteOf(parse(entry.reporting.last_seen))} ` : '', silence(entry.reporting)];
}

function showStanding(entry) {
  const city = plan.cities.find((each) => each.code === entry.city_code) ?? { code: entry.city_code };
  const sector = plan.fields.find((each) => each.id === entry.sector) ?? { code: entry.sector };
  const facts = [
    [t('prog.status'), word('entry_status', entry.status)],
    [t('prog.counts_from'), entry.counts_from ?? NONE],
    [t('prog.city'), nameOf(city)],
    [t('prog.sector'), nameOf(sector)],
    [t('assess.industry'), word('industry', entry.industry)],
    [t('prog.investment'), count(entry.investment / 1e4)],
    [t('prog.last_seen'), heard(entry)],
  ];
  fill(
    'standing',
    h('p', { class: 'verdict' }, statusFlag(entry.standing)),
    entry.concerns.length ? h('ul', {}, entry.concerns.map((concern) => h('li', {}, concernText(concern)))) : h('p', {}, t('prog.no_concerns')),
    h('dl', { class: 'facts' }, facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
    entry.workshop_id ? h('p', {}, h('a', { href: `/workshops/${entry.workshop_id}` }, t('prog.to_workshop'))) : null,
  );
}

function showMilestones(rows) {
  const columns = [
    [t('prog.milestone'), (row) => word('milestone', row.kind)],
    [t('prog.due'), (row) => row.due_on ?? NONE, 'time'],
    [t('prog.reached'), (row) => row.reached_on ?? (row.overdue ? h('span', { class: 'flag bad' }, t('prog.overdue')) : NONE), 'time'],
  ];
  fill('milestones', rows.length ? table(t('prog.milestones.caption'), columns, rows) : h('p', { class: 'empty' }, t('prog.none')));
}

function showForms(rows) {
  const columns = [
    [t('assess.standard'), (row) => h('a', { href: `/assessments/${row.assessment_id}` }, nameOf({ name_zh: row.standard_zh, name_en: row.standard_en, code: row.standard_id }))],
    [t('assess.state'), (row) => stateFlag(row.state)],
    [t('assess.submitted_at'), (row) => (row.submitted_at ? yearMinuteOf(parse(row.submitted_at)) : NONE), 'time'],
    [t('assess.total'), (row) => fixed(row.total, 1), 'num'],
    [t('prog.level'), (row) => (row.submitted_at ? nameOf({ name_zh: row.level_zh, name_en: row.level_en }) || t('assess.no_level') : NONE)],
    [t('prog.confidence'), confidence, 'bar'],
    [t('assess.contradictions'), (row) => (row.contradictions.length ? row.contradictions.map((each) => h('div', {}, contradiction(each))) : NONE)],
  ];
  fill('forms-legend', confidenceLegend());
  fill('forms', rows.length ? table(t('prog.forms.caption'), columns, rows) : h('p', { class: 'empty' }, t('assess.forms.none')));
}

function showMoved(id, moved) {
  months(id, moved);
  fill(`${id}-moved`, movedText(moved), ' ', moved ? directionFlag(moved) : null);
}

async function load() {
  plan ??= await api.get('/programme');
  const [entry, spread] = await Promise.all([api.get(`/programme/entries/${key}/evidence`), api.get('/programme/distribution', { entry: key, standard: STANDARD })]);
  byId('title').textContent = nameOf(entry);
  const owner = nameOf({ name_zh: entry.enterprise_name_zh, name_en: entry.enterprise_name_en, code: entry.enterprise });
  byId('subtitle').textContent = [owner, entry.code, word('entry_kind', entry.kind)].join(' · ');
  showStanding(entry);
  showMilestones(entry.milestones);
  showForms(entry.assessments);
  showMoved('oee', entry.oee);
  showMoved('energy', entry.energy);
  quartiles('quartiles', spread);
  byId('quartiles-meta').textContent = nameOf(spread);
}

await run(load);
listen(() => {}); // tells whether the server still answers

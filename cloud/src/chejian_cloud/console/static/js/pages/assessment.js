// One assessment: answers beside what telemetry says, the score they come to, and its way through city and province.
import * as api from '../api.js';
import { commitTyped, known, showItems } from '../assess/answers.js';
import * as documents from '../assess/documents.js';
import { offerVersions, showChanges, showSteps } from '../assess/history.js';
import { showBenchmark, showGaps, showResult } from '../assess/result.js';
import { stateFlag } from '../assessment.js';
import { parse, windowText } from '../clock.js';
import { byId, fill, fold, h, table } from '../dom.js';
import { NONE, measured, percent } from '../format.js';
import { nameOf, t, textOf, word } from '../i18n.js';
import { Outbox } from '../outbox.js';
import { problem, run } from '../page.js';
import { listen } from '../stream.js';

const { account, id, may } = byId('assessment').dataset;
const path = `/assessments/${id}`;
const can = (what) => may.split(' ').includes(what);
let form = null;
let acting = false;

const isOpen = () => can('assess') && ['draft', 'returned'].includes(form.state);
const itemOf = (key) => form.items.find((each) => each.id === key);
const now = (key) => known(itemOf(key));
const tell = (text) => {
  byId('said').textContent = text;
};

const outbox = new Outbox(`assessment ${id} of account ${account}`, { // a browser may have several users
  send: async (answers) => {
    form = await api.send('PUT', `${path}/answers`, { lock: form.lock, answers });
    await show();
    tell(t('assess.saved', { item: answers.map((each) => nameOf(itemOf(each.item))).join('; ') }));
    return now;
  },
  reread: async () => {
    form = await api.get(path);
    await show();
    tell('');
    return isOpen() ? now : null;
  },
  changed: () => form && items(),
  trouble: (error) => problem(error.message),
});

const items = () => showItems({ form, open: isOpen(), outbox, save });

/** Keep an answer and send it; documents and base year's value stay unless `more` says otherwise. */
function save(item, given, more = {}) {
  const kept = { base: item.base, attachments: outbox.get(item.id)?.answer.attachments ?? known(item).attachments };
  const answer = { item: item.id, given, ...(item.basis === 'measured' ? {} : kept), ...more };
  return outbox.put(answer, known(item));
}

/** A step of the form as it was read; what comes back is shown. */
async function change(method, what, body, said) {
  if (acting) return;
  acting = true;
  try {
    commitTyped();
    await outbox.flush();
    if (outbox.waiting.size) throw new Error(t('assess.unsaved', { n: outbox.waiting.size }));
    form = await api.send(method, `${path}${what}`, { lock: form.lock, ...body });
    problem('');
    await show();
    tell(said);
  } catch (error) {
    problem(error.message);
  } finally {
    acting = false;
  }
}

async function addDocuments(event) {
  event.preventDefault();
  const chosen = byId('document-files');
  try {
    const names = await documents.send(path, chosen.files);
    chosen.value = '';
    problem('');
    tell(t('assess.documents.added', { names: names.join(', ') }));
  } catch (error) {
    problem(error.message);
  }
  form = await api.get(path);
  await show();
}

function showEvidence() {
  const columns = [
    [t('assess.indicator'), (each) => h('span', { id: `evidence-${each.indicator}` }, nameOf(each))],
    [t('assess.value'), (each) => (each.value === null ? t('assess.no_value') : each.unit === 'Wh per item' ? `${measured(each.value)} Wh` : percent(each.value)), 'num'],
    [t('assess.fraction'), (each) => `${each.numerator} / ${each.denominator}`, 'num'],
    [t('assess.completeness'), (each) => percent(each.completeness), 'num'],
    [t('assess.window'), (each) => windowText(parse(each.window_start), parse(each.window_end)), 'time'],
    [t('assess.links'), (each) => each.links.slice(0, 8).flatMap((link) => [h('a', { href: link }, link), ' '])],
    [t('assess.query'), (each) => fold(`query ${each.indicator}`, t('assess.query.show'), h('p', {}, textOf(each, 'formula')), h('pre', { class: 'code' }, each.query))],
  ];
  const lacking = form.not_measured.map((each) => h('li', {}, h('strong', {}, nameOf(each)), ': ', t('assess.not_measured', { needs: nameOf({ name_zh: each.needs_zh, name_en: each.needs_en }) })));
  fill('evidence', table(t('assess.evidence.caption'), columns, form.evidence), h('ul', { id: 'not-measured' }, lacking));
}

/** Steps of certification to GB/T 23001, as the programme has them. */
function showCertification() {
  const columns = [
    [t('assess.step'), (each) => h('a', { href: `/programme/entries/${each.programme_entry_id}` }, word('milestone', each.kind))],
    [t('assess.due'), (each) => each.due_on ?? NONE, 'time'],
    [t('assess.certification.reached'), (each) => each.reached_on ?? h('span', { class: each.overdue ? 'flag bad' : 'flag calm' }, each.overdue ? t('assess.late') : t('assess.certification.open')), 'time'],
  ];
  fill('certification', form.certification.length ? table(t('assess.certification.caption'), columns, form.certification) : h('p', { class: 'empty' }, t('assess.certification.none')));
}

function act(label, method, what, body, said) {
  const words = () => (what === '/evidence' ? {} : { comment: byId('comment').value });
  const due = () => (body.verdict ? { due_on: byId('due').value || null } : {});
  return h('button', { class: 'plain', type: 'button', 'data-key': `${what} ${body.verdict ?? ''}`, onclick: () => change(method, what, { ...body, ...words(), ...due() }, said) }, label);
}

function actions() {
  if (isOpen()) return [act(t('assess.measure_again'), 'POST', '/evidence', {}, t('assess.measured_again')), act(t('assess.submit'), 'POST', '/submit', {}, t('assess.submitted'))];
  const judge = (what) => [act(t('assess.pass'), 'POST', what, { verdict: 'pass' }, t('assess.passed')), act(t('assess.return'), 'POST', what, { verdict: 'return' }, t('assess.returned'))];
  if (form.state === 'submitted' && can('review')) return judge('/review');
  return form.state === 'reviewed' && can('approve') ? judge('/approval') : [];
}

async function compare() {
  const [old, now] = ['version-old', 'version-new'].map((key) => byId(key).value);
  if (!now) return;
  try {
    showChanges(await api.get(`${path}/revisions/${now}/changes`, { since: old }), form);
  } catch (error) {
    fill('changes', h('p', { class: 'notice' }, error.message)); // a version that was tampered with is not compared
  }
}

function showHead() {
  const workshop = form.workshop && nameOf({ name_zh: form.workshop_name_zh, name_en: form.workshop_name_en, code: form.workshop });
  const enterprise = nameOf({ name_zh: form.enterprise_name_zh, name_en: form.enterprise_name_en, code: form.enterprise });
  byId('title').textContent = workshop ?? enterprise;
  const due = form.due_on ? ` ${t('assess.due')}: ${form.due_on} ` : ' ';
  fill('subtitle', [nameOf(form.standard), word('industry', form.industry)].join(' · '), ' ', stateFlag(form.state), due, form.late ? h('span', { class: 'flag bad' }, t('assess.late')) : null);
}

async function show() {
  const below = ['result', 'revisions', 'benchmark'].map((part) => api.get(`${path}/${part}`));
  const [result, revisions, benchmark] = await Promise.all(below);
  showHead();
  showResult(form, result);
  items();
  documents.showDocuments(form, path, isOpen());
  showGaps(result);
  showBenchmark(benchmark);
  showSteps(form, revisions);
  const found = actions();
  byId('act').hidden = !found.length;
  byId('due-label').hidden = isOpen();
  fill('acts', found);
  offerVersions(revisions, compare);
  await compare();
  showEvidence();
  showCertification();
}

async function load() {
  if (acting || outbox.running || document.activeElement?.matches('input, select')) return; // nobody's typing is taken away
  const read = await api.get(path);
  if (outbox.running) return; // what is being sent is newer
  form = read;
  if (isOpen()) outbox.meet(now);
  await show();
  if (isOpen()) outbox.flush(); // what a lost connection left behind
}

byId('add-document').addEventListener('submit', addDocuments);
await run(load);
listen(() => {}); // tells whether the server still answers

// One form of a region: the index down to each value and its source, beside what the platform's enterprises measured.
import * as api from '../api.js';
import { showSteps } from '../assess/history.js';
import { showValues, stored } from '../assess/region_values.js';
import { clear } from '../charts/base.js';
import { radar } from '../charts/radar.js';
import { byId, fill, h, options, table } from '../dom.js';
import { NONE, fixed, percent } from '../format.js';
import { nameOf, t, textOf, word } from '../i18n.js';
import { problem, run } from '../page.js';
import { regionName, regionState } from '../region.js';
import { listen } from '../stream.js';

const NORMALISERS = ['', 'ratio', 'logarithmic', 'points'];
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const { id, may } = byId('region').dataset;
const path = `/regional-assessments/${id}`;
let form = null;
const drafts = new Map(); // item -> what is typed and not saved

const isOpen = () => may === 'region' && form.state === 'draft';
const normaliser = () => byId('normaliser').value;
const dirty = () => drafts.size > 0 || (isOpen() && normaliser() !== form.normaliser);
const tell = (text) => {
  byId('said').textContent = text;
};

function waiting() {
  byId('save').disabled = !dirty();
  byId('forget').disabled = !dirty();
  byId('values-meta').textContent = drafts.size ? t('region.unsaved', { n: drafts.size }) : '';
}

function changed(row, part) {
  const before = stored(row);
  const draft = { ...before, ...drafts.get(row.id), ...part };
  if (JSON.stringify(draft) === JSON.stringify(before)) drafts.delete(row.id);
  else drafts.set(row.id, draft);
  waiting();
}

function showResult() {
  const { result, standard } = form;
  const index = standard.method === 'index';
  const facts = [
    [t('assess.answered'), percent(result.answered)],
    ...(index ? [[t('region.normaliser'), word('normaliser', result.normaliser || 'none')]] : []),
    ...(index ? form.nodes.map((node) => [t('region.class', { name: nameOf(node), weight: percent(node.weight, 0) }), node.points === null ? NONE : t('region.class.points', { points: fixed(node.points, 2), answered: percent(node.answered, 0) })]) : []),
    [t('region.weakest'), result.weakest ?? NONE],
    [t('assess.source'), `${textOf(standard, 'source')} · ${standard.confidence}`],
    [t('assess.note'), textOf(standard, 'note') || NONE],
  ];
  const total = result.total === null ? t('region.no_total') : fixed(result.total, 2);
  fill('result', index ? h('p', { class: 'big' }, total) : null, h('dl', { class: 'facts' }, facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])));
  byId('result-meta').textContent = t('assess.version', { id: standard.id, version: standard.version });
  const most = Math.max(100, ...form.nodes.map((node) => node.points ?? 0)); // one scale for all axes
  if (index) radar('radar', form.nodes.map((node) => ({ ...node, value: (node.points ?? 0) / most })));
  else clear('radar', t('region.radar.none'));
}

function showWrong(errors) {
  const names = new Map([...form.nodes, ...form.items].map((each) => [each.id, nameOf(each)]));
  const columns = [
    [t('import.row'), (error) => String(error.row), 'num'],
    [t('import.column'), (error) => names.get(error.column) ?? word('region_column', error.column)],
    [t('import.value'), (error) => error.value || NONE],
    [t('import.reason'), (error) => error.allowed],
  ];
  fill('wrong', errors.length ? table(t('region.wrong.caption', { n: errors.length }), columns, errors) : null);
}

/** A change of the form as it was read; every wrong value is told, and what is typed stays until it is saved. */
async function change(method, what, body, said) {
  try {
    showWrong([]);
    form = await api.send(method, `${path}${what}`, { lock: form.lock, ...body });
    drafts.clear();
    problem('');
    await show();
    tell(said);
  } catch (error) {
    await failed(error);
  }
}

async function failed(error) {
  if (error.status === 409) {
    form = await api.get(path);
    await show();
    problem(t('region.conflict'));
    return;
  }
  problem(error.message);
  showWrong(error.body?.errors ?? []);
}

async function sendFile(event) {
  event.preventDefault();
  const [file] = byId('file').files;
  const head = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const kind = head[0] === 0x50 && head[1] === 0x4b ? XLSX : 'text/csv';
  try {
    showWrong([]);
    const done = await api.postFile(`${path}/import?lock=${form.lock}`, file, kind);
    form = done.form;
    drafts.clear();
    problem('');
    await show();
    tell(t('region.imported', { rows: done.rows, changed: done.changed.length }));
    byId('import-form').reset();
  } catch (error) {
    await failed(error);
  }
}

function action(label, what, said) {
  const act = () => {
    if (dirty()) problem(t('region.save_first'));
    else change('POST', what, { comment: byId('comment').value }, said);
  };
  return h('button', { class: 'plain', type: 'button', 'data-key': what, onclick: act }, label);
}

async function show() {
  const revisions = await api.get(`${path}/revisions`);
  byId('title').textContent = `${regionName(form)} ${form.year}`;
  fill('subtitle', nameOf(form.standard), ' ', regionState(form.state));
  showResult();
  byId('saving').hidden = !isOpen();
  byId('import-form').hidden = !isOpen();
  byId('normaliser-label').hidden = form.standard.method !== 'index';
  options('normaliser', NORMALISERS.map((each) => [each, word('normaliser', each || 'none')]), form.normaliser);
  showValues({ form, open: isOpen(), draftOf: (row) => drafts.get(row.id) ?? stored(row), changed });
  waiting();
  showSteps({ events: form.events.map((each) => ({ ...each, due_on: null, late: false })) }, revisions);
  byId('act').hidden = may !== 'region';
  fill('acts', isOpen() ? action(t('assess.submit'), '/submit', t('assess.submitted')) : action(t('region.reopen'), '/reopen', t('region.reopened')));
}

async function load() {
  if (form && (dirty() || document.activeElement?.matches('input, select'))) return; // nobody's typing is taken away
  form = await api.get(path);
  await show();
}

byId('save').addEventListener('click', () => change('PUT', '/values', { values: [...drafts.values()], normaliser: form.standard.method === 'index' ? normaliser() : null }, t('region.saved')));
byId('forget').addEventListener('click', async () => {
  drafts.clear();
  showWrong([]);
  form = await api.get(path);
  await show();
});
byId('normaliser').addEventListener('change', waiting);
byId('import-form').addEventListener('submit', sendFile);
await run(load);
listen(() => {}); // tells whether the server still answers

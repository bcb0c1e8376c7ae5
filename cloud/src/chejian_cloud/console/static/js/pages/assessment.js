// One assessment: answers beside what telemetry says, the score they come to, and its way through city and province.
import * as api from '../api.js';
import { stateFlag } from '../assessment.js';
import { clear } from '../charts/base.js';
import { radar } from '../charts/radar.js';
import { dateMinuteOf, parse, windowText } from '../clock.js';
import { byId, fill, fold, h, table } from '../dom.js';
import { NONE, fixed, measured, percent } from '../format.js';
import { nameOf, t, word } from '../i18n.js';
import { problem, run } from '../page.js';
import { listen } from '../stream.js';

const { id, may } = byId('assessment').dataset;
const path = `/assessments/${id}`;
const can = (what) => may.split(' ').includes(what);
let form = null;
let saving = false;

const isOpen = () => can('assess') && ['draft', 'returned'].includes(form.state);
const tell = (text) => {
  byId('said').textContent = text;
};

/** Send a change of the form as it was read; what comes back is shown. */
async function change(method, what, body, said) {
  if (saving) return;
  saving = true;
  try {
    form = await api.send(method, `${path}${what}`, { lock: form.lock, ...body });
    problem('');
    await show();
    tell(said);
  } catch (error) {
    problem(error.message);
  } finally {
    saving = false;
  }
}

const save = (answer) => change('PUT', '/answers', { answers: [answer] }, t('assess.saved', { item: nameOf(form.items.find((each) => each.id === answer.item)) }));

const tidy = (number) => String(Number(number.toPrecision(12)));
const decimal = (text) => {
  const [above, below] = text.split('/').map(Number);
  return below ? above / below : above;
};

function answerText(item) {
  if (!item.given.length) return NONE;
  const values = item.given.map(decimal);
  if (item.scale === 'share') return percent(values[0]);
  if (item.scale === 'yes_no') return t(values[0] ? 'assess.yes' : 'assess.no');
  return values.map((value) => measured(value)).join(' / ');
}

function choice(item) {
  const select = h('select', { 'aria-label': nameOf(item), 'data-key': item.id }, ['', '1', '0'].map((value) => h('option', { value, selected: value === (item.given[0] ?? '') }, value === '' ? NONE : t(value === '1' ? 'assess.yes' : 'assess.no'))));
  select.addEventListener('change', () => save({ item: item.id, given: select.value ? [select.value] : [] }));
  return select;
}

function entry(item) {
  const share = item.scale === 'share';
  const shown = item.given.map((text) => (share ? tidy(decimal(text) * 100) : text)).join(' ');
  const field = h('input', { 'aria-label': nameOf(item), 'data-key': item.id, value: shown, size: 7, inputmode: 'decimal' });
  field.addEventListener('change', () => {
    const words = field.value.trim().split(/\s+/).filter(Boolean);
    save({ item: item.id, given: share ? words.map((each) => tidy(Number(each) / 100)) : words });
  });
  return h('span', {}, field, share ? ' %' : '');
}

function answerCell(item) {
  if (!isOpen() || item.basis === 'measured') return answerText(item);
  return item.scale === 'yes_no' ? choice(item) : entry(item);
}

function basisCell(item) {
  const words = item.basis ? word('basis', item.basis.replaceAll(' ', '_')) : NONE;
  if (!isOpen() || item.measured === null) return words;
  const measuredNow = item.basis === 'measured';
  const answer = measuredNow ? { item: item.id, given: item.given } : { item: item.id, measured: true };
  return h('span', {}, words, ' ', h('button', { class: 'pick', type: 'button', 'data-key': `basis ${item.id}`, onclick: () => save(answer) }, t(measuredNow ? 'assess.declare' : 'assess.use_measured')));
}

function saidCell(item) {
  if (!item.indicator) return NONE;
  const value = item.measured === null ? t('assess.no_value') : percent(item.measured);
  const against = form.contradictions_now.find((each) => each.item === item.id);
  const flag = against && h('span', { class: 'flag bad' }, t(against.over_declared ? 'assess.over_declared' : 'assess.under_declared', { declared: percent(against.declared), measured: percent(against.measured) }));
  return h('span', {}, h('a', { href: `#evidence-${item.indicator}` }, value), ` (${t('assess.complete', { share: percent(item.completeness, 0) })})`, flag ? ' ' : '', flag);
}

function showItems() {
  const nodes = new Map(form.nodes.map((node) => [node.id, node]));
  const cut = (node) => node && (node.cut || cut(nodes.get(node.parent)));
  const rows = form.items.filter((item) => nodes.has(item.node) && !cut(nodes.get(item.node)));
  const columns = [
    [t('assess.node'), (item) => nameOf(nodes.get(item.node))],
    [t('assess.item'), (item) => h('span', {}, nameOf(item), item.level ? ` (${t('assess.level_number', { n: item.level })})` : '')],
    [t('assess.answer'), answerCell],
    [t('assess.basis'), basisCell],
    [t('assess.telemetry'), saidCell],
    [t('assess.source'), (item) => `${item.source} · ${item.confidence}`],
  ];
  fill('items', table(t('assess.items.caption'), columns, rows));
  byId('items-meta').textContent = form.standard.document;
}

function levelLine(level) {
  const name = level.id ? nameOf(level) : t('assess.no_level');
  return h('p', { class: 'big' }, level.ladder ? `${level.ladder}: ` : '', name);
}

function showResult(result) {
  const facts = [
    [t('assess.total'), result.total === null ? NONE : fixed(result.total, 2)],
    [t('assess.answered'), percent(result.answered)],
    [t('basis.measured'), percent(result.measured)],
    [t('basis.declared_with_attachment'), percent(result.attached)],
    [t('basis.declared'), percent(result.declared)],
    [t('assess.contradictions'), result.contradictions.length ? h('span', { class: 'flag bad' }, result.contradictions.length) : '0'],
  ];
  fill('result', result.levels.map(levelLine), h('dl', { class: 'facts' }, facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])));
  byId('result-meta').textContent = t('assess.version', { id: form.standard.id, version: form.standard.version });
  if (result.radar.length > 2) radar('radar', result.radar);
  else clear('radar', t('assess.radar.none'));
}

function showGaps(result) {
  const moves = result.advice.flatMap((advice) => advice.moves.map((move) => ({ ...move, level: advice.level })));
  const columns = [
    [t('assess.next_level'), (move) => (move.level ? nameOf(move.level) : NONE)],
    [t('assess.item'), nameOf],
    [t('assess.now'), (move) => (move.before.length ? move.before.map((v) => measured(v)).join(' / ') : NONE), 'num'],
    [t('assess.needed'), (move) => move.to.map((v) => measured(v)).join(' / '), 'num'],
    [t('assess.change'), (move) => percent(move.change), 'num'],
  ];
  fill('gaps', moves.length ? table(t('assess.gaps.caption'), columns, moves) : h('p', { class: 'empty' }, t('assess.gaps.none')));
}

function showEvidence() {
  const columns = [
    [t('assess.indicator'), (each) => h('span', { id: `evidence-${each.indicator}` }, nameOf(each))],
    [t('assess.value'), (each) => (each.value === null ? t('assess.no_value') : each.unit === 'Wh per item' ? `${measured(each.value)} Wh` : percent(each.value)), 'num'],
    [t('assess.fraction'), (each) => `${each.numerator} / ${each.denominator}`, 'num'],
    [t('assess.completeness'), (each) => percent(each.completeness), 'num'],
    [t('assess.window'), (each) => windowText(parse(each.window_start), parse(each.window_end)), 'time'],
    [t('assess.links'), (each) => each.links.slice(0, 8).map((link) => h('a', { href: link }, `${link} `))],
    [t('assess.query'), (each) => fold(`query ${each.indicator}`, t('assess.query.show'), h('pre', { class: 'code' }, each.query))],
  ];
  fill('evidence', table(t('assess.evidence.caption'), columns, form.evidence));
}

function act(label, method, what, body, said) {
  return h('button', { class: 'plain', type: 'button', 'data-key': `${what} ${body.verdict ?? ''}`, onclick: () => change(method, what, { ...body, ...(what === '/evidence' ? {} : { comment: byId('comment').value }) }, said) }, label);
}

function actions() {
  if (isOpen()) return [act(t('assess.measure_again'), 'POST', '/evidence', {}, t('assess.measured_again')), act(t('assess.submit'), 'POST', '/submit', {}, t('assess.submitted'))];
  const judge = (what) => [act(t('assess.pass'), 'POST', what, { verdict: 'pass' }, t('assess.passed')), act(t('assess.return'), 'POST', what, { verdict: 'return' }, t('assess.returned'))];
  if (form.state === 'submitted' && can('review')) return judge('/review');
  return form.state === 'reviewed' && can('approve') ? judge('/approval') : [];
}

function showSteps(revisions) {
  const intact = new Map(revisions.map((each) => [each.sha256, each.intact]));
  const seal = (event) => {
    if (!event.sha256) return NONE;
    const good = intact.get(event.sha256);
    return h('span', { class: good ? 'check-ok' : 'check-bad', title: event.sha256 }, `${t(good ? 'assess.intact' : 'assess.tampered')} ${event.sha256.slice(0, 12)}`);
  };
  const columns = [
    [t('assess.at'), (event) => dateMinuteOf(parse(event.at)), 'time'],
    [t('assess.step'), (event) => t('assess.step.of', { step: word('assess_event', event.kind), n: event.revision })],
    [t('assess.by'), (event) => event.user_name],
    [t('assess.comment'), (event) => event.comment],
    [t('assess.seal'), seal],
  ];
  fill('steps', table(t('assess.steps.caption'), columns, form.events));
  const found = actions();
  byId('act').hidden = !found.length;
  fill('acts', found);
}

async function show() {
  const [result, revisions] = await Promise.all([api.get(`${path}/result`), api.get(`${path}/revisions`)]);
  const workshop = form.workshop && nameOf({ name_zh: form.workshop_name_zh, name_en: form.workshop_name_en, code: form.workshop });
  const enterprise = nameOf({ name_zh: form.enterprise_name_zh, name_en: form.enterprise_name_en, code: form.enterprise });
  byId('title').textContent = workshop ?? enterprise;
  fill('subtitle', [nameOf(form.standard), word('industry', form.industry)].join(' · '), ' ', stateFlag(form.state), form.due_on ? ` ${t('assess.due')}: ${form.due_on}` : '');
  showResult(result);
  showItems();
  showGaps(result);
  showSteps(revisions);
  showEvidence();
}

async function load() {
  if (saving || document.activeElement?.matches('input, select')) return; // nobody's typing is taken away
  form = await api.get(path);
  await show();
}

await run(load);
listen(() => {}); // tells whether the server still answers

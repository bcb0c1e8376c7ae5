// The table of items: answers as they are typed, what they rest on, what telemetry says, what is not saved yet.
import { byId, fill, fold, h, table } from '../dom.js';
import { NONE, measured, percent } from '../format.js';
import { nameOf, t, textOf, word } from '../i18n.js';

const IDLE = 2000; // ms without a key after which what is typed is saved
const drafts = new Map(); // item -> {text, timer, commit} of what is being typed

const tidy = (number) => String(Number(number.toPrecision(12)));
const decimal = (text) => {
  const [above, below] = text.split('/').map(Number);
  return below ? above / below : above;
};

/** What the server has of an item, as the outbox compares it. */
export const known = (item) => ({ given: item.given, basis: item.basis, attachments: item.attachments.map((a) => a.sha256) });

/** Save at once what is still being typed. */
export const commitTyped = () => [...drafts.values()].forEach((each) => each.commit());

/** What the reader last said of an item, saved or not. */
function wanted(item, outbox) {
  const waits = outbox.get(item.id)?.answer;
  return { ...known(item), ...(waits && !waits.measured ? waits : {}) };
}

function said(item, given) {
  if (!given.length) return NONE;
  const values = given.map(decimal);
  if (item.scale === 'share') return percent(values[0]);
  if (item.scale === 'yes_no') return t(values[0] ? 'assess.yes' : 'assess.no');
  return values.map((value) => measured(value)).join(' / ');
}

function choice(item, given, save) {
  const select = h('select', { 'aria-label': nameOf(item), 'data-key': item.id }, ['', '1', '0'].map((value) => h('option', { value, selected: value === (given[0] ?? '') }, value === '' ? NONE : t(value === '1' ? 'assess.yes' : 'assess.no'))));
  select.addEventListener('change', () => save(item, select.value ? [select.value] : []));
  return select;
}

function entry(item, given, save) {
  const share = item.scale === 'share';
  const shown = given.map((text) => (share ? tidy(decimal(text) * 100) : text)).join(' ');
  const field = h('input', { 'aria-label': nameOf(item), 'data-key': item.id, value: drafts.get(item.id)?.text ?? shown, size: 7, inputmode: 'decimal' });
  const commit = () => {
    clearTimeout(drafts.get(item.id)?.timer);
    drafts.delete(item.id);
    const words = field.value.trim().split(/\s+/).filter(Boolean);
    if (words.join(' ') !== shown) save(item, share ? words.map((each) => (Number.isFinite(Number(each)) ? tidy(Number(each) / 100) : each)) : words);
  };
  field.addEventListener('input', () => {
    clearTimeout(drafts.get(item.id)?.timer);
    drafts.set(item.id, { text: field.value, timer: setTimeout(commit, IDLE), commit });
  });
  field.addEventListener('change', commit);
  return h('span', {}, field, share ? ' %' : '');
}

/** What became of an answer that is not saved: it waits, was refused, or somebody else answered otherwise. */
function pending(item, outbox, save) {
  const waits = outbox.get(item.id);
  if (!waits) return null;
  if (waits.refused) return h('span', { class: 'flag bad' }, t('assess.refused', { allowed: waits.refused }));
  if (!waits.theirs) return h('span', { class: 'flag' }, t('assess.not_saved'));
  const mine = said(item, waits.answer.given ?? []);
  const pick = (key, label, action) => h('button', { class: 'pick', type: 'button', 'data-key': `${key} ${item.id}`, onclick: action }, label);
  return h('span', {}, h('span', { class: 'flag bad' }, t('assess.conflict', { mine, theirs: said(item, waits.theirs.given) })), ' ',
    pick('mine', t('assess.conflict.mine'), () => save(item, waits.answer.given, waits.answer)), ' ',
    pick('theirs', t('assess.conflict.theirs'), () => outbox.drop(item.id)));
}

function answerCell(item, { open, outbox, save }) {
  const { given } = wanted(item, outbox);
  if (!open || (item.basis === 'measured' && !outbox.get(item.id))) return said(item, item.given);
  return h('span', {}, item.scale === 'yes_no' ? choice(item, given, save) : entry(item, given, save), ' ', pending(item, outbox, save));
}

function basisCell(item, { open, save }) {
  const words = item.basis ? word('basis', item.basis.replaceAll(' ', '_')) : NONE;
  if (!open || item.measured === null) return words;
  const now = item.basis === 'measured';
  const act = () => save(item, item.given, now ? { attachments: [] } : { measured: true });
  return h('span', {}, words, ' ', h('button', { class: 'pick', type: 'button', 'data-key': `basis ${item.id}`, onclick: act }, t(now ? 'assess.declare' : 'assess.use_measured')));
}

function saidCell(item, { form }) {
  if (!item.indicator) return NONE;
  const value = item.measured === null ? t('assess.no_value') : percent(item.measured);
  const against = form.contradictions_now.find((each) => each.item === item.id);
  const flag = against && h('span', { class: 'flag bad' }, t(against.over_declared ? 'assess.over_declared' : 'assess.under_declared', { declared: percent(against.declared), measured: percent(against.measured) }));
  return h('span', {}, h('a', { href: `#evidence-${item.indicator}` }, value), ` (${t('assess.complete', { share: percent(item.completeness, 0) })})`, flag ? ' ' : '', flag);
}

/** The documents that support an answer; while the form is open they are ticked here. */
function documentsCell(item, { form, open, outbox, save }) {
  const { given, attachments: ticked } = wanted(item, outbox);
  const held = new Set(ticked);
  const names = item.attachments.map((each) => each.name).join(', ');
  if (!open || !given.length || item.basis === 'measured' || !form.attachments.length) return names || NONE;
  const box = (each) => {
    const tick = h('input', { type: 'checkbox', checked: held.has(each.sha256), 'data-key': `document ${item.id} ${each.attachment_id}` });
    tick.addEventListener('change', () => {
      const attachments = form.attachments.map((a) => a.sha256).filter((sha) => (sha === each.sha256 ? tick.checked : held.has(sha)));
      save(item, given, { attachments: [...new Set(attachments)] });
    });
    return h('label', { class: 'tick' }, tick, ` ${each.name}`);
  };
  return fold(`documents ${item.id}`, names || t('assess.documents.choose'), form.attachments.map(box));
}

/** Show the items of a form; `given` is {form, open, outbox, save(item, given, more)}. */
export function showItems(given) {
  const { form, outbox } = given;
  const nodes = new Map(form.nodes.map((node) => [node.id, node]));
  const cut = (node) => node && (node.cut || cut(nodes.get(node.parent)));
  const rows = form.items.filter((item) => nodes.has(item.node) && !cut(nodes.get(item.node)));
  const columns = [
    [t('assess.node'), (item) => nameOf(nodes.get(item.node))],
    [t('assess.item'), (item) => h('span', {}, nameOf(item), item.level ? ` (${t('assess.level_number', { n: item.level })})` : '', item.note_zh || item.formula_zh ? fold(`note ${item.id}`, t('assess.note'), h('p', {}, [textOf(item, 'formula'), textOf(item, 'note')].filter(Boolean).join(' · '))) : null)],
    [t('assess.answer'), (item) => answerCell(item, given)],
    [t('assess.basis'), (item) => basisCell(item, given)],
    [t('assess.telemetry'), (item) => saidCell(item, given)],
    [t('assess.documents'), (item) => documentsCell(item, given)],
    [t('assess.source'), (item) => `${textOf(item, 'source')} · ${item.confidence}${item.authority === 'standard' ? '' : ` · ${word('authority', item.authority.replaceAll(' ', '_'))}`}`],
  ];
  fill('items', table(t('assess.items.caption'), columns, rows));
  byId('items-meta').textContent = outbox.waiting.size ? t(outbox.offline ? 'assess.waiting.offline' : 'assess.waiting', { n: outbox.waiting.size }) : textOf(form.standard, 'document');
}

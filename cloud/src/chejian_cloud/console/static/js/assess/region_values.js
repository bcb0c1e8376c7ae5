// The table of a region's values: typed with source and confidence; what the platform's enterprises have stands apart.
import { parse, yearMinuteOf } from '../clock.js';
import { fill, fold, h, table } from '../dom.js';
import { NONE, fixed, measured, percent } from '../format.js';
import { nameOf, t, textOf, word } from '../i18n.js';

const CONFIDENCES = ['A', 'B', 'C', 'D'];
const tidy = (number) => String(Number(number.toPrecision(12)));
const decimal = (text) => {
  const [above, below] = text.split('/').map(Number);
  return below ? above / below : above;
};

/** What is typed of a row, as the server takes it: {item, value, base, source, confidence, note}. */
export const stored = (row) => ({ item: row.id, value: row.value, base: row.base ?? null, source: row.source ?? '', confidence: row.confidence ?? 'C', note: row.note ?? '' });

const isShare = (row) => row.scale === 'share';
const shown = (row, text) => (text === null ? '' : isShare(row) ? tidy(decimal(text) * 100) : text);

function typed(row, text) {
  const clean = text.trim();
  if (!clean) return null;
  return isShare(row) && Number.isFinite(Number(clean)) ? tidy(Number(clean) / 100) : clean;
}

function field(row, name, { draft, changed }, size) {
  const number = name === 'value' || name === 'base';
  const input = h('input', { 'aria-label': `${nameOf(row)}: ${t(`region.${name}`)}`, 'data-key': `${name} ${row.id}`, value: number ? shown(row, draft[name]) : draft[name], size, maxlength: name === 'source' ? 500 : 1000, inputmode: number ? 'decimal' : undefined });
  input.addEventListener('input', () => changed(row, { [name]: number ? typed(row, input.value) : input.value }));
  return input;
}

function confidence(row, { draft, changed }) {
  const select = h('select', { 'aria-label': `${nameOf(row)}: ${t('region.confidence')}`, 'data-key': `confidence ${row.id}` }, CONFIDENCES.map((value) => h('option', { value, selected: value === draft.confidence }, value)));
  select.addEventListener('change', () => changed(row, { confidence: select.value }));
  return select;
}

const plain = (row, text) => (text === null || text === undefined ? NONE : isShare(row) ? percent(decimal(text)) : measured(decimal(text)));

/** What enterprises on the platform measured or declared: another figure than the region's, so its coverage always stands with it. */
function platform(row) {
  const here = row.platform;
  if (!here) return t('region.platform.none');
  const value = here.value === null ? t('assess.no_value') : percent(here.value);
  const lacks = (each) => (each.completeness === null ? t('region.platform.nothing') : t('region.platform.incomplete', { share: percent(each.completeness, 0) }));
  const line = (each) => h('li', {}, nameOf({ name_zh: each.enterprise_name_zh, name_en: each.enterprise_name_en }), ' ', each.value === null ? lacks(each) : percent(each.value), each.assessment_ids.flatMap((id) => [' ', h('a', { href: `/assessments/${id}${here.indicator && `#evidence-${here.indicator}`}` }, t('region.platform.form', { id }))]));
  return h('span', {}, word('basis', here.basis), ' ', h('strong', {}, value), h('br', {}), t('region.platform.coverage', { n: here.answered, all: here.asked }), fold(`platform ${row.id}`, t('region.platform.which'), h('ul', {}, here.enterprises.map(line))));
}

const reference = (each) => h('div', {}, t(`region_reference.${each.kind}`, { year: each.year, value: each.value <= 1 ? percent(each.value) : measured(each.value) }), ` · ${each.confidence}`);

/** Show classes and items of a form; `given` is {form, open, draftOf(row), changed(row, part)}. */
export function showValues({ form, open, draftOf, changed }) {
  const index = form.standard.method === 'index';
  const rows = form.nodes.flatMap((node) => [...(node.may_be_given ? [{ ...node, head: true, scale: 'quantity', references: [], platform: null }] : []), ...form.items.filter((item) => item.node === node.id)]);
  const cell = (name, size) => (row) => (open ? field(row, name, { draft: draftOf(row), changed }, size) : (row[name] || NONE));
  const name = (row) => h('span', {}, row.head ? h('strong', {}, t('region.class', { name: nameOf(row), weight: percent(row.weight, 0) })) : nameOf(row), row.lower_is_better ? ` (${t('region.lower')})` : '', row.definition_source_zh ? fold(`definition ${row.id}`, t('region.definition', { confidence: row.definition_confidence ?? '' }), h('p', { class: 'meta' }, [textOf(row, 'formula'), textOf(row, 'definition_source')].filter(Boolean).join(' · '))) : null);
  const columns = [
    [t('assess.item'), name],
    [t('region.value'), (row) => (open ? h('span', {}, field(row, 'value', { draft: draftOf(row), changed }, 8), isShare(row) ? ' %' : '') : plain(row, row.value)), 'num'],
    ...(index ? [[t('region.base'), (row) => (row.head ? NONE : open ? field(row, 'base', { draft: draftOf(row), changed }, 6) : plain(row, row.base)), 'num']] : []),
    [t('region.source'), cell('source', 22)],
    [t('region.confidence'), (row) => (open ? confidence(row, { draft: draftOf(row), changed }) : (row.confidence ?? NONE))],
    [t('assess.note'), cell('note', 12)],
    ...(index ? [[t('region.points'), (row) => fixed(row.points, 2), 'num'], [t('region.share'), (row) => (row.head || row.share !== null ? percent(row.head ? row.weight : row.share) : NONE), 'num']] : []),
    ...(form.items.some((item) => item.platform) ? [[t('region.platform'), (row) => (row.head ? NONE : platform(row))]] : []),
    ...(form.items.some((item) => item.references.length) ? [[t('region.references'), (row) => (row.references.length ? row.references.map(reference) : NONE)]] : []),
    [t('assess.by'), (row) => (row.changed_by ? `${row.changed_by} ${yearMinuteOf(parse(row.changed_at))}` : NONE)],
  ];
  fill('values', table(t('region.values.caption'), columns, rows));
}

// Stops with reasons, the tree of reasons, the journal, explanations and losses, from the API; edits go back by POST.
import { parse } from './clock.js';
import { get, post, span, timed } from './api.js';
import { h } from './dom.js';
import { nameOf, t } from './i18n.js';

/** Reason tree, parents before children: [{code, parent, name_zh, name_en, loss, category, active, leaf}]. */
export const reasonTree = () => get('/reasons');

/** Stops of a machine [{start, end, state, category, reason, comment, user_name, needs_reason}], cut where reasons change. */
export async function stops(id, from, to) {
  return (await get(`/equipment/${id}/stops`, span(from, to))).map((row) => timed(row, 'start', 'end'));
}

/** Lines of the journal, newest first. */
export async function journal(id, from, to) {
  const rows = await get(`/equipment/${id}/stop-reasons`, span(from, to));
  return rows.map((row) => ({ ...timed(row, 'made_at'), pieces: row.pieces.map((piece) => timed(piece, 'start', 'end')) }));
}

/** Send an edit of the journal: "assign", "split", "comment" or "undo". */
export const edit = (id, what, body) => post(`/equipment/${id}/stop-reasons/${what}`, body);

/** Where the time of a machine went in a range. */
export const lossesOf = (id, from, to) => get(`/equipment/${id}/losses`, span(from, to));

/** How a number came about; `start` is the window's [ms]. */
export async function explanation(id, kpi, window, start) {
  const body = await get(`/equipment/${id}/kpis/explain`, { kpi, window, start: new Date(start).toISOString() });
  return {
    ...body,
    value: timed(body.value, 'start', 'end', 'computed_at'),
    intervals: body.intervals.map((row) => timed(row, 'start', 'end')),
    products: body.products.map((row) => ({ ...row, cycles: row.cycles.map((cycle) => timed(cycle, 'valid_from')) })),
    corrections: body.corrections.map((row) => timed(row, 'time')),
    revisions: body.revisions.map((row) => timed(row, 'start', 'end', 'revised_at')),
  };
}

/** Name of a reason with that of its parent; "unexplained" for none. */
export function reasonName(tree, code) {
  if (!code) return t('stops.unexplained');
  const node = tree.find((reason) => reason.code === code);
  if (!node) return code;
  const parent = tree.find((reason) => reason.code === node.parent);
  return parent ? `${nameOf(parent)} · ${nameOf(node)}` : nameOf(node);
}

/** Options of a select of reasons, grouped by their parents; the first one clears. */
export function reasonOptions(tree, chosen) {
  const option = (node) => h('option', { value: node.code, selected: node.code === chosen }, nameOf(node));
  const offered = tree.filter((node) => node.leaf && (node.active || node.code === chosen));
  const groups = tree.filter((node) => offered.some((leaf) => leaf.parent === node.code));
  return [
    h('option', { value: '', selected: !chosen }, t('stops.no_reason')),
    ...offered.filter((node) => !node.parent).map(option),
    ...groups.map((group) => h('optgroup', { label: nameOf(group) }, offered.filter((node) => node.parent === group.code).map(option))),
  ];
}

/** Milliseconds of a wall clock "hh:mm[:ss]" in the plant's zone, the first such time not before `start`. */
export function clockAfter(text, start, ofTime) {
  const day = 86_400_000;
  const second = (clock) => clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * (clock.split(':').length === 2 ? 60 : 1);
  const ahead = second(text) * 1000 - second(ofTime(start)) * 1000;
  const base = parse(start) - (parse(start) % 1000);
  return base + (ahead >= 0 ? ahead : ahead + day);
}

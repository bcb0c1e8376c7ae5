// Why a machine stood: its stops, explained by people, and the journal of what they said.
import * as api from '../api.js';
import { clear } from '../charts/base.js';
import { reasonLegend, reasonLine } from '../charts/reason_line.js';
import { dateMinuteOf, dateSecondOf, timeOf, windowText } from '../clock.js';
import { byId, fill, h, table } from '../dom.js';
import { NONE, span } from '../format.js';
import { t, word } from '../i18n.js';
import { stateName } from '../palette.js';
import { calmly, equipmentId, lastHours, problem, run } from '../page.js';
import { clockAfter, edit, journal, reasonName, reasonOptions, reasonTree, stops } from '../reasons.js';
import { offerName, signature } from '../signature.js';
import { listen } from '../stream.js';

const id = equipmentId();

let tree = [];
let shown = []; // stops of the range, by start
let found = []; // those of them that are listed
let chosen = null; // the stop that is edited, as it was when it was chosen

const rangeOf = () => lastHours(Number(byId('range').value));
const EARLIER = 86_400_000; // ms before the range: a stop that began there is shown and explained whole
const overlaps = (stop, from, to) => stop.start < to && stop.end > from;
const keyOf = (stop) => `stop ${stop.start}`;

function pickButton(stop) {
  return h('button', { class: 'pick', type: 'button', 'data-key': keyOf(stop), onclick: () => choose(stop) }, dateSecondOf(stop.start));
}

function reasonCell(stop) {
  if (stop.reason) return reasonName(tree, stop.reason);
  return stop.needs_reason ? h('span', { class: 'flag bad hatched' }, h('span', {}, t('stops.unexplained'))) : NONE;
}

function showList() {
  const columns = [
    [t('stops.start'), pickButton, 'time'],
    [t('stops.length'), (stop) => span(stop.end - stop.start), 'num'],
    [t('timeline.state'), (stop) => stateName(stop.state)],
    [t('timeline.category'), (stop) => t(`category.${stop.category}`)],
    [t('stops.reason'), reasonCell],
    [t('stops.comment'), (stop) => stop.comment],
    [t('stops.by'), (stop) => stop.user_name],
  ];
  const selected = (stop) => ({ 'aria-selected': String(stop === current()) });
  const rows = [...found].reverse();
  fill('list', rows.length ? table(t('stops.caption'), columns, rows, selected) : h('p', { class: 'empty' }, t('stops.none')));
}

function choose(stop) {
  chosen = stop;
  byId('edit-said').textContent = '';
  byId('edit-empty').hidden = true;
  byId('edit-form').hidden = false;
  byId('edit-what').textContent = `${windowText(stop.start, stop.end)} · ${span(stop.end - stop.start)} · ${stateName(stop.state)}`;
  fill('edit-reason', reasonOptions(tree, stop.reason));
  fill('split-reason', reasonOptions(tree, null));
  byId('edit-comment').value = '';
  byId('split-at').value = timeOf((stop.start + stop.end) / 2);
  showList();
  byId('edit-reason').focus();
}

// A running stop grows, and an edit cuts a stop: what lies over the chosen time is meant.
const current = () => chosen && shown.find((stop) => overlaps(stop, chosen.start, chosen.end));
const iso = (ms) => new Date(ms).toISOString();

async function send(what, body, said) {
  const name = signature();
  if (!name) return;
  try {
    await edit(id, what, { ...body, user_name: name });
    problem('');
    await load();
    byId('edit-said').textContent = said;
  } catch (error) {
    problem(t('stops.refused', { reason: error.message }));
  }
}

async function assign(event) {
  event.preventDefault();
  const stop = current();
  if (!stop) return problem(t('stops.gone'));
  const reason = byId('edit-reason').value || null;
  return send('assign', { start: iso(stop.start), end: iso(stop.end), reason, comment: byId('edit-comment').value }, t('stops.said.assign', { reason: reasonName(tree, reason) }));
}

async function commentOnly() {
  const stop = current();
  const words = byId('edit-comment').value.trim();
  if (!stop) return problem(t('stops.gone'));
  if (!words) return problem(t('stops.comment_needed'));
  return send('comment', { start: iso(stop.start), end: iso(stop.end), comment: words }, t('stops.said.comment'));
}

async function split() {
  const stop = current();
  const clock = byId('split-at').value;
  if (!stop) return problem(t('stops.gone'));
  if (!clock) return byId('split-at').focus();
  const at = clockAfter(clock, stop.start, timeOf);
  if (at <= stop.start || at >= stop.end) {
    return problem(t('stops.split.outside', { window: windowText(stop.start, stop.end) }));
  }
  const parts = [
    { end: iso(at), reason: byId('edit-reason').value || null, comment: byId('edit-comment').value },
    { end: iso(stop.end), reason: byId('split-reason').value || null },
  ];
  return send('split', { start: iso(stop.start), parts }, t('stops.said.split', { time: timeOf(at) }));
}

const undo = (change) => send('undo', { change_id: change }, t('stops.said.undo'));

function pieces(line) {
  return line.pieces.map((piece) => {
    const to = piece.end === null ? t('stops.open') : dateMinuteOf(piece.end);
    const what = line.kind === 'comment' ? piece.comment : [reasonName(tree, piece.reason), piece.comment].filter(Boolean).join('：');
    return h('div', {}, `${dateMinuteOf(piece.start)} - ${to}  ${what}`);
  });
}

function showJournal(lines) {
  const columns = [
    [t('stops.made_at'), (line) => dateSecondOf(line.made_at), 'time'],
    [t('stops.by'), (line) => line.user_name],
    [t('stops.kind'), (line) => word('change', line.kind)],
    [t('stops.says'), (line) => (line.kind === 'undo' ? t('stops.undoes', { n: line.undoes }) : pieces(line))],
    [
      t('stops.undo'),
      (line) => {
        if (line.kind === 'undo') return NONE;
        if (line.undone_by) return t('stops.undone');
        return h('button', { class: 'pick', type: 'button', 'data-key': `undo ${line.change_id}`, onclick: () => undo(line.change_id) }, t('stops.undo_this', { n: line.change_id }));
      },
    ],
  ];
  fill('journal', lines.length ? table(t('stops.journal.caption'), columns, lines) : h('p', { class: 'empty' }, t('stops.journal.none')));
}

async function showTimeline(from, to) {
  const intervals = await api.states(id, from, to);
  byId('timeline-meta').textContent = windowText(from, to);
  if (!intervals.length) return clear('timeline', t('states.empty'));
  reasonLine('timeline', intervals, found, from, to, (code) => reasonName(tree, code));
  return reasonLegend('timeline-legend', found);
}

async function load() {
  if (!tree.length) tree = await reasonTree();
  const [from, to] = rangeOf();
  const [all, lines] = await Promise.all([stops(id, from - EARLIER, to), journal(id, from, to)]);
  shown = all.filter((stop) => overlaps(stop, from, to));
  found = byId('only-unexplained').checked ? shown.filter((stop) => stop.needs_reason) : shown;
  await showTimeline(from, to);
  showList();
  showJournal(lines);
}

offerName();
byId('range-form').addEventListener('submit', (event) => event.preventDefault());
byId('edit-form').addEventListener('submit', assign);
byId('edit-comment-only').addEventListener('click', commentOnly);
byId('split-do').addEventListener('click', split);
byId('undo').addEventListener('click', () => undo(null));

const again = await run(load);
for (const control of ['range', 'only-unexplained']) byId(control).addEventListener('change', again);
const reload = calmly(again, 10_000);
let before = '';
listen((overview) => {
  const now = JSON.stringify(overview.find((machine) => machine.equipment_id === id)?.state ?? null);
  if (before && now !== before) reload();
  before = now;
});

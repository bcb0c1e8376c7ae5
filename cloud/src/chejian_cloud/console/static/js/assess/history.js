// A form's way: steps with deadlines and seals, and where two submitted versions differ.
import { parse, yearMinuteOf } from '../clock.js';
import { byId, fill, h, options, table } from '../dom.js';
import { NONE } from '../format.js';
import { nameOf, t, word } from '../i18n.js';

function seal(event, revisions) {
  const found = event.sha256 && revisions.find((each) => each.sha256 === event.sha256);
  if (!event.sha256) return NONE;
  const good = Boolean(found?.intact);
  const parts = found ? found.broken.map((part) => word('sealed', part)).join(', ') : word('sealed', 'step');
  return h('span', { class: good ? 'check-ok' : 'check-bad', title: event.sha256 }, good ? t('assess.intact') : t('assess.tampered.parts', { parts }), ` ${event.sha256.slice(0, 12)}`);
}

/** Steps of a form, newest last. */
export function showSteps(form, revisions) {
  const columns = [
    [t('assess.at'), (event) => yearMinuteOf(parse(event.at)), 'time'],
    [t('assess.step'), (event) => h('span', {}, t('assess.step.of', { step: word('assess_event', event.kind), n: event.revision }), event.late ? ' ' : null, event.late ? h('span', { class: 'flag bad' }, t('assess.late')) : null)],
    [t('assess.by'), (event) => event.user_name],
    [t('assess.comment'), (event) => event.comment || NONE],
    [t('assess.due'), (event) => event.due_on ?? NONE, 'time'],
    [t('assess.seal'), (event) => seal(event, revisions)],
  ];
  fill('steps', table(t('assess.steps.caption'), columns, form.events));
}

/** Offer the pairs of submitted versions; `compare` is called when another pair is chosen. */
export function offerVersions(revisions, compare) {
  byId('versions').hidden = revisions.length < 2;
  if (revisions.length < 2) {
    fill('changes', h('p', { class: 'empty' }, t('assess.changes.one')));
    return;
  }
  const pairs = revisions.map((each) => [String(each.revision), t('assess.version.number', { n: each.revision })]);
  const chosen = (id, other) => byId(id).value || other;
  options('version-old', pairs, chosen('version-old', pairs.at(-2)[0]));
  options('version-new', pairs, chosen('version-new', pairs.at(-1)[0]));
  for (const id of ['version-old', 'version-new']) byId(id).onchange = compare;
}

const text = (value) => (value === null ? NONE : typeof value === 'object' ? JSON.stringify(value) : String(value));

/** Where two versions differ, by part. */
export function showChanges(changes, form) {
  const names = new Map([...form.items, ...form.nodes, ...form.evidence.map((each) => ({ ...each, id: each.indicator }))].map((each) => [each.id, nameOf(each)]));
  const columns = [
    [t('assess.changes.part'), (each) => word('frozen', each.part)],
    [t('assess.changes.what'), (each) => [names.get(each.key) ?? each.key, each.field && word('frozen_field', each.field)].filter(Boolean).join(' · ')],
    [t('assess.changes.before'), (each) => text(each.before)],
    [t('assess.changes.after'), (each) => text(each.after)],
  ];
  fill('changes', changes.length ? table(t('assess.changes.caption'), columns, changes) : h('p', { class: 'empty' }, t('assess.changes.none')));
}

// Life-cycle file of a machine: name plate, run hours, maintenance orders, parts, diagnoses, and all of it as one line of time.
import { get } from '../api.js';
import { dateTimeOf, parse, yearMinuteOf } from '../clock.js';
import { byId, fill, fold, h, table } from '../dom.js';
import { NONE, count, fixed, percent } from '../format.js';
import { t, word } from '../i18n.js';
import { eventsOf } from '../life_line.js';
import { forms, orderText, partText } from '../life_forms.js';
import { equipmentId, run } from '../page.js';
import { listen } from '../stream.js';
import { confidenceText, verdictText } from '../verdict.js';

const id = equipmentId();
const address = new URL(location.href);
const asked = {
  diagnosis: Number(address.searchParams.get('diagnosis')) || null,
  done() {
    asked.diagnosis = null;
    address.searchParams.delete('diagnosis');
    history.replaceState(null, '', address);
  },
};
const moment = (time) => (time ? yearMinuteOf(parse(time)) : NONE);
const empty = (key) => h('p', { class: 'empty' }, t(key));
const fact = (key, value) => [h('dt', {}, t(key)), h('dd', {}, value)];
const diagnosisLink = (number, text) => h('a', { href: `/equipment/${id}/diagnosis?diagnosis=${number}` }, text);
const signed = (time, by) => (time ? `${moment(time)} · ${by}` : NONE);
const hoursOf = ({ producing_hours: hours, completeness }) => t('life.hours.with', { hours: fixed(hours, 1), known: percent(completeness) });

function showPlate({ commissioning: plate, run_hours: hours }) {
  const named = ['manufacturer', 'model', 'serial_number', 'commissioned_on', 'decommissioned_on', 'remark'];
  fill('plate', named.flatMap((key) => fact(`life.${key}`, plate[key] || NONE)));
  byId('plate-meta').textContent = plate.changed_at ? signed(plate.changed_at, plate.user_name) : '';
  if (!hours) {
    fill('hours', fact('life.producing', NONE), fact('life.powered', NONE), fact('life.known', NONE));
    byId('hours-note').textContent = t('life.hours.none');
    return;
  }
  fill(
    'hours',
    fact('life.producing', t('life.hours.value', { n: fixed(hours.producing_hours, 1) })),
    fact('life.powered', t('life.hours.value', { n: fixed(hours.powered_hours, 1) })),
    fact('life.known', percent(hours.completeness)),
  );
  byId('hours-note').textContent = t(hours.from_commissioning ? 'life.hours.since' : 'life.hours.since_data', { since: moment(hours.since), until: moment(hours.until) });
}

const orderColumns = (pick) => [
  [t('life.order'), (o) => (pick ? h('button', { class: 'pick', type: 'button', 'data-key': `order ${o.maintenance_order_id}`, onclick: () => pick(o) }, orderText(o)) : orderText(o))],
  [t('life.kind'), (o) => word('maintenance', o.kind)],
  [t('life.state'), (o) => word('maintenance', o.state)],
  [t('life.description'), (o) => o.description || NONE],
  [t('life.diagnosis'), (o) => (o.diagnosis_id === null ? NONE : diagnosisLink(o.diagnosis_id, t('life.diagnosis.link', { n: o.diagnosis_id })))],
  [t('life.opened'), (o) => signed(o.opened_at, o.opened_by)],
  [t('life.started'), (o) => signed(o.started_at, o.started_by)],
];

function showOrders({ open_orders: open, closed_orders: closed }) {
  fill('open-orders', open.length ? table(t('life.orders.open'), orderColumns(edits.mayEdit && edits.pickOrder), open) : empty('life.orders.none'));
  const columns = [
    ...orderColumns(null),
    [t('life.closed'), (o) => signed(o.closed_at, o.closed_by)],
    [t('life.found'), (o) => o.found || NONE],
    [t('life.changed'), (o) => t('life.changed.count', { fitted: count(o.parts_fitted.length), removed: count(o.parts_removed.length) })],
  ];
  fill('closed-orders', closed.length ? fold('closed', t('life.orders.closed', { n: count(closed.length) }), h('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': t('life.orders.closed.caption') }, table(t('life.orders.closed.caption'), columns, closed))) : null);
}

const partColumns = (pick) => [
  [t('life.part'), (p) => (pick ? h('button', { class: 'pick', type: 'button', 'data-key': `part ${p.part_id}`, onclick: () => pick(p) }, partText(p)) : partText(p))],
  [t('life.place'), (p) => p.place || NONE],
  [t('life.part.hours'), (p) => hoursOf(p.hours)],
  [t('life.fitted'), (p) => signed(p.fitted_at, p.fitted_by)],
  [t('life.under'), (p) => p.fitted_under ?? NONE],
];

function showParts({ parts, removed_parts: removed }) {
  fill('parts', parts.length ? table(t('life.parts.fitted'), partColumns(edits.mayEdit && edits.pickPart), parts) : empty('life.parts.none'));
  const columns = [...partColumns(null), [t('life.removed'), (p) => signed(p.removed_at, p.removed_by)], [t('life.remark'), (p) => p.removal_remark || p.remark || NONE]];
  fill('removed-parts', removed.length ? fold('removed', t('life.parts.removed', { n: count(removed.length) }), h('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': t('life.parts.removed.caption') }, table(t('life.parts.removed.caption'), columns, removed))) : null);
}

function showDiagnoses({ diagnoses }) {
  const columns = [
    [t('diagnoses.time'), (d) => diagnosisLink(d.diagnosis_id, dateTimeOf(parse(d.time))), 'time'],
    [t('diagnoses.verdict'), verdictText],
    [t('diagnoses.confidence'), confidenceText],
    [t('answer.title'), (d) => (d.answer ? `${word('answer', d.answer)} · ${d.answered_by}` : NONE)],
  ];
  fill('diagnoses', diagnoses.length ? table(t('life.diagnoses.caption'), columns, diagnoses) : empty('life.diagnoses.none'));
}

function told({ kind, of, times }) {
  const what = kind === 'diagnosed' ? verdictText(of) : 'part_id' in of ? partText(of) : 'maintenance_order_id' in of ? orderText(of) : [of.manufacturer, of.model].filter(Boolean).join(' ');
  const text = t(`happened.${kind}`, { what, n: count(times) });
  return kind === 'diagnosed' ? diagnosisLink(of.diagnosis_id, text) : text;
}

function showLine(file) {
  const columns = [
    [t('life.event.time'), (event) => yearMinuteOf(event.time), 'time'],
    [t('life.event'), told],
    [t('life.event.by'), (event) => event.by || NONE],
  ];
  const events = eventsOf(file);
  fill('line', events.length ? table(t('life.line.caption'), columns, events) : empty('life.line.none'));
}

function offerDiagnosis() {
  if (!asked.diagnosis || !edits.mayEdit) return;
  byId('order-diagnosis').hidden = false;
  byId('order-diagnosis').textContent = t('life.order.from', { n: asked.diagnosis });
}

async function load() {
  const file = await get(`/equipment/${id}/life-cycle`);
  showPlate(file);
  showOrders(file);
  showParts(file);
  showDiagnoses(file);
  showLine(file);
  edits.show(file);
}

const edits = forms(id, asked, () => load());
await run(load);
offerDiagnosis();
if (asked.diagnosis && edits.mayEdit) byId('order-title').focus();
listen(() => {}); // tells whether the server still answers

// A machine as it is read from across the hall.
import { COMPLETE_ENOUGH } from '../charts/oee_hours.js';
import { h, shape } from '../dom.js';
import { NONE, count, percent, span } from '../format.js';
import { t } from '../i18n.js';
import { stateName } from '../palette.js';
import { verdictMark } from '../verdict.js';

/** OEE in words: a number is never told where nothing is known. */
export function oeeText(shift) {
  if (!shift) return NONE;
  if (shift.oee !== null) return percent(shift.oee);
  return t(shift.completeness === 0 ? 'nodata' : 'kpi.undefined');
}

export const isSure = (shift) => Boolean(shift) && shift.completeness !== null && shift.completeness >= COMPLETE_ENOUGH;

/** Share of the shift's time that is known. */
export const completeText = (shift) => (shift ? t('card.complete', { share: percent(shift.completeness, 0) }) : t('card.no_shift'));

/** Planned pieces of a machine in a shift: null unless its orders all lie inside the shift. */
export function planOf(orders, machine) {
  const { shift } = machine;
  const own = shift ? orders.filter((o) => o.equipment_id === machine.equipment_id && o.planned_start < shift.end && o.planned_end > shift.start) : [];
  if (!own.length || own.some((o) => o.planned_start < shift.start || o.planned_end > shift.end)) return null;
  return own.reduce((sum, order) => sum + order.quantity, 0);
}

function goodText({ shift }, plan) {
  if (!shift || shift.good === null) return t('wall.good', { n: NONE });
  return plan === null ? t('wall.good', { n: count(shift.good) }) : t('wall.good_of', { n: count(shift.good), plan: count(plan) });
}

/** What is open about a machine: no connection, a damaged part. */
function marks(machine) {
  const part = machine.diagnosis?.part ? verdictMark(machine.diagnosis) : null;
  const offline = machine.online ? null : h('span', { class: 'state' }, shape('unsure'), t('node.offline'));
  return [part, offline].filter(Boolean);
}

/** Content of a machine's tile. */
export function tile(machine, orders) {
  const open = marks(machine);
  return [
    h('h2', { class: 'wall-code' }, shape(`state-${machine.state}`), machine.code),
    h('p', { class: isSure(machine.shift) ? 'wall-oee' : 'wall-oee unsure' }, h('span', { class: 'wall-label' }, 'OEE'), ` ${oeeText(machine.shift)}`),
    h('p', { class: 'wall-state' }, stateName(machine.state)),
    h('p', { class: 'wall-small wall-end' }, completeText(machine.shift)),
    h('p', { class: 'wall-small' }, machine.since === null ? t('card.never') : t('wall.for', { span: span(Date.now() - machine.since) })),
    h('p', { class: 'wall-small wall-end' }, goodText(machine, planOf(orders, machine))),
    h('p', { class: 'wall-marks' }, open.length ? open : ' '),
  ];
}

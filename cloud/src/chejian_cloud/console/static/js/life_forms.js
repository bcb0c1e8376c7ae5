// Forms of the life-cycle file: name plate, parts, maintenance orders. A form that the caller may not use is not on the page.
import { send } from './api.js';
import { unwall } from './clock.js';
import { byId, options } from './dom.js';
import { t, word } from './i18n.js';
import { problem } from './page.js';
import { offerName, signature } from './signature.js';

const PLATE = ['manufacturer', 'model', 'serial_number', 'commissioned_on', 'decommissioned_on', 'remark'];
const once = () => ({ 'idempotency-key': crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` });
const text = (id) => byId(id).value.trim();
const value = (id) => text(id) || null;

/** The instant that a field names by the plant's clock; null: now. */
function instant(id) {
  const given = text(id);
  return given ? new Date(unwall(Date.parse(`${given}Z`))).toISOString() : null;
}
const order = (id) => (text(id) ? Number(text(id)) : null);

export const partText = (part) => [part.name, part.code, part.serial_number].filter(Boolean).join(' · ');
export const orderText = (found) => `${found.maintenance_order_id} ${found.title}`;

/** Make the forms work for a machine; `reload()` reads the page again. Answers what the lists call. */
export function forms(machine, asked, reload) {
  const base = `/equipment/${machine}`;
  let picked = null; // the part or order that a form below a list is about
  let shown = null; // the file as it was read

  const act = (action, said) => async (event) => {
    event?.preventDefault();
    const name = signature();
    if (name === null) return;
    try {
      await action(name);
      problem('');
      byId('said').hidden = false;
      byId('said').textContent = t(said);
      for (const form of ['advance-form', 'removal-form']) byId(form).hidden = true;
      await reload();
    } catch (error) {
      problem(t('stops.refused', { reason: error.message }));
    }
  };

  async function savePlate(name) {
    const body = Object.fromEntries(PLATE.map((key) => [key, key.endsWith('_on') ? value(key) : text(key)]));
    await send('PUT', `${base}/life-cycle/commissioning`, { ...body, user_name: name }, { 'if-match': shown.commissioning.etag });
  }

  async function openOrder(name) {
    const body = { kind: text('order-kind'), title: text('order-title'), description: text('order-description'), diagnosis_id: asked.diagnosis };
    await send('POST', `${base}/maintenance-orders`, { ...body, user_name: name }, once());
    asked.done();
    byId('order-form').reset();
    byId('order-diagnosis').hidden = true;
  }

  const advance = (state) => async (name) => {
    const body = { state, at: instant('advance-at'), found: value('advance-found'), user_name: name };
    await send('PATCH', `/maintenance-orders/${picked.maintenance_order_id}`, body, { 'if-match': picked.etag });
    byId('advance-form').reset();
  };

  async function fit(name) {
    const body = { name: text('part-name'), code: text('part-code'), serial_number: text('part-serial'), place: text('part-place') };
    await send('POST', `${base}/parts`, { ...body, fitted_at: instant('part-at'), maintenance_order_id: order('part-under'), user_name: name }, once());
    byId('part-form').reset();
  }

  async function takeOut(name) {
    const body = { removed_at: instant('removal-at'), remark: text('removal-remark'), maintenance_order_id: order('removal-under'), user_name: name };
    await send('POST', `${base}/parts/${picked.part_id}/removal`, body);
    byId('removal-form').reset();
  }

  const withdraw = (name) => send('POST', `${base}/parts/${picked.part_id}/withdraw`, { user_name: name });

  if (byId('user')) {
    offerName();
    byId('user-form').addEventListener('submit', (event) => event.preventDefault());
    byId('order-form').addEventListener('submit', act(openOrder, 'life.said.opened'));
    byId('advance-form').addEventListener('submit', (event) => event.preventDefault());
    for (const state of ['in_work', 'done', 'cancelled']) byId(`advance-${state}`).addEventListener('click', act(advance(state), 'life.said.advanced'));
    byId('part-form').addEventListener('submit', act(fit, 'life.said.fitted'));
    byId('removal-form').addEventListener('submit', act(takeOut, 'life.said.removed'));
    byId('withdraw').addEventListener('click', act(withdraw, 'life.said.withdrawn'));
  }
  byId('plate-form')?.addEventListener('submit', act(savePlate, 'life.said.saved'));

  function offer(form, thing, what, field) {
    picked = thing;
    byId(form).hidden = false;
    byId(`${form.split('-')[0]}-what`).textContent = what;
    byId(field).focus();
  }

  return {
    mayEdit: byId('user') !== null,
    /** Fill the fields from a file that was read; what somebody is typing into stays. */
    show(file) {
      shown = file;
      if (byId('plate-form') && !byId('plate-form').contains(document.activeElement)) for (const key of PLATE) byId(key).value = file.commissioning[key] ?? '';
      if (!byId('user')) return;
      const orders = [...file.open_orders.filter((o) => o.state === 'in_work'), ...file.closed_orders.filter((o) => o.state === 'done')];
      for (const id of ['part-under', 'removal-under']) options(id, [['', t('life.under.none')], ...orders.map((o) => [String(o.maintenance_order_id), orderText(o)])], byId(id).value);
    },
    pickOrder(found) {
      for (const [state, from] of [['in_work', 'opened'], ['done', 'in_work']]) byId(`advance-${state}`).disabled = found.state !== from;
      offer('advance-form', found, `${orderText(found)} · ${word('maintenance', found.state)}`, 'advance-found');
    },
    pickPart: (part) => offer('removal-form', part, partText(part), 'removal-remark'),
  };
}

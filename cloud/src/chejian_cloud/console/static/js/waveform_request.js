// A waveform asked for: the button, what became of the newest request, and those before it.
import { get, send, timed } from './api.js';
import { dateSecondOf, timeOf } from './clock.js';
import { byId, fill, fold, h, table } from './dom.js';
import { NONE } from './format.js';
import { t, word } from './i18n.js';
import { problem } from './page.js';
import { signature } from './signature.js';

const LOOK = 2000; // ms between two looks while a request is open; the gateway looks for requests each second
const SHOWN = 10;
const isOpen = (request) => request?.state === 'requested' || request?.state === 'sent';

/** The newest requests of a machine, newest first. */
async function requestsOf(machine) {
  const rows = (await get(`/equipment/${machine}/waveform-requests`, { limit: SHOWN })).map((row) => timed(row, 'asked_at', 'expires_at', 'sent_at', 'arrived_at'));
  return rows.map((row) => ({ ...row, window: row.window && timed(row.window, 'time') }));
}

function textOf(request) {
  if (!request) return t('ask.none');
  const at = { arrived: request.arrived_at, sent: request.sent_at, expired: request.expires_at, requested: request.asked_at }[request.state];
  return t(`asking.${request.state}`, { time: timeOf(at), until: timeOf(request.expires_at), window: request.window ? dateSecondOf(request.window.time) : NONE });
}

/** Make the button work and follow an open request; `choose(diagnosis)` shows what was read of a window that came. */
export async function askButton(machine, choose) {
  const form = byId('ask-form');
  const button = byId('ask');
  const takes = form.dataset.takes !== undefined;
  let timer = null;

  const windowCell = (r) => {
    if (!r.window) return NONE;
    const time = dateSecondOf(r.window.time);
    return r.window.diagnosis_id === null ? time : h('button', { class: 'pick', type: 'button', 'data-key': `window ${r.request_id}`, onclick: () => choose(r.window.diagnosis_id) }, time);
  };
  const columns = [
    [t('ask.asked_at'), (r) => dateSecondOf(r.asked_at), 'time'],
    [t('ask.by'), (r) => r.user_name],
    [t('ask.state'), (r) => word('asked', r.state)],
    [t('ask.window'), windowCell],
  ];

  async function look() {
    const found = await requestsOf(machine);
    const [newest] = found;
    byId('asked').textContent = takes ? textOf(newest) : t('ask.takes_none');
    if (button) button.disabled = !takes || isOpen(newest);
    fill('asks', found.length ? fold('asks', t('ask.before'), table(t('ask.caption'), columns, found)) : null);
    clearTimeout(timer);
    if (isOpen(newest) || (newest?.state === 'arrived' && newest.window.diagnosis_id === null && Date.now() - newest.arrived_at < 30 * LOOK)) timer = setTimeout(() => look().catch(() => {}), LOOK);
  }

  button?.addEventListener('click', async () => {
    const name = signature();
    if (name === null) return;
    button.disabled = true;
    try {
      await send('POST', `/equipment/${machine}/waveform-requests`, { user_name: name }, { 'idempotency-key': crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` });
      problem('');
    } catch (error) {
      problem(t('ask.refused', { reason: error.message }));
    }
    await look();
  });
  await look();
}

// Engineers' answers to a diagnosis, and how often each method was right here.
import { get, post, timed } from './api.js';
import { dateMinuteOf } from './clock.js';
import { byId, fill, h, table } from './dom.js';
import { NONE, count, percent } from './format.js';
import { t, word } from './i18n.js';
import { problem } from './page.js';
import { offerName, signature } from './signature.js';

/** Show the answers to a diagnosis. */
export async function showAnswers(diagnosis) {
  const found = (await get(`/diagnoses/${diagnosis}/labels`)).map((row) => timed(row, 'made_at'));
  byId('answer-form').hidden = false;
  byId('withdraw').disabled = !found.length || found[0].answer === 'withdrawn';
  byId('answered').textContent = found.length
    ? t('answer.newest', { answer: word('answer', found[0].answer), user: found[0].user_name, time: dateMinuteOf(found[0].made_at), comment: [found[0].found, found[0].comment].filter(Boolean).join('；'), n: count(found.length) })
    : t('answer.none');
}

async function send(diagnosis, answer) {
  const name = signature();
  if (name === null) return false;
  const found = byId('answer-found').value.trim();
  const body = { answer, user_name: name, comment: byId('answer-comment').value, ...(answer === 'rejected' && found ? { found } : {}) };
  await post(`/diagnoses/${diagnosis}/labels`, body);
  byId('answer-comment').value = '';
  byId('answer-found').value = '';
  return true;
}

/** Make the buttons work: `chosen()` is the shown diagnosis, `after()` reads the page again. */
export function answerButtons(chosen, after) {
  offerName();
  byId('answer-form').addEventListener('submit', (event) => event.preventDefault());
  for (const [button, answer] of [['confirm', 'confirmed'], ['reject', 'rejected'], ['withdraw', 'withdrawn']]) {
    byId(button).addEventListener('click', async () => {
      try {
        if (await send(chosen(), answer)) await after();
      } catch (error) {
        problem(t('stops.refused', { reason: error.message }));
      }
    });
  }
}

/** Show precision by method of a workshop. */
export async function showPrecision(workshop) {
  const rows = await get('/diagnosis-precision', { workshop_id: workshop });
  if (!rows.length) return fill('precision', h('p', { class: 'empty' }, t('precision.none')));
  const columns = [
    [t('precision.method'), (r) => word('method', r.method)],
    [t('precision.named'), (r) => count(r.named), 'num'],
    [t('precision.confirmed'), (r) => count(r.confirmed), 'num'],
    [t('precision.rejected'), (r) => count(r.rejected), 'num'],
    [t('precision.missed'), (r) => count(r.missed), 'num'],
    [t('precision.share'), (r) => (r.precision === null ? NONE : `${percent(r.precision, 0)} (${percent(r.low, 0)} - ${percent(r.high, 0)})`), 'num'],
  ];
  return fill('precision', table(t('precision.caption'), columns, rows));
}

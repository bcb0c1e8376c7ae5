// What every page does: show errors in words, keep the footer's clock, tell tests when the charts are drawn.
import { HOUR, MINUTE, dateTimeOf } from './clock.js';
import { byId } from './dom.js';
import { t } from './i18n.js';

const RETRY = 5000; // ms after a failed reading; the API's Retry-After says the same

/** Show a problem above the page; an empty text takes it away. */
export function problem(text) {
  const element = byId('error');
  element.hidden = !text;
  element.textContent = text ?? '';
}

function tick() {
  byId('footer-now').textContent = t('footer.now', { time: dateTimeOf(Date.now()) });
}

/** Run `load` now and every `every` ms while the page is seen; sets body.dataset.ready after the first success. */
export async function run(load, every = MINUTE) {
  tick();
  setInterval(tick, 1000);
  const once = async () => {
    try {
      if (!globalThis.echarts) throw new Error(t('error.library'));
      await load();
      problem('');
      document.body.dataset.ready = '1';
    } catch (error) {
      document.body.dataset.failed = error.message;
      problem(t('error.load', { reason: error.message }));
      setTimeout(once, RETRY);
    }
  };
  await once();
  setInterval(() => {
    if (!document.hidden) once();
  }, every);
  return once;
}

/** Id of the equipment that the page is about. */
export const equipmentId = () => Number(document.body.dataset.equipment);

/** Id of the workshop that the page is about. */
export const workshopId = () => Number(document.body.dataset.workshop);

/** Id of the line that the page is about. */
export const lineId = () => Number(document.body.dataset.line);

/** The page's part of the organisation, as the API takes it. */
export function pageScope() {
  const { line, workshop } = document.body.dataset;
  if (line) return { line_id: Number(line) };
  return workshop ? { workshop_id: Number(workshop) } : {};
}

/** [from, to] of the newest `hours` hours; the end is rounded up to a minute, so that charts don't creep. */
export function lastHours(hours) {
  const to = Math.ceil(Date.now() / MINUTE) * MINUTE;
  return [to - hours * HOUR, to];
}

/** Call `action` at most once per `wait` ms, the last call always. */
export function calmly(action, wait) {
  let timer = null;
  let last = 0;
  return () => {
    if (timer) return;
    timer = setTimeout(() => {
      timer = null;
      last = Date.now();
      action();
    }, Math.max(0, last + wait - Date.now()));
  };
}

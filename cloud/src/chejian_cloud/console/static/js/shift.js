// The shift that runs in a workshop.
import * as api from './api.js';
import { windowText } from './clock.js';
import { byId } from './dom.js';
import { nameOf, t } from './i18n.js';

/** Put the running shift of a workshop into the page's head; returns it, null outside of shifts. */
export async function showShift(workshop) {
  const now = Date.now();
  const shift = (await api.workshopShifts(workshop, now - 1000, now)).find((window) => window.kind === 'shift') ?? null;
  byId('shift').textContent = shift ? t('overview.window', { name: nameOf(shift), window: windowText(shift.start, shift.end) }) : t('overview.no_shift');
  return shift;
}

// Choosing a window: its kind (hour, shift, day) and which one. The choice stands in the address, so that it can be shared.
import { windowText } from './clock.js';
import { byId, options } from './dom.js';
import { t } from './i18n.js';

const BACK = { hour: 48, shift: 24 * 7, day: 24 * 30 }; // hours looked back by kind of window
const address = new URL(location.href);
const asked = address.searchParams.get('window');
if (asked in BACK) byId('window-kind').value = asked; // before the page's first look

function remember(key, value) {
  address.searchParams.set(key, value);
  history.replaceState(null, '', address);
}

const kindOf = () => byId('window-kind').value;

/** Hours to look back for the chosen kind. */
export const hoursBack = () => BACK[kindOf()];

/** The chosen kind of window. */
export const chosenKind = kindOf;

/** Offer `windows` [{start, end, provisional}], newest first; returns the chosen one, null when there is none. */
export function offer(windows) {
  const select = byId('window-which');
  const chosen = windows.find((window) => String(window.start) === select.value) ?? windows[0] ?? null;
  options('window-which', windows.map((w) => [String(w.start), `${windowText(w.start, w.end)}${w.provisional ? ` · ${t('card.provisional')}` : ''}`]), chosen ? String(chosen.start) : '');
  return chosen;
}

/** Tell changes: `onKind` after another kind, `onWhich` after another window. */
export function chooser(onKind, onWhich) {
  byId('window-form').addEventListener('submit', (event) => event.preventDefault());
  byId('window-kind').addEventListener('change', () => {
    remember('window', kindOf());
    onKind();
  });
  byId('window-which').addEventListener('change', onWhich);
}

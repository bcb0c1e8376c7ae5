// Who says it: people sign with the name of their account, others give one, which this browser remembers.
import { byId } from './dom.js';

const KEPT = 'chejian.user'; // key of the browser's storage

/** Put the name into the page's field `user`. */
export function offerName() {
  const account = document.body.dataset.user;
  byId('user').value = account ?? localStorage.getItem(KEPT) ?? '';
  byId('user').readOnly = account !== undefined;
}

/** The name in that field; null, and said beside the field, where there is none. */
export function signature() {
  const field = byId('user');
  if (!field.reportValidity()) return null;
  if (!field.readOnly) localStorage.setItem(KEPT, field.value.trim());
  return field.value.trim();
}

// Words for a bearing diagnosis: which part, how sure, and why not when nothing can be told.
import { h, shape } from './dom.js';
import { t, word } from './i18n.js';

const UNSURE = new Set(['cannot_tell', 'impulsive_unassigned']);

/** Key of the verdict: the fault, "impulsive_unassigned", "none" (nothing found) or "cannot_tell". */
export function verdictKey(diagnosis) {
  if (diagnosis.part) return diagnosis.part;
  return UNSURE.has(diagnosis.confidence) ? 'cannot_tell' : 'none';
}

/** Verdict in words. */
export const verdictText = (diagnosis) => t(`part.${verdictKey(diagnosis)}`);

/** Shape and words of a verdict; a fault is told by its shape too. */
export function verdictMark(diagnosis) {
  const key = verdictKey(diagnosis);
  const symbol = { none: 'ok', cannot_tell: 'unsure' }[key] ?? 'bad';
  return h('span', { class: 'state' }, shape(symbol), t(`part.${key}`));
}

/** Confidence class in words. */
export const confidenceText = (diagnosis) => word('confidence', diagnosis.confidence);

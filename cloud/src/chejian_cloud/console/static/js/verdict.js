// Words for a bearing diagnosis: which part, how sure, and why not when nothing can be told.
import { h, shape } from './dom.js';
import { t, word } from './i18n.js';

const SHAPES = { none: 'ok', cannot_tell: 'unsure', impulsive_unassigned: 'unsure' }; // a named fault is bad

/** Key of the verdict: the fault, "impulsive_unassigned", "none" (nothing found) or "cannot_tell". */
export const verdictKey = (diagnosis) => diagnosis.part ?? diagnosis.confidence;

/** Name of the shape that stands for a verdict. */
export const verdictShape = (diagnosis) => SHAPES[verdictKey(diagnosis)] ?? 'bad';

/** Verdict in words. */
export const verdictText = (diagnosis) => t(`part.${verdictKey(diagnosis)}`);

/** Shape and words of a verdict; a fault is told by its shape too. */
export function verdictMark(diagnosis) {
  return h('span', { class: 'state' }, shape(verdictShape(diagnosis)), verdictText(diagnosis));
}

/** Confidence class in words. */
export const confidenceText = (diagnosis) => word('confidence', diagnosis.confidence);

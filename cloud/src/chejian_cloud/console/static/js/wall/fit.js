// How many machines stand beside each other, and how large their type may be: the grid fills the screen and never scrolls.
export const MOST = 24; // machines of one page; more are shown in turn
const [WIDE, HIGH] = [13.5, 5.1]; // em that a machine's texts take
const LARGEST = 160; // px
const SMALLEST = 6; // px; below it nothing is gained
const STEPS = 9; // halvings between the two: 0.3 px

/** Pages of at most MOST machines, as even as can be. */
export function pagesOf(machines) {
  const pages = Math.max(1, Math.ceil(machines.length / MOST));
  const each = Math.ceil(machines.length / pages);
  return Array.from({ length: pages }, (_, i) => machines.slice(i * each, (i + 1) * each));
}

/** Columns for `n` machines on a place of `width` x `height`: those that leave the largest type. */
export function columnsFor(n, width, height) {
  const size = (columns) => Math.min(width / columns / WIDE, height / Math.ceil(n / columns) / HIGH);
  const all = Array.from({ length: Math.max(n, 1) }, (_, i) => i + 1);
  return all.reduce((best, columns) => (size(columns) > size(best) ? columns : best), 1);
}

const inside = (element) => element.scrollWidth <= element.clientWidth && element.scrollHeight <= element.clientHeight;

/** Whether nothing in `parts` is cut off. */
export const fits = (parts) => parts.every(inside);

/** Give `element` the largest type with which nothing in `parts` is cut off. */
export function enlarge(element, parts) {
  let [low, high] = [SMALLEST, LARGEST];
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (low + high) / 2;
    element.style.fontSize = `${middle}px`;
    if (fits(parts)) low = middle;
    else high = middle;
  }
  element.style.fontSize = `${low}px`;
}

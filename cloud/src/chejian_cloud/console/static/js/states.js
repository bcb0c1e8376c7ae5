// How many machines are in which state: a bar that is cut by their number, and the numbers with shape and word.
import { h, shape } from './dom.js';
import { count } from './format.js';
import { NO_DATA, STATES, paint, stateName } from './palette.js';
import { hatch } from './charts/timeline.js';

const [WIDTH, HEIGHT] = [300, 12]; // units of the drawing; the bar is as wide as its place

const present = (states) => STATES.filter((state) => states[state]);

/** List of counts by state. */
export const stateCounts = (states) =>
  h('ul', { class: 'totals' }, present(states).map((state) => h('li', {}, shape(`state-${state}`), `${stateName(state)} ${count(states[state])}`)));

function part(name, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Bar of lengths by state (Map); the table beside it says the same in numbers. */
export const shareBar = (sums) => stateBar(Object.fromEntries(sums), [...sums.values()].reduce((a, b) => a + b, 0));

/** Bar of `whole` machines by state; the list beside it says the same in words, so readers skip the bar. */
export function stateBar(states, whole) {
  const svg = part('svg', { class: 'state-bar', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  let x = 0;
  for (const state of present(states)) {
    const width = (WIDTH * states[state]) / whole;
    svg.append(part('rect', { x, y: 0, width, height: HEIGHT, fill: paint(`state-${state}`), stroke: paint('panel'), 'stroke-width': 1 }));
    if (state === NO_DATA) svg.append(part('path', { d: hatch({ x, y: 0, width, height: HEIGHT }), stroke: paint('state-0-hatch'), 'stroke-width': 1 }));
    x += width;
  }
  return svg;
}

// Schematic map of our own: one square a city, neighbours near each other. A square says its numbers as text and is a button.
import { nameOf, t } from '../i18n.js';

const SPACE = 'http://www.w3.org/2000/svg';
const SIDE = 96; // px of a square in the drawing's own scale
const GAP = 6;
const LETTERS = 11; // that fit a line of a square in Latin script
const STEPS = 5; // shades of 20 % each, as those of the OEE scale

function element(tag, attributes, ...children) {
  const node = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** Lines of a name: words put together as long as they fit. */
function lines(name) {
  const found = [];
  for (const word of name.replace(/\s*\(.*\)$/, '').split(' ')) {
    const last = found.at(-1);
    if (last !== undefined && last.length + word.length < LETTERS) found[found.length - 1] = `${last} ${word}`;
    else found.push(word);
  }
  return found;
}

/** Step 1 (little) .. 5 of a share; 0 where there is nothing to have a share of. */
const stepOf = (share) => (share === null ? 0 : Math.min(STEPS, Math.floor(share * STEPS) + 1));

function square(city, chosen, pick) {
  const x = city.column * (SIDE + GAP);
  const y = city.row * (SIDE + GAP);
  const name = lines(nameOf(city));
  const said = [...name, city.value, city.mark].filter(Boolean).join(' '); // what is seen comes first in what is read out
  const text = (content, top, kind) => element('text', { x: x + SIDE / 2, y: y + top, class: kind }, `${content} `);
  const group = element(
    'g',
    { class: 'tile', role: 'button', tabindex: 0, 'aria-pressed': chosen, 'aria-label': `${said}. ${city.words}`, 'data-code': city.code, 'data-step': stepOf(city.share) },
    element('rect', { x: x + 2, y: y + 2, width: SIDE - 4, height: SIDE - 4 }),
    ...name.map((line, i) => text(line, (name.length > 1 ? 20 : 26) + 15 * i, 'tile-name')),
    text(city.value, 62, 'tile-value'),
    ...(city.mark ? [element('rect', { x: x + 8, y: y + 71, width: SIDE - 16, height: 18, class: 'tile-ground' }), text(city.mark, 84, 'tile-mark')] : []),
  );
  group.addEventListener('click', () => pick(city.code));
  group.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    pick(city.code);
  });
  return group;
}

/**
 * Draw cities [{code, column, row, share, value, mark, words}] into `id`; `pick(code)` gets the one that is chosen, and the
 * focus stays where it was.
 */
export function tileMap(id, cities, chosen, pick) {
  const place = document.getElementById(id);
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.code : undefined;
  const wide = (Math.max(...cities.map((c) => c.column)) + 1) * (SIDE + GAP);
  const high = (Math.max(...cities.map((c) => c.row)) + 1) * (SIDE + GAP);
  const squares = cities.map((city) => square(city, city.code === chosen, pick));
  place.replaceChildren(element('svg', { viewBox: `0 0 ${wide} ${high}`, class: 'tiles', role: 'group', 'aria-label': t('prog.map.label') }, ...squares));
  if (focused) place.querySelector(`[data-code="${focused}"]`)?.focus({ preventScroll: true });
}

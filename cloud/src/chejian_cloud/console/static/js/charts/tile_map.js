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

/** A city as a button: `shapes` are drawn below its texts, which stand in a square whose corner is at [x, y]. */
function button(city, [x, y], shapes, chosen, pick) {
  const name = lines(nameOf(city));
  const said = [...name, city.value, city.mark].filter(Boolean).join(' '); // what is seen comes first in what is read out
  const text = (content, top, kind) => element('text', { x: x + SIDE / 2, y: y + top, class: kind }, `${content} `);
  const group = element(
    'g',
    { class: 'tile', role: 'button', tabindex: 0, 'aria-pressed': chosen, 'aria-label': `${said}. ${city.words}`, 'data-code': city.code, 'data-step': stepOf(city.share) },
    ...shapes,
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

function square(city, chosen, pick) {
  const [x, y] = [city.column * (SIDE + GAP), city.row * (SIDE + GAP)];
  return button(city, [x, y], [element('rect', { x: x + 2, y: y + 2, width: SIDE - 4, height: SIDE - 4, class: 'tile-area' })], chosen, pick);
}

function show(id, [wide, high], groups) {
  const place = document.getElementById(id);
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.code : undefined;
  place.replaceChildren(element('svg', { viewBox: `0 0 ${wide} ${high}`, class: 'tiles', role: 'group', 'aria-label': t('prog.map.label') }, ...groups));
  if (focused) place.querySelector(`[data-code="${focused}"]`)?.focus({ preventScroll: true });
}

const WIDE = 900; // of a map of outlines, in the drawing's own scale

/** Middle of the box of the largest ring. */
function middleOf(rings) {
  const boxes = rings.map((ring) => {
    const [xs, ys] = [ring.map(([x]) => x), ring.map(([, y]) => y)];
    return [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  });
  const area = ([a, b, c, d]) => (b - a) * (d - c);
  const [left, right, top, bottom] = boxes.reduce((best, each) => (area(each) > area(best) ? each : best));
  return [(left + right) / 2, (top + bottom) / 2];
}

/** Draw cities as `tileMap` does, as the outlines [{code, rings: [[[longitude, latitude], ..], ..]}] of a map that was brought along. */
export function outlineMap(id, cities, outlines, chosen, pick) {
  const points = outlines.flatMap((each) => each.rings.flat());
  const reach = (values) => values.reduce(([low, high], each) => [Math.min(low, each), Math.max(high, each)], [Infinity, -Infinity]);
  const [west, east] = reach(points.map(([longitude]) => longitude));
  const [south, north] = reach(points.map(([, latitude]) => latitude));
  const narrow = Math.cos((((south + north) / 2) * Math.PI) / 180); // a degree of longitude against one of latitude
  const scale = WIDE / ((east - west) * narrow);
  const at = ([longitude, latitude]) => [(longitude - west) * narrow * scale, (north - latitude) * scale];
  const groups = outlines.map(({ code, rings }) => {
    const drawn = rings.map((ring) => ring.map(at));
    const path = drawn.map((ring) => `M${ring.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}Z`).join('');
    const [x, y] = middleOf(drawn);
    return button(cities.find((city) => city.code === code), [x - SIDE / 2, y - SIDE / 2], [element('path', { d: path, class: 'tile-area', 'fill-rule': 'evenodd' })], code === chosen, pick);
  });
  show(id, [WIDE, (north - south) * scale], groups);
}

/**
 * Draw cities [{code, column, row, share, value, mark, words}] into `id`; `pick(code)` gets the one that is chosen, and the
 * focus stays where it was.
 */
export function tileMap(id, cities, chosen, pick) {
  const wide = (Math.max(...cities.map((c) => c.column)) + 1) * (SIDE + GAP);
  const high = (Math.max(...cities.map((c) => c.row)) + 1) * (SIDE + GAP);
  show(id, [wide, high], cities.map((city) => square(city, city.code === chosen, pick)));
}

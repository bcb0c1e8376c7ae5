// Elements from data: text always goes in as text, so a hostile name is shown and never run.

/** Make an element. `attributes` with false, null or undefined are left out; children are nodes or texts. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === 'onclick') element.addEventListener('click', value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Replace what an element holds; what has the same `data-key` afterwards keeps focus and stays unfolded. */
export function refill(element, ...children) {
  const open = new Set([...element.querySelectorAll('details[open]')].map((part) => part.dataset.key));
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  for (const part of element.querySelectorAll('details')) part.open = open.has(part.dataset.key);
  if (focused === undefined) return;
  for (const part of element.querySelectorAll('[data-key]')) {
    if (part.dataset.key !== focused) continue;
    part.focus({ preventScroll: true });
    if (part.matches('input:not([type])')) part.setSelectionRange(part.value.length, part.value.length); // typing goes on where it was
  }
}

/** Replace what `id` holds. */
export const fill = (id, ...children) => refill(byId(id), ...children);

/** Something to unfold. */
export const fold = (key, title, ...content) => h('details', { 'data-key': key }, h('summary', { 'data-key': `${key} summary` }, title), ...content);

/** A symbol of shapes.svg; the word beside it carries the meaning for readers. */
export function shape(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'shape');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `/static/shapes.svg#${name}`);
  svg.append(use);
  return svg;
}

/** A table; `columns` are [title, cell function, class]; a cell is a node or a text. */
export function table(caption, columns, rows, rowAttributes = () => ({})) {
  const head = h('tr', {}, columns.map(([title, , kind]) => h('th', { scope: 'col', class: kind }, title)));
  const body = rows.map((row) =>
    h('tr', rowAttributes(row), columns.map(([, cell, kind]) => h('td', { class: kind }, cell(row)))),
  );
  return h('table', {}, h('caption', {}, caption), h('thead', {}, head), h('tbody', {}, body));
}

/** Put options of [value, text] into a select, keeping `chosen`. */
export function options(id, pairs, chosen) {
  fill(id, pairs.map(([value, text]) => h('option', { value, selected: value === chosen }, text)));
}

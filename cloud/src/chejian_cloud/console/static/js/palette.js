// Colours come from css/palette.css and its dark twin, so that charts and pages never drift apart.
import { t } from './i18n.js';

const style = getComputedStyle(document.documentElement);

/** Value of a custom property, without the dashes. */
export const colour = (name) => style.getPropertyValue(`--${name}`).trim();

/** The same for attributes of elements of the page, which follow the palette by themselves. */
export const paint = (name) => `var(--${name})`;

/** Machine states by number (contract `MachineState`); 0 is "no data", a category of its own. */
export const STATES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0];
export const NO_DATA = 0;

export const stateName = (state) => t(`state.${state ?? NO_DATA}`);
export const stateColour = (state) => colour(`state-${state ?? NO_DATA}`);
export const categoryName = (category) => t(`category.${category}`);

/** Colour of an ISO 22400 time category; no data has the hatched ground. */
export const categoryColour = (category) => (category === 'NO_DATA' ? colour('state-0') : colour(`category-${category}`));

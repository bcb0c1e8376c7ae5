// Meters of a workshop as a tree: what each shows now, what passed in a window, and what nobody meters.
import * as api from '../api.js';
import { windowText } from '../clock.js';
import { byId, fill, h } from '../dom.js';
import { windowsOf } from '../energy.js';
import { t } from '../i18n.js';
import { meterTable } from '../meter_table.js';
import { lastHours, pageScope, run } from '../page.js';
import { listen } from '../stream.js';
import { chooser, chosenKind, hoursBack, offer } from '../windows.js';

const scope = pageScope();
let meters = [];
let rows = [];

function show() {
  const window = offer(windowsOf(rows));
  byId('meters-meta').textContent = window ? windowText(window.start, window.end) : '';
  if (!meters.length) return fill('meters', h('p', { class: 'empty' }, t('meter.none')));
  const values = new Map(rows.filter((row) => row.start === window?.start).map((row) => [row.equipment_id, row]));
  return fill('meters', meterTable(t('meter.caption'), meters, values));
}

async function load() {
  const [from, to] = lastHours(hoursBack());
  [meters, rows] = await Promise.all([api.meters(scope), api.energyValues(scope, { window: chosenKind(), from, to })]);
  show();
}

const again = await run(load, 30_000);
chooser(again, show);
listen(() => {}); // tells whether the server still answers; meters are read every half minute

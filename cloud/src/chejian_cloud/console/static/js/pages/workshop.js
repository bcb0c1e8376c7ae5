// All machines of a workshop now, their last 24 hours, and OEE by hour.
import * as api from '../api.js';
import { showBackfill } from '../backfill.js';
import { showCards } from '../cards.js';
import { clear } from '../charts/base.js';
import { oeeHours, oeeLegend } from '../charts/oee_hours.js';
import { legend, timeline } from '../charts/timeline.js';
import { windowText } from '../clock.js';
import { byId } from '../dom.js';
import { t } from '../i18n.js';
import { lastHours, pageScope, run, workshopId } from '../page.js';
import { showShift } from '../shift.js';
import { listen } from '../stream.js';

const HOURS = 24;
const scope = pageScope();

let machines = []; // as the stream last told
let extras = new Map(); // by equipment id: {product, seen}, read once a minute

async function showStates(from, to) {
  const rows = (await api.statesIn(scope, from, to)).map(({ code, intervals }) => ({ name: code, intervals }));
  byId('states-meta').textContent = windowText(from, to);
  if (!rows.some((row) => row.intervals.length)) return clear('states', t('states.empty'));
  timeline('states', rows, from, to);
  return legend('states-legend', rows, from, to);
}

async function showHours(from, to) {
  const rows = (await api.kpisIn(scope, { kpi: 'oee', window: 'hour', from, to })).map(({ code, values }) => ({ name: code, hours: values }));
  byId('oee-hours-meta').textContent = windowText(from, to);
  showBackfill(rows, from, to);
  if (!rows.some((row) => row.hours.length)) return clear('oee-hours', t('oee_hours.empty'));
  oeeHours('oee-hours', rows, from, to);
  return oeeLegend('oee-hours-legend');
}

async function load() {
  machines = await api.overview(scope);
  await showShift(workshopId());
  if (!machines.length) {
    clear('states', t('workshop.no_machines'));
    clear('oee-hours', t('workshop.no_machines'));
    return;
  }
  const [from, to] = lastHours(HOURS);
  const [latest] = await Promise.all([api.latest(scope), showStates(from, to), showHours(from, to)]);
  extras = latest;
  showCards(machines, extras);
}

await run(load);
setInterval(() => showCards(machines, extras), 10_000); // "since ... ago" grows
listen((overview) => {
  machines = overview;
  showCards(machines, extras);
});

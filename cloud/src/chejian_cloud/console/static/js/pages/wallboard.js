// The screen in the hall: machines of one workshop after the other, as large as they fit, and loud when nothing comes in.
import * as api from '../api.js';
import { minuteOf, timeOf } from '../clock.js';
import { byId, h } from '../dom.js';
import { nameOf, t } from '../i18n.js';
import { workshopId } from '../page.js';
import { STALE, feed } from '../wall/feed.js';
import { columnsFor, enlarge, fits, pagesOf } from '../wall/fit.js';
import { completeText, isSure, oeeText, tile } from '../wall/tile.js';

const AGAIN = 5_000; // ms after a workshop could not be read
const PLAN_EVERY = 60_000; // ms between two looks at shifts and orders
const GROWS = 10_000; // ms after which "for ... minutes" is told anew
const TURN = Number(byId('wall').dataset.turn) * 1000;
const WORKSHOPS = [...document.querySelectorAll('#wall-workshops li')].map((item) => ({ id: Number(item.dataset.workshop), name: item.textContent }));

let short = new Map(); // workshop id -> all of it in short
let shown = -1; // place in WORKSHOPS
let part = 0; // page of its machines
let machines = [];
let orders = [];
let shift = null;
let machineFeed = null;
let still = false;
let turning = false;

const workshop = () => WORKSHOPS[shown];
const scope = () => ({ workshop_id: workshop().id });

/** [ms of the oldest number that is shown, whether it is too old]. */
function age() {
  const heard = machineFeed ? Math.min(machineFeed.heard(), shortFeed.heard()) : shortFeed.heard();
  return [heard, Date.now() - heard > STALE];
}

function showHead() {
  const now = short.get(workshop().id)?.shift ?? null;
  byId('wall-name').textContent = workshop().name;
  byId('wall-shift').textContent = shift ? `${nameOf(shift)} ${minuteOf(shift.start)} - ${minuteOf(shift.end)}` : t('overview.no_shift');
  byId('wall-total').textContent = oeeText(now);
  byId('wall-total').classList.toggle('unsure', !isSure(now));
  byId('wall-complete').textContent = completeText(now);
  const pages = pagesOf(machines).length;
  const [place, all] = [WORKSHOPS.length > 1 ? [shown + 1, WORKSHOPS.length] : [part + 1, pages], WORKSHOPS.length > 1 && pages > 1];
  byId('wall-page').textContent = all ? `${place.join(' / ')} · ${part + 1} / ${pages}` : WORKSHOPS.length > 1 || pages > 1 ? place.join(' / ') : '';
}

/** Put the machines of the page into the grid; `anew` sizes them from the start. */
function showMachines(anew) {
  const grid = byId('wall');
  const page = pagesOf(machines)[part] ?? [];
  const tiles = page.map((machine) => h('article', { class: 'wall-tile', 'data-state': machine.state, 'data-id': machine.equipment_id }, tile(machine, orders)));
  grid.replaceChildren(...(tiles.length ? tiles : [h('p', { class: 'wall-none' }, t('workshop.no_machines'))]));
  if (!tiles.length) return;
  const columns = columnsFor(page.length, grid.clientWidth, grid.clientHeight);
  grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
  grid.style.gridTemplateRows = `repeat(${Math.ceil(page.length / columns)}, minmax(0, 1fr))`;
  if (anew || !fits(tiles)) enlarge(grid, tiles);
}

function show(anew = false) {
  if (shown < 0) return;
  showHead();
  showMachines(anew);
  document.body.dataset.ready = '1';
}

async function readPlan() {
  const now = Date.now();
  shift = (await api.workshopShifts(workshop().id, now - 1000, now)).find((window) => window.kind === 'shift') ?? null;
  orders = [];
  let path = shift && `/orders?${new URLSearchParams(api.span(shift.start, shift.end))}`;
  while (path) {
    const page = await api.page(path);
    orders.push(...page.items.map((row) => api.timed(row, 'planned_start', 'planned_end')));
    path = page.next;
  }
}

/** Show a workshop from its first machine on: nothing of the one before stays. */
async function enter(place) {
  const id = WORKSHOPS[place].id;
  const told = await api.overview({ workshop_id: id });
  machineFeed?.close();
  [shown, part, machines, shift, orders] = [place, 0, told, null, []];
  machineFeed = feed(scope(), 'overview', api.liveMachines, () => api.overview({ workshop_id: id }), (news) => {
    machines = news;
    part = Math.min(part, pagesOf(machines).length - 1);
    show();
  });
  show(true);
  await readPlan();
  show(true);
}

/** Go `by` pages on, over the end of a workshop into the next one that has machines. */
async function turn(by) {
  if (turning) return;
  turning = true;
  try {
    const pages = pagesOf(machines).length;
    if (part + by >= 0 && part + by < pages) {
      part += by;
      show(true);
    } else if (WORKSHOPS.length > 1) {
      const round = Array.from({ length: WORKSHOPS.length }, (_, i) => (shown + by * (i + 1) + WORKSHOPS.length * WORKSHOPS.length) % WORKSHOPS.length);
      await enter(round.find((place) => short.get(WORKSHOPS[place].id)?.machines) ?? shown);
    } else if (pages > 1) {
      part = (part + by + pages) % pages;
      show(true);
    }
  } catch (error) {
    document.body.dataset.silent = error.message; // the age of the numbers tells it to people
  } finally {
    turning = false;
  }
}

function tick() {
  byId('wall-clock').textContent = timeOf(Date.now());
  const [heard, old] = age();
  document.body.dataset.live = old ? 'stale' : 'live';
  const alarm = byId('wall-stale');
  const text = old ? t('wall.stale', { time: timeOf(heard) }) : '';
  if (alarm.textContent === text) return;
  alarm.textContent = text;
  alarm.hidden = !old;
  show(true);
}

function pause() {
  still = !still;
  byId('wall-pause').setAttribute('aria-pressed', String(still));
}

const keys = { ' ': pause, ArrowRight: () => turn(1), ArrowLeft: () => turn(-1), Escape: () => document.fullscreenElement ?? byId('wall-back').click() };
document.addEventListener('keydown', (event) => {
  if (!keys[event.key] || (event.key === ' ' && event.target.matches('button, a'))) return;
  event.preventDefault();
  keys[event.key]();
});
byId('wall-pause').addEventListener('click', pause);
byId('wall-full').addEventListener('click', () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()));
new ResizeObserver(() => show(true)).observe(byId('wall'));

const shortFeed = feed({ view: 'workshops' }, 'workshops', api.liveWorkshops, api.workshopsNow, (news) => {
  short = new Map(news.map((row) => [row.workshop_id, row]));
  const unknown = !workshopId() && news.some((row) => !WORKSHOPS.some(({ id }) => id === row.workshop_id));
  if (unknown && performance.now() > PLAN_EVERY) location.reload(); // registered since the page was made
  show();
});

/** The first workshop, asked for until it is there. */
async function begin() {
  try {
    short = new Map((await api.workshopsNow()).map((row) => [row.workshop_id, row]));
    await enter(Math.max(0, WORKSHOPS.findIndex(({ id }) => short.get(id)?.machines)));
  } catch (error) {
    document.body.dataset.silent = error.message; // the age of the numbers tells it to people
    setTimeout(begin, AGAIN);
  }
}

tick();
setInterval(tick, 1000);
if (WORKSHOPS.length) {
  await begin();
  setInterval(() => show(), GROWS);
  setInterval(() => still || turn(1), TURN);
  setInterval(() => readPlan().then(() => show(), (error) => { document.body.dataset.silent = error.message; }), PLAN_EVERY);
}

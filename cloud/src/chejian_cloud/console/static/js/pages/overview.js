// All workshops now: what runs, what does not, OEE of the running shift, faults and silence by name. One answer for all of them.
import * as api from '../api.js';
import { moment, shiftOee } from '../cards.js';
import { stateBar, stateCounts } from '../states.js';
import { figure } from '../energy.js';
import { byId, fill, h, refill, shape } from '../dom.js';
import { showFindings } from '../findings.js';
import { count, percent, span } from '../format.js';
import { nameOf, t } from '../i18n.js';
import { run } from '../page.js';
import { listenWorkshops } from '../stream.js';
import { verdictMark } from '../verdict.js';

let workshops = [];
let energy = new Map(); // by workshop id: sum of the running shift, read once a minute

const machineLink = (machine, href = `/equipment/${machine.equipment_id}`) => h('a', { href, 'data-key': href, title: nameOf(machine) }, machine.code);

/** A row of the block: what it is about, and the machines that it names; `more` says that there are others. */
function named(key, symbol, items, total, tell) {
  const rest = total - items.length;
  return [
    h('dt', {}, t(`workshop.${key}`)),
    h('dd', {}, total === 0 ? h('span', { class: 'meta' }, t('workshop.none')) : items.map((item) => h('span', { class: 'mention' }, symbol && shape(symbol), tell(item))), rest > 0 && h('span', { class: 'meta' }, t('workshop.more', { n: count(rest) }))),
  ];
}

function damage(item) {
  const href = `/equipment/${item.equipment_id}/diagnosis?diagnosis=${item.diagnosis_id}`;
  return [machineLink(item, href), ' ', verdictMark(item)];
}

const lasting = (item) => [machineLink(item), ` ${item.since === null ? t('card.never') : span(Date.now() - item.since)}`];
const quiet = (item) => [machineLink(item), ` ${item.since === null ? t('card.never') : t('workshop.since', { time: moment(item.since) })}`];

/** Energy of the running shift: standard coal with electricity beside it, and how much of it is known. */
function energyRow(workshop) {
  const sum = energy.get(workshop.workshop_id);
  if (!sum || !sum.carriers.length) return [h('dt', {}, t('workshop.energy')), h('dd', {}, h('span', { class: 'meta' }, t('workshop.energy.none')))];
  const counted = sum.carriers.filter((carrier) => carrier.counted);
  const share = Math.min(...counted.map((carrier) => carrier.completeness), 1);
  const electricity = sum.carriers.find((carrier) => carrier.carrier === 'electricity');
  return [
    h('dt', {}, t('workshop.energy')),
    h('dd', {}, electricity && figure(electricity.value, electricity.unit, electricity.completeness), sum.kgce === null ? figure(null) : figure(sum.kgce, 'kgce', share), h('span', { class: 'meta' }, `${t('factor_value.equivalent')} · ${t('card.complete', { share: percent(share) })}`)),
  ];
}

function block(workshop) {
  if (!workshop.machines) return [h('p', { class: 'empty' }, t('workshop.no_machines'))];
  const offline = workshop.machines - workshop.online;
  const shift = workshop.shift;
  return [
    stateBar(workshop.states, workshop.machines),
    stateCounts(workshop.states),
    shiftOee(shift, shift && t('workshop.counted', { n: shift.machines, all: workshop.machines })),
    h(
      'dl',
      {},
      energyRow(workshop),
      named('faults', 'state-3', workshop.faults, workshop.fault_count, lasting),
      named('damages', null, workshop.diagnoses, workshop.diagnosis_count, damage),
      named('silent', 'state-0', workshop.silent, workshop.silent_count, quiet),
      h('dt', {}, t('workshop.online')),
      h('dd', {}, t('workshop.online.is', { n: workshop.online, all: workshop.machines }), offline ? h('span', { class: 'flag bad' }, t('workshop.offline', { n: offline })) : ''),
    ),
  ];
}

const isAbnormal = (workshop) => workshop.fault_count + workshop.diagnosis_count + workshop.silent_count > 0 || workshop.online < workshop.machines;

function choose() {
  const words = byId('find').value.trim().toLowerCase();
  const only = byId('abnormal').checked;
  let seen = 0;
  for (const workshop of workshops) {
    const element = byId(`workshop-${workshop.workshop_id}`);
    if (!element) continue;
    element.hidden = (only && !isAbnormal(workshop)) || !element.dataset.words.toLowerCase().includes(words);
    seen += element.hidden ? 0 : 1;
  }
  for (const section of document.querySelectorAll('.enterprise')) section.hidden = !section.querySelector('.workshop:not([hidden])');
  byId('found').textContent = t('overview.found', { n: count(seen), all: count(workshops.length) });
}

function show() {
  if (!byId('totals')) return; // nothing is registered; the page says what to do
  const states = {};
  for (const workshop of workshops) {
    for (const [state, machines] of Object.entries(workshop.states)) states[state] = (states[state] ?? 0) + machines;
    const element = byId(`workshop-${workshop.workshop_id}`);
    if (!element) continue; // registered since the page was made; the next visit shows it
    const text = JSON.stringify(workshop);
    element.classList.toggle('abnormal', isAbnormal(workshop));
    if (element.dataset.told === text) continue;
    element.dataset.told = text;
    refill(element.querySelector('.workshop-body'), block(workshop));
  }
  const machines = workshops.reduce((sum, workshop) => sum + workshop.machines, 0);
  byId('sum').textContent = t('overview.sum', { workshops: count(workshops.length), machines: count(machines) });
  fill('totals', [...stateCounts(states).children]);
  choose();
}

function showAnew() {
  for (const element of document.querySelectorAll('.workshop')) delete element.dataset.told;
  show();
}

for (const id of ['find', 'abnormal']) byId(id)?.addEventListener('input', choose);
byId('filter')?.addEventListener('submit', (event) => event.preventDefault());

await run(async () => {
  [workshops, energy] = await Promise.all([api.workshopsNow(), api.workshopsEnergy()]);
  showAnew();
  if (byId('findings-panel')) await showFindings();
});
setInterval(showAnew, 30_000); // "for ... minutes" grows
listenWorkshops((told) => {
  workshops = told;
  show();
});

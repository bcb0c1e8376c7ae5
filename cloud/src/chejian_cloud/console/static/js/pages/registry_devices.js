// Devices that edges have announced: which feed an equipment, which wait for one, and whether their data flow.
import * as api from '../api.js';
import { moment } from '../cards.js';
import { byId, fill, h, options, table } from '../dom.js';
import { NONE, count, fixed, span } from '../format.js';
import { nameOf, t } from '../i18n.js';
import { problem, run } from '../page.js';
import { listen } from '../stream.js';

const EVERY = 5000; // ms: whoever connects a device watches its values arrive
const FLOWING = 60_000; // ms since the newest value, below which data flow
const NEW = 'new';
let devices = [];
let tree = null;
let chosen = null; // device_id

const keyOf = (device) => `${device.node}/${device.device}`;
const user = () => document.body.dataset.user ?? 'console';
const current = () => devices.find((device) => device.device_id === chosen);

function flow(device) {
  if (device.seen === null) return h('span', { class: 'flag' }, t('devices.silent'));
  const age = Date.now() - device.seen;
  const [kind, text] = age < FLOWING ? ['flag calm', t('devices.flows')] : ['flag', t('devices.since', { span: span(age) })];
  return h('span', { class: kind }, text);
}

function show() {
  const rows = devices.filter((device) => !byId('only-new').checked || device.equipment_id === null);
  const columns = [
    [t('devices.device'), (row) => h('button', { class: 'pick', type: 'button', 'data-key': `device ${row.device_id}`, 'aria-pressed': String(row.device_id === chosen), onclick: () => choose(row) }, keyOf(row))],
    [t('devices.online'), (row) => t(row.online ? 'node.online' : 'node.offline')],
    [t('devices.metrics'), (row) => count(row.metrics), 'num'],
    [t('devices.flow'), flow],
    [t('devices.equipment'), (row) => (row.equipment_id === null ? h('span', { class: 'flag bad' }, t('devices.unmapped')) : h('a', { href: `/equipment/${row.equipment_id}`, 'data-key': `equipment ${row.device_id}` }, row.equipment))],
  ];
  byId('devices-meta').textContent = t('devices.sums', { n: devices.length, waiting: devices.filter((device) => device.equipment_id === null).length });
  fill('devices', rows.length ? table(t('devices.caption'), columns, rows) : h('p', { class: 'empty' }, t(devices.length ? 'devices.all_mapped' : 'devices.none')));
}

function showMetrics(metrics) {
  const valueOf = (row) => row.text ?? (row.value === null ? NONE : `${fixed(row.value, 2)} ${row.unit}`.trim());
  const columns = [
    [t('devices.metric'), (row) => row.name],
    [t('devices.value'), valueOf, 'num'],
    [t('devices.time'), (row) => (row.time === null ? NONE : moment(row.time)), 'time'],
  ];
  fill('metrics', table(t('devices.metrics.caption'), columns, metrics));
}

function offerNew() {
  const fresh = byId('equipment').value === NEW;
  byId('new').hidden = !fresh;
  byId('new').disabled = !fresh;
}

async function choose(device) {
  chosen = device.device_id;
  say('');
  show();
  byId('map-empty').hidden = true;
  byId('map').hidden = false;
  byId('map-what').textContent = `${keyOf(device)} · ${t('devices.told', { workshop: device.workshop || NONE, line: device.line || NONE, type: device.equipment_type || NONE })}`;
  const mapped = device.equipment_id !== null;
  byId('map-form').hidden = mapped;
  byId('disconnect').hidden = !mapped;
  const lines = tree.workshops.flatMap((workshop) => workshop.lines.map((line) => ({ ...line, workshop })));
  const machines = lines.flatMap((line) => line.equipment.map((row) => [row.id, `${line.workshop.code} / ${line.code} / ${row.code} ${nameOf(row)}`]));
  const same = lines.flatMap((line) => line.equipment).find((row) => row.code === device.device);
  options('equipment', [[NEW, t('registry_new.equipment')], ...machines], same?.id ?? NEW);
  options('line', lines.map((line) => [line.id, `${line.workshop.code} / ${line.code} ${nameOf(line)}`]), lines.find((line) => line.code === device.line && line.workshop.code === device.workshop)?.id);
  byId('code').value = device.device;
  byId('name_zh').value = device.device;
  if (device.equipment_type && byId('type').querySelector(`[value="${CSS.escape(device.equipment_type)}"]`)) byId('type').value = device.equipment_type;
  offerNew();
  await watch();
}

async function watch() {
  if (chosen !== null) showMetrics((await api.get(`/devices/${chosen}/metrics`)).map((row) => api.timed(row, 'time')));
}

function say(text) {
  byId('said').hidden = !text;
  byId('said').textContent = text;
}

async function equipmentFor() {
  if (byId('equipment').value !== NEW) return Number(byId('equipment').value);
  const body = { code: byId('code').value.trim(), name_zh: byId('name_zh').value, type: byId('type').value, user_name: user() };
  return (await api.post(`/lines/${byId('line').value}/equipment`, body)).id;
}

async function connect(event) {
  event.preventDefault();
  const { node, device } = current();
  const hours = await api.post(`/equipment/${await equipmentFor()}/feeds`, { node, device, user_name: user() });
  await again(t('devices.connected', { device: keyOf({ node, device }), hours }));
}

async function disconnect() {
  const { node, device, equipment_id: equipment } = current();
  const query = new URLSearchParams({ node, device, user_name: user() });
  await api.send('DELETE', `/equipment/${equipment}/feeds?${query}`);
  await again(t('devices.disconnected', { device: keyOf({ node, device }) }));
}

async function again(text) {
  await load();
  await choose(current());
  say(text);
}

const guarded = (action) => async (event) => {
  try {
    problem('');
    await action(event);
  } catch (error) {
    problem(t('registry.refused', { reason: error.message }));
  }
};

async function load() {
  const enterprise = byId('enterprise').value;
  if (!enterprise) return fill('devices', h('p', { class: 'empty' }, t('registry.no_enterprise')));
  [tree, devices] = await Promise.all([api.get('/registry', { enterprise }), api.get('/devices', { group: enterprise, limit: 1000 })]);
  devices = devices.map((row) => api.timed(row, 'born_at', 'seen'));
  show();
  return watch();
}

byId('devices-form').addEventListener('submit', (event) => event.preventDefault());
byId('map-form').addEventListener('submit', guarded(connect));
byId('disconnect').addEventListener('click', guarded(disconnect));
byId('equipment').addEventListener('change', offerNew);
byId('only-new').addEventListener('change', show);
byId('enterprise').addEventListener('change', guarded(async () => {
  chosen = null;
  byId('map').hidden = true;
  byId('map-empty').hidden = false;
  await load();
}));
await run(load, EVERY);
listen(() => {}); // tells whether the server still answers

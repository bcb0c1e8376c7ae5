// The registry of an enterprise as a tree; each node is added to, renamed or moved. A node that somebody else has changed is shown anew.
import * as api from '../api.js';
import { byId, fill, fold, h, options, table } from '../dom.js';
import { nameOf, t } from '../i18n.js';
import { problem, run } from '../page.js';
import { listen } from '../stream.js';

const CHANGED = 412;
let tree = null;
let chosen = null; // {kind, node, parent}: `node` is null for something new below `parent`

const title = (kind, node) => `${node.code} ${nameOf(node)}`;
const user = () => document.body.dataset.user ?? 'console';
const lines = () => tree.workshops.flatMap((workshop) => workshop.lines.map((line) => ({ ...line, workshop })));

function editButton(kind, node) {
  return h('button', { class: 'pick', type: 'button', 'data-key': `${kind} ${node.id}`, onclick: () => choose(kind, node) }, t('registry.change', { what: node.code }));
}

function newButton(kind, parent) {
  return h('button', { class: 'pick', type: 'button', 'data-key': `new ${kind} ${parent.id}`, onclick: () => choose(kind, null, parent) }, t(`registry_new.${kind}`));
}

function equipmentTable(line) {
  const columns = [
    [t('registry.position'), (row) => String(row.position), 'num'],
    [t('registry.code'), (row) => h('a', { href: `/equipment/${row.id}`, 'data-key': `page ${row.id}` }, row.code)],
    [t('registry.name'), nameOf],
    [t('registry.type'), (row) => byId('type').querySelector(`[value="${row.type}"]`)?.textContent ?? row.type],
    [t('registry.edit'), (row) => editButton('equipment', row)],
  ];
  return line.equipment.length ? table(title('line', line), columns, line.equipment) : h('p', { class: 'empty' }, t('registry.no_equipment'));
}

function lineFold(line) {
  return fold(`line ${line.id}`, `${title('line', line)} (${line.equipment.length})`, h('p', { class: 'choose' }, editButton('line', line), newButton('equipment', line)), equipmentTable(line));
}

function show() {
  byId('tree-meta').textContent = t('registry.sums', { workshops: tree.workshops.length, lines: lines().length, equipment: lines().reduce((sum, line) => sum + line.equipment.length, 0) });
  fill(
    'tree',
    h('p', { class: 'choose' }, h('b', {}, title('enterprise', tree)), editButton('enterprise', tree), newButton('workshop', tree)),
    tree.workshops.map((workshop) =>
      h('section', {}, h('h3', {}, title('workshop', workshop)), h('p', { class: 'choose' }, editButton('workshop', workshop), newButton('line', workshop)), workshop.lines.map(lineFold)),
    ),
  );
}

function choose(kind, node, parent = null) {
  chosen = { kind, node, parent };
  say('');
  byId('edit-empty').hidden = true;
  byId('edit-form').hidden = false;
  byId('edit-what').textContent = node ? title(kind, node) : t(`registry_new.${kind}`) + (parent ? `: ${title('', parent)}` : '');
  const shown = new Set([kind, node ? 'old' : 'new']);
  for (const label of byId('edit-form').querySelectorAll('[data-for]')) {
    label.hidden = !shown.has(label.dataset.for);
    for (const field of label.querySelectorAll('input, select')) field.disabled = label.hidden;
  }
  byId('code').value = '';
  for (const name of ['name_zh', 'name_en', 'city_code', 'position']) byId(name).value = node?.[name] ?? '';
  byId('position').required = node !== null; // a new one stands behind the last
  if (node?.type) byId('type').value = node.type;
  options('calendar', tree.calendars.map((code) => [code, code]), node?.calendar);
  options('line', lines().map((line) => [line.id, `${line.workshop.code} / ${title('line', line)}`]), node?.line_id ?? parent?.id);
  byId('line').disabled = kind !== 'equipment' || node === null; // a new one stands where it was added
  byId(node ? 'name_zh' : 'code').focus();
}

const ADDRESS = { enterprise: 'enterprises', workshop: 'workshops', line: 'lines', equipment: 'equipment' };

/** Method, path and body of what the form says. */
function request({ kind, node, parent }) {
  const body = { name_zh: byId('name_zh').value, name_en: byId('name_en').value, user_name: user() };
  if (kind === 'workshop') Object.assign(body, { city_code: byId('city_code').value, calendar: byId('calendar').value });
  if (kind === 'equipment') Object.assign(body, { type: byId('type').value, position: byId('position').value === '' ? null : Number(byId('position').value) });
  if (node) {
    if (kind === 'equipment') body.line_id = Number(byId('line').value);
    return ['PUT', `/${ADDRESS[kind]}/${kind === 'enterprise' ? encodeURIComponent(node.code) : node.id}`, body, { 'if-match': node.etag }];
  }
  body.code = byId('code').value.trim();
  const above = { enterprise: '', workshop: `/enterprises/${encodeURIComponent(tree?.code ?? '')}`, line: `/workshops/${parent?.id}`, equipment: `/lines/${parent?.id}` };
  return ['POST', `${above[kind]}/${ADDRESS[kind]}`, body, { 'idempotency-key': crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` }];
}

function say(text) {
  byId('said').hidden = !text;
  byId('said').textContent = text;
}

async function store(event) {
  event.preventDefault();
  const asked = chosen;
  try {
    const hours = await api.send(...request(asked));
    if (asked.kind === 'enterprise' && !asked.node) location.assign(`/registry?enterprise=${encodeURIComponent(byId('code').value.trim())}`);
    problem('');
    await load();
    again(asked);
    say(typeof hours === 'number' && hours > 0 ? t('registry.stored_hours', { hours }) : t('registry.stored'));
  } catch (error) {
    if (error.status !== CHANGED) return problem(t('registry.refused', { reason: error.message }));
    await load();
    again(asked);
    problem(t('registry.changed'));
  }
  return undefined;
}

/** Choose what was edited again, as it stands now. */
function again({ kind, node }) {
  const all = { enterprise: [tree], workshop: tree.workshops, line: lines(), equipment: lines().flatMap((line) => line.equipment) };
  const now = node && all[kind].find((row) => row.id === node.id);
  if (now) choose(kind, now);
  else byId('edit-form').hidden = true;
  byId('edit-empty').hidden = Boolean(now);
}

async function load() {
  const enterprise = byId('enterprise').value;
  if (!enterprise) return fill('tree', h('p', { class: 'empty' }, t('registry.no_enterprise')));
  tree = await api.get('/registry', { enterprise });
  return show();
}

const asked = new URLSearchParams(location.search).get('enterprise');
if (asked && [...byId('enterprise').options].some((option) => option.value === asked)) byId('enterprise').value = asked;
byId('tree-form').addEventListener('submit', (event) => event.preventDefault());
byId('edit-form').addEventListener('submit', store);
byId('new-enterprise')?.addEventListener('click', () => {
  tree ??= { calendars: [], workshops: [] };
  choose('enterprise', null);
});
byId('enterprise').addEventListener('change', async () => {
  byId('edit-form').hidden = true;
  byId('edit-empty').hidden = false;
  await load().catch((error) => problem(t('error.load', { reason: error.message })));
});
await run(load, 24 * 3_600_000); // a form that is being filled in is not to change under the hand
listen(() => {}); // tells whether the server still answers

// A registry table: sent to be looked at, every error or change shown, then stored as a whole.
import * as api from '../api.js';
import { byId, fill, h, table } from '../dom.js';
import { count } from '../format.js';
import { known, t, word } from '../i18n.js';
import { problem, run } from '../page.js';
import { listen } from '../stream.js';

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const DONE = ['workshops_added', 'workshops_changed', 'lines_added', 'lines_changed', 'equipment_added', 'equipment_changed', 'equipment_unchanged', 'feeds_added'];
const SAME_ATTEMPT = 3; // times that a store is sent when no answer comes; its key lets it be done once

let chosen = null; // {file, enterprise, key} that was looked at without an error

function say(text, wrong = false) {
  const element = byId('said');
  element.hidden = !text;
  element.textContent = text;
  element.classList.toggle('error', wrong);
}

const kindOf = async (file) => {
  const head = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  return head[0] === 0x50 && head[1] === 0x4b ? XLSX : 'text/csv';
};

async function send(path, { file, enterprise, key }) {
  const query = new URLSearchParams({ enterprise, ...(key ? { user_name: document.body.dataset.user ?? 'console' } : {}) });
  return api.postFile(`/registry/imports${path}?${query}`, file, await kindOf(file), key ? { 'idempotency-key': key } : {});
}

const reasonOf = (error) => (known(`import.reason.${error.reason}`) ? t(`import.reason.${error.reason}`, { about: error.about }) : error.allowed);

function showErrors(body) {
  const columns = [
    [t('import.row'), (error) => String(error.row), 'num'],
    [t('import.column'), (error) => (error.column ? word('import_column', error.column) : t('import.whole_row'))],
    [t('import.value'), (error) => error.value],
    [t('import.reason'), reasonOf],
  ];
  fill('list', table(t('import.errors.caption', { n: body.error_count, shown: body.errors.length }), columns, body.errors));
}

function showChanges(body) {
  const columns = [
    [t('import.row'), (change) => String(change.row), 'num'],
    [t('import.code'), (change) => change.code],
    [t('import.column'), (change) => (change.column ? word('import_column', change.column) : t('import.new'))],
    [t('import.before'), (change) => change.before],
    [t('import.after'), (change) => change.after],
  ];
  const sums = DONE.filter((name) => body[name] > 0).map((name) => [h('dt', {}, t(`import.${name}`)), h('dd', {}, count(body[name]))]);
  fill(
    'list',
    h('dl', { class: 'facts' }, sums.flat()),
    body.changes.length ? table(t('import.changes.caption', { n: body.changes.length }), columns, body.changes) : h('p', { class: 'empty' }, t('import.no_change')),
  );
}

async function check(event) {
  event.preventDefault();
  forget();
  const asked = { file: byId('file').files[0], enterprise: byId('enterprise').value };
  say(t('import.checking'));
  fill('list', h('p', { class: 'empty' }, t('loading')));
  const body = await send('/preview', asked);
  byId('result-meta').textContent = t('import.rows', { n: body.rows });
  if (body.error_count) {
    showErrors(body);
    say(t('import.refused', { n: body.error_count }), true);
    return;
  }
  showChanges(body);
  say(t('import.ready'));
  chosen = { ...asked, key: crypto.randomUUID?.() ?? String(Math.random()).slice(2) };
  byId('store').disabled = false;
}

async function store() {
  const asked = chosen;
  forget();
  say(t('import.storing'));
  for (let attempt = 1; ; attempt += 1) {
    try {
      const body = await send('', asked);
      say(t('import.stored', { added: body.equipment_added, changed: body.equipment_changed, hours: body.hours_marked }));
      return;
    } catch (error) {
      if (error.status !== undefined || attempt === SAME_ATTEMPT) {
        if (error.body?.errors) showErrors({ error_count: error.body.errors.length, errors: error.body.errors });
        throw error;
      }
    }
  }
}

/** What was looked at is not what would be stored any more. */
function forget() {
  chosen = null;
  byId('store').disabled = true;
}

const guarded = (action) => async (event) => {
  try {
    problem('');
    await action(event);
  } catch (error) {
    say('');
    problem(t('import.failed', { reason: error.message }));
  }
};

byId('import-form').addEventListener('submit', guarded(check));
byId('store').addEventListener('click', guarded(store));
for (const id of ['file', 'enterprise']) {
  byId(id).addEventListener('change', () => {
    forget();
    say('');
  });
}
await run(async () => {});
listen(() => {}); // tells whether the server still answers

// Reports that are made by themselves: the files, and for which windows there are some.
import * as api from '../api.js';
import { dateMinuteOf, parse, windowText, yearMinuteOf } from '../clock.js';
import { byId, fill, h, options, table } from '../dom.js';
import { NONE, count, fixed } from '../format.js';
import { nameOf, t, word } from '../i18n.js';
import { problem, run } from '../page.js';
import { listen } from '../stream.js';

const edits = Boolean(byId('schedule-form'));
const user = () => document.body.dataset.user ?? 'console';
const KILOBYTE = 1000;
const BADGE = { made: 'good', due: '', failed: 'bad' };

let workshops = new Map();
let shownPages = 1;

const placeOf = (row) => {
  const found = workshops.get(row.workshop_id);
  return found ? `${found.code} ${nameOf(found)}` : row.workshop;
};
const kindOf = (row) => `${word('window', row.window)} · ${row.format === 'pdf' ? 'PDF' : 'Excel'} · ${row.language === 'zh' ? '中文' : 'English'}`;

function say(text) {
  byId('said').hidden = !text;
  byId('said').textContent = text;
}

/** A button that does something and reads everything again. */
const doing = (text, about, action) => h('button', { class: 'plain', type: 'button', 'aria-label': `${text}: ${about}`, onclick: guarded(action) }, text);

const guarded = (action) => async (event) => {
  event?.preventDefault();
  try {
    problem('');
    say('');
    await action();
    await again();
  } catch (error) {
    problem(t('reports.failed', { reason: error.message }));
  }
};

function stateOf(row) {
  const flag = h('span', { class: `flag ${BADGE[row.state]}` }, t(`reports.state.${row.state}`));
  return row.error ? h('div', {}, flag, ' ', h('span', { class: 'meta' }, t('reports.error', { n: row.attempts, error: row.error }))) : flag;
}

function fileOf(row) {
  if (row.state === 'made') {
    const about = `${placeOf(row)} ${kindOf(row)} ${windowText(parse(row.start), parse(row.end))}`;
    return h('a', { href: `/api/v1/stored-reports/${row.stored_report_id}/file`, download: '', 'aria-label': about }, t('reports.download', { kb: fixed(row.size / KILOBYTE, 0) }));
  }
  if (row.state !== 'failed' || !edits) return NONE;
  return doing(t('reports.retry'), placeOf(row), () => api.send('POST', `/stored-reports/${row.stored_report_id}/retry?${new URLSearchParams({ user_name: user() })}`));
}

function showReports(rows) {
  const columns = [
    [t('reports.workshop'), placeOf],
    [t('reports.kind'), kindOf],
    [t('reports.period'), (row) => windowText(parse(row.start), parse(row.end)), 'time'],
    [t('reports.state'), stateOf],
    [t('reports.made_at'), (row) => (row.made_at ? dateMinuteOf(parse(row.made_at)) : NONE), 'time'],
    [t('reports.file'), fileOf],
    ['SHA-256', (row) => (row.sha256 ? h('code', { title: row.sha256 }, row.sha256.slice(0, 12)) : NONE)],
  ];
  fill('list', rows.length ? table(t('reports.caption'), columns, rows) : h('p', { class: 'empty' }, t('reports.none')));
}

function showSchedules(rows) {
  const put = (row, active) => () => api.send('PUT', `/report-schedules/${row.report_schedule_id}`, { delay_minutes: row.delay_minutes, keep_days: row.keep_days, active, user_name: user() });
  const take = (row) => () => api.send('DELETE', `/report-schedules/${row.report_schedule_id}?${new URLSearchParams({ user_name: user() })}`);
  const columns = [
    [t('reports.workshop'), placeOf],
    [t('reports.kind'), kindOf],
    [t('reports.delay'), (row) => count(row.delay_minutes), 'num'],
    [t('reports.keep'), (row) => count(row.keep_days), 'num'],
    [t('reports.state'), (row) => t(row.active ? 'reports.active' : 'reports.resting')],
    [t('reports.changed'), (row) => `${row.changed_by} · ${yearMinuteOf(parse(row.changed_at))}`],
    ...(edits
      ? [[t('reports.edit'), (row) => h('span', {}, doing(t(row.active ? 'reports.rest' : 'reports.resume'), `${placeOf(row)} ${kindOf(row)}`, put(row, !row.active)), ' ', doing(t('reports.remove'), `${placeOf(row)} ${kindOf(row)}`, take(row)))]]
      : []),
  ];
  fill('schedule-list', rows.length ? table(t('reports.schedules.caption'), columns, rows) : h('p', { class: 'empty' }, t('reports.schedules.none')));
}

async function add() {
  await api.post('/report-schedules', {
    workshop_id: Number(byId('new-workshop').value),
    window: byId('new-window').value,
    format: byId('new-format').value,
    language: byId('new-language').value,
    delay_minutes: Number(byId('new-delay').value),
    keep_days: Number(byId('new-keep').value),
    user_name: user(),
  });
  say(t('reports.added'));
}

async function allOf(path, most = Infinity) {
  const pages = [];
  for (let next = path; next && pages.length < most; next = pages.at(-1).next) pages.push(await api.page(next));
  return { items: pages.flatMap((each) => each.items), more: pages.at(-1).next !== null };
}

async function load() {
  if (!workshops.size) {
    workshops = new Map((await api.get('/workshops')).map((row) => [row.workshop_id, row]));
    const named = [...workshops.values()].map((row) => [String(row.workshop_id), placeOf(row)]);
    options('workshop', [['', t('reports.workshop.all')], ...named], '');
    if (edits) options('new-workshop', named);
  }
  const wanted = new URLSearchParams(Object.entries({ workshop_id: byId('workshop').value, state: byId('state').value }).filter(([, value]) => value));
  const reports = await allOf(`/stored-reports?${wanted}`, shownPages);
  showReports(reports.items);
  byId('older').hidden = !reports.more;
  showSchedules((await allOf('/report-schedules')).items);
}

const again = await run(load);
byId('schedule-form')?.addEventListener('submit', guarded(add));
for (const id of ['workshop', 'state']) {
  byId(id).addEventListener('change', () => {
    shownPages = 1;
    again();
  });
}
byId('older').addEventListener('click', () => {
  shownPages += 1;
  again();
});
listen(() => {}); // tells whether the server still answers

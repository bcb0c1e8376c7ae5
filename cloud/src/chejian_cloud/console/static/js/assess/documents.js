// Documents of a form: added, listed with their hashes, saved from the page.
import { parse, yearMinuteOf } from '../clock.js';
import { byId, fill, h, table } from '../dom.js';
import { NONE } from '../format.js';
import { nameOf, t } from '../i18n.js';
import { postFile } from '../api.js';

const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** SHA-256 of a file, so that the server can tell whether it got what was sent; not where the browser has no such function (plain HTTP). */
const hashOf = async (content) => (crypto.subtle ? hex(await crypto.subtle.digest('SHA-256', content)) : undefined);

const size = (bytes) => (bytes < 1024 ? `${bytes} B` : bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`);

/** Send the files that were chosen; answers the names that the server has now. */
export async function send(path, files) {
  for (const file of files) {
    const content = await file.arrayBuffer();
    const sha256 = await hashOf(content);
    const query = new URLSearchParams({ name: file.name, ...(sha256 && { sha256 }) });
    await postFile(`${path}/attachments?${query}`, content, 'application/octet-stream');
  }
  return [...files].map((file) => file.name);
}

/** List the documents of a form. */
export function showDocuments(form, path, open) {
  const used = (each) => form.items.filter((item) => item.attachments.some((a) => a.sha256 === each.sha256)).map(nameOf);
  const columns = [
    [t('assess.document'), (each) => h('a', { href: `/api/v1${path}/attachments/${each.attachment_id}`, download: each.name }, each.name)],
    [t('assess.document.kind'), (each) => each.media_type.split('.').at(-1).replace('application/', '')],
    [t('assess.document.size'), (each) => size(each.size), 'num'],
    ['SHA-256', (each) => h('code', { title: each.sha256 }, each.sha256.slice(0, 12))],
    [t('assess.document.used'), (each) => used(each).join(', ') || NONE],
    [t('assess.by'), (each) => each.added_by],
    [t('assess.at'), (each) => yearMinuteOf(parse(each.added_at)), 'time'],
  ];
  fill('documents', form.attachments.length ? table(t('assess.documents.caption'), columns, form.attachments) : h('p', { class: 'empty' }, t('assess.documents.none')));
  byId('add-document').hidden = !open;
}

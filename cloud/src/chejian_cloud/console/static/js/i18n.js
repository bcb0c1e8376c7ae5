// Texts of the page's language, from the same catalogue that the templates use.

export const language = document.documentElement.lang === 'en' ? 'en' : 'zh-CN';

const texts = await fetch(`/console/texts/${language}.json`).then((answer) => answer.json());

/** Text of `key` with `{name}` replaced by `values.name`; an unknown key shows itself, so that it is seen and mended. */
export function t(key, values = {}) {
  const text = texts[key];
  if (text === undefined) {
    console.error(`no text ${key} in ${language}`);
    return key;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Whether the catalogue has `key`; for words that come from data, such as flags. */
export function known(key) {
  return key in texts;
}

/** Word for a value that comes from data: its text if there is one, else the value as it is. */
export function word(prefix, value) {
  const key = `${prefix}.${value}`;
  return key in texts ? texts[key] : String(value);
}

/** A text of `row` that has both languages, e.g. `note_zh` and `note_en`, in the page's language; the other one where it has none. */
export function textOf(row, key) {
  const [zh, en] = [row[`${key}_zh`], row[`${key}_en`]];
  return (language === 'en' ? en : zh) || zh || en || '';
}

/** The name of a registry row in the page's language; falls back to the other language, then to the code. */
export function nameOf(row) {
  return textOf(row, 'name') || row.code || '';
}

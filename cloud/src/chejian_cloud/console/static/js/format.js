// Numbers as people read them. "No value" is a dash with a word, never a zero.
import { language, t } from './i18n.js';

export const NONE = '-';

const decimals = new Map();

function numberFormat(digits) {
  if (!decimals.has(digits)) {
    decimals.set(digits, new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  }
  return decimals.get(digits);
}

const present = (value) => value !== null && value !== undefined && !Number.isNaN(value);

/** Ratio 0..1 as percent with one decimal. */
export const percent = (ratio, digits = 1) => (present(ratio) ? `${numberFormat(digits).format(ratio * 100)} %` : NONE);

/** Whole number with thousands separators. */
export const count = (value) => (present(value) ? numberFormat(0).format(value) : NONE);

/** Number with a fixed number of decimals. */
export const fixed = (value, digits) => (present(value) ? numberFormat(digits).format(value) : NONE);

/** Measured value with about `digits` significant digits. */
export function measured(value, digits = 4) {
  if (!present(value)) return NONE;
  const size = Math.abs(value);
  const whole = size >= 1 ? Math.floor(Math.log10(size)) + 1 : 1;
  const places = size > 0 && size < 0.1 ? Math.min(6, digits - Math.floor(Math.log10(size)) - 1) : Math.max(0, digits - whole);
  return new Intl.NumberFormat(language, { maximumFractionDigits: places }).format(value);
}

const UNITS = { 1: '', degC: '°C', degF: '°F', m3: 'm³', 'm3/h': 'm³/h', 'm/s2': 'm/s²', 'N.m': 'N·m', 'kN.m': 'kN·m', um: 'µm' };

/** A unit of the contract as people write it; "pcs" in the page's language. */
export const unitText = (unit) => (unit === 'pcs' ? t('unit.pieces') : (UNITS[unit] ?? unit));

/** Microseconds as minutes. */
export const minutes = (us) => us / 60_000_000;

/** Milliseconds as "3 h 12 min" or "45 s". */
export function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return t('span.s', { s });
  const m = Math.floor(s / 60);
  if (m < 60) return t('span.min', { m });
  const h = Math.floor(m / 60);
  if (h < 48) return t('span.h', { h, m: m % 60 });
  return t('span.d', { d: Math.floor(h / 24), h: h % 24 });
}

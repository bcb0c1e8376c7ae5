// What a window's energy costs, by band of the enterprise's tariff. Without a tariff it says so: a cost that is not known is no zero.
import * as api from './api.js';
import { windowText } from './clock.js';
import { byId, fill, h, table } from './dom.js';
import { amount, carrierName, completeness } from './energy.js';
import { NONE, fixed, measured, percent, unitText } from './format.js';
import { t, word } from './i18n.js';

const money = (cost) => (cost === null ? NONE : t('money.cny', { value: fixed(Number(cost), 2) }));
const perUnit = (value, carrier) => `${t('money.cny', { value })}/${unitText(carrier.unit)}`;

/** Rows of a carrier: one of each band, and their sum. */
function rowsOf(carrier) {
  const bands = carrier.bands.map((band) => ({
    ...band,
    carrier,
    name: band.band === null ? t('cost.untold') : word('band', band.band),
    price: band.price === null ? NONE : perUnit(band.price, carrier),
  }));
  const all = { ...carrier, carrier, name: t('cost.all'), price: carrier.mean_price === null ? NONE : t('cost.mean', { price: perUnit(measured(carrier.mean_price, 4), carrier) }), share: null, total: true };
  return bands.length > 1 ? [...bands, all] : bands;
}

/** "Electricity: tariff from 2026-01-01 (example) · 0.83 CNY for one good item". */
function summary(carrier) {
  const tariffs = carrier.tariffs.map((day, i) => t('cost.tariff', { day }) + (carrier.remarks[i] ? ` (${carrier.remarks[i]})` : ''));
  const each = carrier.cost_per_item !== null && t('cost.per_item', { cost: money(carrier.cost_per_item) });
  return h('p', { class: 'meta' }, [carrierName(carrier.carrier), ...tariffs, each].filter(Boolean).join(' · '));
}

/** Fill the panel for a window [start, end). */
export async function showCost(workshop, { start, end }) {
  byId('cost-meta').textContent = windowText(start, end);
  const told = await api.energyCost(workshop, { from: start, to: end });
  const priced = told.carriers.filter((carrier) => carrier.cost !== null);
  const without = told.carriers.filter((carrier) => carrier.cost === null).map((carrier) => carrierName(carrier.carrier));
  const rest = without.length ? h('p', { class: priced.length ? 'meta' : 'empty' }, t('cost.no_tariff', { carriers: without.join(t('list.comma')) })) : '';
  if (!priced.length) return fill('cost', rest || h('p', { class: 'empty' }, t('energy.empty')));
  const columns = [
    [t('energy.carrier'), (row) => carrierName(row.carrier.carrier)],
    [t('cost.band'), (row) => row.name],
    [t('meter.used'), (row) => amount(row.value, row.carrier.unit), 'num'],
    [t('cost.price'), (row) => row.price, 'num'],
    [t('cost.cost'), (row) => money(row.cost), 'num'],
    [t('cost.share'), (row) => percent(row.share), 'num'],
    [t('cost.unknown'), (row) => (row.unknown_hours ? h('span', { class: 'flag' }, t('cost.hours', { hours: measured(row.unknown_hours, 3) })) : NONE), 'num'],
    [t('energy.completeness'), (row) => completeness(row.completeness), 'num'],
  ];
  return fill('cost', table(t('cost.caption'), columns, priced.flatMap(rowsOf), (row) => ({ class: row.total ? 'rest' : false })), ...priced.map(summary), rest);
}

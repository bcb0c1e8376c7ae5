// Times are shown in the workshop's zone, whatever the browser's own zone is. Plant clocks of Chejian are Asia/Shanghai.

export const ZONE = 'Asia/Shanghai';
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const format = new Intl.DateTimeFormat('en-GB', {
  timeZone: ZONE,
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

/** Parts of a time in the plant's zone, as texts of fixed width: {year, month, day, hour, minute, second}. */
const partsOf = (ms) => Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, part.value]));

// Dates are written as ISO 8601 does, in both languages: nobody has to guess which number is the month.

/** hh:mm:ss in the plant's zone. */
export function timeOf(ms) {
  const { hour, minute, second } = partsOf(ms);
  return `${hour}:${minute}:${second}`;
}
/** hh:mm. */
export const minuteOf = (ms) => timeOf(ms).slice(0, 5);
/** MM-DD. */
export function dateOf(ms) {
  const { month, day } = partsOf(ms);
  return `${month}-${day}`;
}
/** MM-DD hh:mm. */
export const dateMinuteOf = (ms) => `${dateOf(ms)} ${minuteOf(ms)}`;
/** YYYY-MM-DD hh:mm. */
export const yearMinuteOf = (ms) => `${partsOf(ms).year}-${dateMinuteOf(ms)}`;
/** MM-DD hh:mm:ss. */
export const dateSecondOf = (ms) => `${dateOf(ms)} ${timeOf(ms)}`;
/** YYYY-MM-DD hh:mm:ss. */
export const dateTimeOf = (ms) => `${partsOf(ms).year}-${dateSecondOf(ms)}`;

/** Milliseconds since 1970 of an ISO text or a number; NaN-free: null stays null. */
export function parse(time) {
  if (time === null || time === undefined || time === '') return null;
  const ms = typeof time === 'number' ? time : Date.parse(time);
  return Number.isNaN(ms) ? null : ms;
}

function offset(ms) {
  const { year, month, day, hour, minute, second } = partsOf(ms);
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) - Math.floor(ms / 1000) * 1000;
}

/** Position of `ms` on an axis that ECharts labels in UTC: its ticks then fall on round hours of the plant's zone. */
export const wall = (ms) => ms + offset(ms);
/** The instant of a position made by `wall`. */
export const unwall = (position) => position - offset(position - offset(position));

/** "from - to" of a window; the date of the end only when it differs. */
export function windowText(start, end) {
  const to = dateOf(start) === dateOf(end) ? minuteOf(end) : dateMinuteOf(end);
  return `${dateMinuteOf(start)} - ${to}`;
}

// The life of a machine as one list of events, the newest first.
import { parse } from './clock.js';

/** The newest of each run of diagnoses that name the same part of the same signal, with how often it was named. */
function runsOf(diagnoses) {
  const runs = [];
  for (const d of diagnoses) {
    const last = runs.at(-1);
    if (last && last.of.signal === d.signal && last.of.part === d.part) last.times += 1;
    else runs.push({ of: d, times: 1 });
  }
  return runs;
}

/** Events [{time, kind, of, by, times}] of a life-cycle file; `kind` is the key of its text. */
export function eventsOf(file) {
  const { commissioning: plate } = file;
  const events = [];
  const add = (time, kind, of, by, times = 1) => {
    if (time) events.push({ time, kind, of, by: by ?? '', times });
  };
  if (plate.commissioned_on) add(parse(`${plate.commissioned_on}T00:00:00+08:00`), 'commissioned', plate, plate.user_name);
  if (plate.decommissioned_on) add(parse(`${plate.decommissioned_on}T23:59:59+08:00`), 'decommissioned', plate, plate.user_name);
  for (const part of [...file.parts, ...file.removed_parts]) {
    add(parse(part.fitted_at), 'fitted', part, part.fitted_by);
    add(parse(part.removed_at), 'removed', part, part.removed_by);
  }
  for (const order of [...file.open_orders, ...file.closed_orders]) {
    add(parse(order.opened_at), 'opened', order, order.opened_by);
    add(parse(order.started_at), 'in_work', order, order.started_by);
    add(parse(order.closed_at), order.state, order, order.closed_by);
  }
  for (const run of runsOf(file.diagnoses)) add(parse(run.of.time), 'diagnosed', run.of, null, run.times);
  return events.sort((a, b) => b.time - a.time);
}

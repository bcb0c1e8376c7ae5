// The ledger's identity: produced = stored + dead letters + lost + in flight, counted from the ranges themselves.

/** Closed ranges [[from, to], ...] of a text such as "1-5,9-9". */
export function ranges(text) {
  return text ? text.split(',').map((part) => part.split('-').map(Number)) : [];
}

const size = (list) => list.reduce((sum, [from, to]) => sum + to - from + 1, 0);

function merged(list) {
  const out = [];
  for (const [from, to] of [...list].sort((a, b) => a[0] - b[0])) {
    const last = out.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else out.push([from, to]);
  }
  return out;
}

/** What the books say: {handled, doubled, ahead, inFlight, holds}. `ahead`: batches stored after the node's last count. */
export function balance(ledger) {
  const kinds = [ledger.stored_ranges, ledger.dead_ranges, ledger.lost_ranges].map(ranges);
  const together = merged(kinds.flat());
  const handled = size(together);
  const doubled = kinds.reduce((sum, kind) => sum + size(kind), 0) - handled;
  const highest = together.at(-1)?.[1] ?? 0;
  const ahead = Math.max(0, highest - ledger.produced_batches);
  const produced = ledger.produced_batches + ahead;
  const inFlight = produced - handled;
  return { produced, handled, doubled, ahead, inFlight, holds: doubled === 0 && inFlight >= 0 };
}

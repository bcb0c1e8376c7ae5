// Live updates: one EventSource per page, and an honest word when the server falls silent.
import { liveMachines, liveWorkshops, overview, workshopsNow } from './api.js';
import { timeOf } from './clock.js';
import { byId } from './dom.js';
import { t } from './i18n.js';
import { pageScope } from './page.js';

const PROBE_AFTER = 15_000; // ms without an event: nothing changed, or nobody is there; scripts don't see SSE comments
const LOOK_EVERY = 5_000; // ms

function show(state, text) {
  const element = byId('live');
  if (element.dataset.live !== state || element.textContent !== text) {
    element.dataset.live = state;
    element.textContent = text;
  }
}

/** Listen to a view of `/api/v1/stream`; `name` is that of its events, `read` asks for the same once. */
function follow(parameters, name, live, read, onNews) {
  const source = new EventSource(`/api/v1/stream?${new URLSearchParams(parameters)}`);
  let heard = Date.now();
  let messages = 0;
  const alive = () => {
    heard = Date.now();
    show('live', t('live.at', { time: timeOf(heard) }));
  };
  source.addEventListener(name, (event) => {
    messages += 1;
    document.body.dataset.messages = String(messages);
    alive();
    onNews(live(JSON.parse(event.data)));
  });
  source.addEventListener('open', alive);
  const look = async () => {
    if (source.readyState === EventSource.OPEN && Date.now() - heard < PROBE_AFTER) return;
    try {
      onNews(await read());
      alive();
    } catch {
      show('stale', t('live.stale', { time: timeOf(heard) })); // the words are the handling: the page keeps its last numbers
    }
  };
  setInterval(look, LOOK_EVERY);
  return source;
}

/**
 * Listen to the machines of the page's line or workshop; `onNews(machines)` gets each event. Counts them in
 * body.dataset.messages. When no event came for a while they are asked for once: an answer proves that nothing changed,
 * silence is told.
 */
export function listen(onNews) {
  const scope = pageScope();
  return follow(scope, 'overview', liveMachines, () => overview(scope), onNews);
}

/** Listen to all workshops in short. */
export const listenWorkshops = (onNews) => follow({ view: 'workshops' }, 'workshops', liveWorkshops, workshopsNow, onNews);

// A view of the stream for a screen that nobody watches over: it knows how old its numbers are, and opens itself again.
export const STALE = 25_000; // ms without an answer after which numbers are old: the server's silence, two questions
const ASK_AFTER = 10_000; // ms without an event: nothing changed, or nobody is there
const LOOK_EVERY = 4_000; // ms
const ANSWER = 8_000; // ms that an answer may take

const late = () => new Promise((_, refuse) => setTimeout(() => refuse(new Error('no answer')), ANSWER));

/**
 * Follow a view of `/api/v1/stream`. `name` is that of its events, `live` reads their bodies, `read` asks for the same
 * once; `onNews` gets each answer. Returns {heard(): ms of the newest answer, close()}.
 */
export function feed(parameters, name, live, read, onNews) {
  let heard = Date.now();
  let source = null;
  let asking = false;
  let closed = false;
  const news = (told) => {
    if (closed) return;
    heard = Date.now();
    onNews(told);
  };
  const open = () => {
    source = new EventSource(`/api/v1/stream?${new URLSearchParams(parameters)}`);
    source.addEventListener(name, (event) => news(live(JSON.parse(event.data))));
  };
  const look = async () => {
    if (asking || (source.readyState === EventSource.OPEN && Date.now() - heard < ASK_AFTER)) return;
    asking = true;
    try {
      news(await Promise.race([read(), late()]));
      if (!closed && source.readyState === EventSource.CLOSED) open(); // a browser gives up on an answer that is no stream
    } catch (error) {
      document.body.dataset.silent = error.message; // the age of the numbers tells it to people
    } finally {
      asking = false;
    }
  };
  open();
  const timer = setInterval(look, LOOK_EVERY);
  return {
    heard: () => heard,
    close() {
      closed = true;
      clearInterval(timer);
      source.close();
    },
  };
}

// Charts follow the page's colours: when the system's scheme changes, and on paper, which is always light.
import { redraw } from './charts/base.js';

const dark = document.getElementById('palette-dark'); // none where the light theme was chosen
const media = dark?.media;

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);

/** Take the dark palette away while `printing`, and draw the charts anew before the browser looks at them. */
function onPaper(printing) {
  if (!dark) return;
  dark.media = printing ? 'not all' : media;
  redraw();
}
addEventListener('beforeprint', () => onPaper(true));
addEventListener('afterprint', () => onPaper(false));

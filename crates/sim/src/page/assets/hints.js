// Suggestions that fit the current cluster; a used one is not suggested again, and they rotate slowly.

import { byId, el } from './dom.js';

const PAUSE = 9000;
const SHOWN = 3;

/** What can be tried, most telling first. `fits` says whether a line has tried it. */
function catalogue(view, me) {
  const all = view.namespaces.flatMap((space) => space.deployments.map((d) => ({ ...d, namespace: space.name })));
  const find = (part) => all.find((d) => d.name.includes(part));
  const nginx = find('nginx');
  const first = (d) => d.name.split('-')[0];
  const alone = (d) => all.filter((other) => other.name.includes(first(d))).length === 1;
  const big = all.find((d) => d.wanted > 1 && d !== nginx && alone(d)) ?? all.find((d) => d !== nginx);
  const failing = all.find((d) => d.failing > 0);
  const broken = failing ? null : find('checkout') ?? big;
  const short = big && first(big);
  const hints = [];
  const add = (key, line, fits, note) => line && hints.push({ key, line, fits, note });
  add('scale', nginx && `bump nginx to ${nginx.wanted === 3 ? 4 : 3} please`, /\b(bump|scale)\b/i);
  add('image', nginx && `update nginx to ${nginx.image.endsWith(':1.21') ? '1.22' : '1.21'}`, /\b(update|deploy|roll out)\b/i);
  add('times', big && `double ${short} in ${big.namespace}`, /\b(double|halve)\b/i);
  add('status', failing ? `how is ${failing.name} doing?` : 'how is everything doing?', /\bhow\b|\bstatus\b/i);
  add('zero', big && `scale ${big.name} to 0`, /\bto (0|zero)\b/i);
  add('restart', find('api') && `restart ${find('api').name}`, /\brestart\b/i);
  add('list', big && `what runs in ${big.namespace}?`, /\b(what runs|list|which)\b/i);
  add('typo', big && `scale ${swapped(big.name)} to 4`, null, 'with a typo');
  add('break', broken && `update ${broken.name} to 9.9-broken`, /\bbroken\b/i, 'break something');
  add('two', nginx && big && `scale nginx to 2 and ${short} to 3`, /\band\b/i);
  add('not', nginx && 'please don’t scale nginx to 0', /\bdon.t\b/i);
  if (!me.allowed) hints.unshift({ key: 'stranger', line: 'scale nginx to 0', fits: null });
  return hints;
}

/** A name with two letters exchanged, as fingers do it. */
function swapped(name) {
  const at = Math.min(3, Math.max(0, name.length - 2));
  return name.slice(0, at) + (name[at + 1] ?? '') + (name[at] ?? '') + name.slice(at + 2);
}

/** The strip of suggestions; `pick(line)` takes one over. */
export function hintStrip(pick) {
  const box = byId('hints');
  const tried = new Set();
  let view = { namespaces: [] };
  let me = { allowed: true };
  let first = 0;
  let resting = false;

  const open = () => {
    const all = catalogue(view, me);
    const left = all.filter((hint) => !tried.has(hint.key));
    return left.length > 0 ? left : all;
  };
  const draw = () => {
    const left = open();
    const count = Math.min(SHOWN, left.length);
    const shown = Array.from({ length: count }, (_, i) => left[(first + i) % left.length]);
    const lines = shown.map((hint) => hint.line);
    if (lines.join('\n') === box.dataset.lines) return;
    box.dataset.lines = lines.join('\n');
    box.replaceChildren(
      lines.length > 0 ? el('span', { class: 'hints-title', text: 'Try' }) : '',
      ...shown.flatMap(({ line, note }) => [
        note && el('span', { class: 'hint-note', text: note }),
        el('button', { class: 'hint', type: 'button', text: line, data: { testid: 'hint' }, on: { click: () => pick(line) } }),
      ].filter(Boolean)),
    );
  };
  for (const name of ['pointerenter', 'focusin']) box.addEventListener(name, () => { resting = true; });
  for (const name of ['pointerleave', 'focusout']) box.addEventListener(name, () => { resting = false; });
  setInterval(() => {
    if (resting || document.hidden || open().length <= SHOWN) return;
    first = (first + 1) % open().length;
    draw();
  }, PAUSE);

  return {
    /** The cluster changed. */
    see(next) { view = next; draw(); },
    /** Somebody else sits here now. */
    sit(person) { me = person; first = 0; draw(); },
    /** A line was sent. */
    tried(line) {
      for (const hint of catalogue(view, me)) {
        if (hint.line === line || hint.fits?.test(line)) tried.add(hint.key);
      }
      first = 0;
      draw();
    },
    /** The line that an empty composer names. */
    example: () => open()[0]?.line ?? 'bump nginx to 3 please',
  };
}

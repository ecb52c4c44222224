// The cluster next to the chat: each Deployment with its pods, and its last change.

import { byId, clock, el } from './dom.js';
import { markTexts } from './rich.js';

const MOST_DOTS = 12;
const KINDS = [['ready', 'ready'], ['starting', 'starting'], ['failing', 'failing']];
let before = null;
const rows = new Map();

/** Shows the next state of the cluster. */
export function showCluster(view) {
  byId('cluster-title').replaceChildren('Cluster ', el('span', { class: 'cluster-name', text: view.cluster }));
  const known = keyed(view);
  if (before === null || [...known.keys()].join() !== [...before.keys()].join()) layOut(view);
  for (const [key, next] of known) fill(rows.get(key), next, before?.get(key));
  if (view.last_change) showLastChange(view.last_change);
  before = known;
}

function keyed(view) {
  return new Map(view.namespaces.flatMap((space) => space.deployments.map((d) => [`${space.name}/${d.name}`, d])));
}

function layOut(view) {
  rows.clear();
  byId('cluster').replaceChildren(...view.namespaces.map((space) => el(
    'section', { class: 'space', 'aria-label': `Namespace ${space.name}` },
    el('h3', { text: space.name }),
    el('ul', { class: 'deployments' }, ...space.deployments.map((deployment) => {
      const row = el('li', { class: 'deployment', data: { testid: 'deployment', namespace: space.name, name: deployment.name } });
      rows.set(`${space.name}/${deployment.name}`, row);
      return row;
    })),
  )));
}

function fill(row, next, last) {
  if (last && same(last, next)) return;
  const counts = KINDS.map(([kind, word]) => `${next[kind]} ${word}`).join(', ');
  const settled = next.ready === next.wanted && next.failing === 0 && next.starting === 0;
  Object.assign(row.dataset, { ready: next.ready, wanted: next.wanted, starting: next.starting, failing: next.failing, tag: tagOf(next.image) });
  row.replaceChildren(
    el('span', { class: 'deployment-name', text: next.name, title: next.name }),
    el('span', { class: 'tag', text: tagOf(next.image), title: next.image }),
    el('span', { class: 'dots', role: 'img', 'aria-label': counts }, ...dots(next)),
    el('span', { class: 'count', text: `${next.ready}/${next.wanted}` }),
    next.message ? el('p', { class: 'trouble', text: next.message }) : '',
  );
  markTexts(row);
  row.classList.toggle('moving', !settled);
  row.classList.toggle('failing', next.failing > 0);
  if (last && (last.wanted !== next.wanted || last.image !== next.image)) flash(row);
}

function dots(d) {
  const all = KINDS.flatMap(([kind]) => Array(Math.min(d[kind], 100)).fill(kind));
  const shown = all.slice(0, MOST_DOTS).map((kind) => el('i', { class: `dot ${kind}` }));
  if (all.length > MOST_DOTS) shown.push(el('span', { class: 'more', text: `+${all.length - MOST_DOTS}` }));
  if (all.length === 0) shown.push(el('span', { class: 'more', text: 'no pods' }));
  return shown;
}

function showLastChange(last) {
  byId('last').replaceChildren(
    el('code', { text: last.name }), ` ${changed(last.change)} `, clock(last.at),
    last.cause ? el('span', { class: 'cause', text: last.cause }) : '',
  );
  markTexts(byId('last'));
}

function changed(change) {
  switch (change.kind) {
    case 'image': return `${tagOf(change.from)} → ${tagOf(change.to)}`;
    case 'replicas': return `${change.from} → ${change.to} ${change.to === 1 ? 'replica' : 'replicas'}`;
    case 'created': return 'was created';
    case 'deleted': return 'was deleted';
    default: return 'was changed';
  }
}

function flash(row) {
  row.classList.remove('flash');
  requestAnimationFrame(() => row.classList.add('flash'));
}

function tagOf(image) {
  const [name, digest] = image.split('@');
  const last = name.split('/').at(-1);
  if (last.includes(':')) return last.slice(last.indexOf(':') + 1);
  return digest ? digest.slice(0, 14) : 'latest';
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// The cluster next to the chat: each Deployment with its pods, and its last change.

import { byId, clock, el } from './dom.js';

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
  if (before !== null) note(before, known);
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

function note(last, next) {
  const changes = [];
  for (const [key, now] of next) {
    const was = last.get(key);
    // A cause that was there before belongs to an earlier change.
    const cause = now.cause === was?.cause ? null : now.cause;
    if (!was) changes.push([now, 'appeared', cause]);
    else if (was.image !== now.image) changes.push([now, `${tagOf(was.image)} → ${tagOf(now.image)}`, cause]);
    else if (was.wanted !== now.wanted) changes.push([now, `${was.wanted} → ${now.wanted} replicas`, cause]);
    else if (cause) changes.push([now, 'changed', cause]);
  }
  for (const [key, was] of last) if (!next.has(key)) changes.push([was, 'removed']);
  const latest = changes.at(-1);
  if (!latest) return;
  const [deployment, words, cause] = latest;
  byId('last').replaceChildren(
    el('code', { text: deployment.name }), ` ${words} `, clock(new Date().toISOString()),
    cause ? el('span', { class: 'cause', text: cause }) : '',
  );
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

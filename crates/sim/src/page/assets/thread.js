// The messages of one room: root messages in order, replies under their root, edits in place, deleted ones marked.

import { avatar, byId, clock, el } from './dom.js';
import { rich } from './rich.js';
import { cardElement } from './cards.js';

const log = byId('log');
const newest = byId('newest');
const items = new Map();

/** Shows these messages, oldest first. `context` knows people, the reader and what a press and a reply do. */
export function show(messages, context) {
  items.clear();
  log.replaceChildren();
  for (const message of messages) place(message, context);
  byId('empty').hidden = items.size > 0;
  toEnd();
}

/** A new message, or the next state of one. */
export function upsert(message, context) {
  const stay = atEnd();
  const known = items.get(message.id);
  if (known) {
    const body = build(message, context);
    known.node.querySelector(':scope > .message').replaceWith(body);
    body.classList.add('changed');
  } else {
    place(message, context).classList.add('fresh');
  }
  byId('empty').hidden = true;
  if (stay || message.personId === context.me.id) toEnd();
  else newest.hidden = false;
}

/** Marks a message as deleted. */
export function strike(message, context) {
  const known = items.get(message.id);
  if (!known) return;
  const who = context.person(message.personId)?.name ?? 'Somebody';
  const trace = el('div', { class: 'message gone', data: { testid: 'deleted' } }, `${who} deleted this message.`);
  known.node.querySelector(':scope > .message').replaceWith(trace);
}

function place(message, context) {
  const root = message.parentId ? items.get(message.parentId) : null;
  const node = el('li', { class: root ? 'entry answer' : 'entry' }, build(message, context));
  if (root) answersOf(root.node).append(node);
  else log.append(node);
  items.set(message.id, { node });
  return node;
}

function answersOf(entry) {
  const answers = entry.querySelector(':scope > .answers') ?? el('ol', { class: 'answers', 'aria-label': 'Replies' });
  if (!answers.parentNode) entry.append(answers);
  return answers;
}

function build(message, context) {
  const person = context.person(message.personId);
  const name = person?.name ?? message.personEmail;
  const root = message.parentId ?? message.id;
  const reply = el('button', {
    class: 'quiet-button', type: 'button', text: 'Reply', 'aria-label': `Reply to ${name}`,
    on: { click: () => context.reply(root, name) },
  });
  return el(
    'article',
    {
      class: `message ${person?.bot ? 'from-bot' : ''}`,
      'aria-label': `${name}, ${new Date(message.created).toLocaleTimeString()}`,
      data: { testid: 'message', messageId: message.id, sender: name },
    },
    avatar(name, person?.tint ?? 'tint-0', Boolean(message.parentId)),
    el('div', { class: 'content' },
      el('header', { class: 'by' },
        el('span', { class: 'name', text: name }),
        person?.bot && el('span', { class: 'badge', text: 'bot' }),
        person && !person.bot && !person.allowed && el('span', { class: 'badge warn', text: 'not allowed' }),
        clock(message.created),
        message.updated && el('span', { class: 'edited', text: 'edited', title: new Date(message.updated).toLocaleString() }),
        reply),
      said(message, context)),
  );
}

function said(message, context) {
  const content = message.attachments?.[0]?.content;
  const card = content && cardElement(content, (inputs) => context.press(message.id, inputs));
  // As in Webex clients: the text of a message with a card is for clients that show no cards.
  if (card) return card;
  const body = el('div', { class: 'text', data: { testid: 'text' } });
  if (message.html) body.append(rich(message.html, context.me.id));
  else body.append(el('p', { class: 'plain', text: message.text ?? '' }));
  return body;
}

function atEnd() {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 90;
}

function toEnd() {
  newest.hidden = true;
  log.scrollTop = log.scrollHeight;
}

newest.addEventListener('click', toEnd);
log.addEventListener('scroll', () => { if (atEnd()) newest.hidden = true; }, { passive: true });
// A card grows during layout; a view that was scrolled to the end stays there.
new ResizeObserver(() => { if (newest.hidden && atEnd()) toEnd(); }).observe(log);

// The chosen person and room.

import { avatar, byId, el } from './dom.js';

/** Shows the people to be; `choose(person)` sits down as one. Arrow keys move, as in any group of radio buttons. */
export function showPeople(people, me, choose) {
  const box = byId('people');
  const buttons = people.map((person) => el(
    'button',
    {
      class: 'person', type: 'button', role: 'radio', 'aria-checked': String(person === me),
      tabindex: person === me ? '0' : '-1', data: { testid: `person-${person.name.toLowerCase()}` },
      on: { click: () => choose(person) },
    },
    avatar(person.name, person.tint, true),
    el('span', { class: 'person-name', text: person.name }),
    !person.allowed && el('span', { class: 'badge warn', text: 'not allowed' }),
  ));
  const had = box.contains(document.activeElement);
  box.replaceChildren(...buttons);
  if (had) buttons[people.indexOf(me)].focus();
  box.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    choose(people[(people.indexOf(me) + step + people.length) % people.length]);
  };
}

/** Shows the rooms; `enter(room)` goes to one. */
export function showRooms(rooms, here, unread, enter) {
  const entries = rooms.map((room) => el('li', {}, el(
    'button',
    {
      class: 'room', type: 'button', 'aria-current': room.id === here?.id ? 'page' : undefined,
      data: { testid: `room-${room.title.toLowerCase()}` }, on: { click: () => enter(room) },
    },
    el('span', { class: 'sigil', 'aria-hidden': 'true', text: room.type === 'group' ? '#' : '@' }),
    el('span', { text: room.title }),
    room.type === 'direct' && el('span', { class: 'aside', text: 'direct' }),
    unread.has(room.id) && el('span', { class: 'unread', role: 'img', 'aria-label': 'new messages' }),
  )));
  byId('rooms').replaceChildren(...entries);
}

// The page: acts as one person, shows their rooms, and keeps them live.

import { asPerson, listen, session } from './api.js';
import { composer } from './composer.js';
import { byId, toast } from './dom.js';
import { showCluster } from './cluster.js';
import { hintStrip } from './hints.js';
import { showPeople, showRooms } from './people.js';
import { show, strike, upsert } from './thread.js';

const { people, bot } = await session().catch((fault) => { toast(fault.message); throw fault; });
people.forEach((person, at) => { person.tint = `tint-${at % 4}`; });
const everybody = new Map(people.map((person) => [person.id, person]));
if (bot) everybody.set(bot.id, { ...bot, bot: true, allowed: true, tint: 'tint-bot' });

const unread = new Set();
let me = people[0];
let api = asPerson(me.token);
let rooms = [];
let here = null;
// A newer visit makes the pending requests of an older one obsolete.
let visit = 0;
// Events that arrive while a room is being read; `null` when none is.
let held = null;

const context = {
  get me() { return me; },
  person: (id) => everybody.get(id),
  press: (messageId, inputs) => attempt(() => api.press(messageId, inputs)),
  reply: (root, name) => line.reply(root, name),
};

const line = composer({ send: say });
const hints = hintStrip((words) => line.put(words));

/** Whether it was taken; a refusal is shown in the room's own words. */
async function attempt(call) {
  try {
    await call();
    return true;
  } catch (fault) {
    toast(fault.message);
    return false;
  }
}

function say(words, parentId) {
  const room = here;
  // In a group room, the bot receives only messages that mention it.
  const plain = words.replace(new RegExp(`^@?${bot?.name ?? ''}[\\s,:]+`, 'i'), '');
  const markdown = room.type === 'group' && bot ? `<@personId:${bot.id}> ${plain}` : plain;
  const message = { roomId: room.id, markdown, ...(parentId && { parentId }) };
  return attempt(async () => {
    await api.say(message);
    hints.tried(plain);
    address();
  });
}

function address() {
  line.address(here?.type === 'group' && bot ? `@${bot.name}` : '', hints.example());
}

async function sitAs(person) {
  me = person;
  api = asPerson(me.token);
  unread.clear();
  byId('log').setAttribute('aria-busy', 'true');
  sessionStorage.setItem('readback.me', me.name);
  showPeople(people, me, sitAs);
  hints.sit(me);
  line.leaveThread();
  await arrive(here?.type);
}

/** Reads the rooms again and goes to where one was, or to the same kind of room. */
async function arrive(kind) {
  const mine = ++visit;
  const found = await api.rooms();
  if (mine !== visit) return;
  rooms = found;
  await enter(rooms.find((room) => room.id === here?.id) ?? rooms.find((room) => room.type === kind) ?? rooms[0]);
}

async function enter(room) {
  const mine = ++visit;
  here = room;
  unread.delete(room.id);
  showRooms(rooms, here, unread, enter);
  byId('room-title').textContent = room.type === 'group' ? `# ${room.title}` : room.title;
  address();
  held = [];
  byId('log').setAttribute('aria-busy', 'true');
  const [members, messages] = await Promise.all([api.members(room.id), api.messages(room.id)]);
  if (mine !== visit) return;
  byId('room-people').textContent = members.map((seat) => seat.personDisplayName).join(', ');
  show(messages, context);
  const missed = held;
  held = null;
  byId('log').removeAttribute('aria-busy');
  missed.forEach(happened);
  line.remember(messages.filter((m) => m.personId === me.id).map(spoken));
}

/** What somebody wrote, without the mention in front. */
function spoken(message) {
  const text = message.text ?? '';
  return bot && text.startsWith(`${bot.name} `) ? text.slice(bot.name.length + 1) : text;
}

function happened(event) {
  const { type, data } = event;
  if (data.roomId !== here?.id) {
    if (type === 'messages/created' && rooms.some((room) => room.id === data.roomId)) {
      unread.add(data.roomId);
      showRooms(rooms, here, unread, enter);
    }
    return;
  }
  if (held) held.push(event);
  else if (type === 'messages/created' || type === 'messages/updated') upsert(data, context);
  else if (type === 'messages/deleted') strike(data, context);
}

const before = sessionStorage.getItem('readback.me');
await sitAs(people.find((person) => person.name === before) ?? me);
line.focus();

listen({
  room: happened,
  cluster(view) {
    showCluster(view);
    hints.see(view);
    address();
  },
  open() {
    byId('link').hidden = true;
    // Events may have been missed before this connection was open.
    arrive().catch((fault) => {
      // The room was restarted, with other tokens.
      if (fault.status === 401) location.reload();
      else toast(fault.message);
    });
  },
  down() { byId('link').hidden = false; },
});

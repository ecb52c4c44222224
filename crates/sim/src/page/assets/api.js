// The room's Webex API, called as one person, and the event stream.

/** A call that was refused, with the room's own words. */
export class Refused extends Error {
  constructor(words, status) {
    super(words);
    this.status = status;
  }
}

const ENDED = 'The demo does not answer. If it has ended, start it again with “make demo”.';

/** A reply, or a refusal in words if there is none. */
const reach = (path, options) => fetch(path, options).catch(() => { throw new Refused(ENDED); });

async function call(token, method, path, body) {
  const headers = { authorization: `Bearer ${token}` };
  if (body) headers['content-type'] = 'application/json';
  const reply = await reach(`/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  const said = reply.status === 204 ? {} : await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Refused(said.message ?? `The room refused this (${reply.status}).`, reply.status);
  return said;
}

const query = (values) => new URLSearchParams(values).toString();

/** The calls that a person's client makes. */
export const asPerson = (token) => ({
  rooms: async () => (await call(token, 'GET', '/rooms')).items,
  members: async (roomId) => (await call(token, 'GET', `/memberships?${query({ roomId })}`)).items,
  messages: async (roomId) => (await call(token, 'GET', `/messages?${query({ roomId, max: 200 })}`)).items.reverse(),
  say: (message) => call(token, 'POST', '/messages', message),
  press: (messageId, inputs) => call(token, 'POST', '/attachment/actions', { type: 'submit', messageId, inputs }),
});

/** The people, their tokens and the bot. */
export async function session() {
  const reply = await reach('/page/session');
  if (!reply.ok) throw new Refused('The room does not answer this page.', reply.status);
  return reply.json();
}

/** Calls `room`, `cluster` and `open` as things happen; `down` when the line is cut. It comes back by itself. */
export function listen({ room, cluster, open, down }) {
  const source = new EventSource('/page/events');
  source.addEventListener('open', open);
  source.addEventListener('error', down);
  source.addEventListener('reload', open);
  source.addEventListener('room', (event) => room(JSON.parse(event.data)));
  source.addEventListener('cluster', (event) => cluster(JSON.parse(event.data)));
}

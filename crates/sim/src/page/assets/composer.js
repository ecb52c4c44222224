// The input line: Enter sends, ↑ brings back earlier messages, a reply stays in its thread.

import { byId, el } from './dom.js';

const words = byId('words');
const replyBox = byId('reply');

/** Starts the composer. `send(line, parentId)` resolves to whether it was taken. */
export function composer({ send }) {
  const said = [];
  let back = 0;
  let parent = null;

  const fit = () => {
    words.style.height = 'auto';
    words.style.height = `${Math.min(words.scrollHeight, 160)}px`;
    byId('composer').classList.toggle('has-words', words.value.trim() !== '');
  };
  const put = (line) => {
    words.value = line;
    words.setSelectionRange(line.length, line.length);
    fit();
  };
  const leaveThread = () => {
    parent = null;
    replyBox.hidden = true;
    replyBox.replaceChildren();
  };
  const submit = async () => {
    const line = words.value.trim();
    if (line === '' || words.readOnly) return;
    words.readOnly = true;
    const taken = await send(line, parent);
    words.readOnly = false;
    if (!taken) return;
    said.push(line);
    back = 0;
    put('');
    leaveThread();
    words.focus();
  };
  const recall = (step) => {
    const next = Math.min(said.length, Math.max(0, back + step));
    if (next === back) return false;
    back = next;
    put(back === 0 ? '' : said[said.length - back]);
    return true;
  };

  words.addEventListener('input', () => { back = 0; fit(); });
  words.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    const atStart = words.selectionStart === 0 && words.selectionEnd === 0;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === 'ArrowUp' && (atStart || back > 0) && recall(1)) {
      event.preventDefault();
    } else if (event.key === 'ArrowDown' && back > 0 && recall(-1)) {
      event.preventDefault();
    } else if (event.key === 'Escape' && parent) {
      leaveThread();
    }
  });
  byId('composer').addEventListener('submit', (event) => { event.preventDefault(); submit(); });

  return {
    put(line) { put(line); words.focus(); },
    focus() { words.focus(); },
    /** What an empty line shows, and whom it speaks to. */
    address(to, example) {
      byId('to').textContent = to;
      words.placeholder = `for example “${example}”`;
    },
    /** What this reader said before, oldest first. */
    remember(lines) { said.splice(0, said.length, ...lines); back = 0; },
    leaveThread,
    /** The next line answers in this thread. */
    reply(root, name) {
      parent = root;
      replyBox.replaceChildren(
        el('span', { text: `Reply in the thread with ${name}` }),
        el('button', { class: 'quiet-button', type: 'button', text: 'Leave', on: { click: leaveThread } }),
      );
      replyBox.hidden = false;
      words.focus();
    },
  };
}

// Formatted text as nodes. The room's HTML is parsed in an inert document and copied tag by tag, known tags only and
// without attributes; the rest becomes its text.

import { el } from './dom.js';

const KNOWN = new Set(['P', 'BR', 'STRONG', 'EM', 'CODE', 'PRE', 'UL', 'OL', 'LI', 'BLOCKQUOTE']);
const HEADINGS = new Set(['H1', 'H2', 'H3', 'H4', 'H5', 'H6']);

/** The nodes of a message's html. `self` is the reader's id: their own name stands out. */
export function rich(html, self) {
  const source = new DOMParser().parseFromString(html, 'text/html');
  const out = document.createDocumentFragment();
  copy(source.body, out, self, 0);
  return out;
}

function copy(from, to, self, depth) {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) to.append(node.data);
    else if (node.nodeType === Node.ELEMENT_NODE && depth < 20) {
      const place = counterpart(node, self);
      copy(node, place ?? to, self, depth + 1);
      if (place) to.append(place);
    }
  }
}

function counterpart(node, self) {
  if (KNOWN.has(node.tagName)) return document.createElement(node.tagName);
  if (HEADINGS.has(node.tagName)) return el('p', { class: 'heading' });
  if (node.tagName === 'SPARK-MENTION') {
    const own = node.getAttribute('data-object-id') === self;
    return el('span', { class: own ? 'mention own' : 'mention' });
  }
  // A link leads away from this machine: its text is shown, its URL as a tooltip.
  if (node.tagName === 'A') return el('span', { class: 'address', title: node.getAttribute('href') });
  return null;
}

const MARKS = /`([^`]+)`|\*\*([^*]+)\*\*|(?<![\w_])_([^_]+)_(?![\w_])/g;

/** Turns `code`, **bold** and _italics_ inside the texts of a card into elements. */
export function markTexts(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) {
    if (!text.parentElement.closest('input, textarea, select, code')) marked(text);
  }
}

function marked(text) {
  const pieces = [];
  let end = 0;
  for (const match of text.data.matchAll(MARKS)) {
    const [whole, code, bold, italics] = match;
    pieces.push(text.data.slice(end, match.index));
    pieces.push(el(code ? 'code' : bold ? 'strong' : 'em', { text: code ?? bold ?? italics }));
    end = match.index + whole.length;
  }
  if (pieces.length > 0) text.replaceWith(...pieces, text.data.slice(end));
}

// Builds DOM nodes. Text is always text: nothing here interprets markup.

/** An element: `class`, `text`, `on` (listeners), `data`, `style` (custom properties) or attributes, then children. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === 'class') node.className = value;
    else if (key === 'text') node.textContent = value;
    else if (key === 'on') for (const [name, run] of Object.entries(value)) node.addEventListener(name, run);
    else if (key === 'data') Object.assign(node.dataset, value);
    else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** A person's picture: the first letter on their colour. */
export function avatar(name, tint, small = false) {
  const face = el('span', { class: `avatar ${tint}${small ? ' small' : ''}`, 'aria-hidden': 'true' });
  if (tint === 'tint-bot') face.append(el('img', { src: '/assets/favicon.svg', alt: '' }));
  else face.textContent = name.slice(0, 1).toUpperCase();
  return face;
}

/** The time of day, as the reader writes it. */
export function clock(stamp) {
  const moment = new Date(stamp);
  const shown = moment.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return el('time', { datetime: stamp, title: moment.toLocaleString(), text: shown });
}

/** Tells of a fault, for a while. */
export function toast(words) {
  const box = byId('toast');
  box.textContent = words;
  box.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { box.hidden = true; }, 6000);
}

// Adaptive Cards, rendered by Microsoft's library in the page's own colours.

import { el } from './dom.js';
import { markTexts } from './rich.js';

/* global AdaptiveCards */

const colour = (name) => ({ default: `var(--${name})`, subtle: `var(--${name}-quiet, var(--quiet))` });
const foreground = {
  default: { default: 'var(--ink)', subtle: 'var(--quiet)' },
  dark: { default: 'var(--ink)', subtle: 'var(--quiet)' },
  light: { default: 'var(--quiet)', subtle: 'var(--quiet)' },
  accent: colour('accent'),
  good: colour('good'),
  warning: colour('warn'),
  attention: colour('bad'),
};
const container = (background, border) => ({ backgroundColor: background, borderColor: border, foregroundColors: foreground });

// The colours are CSS variables, so one configuration serves light and dark.
const hostConfig = {
  supportsInteractivity: true,
  fontFamily: 'inherit',
  spacing: { small: 4, default: 10, medium: 14, large: 20, extraLarge: 28, padding: 16 },
  separator: { lineThickness: 1, lineColor: 'var(--line)' },
  fontTypes: {
    default: { fontFamily: 'inherit', fontSizes: { small: 12.5, default: 14, medium: 15, large: 17, extraLarge: 20 } },
    monospace: { fontFamily: 'var(--mono)', fontSizes: { small: 12, default: 13, medium: 14, large: 16, extraLarge: 18 } },
  },
  fontWeights: { lighter: 400, default: 400, bolder: 620 },
  containerStyles: {
    default: container('transparent', 'transparent'),
    emphasis: container('var(--sunk)', 'var(--line)'),
    accent: container('var(--accent-wash)', 'var(--line)'),
    good: container('var(--good-wash)', 'var(--line)'),
    warning: container('var(--warn-wash)', 'var(--line)'),
    attention: container('var(--bad-wash)', 'var(--line)'),
  },
  imageSizes: { small: 40, medium: 64, large: 96 },
  factSet: {
    title: { color: 'default', isSubtle: true, weight: 'default', wrap: true, maxWidth: 130 },
    value: { color: 'default', weight: 'default', wrap: true },
    spacing: 14,
  },
  inputs: {
    label: { inputSpacing: 'small', requiredInputs: { suffix: ' *' } },
    errorMessage: { color: 'attention', spacing: 'small' },
  },
  actions: {
    maxActions: 5,
    spacing: 'default',
    buttonSpacing: 8,
    showCard: { actionMode: 'inline', inlineTopMargin: 12 },
    actionsOrientation: 'horizontal',
    actionAlignment: 'left',
  },
};

// The library accepts HTML for Markdown; it gets none, the markup is built as elements afterwards.
AdaptiveCards.AdaptiveCard.onProcessMarkdown = (_text, result) => { result.didProcess = false; };

/** The card as an element, or `null` if the library cannot render it. `submit(inputs)` presses. */
export function cardElement(content, submit) {
  try {
    const card = new AdaptiveCards.AdaptiveCard();
    card.hostConfig = new AdaptiveCards.HostConfig(hostConfig);
    const frame = el('div', { class: 'card', data: { testid: 'card' } });
    const note = el('p', { class: 'card-note', role: 'status', hidden: true });
    card.onExecuteAction = (action) => {
      // Other action types would open an address outside this machine.
      if (action.getJsonTypeName() === 'Action.Submit') press(frame, note, submit, action.data ?? {});
    };
    card.parse(content);
    const rendered = card.render();
    if (!rendered) return null;
    markTexts(rendered);
    frame.append(rendered, note);
    return frame;
  } catch (fault) {
    console.warn('a card was not rendered', fault);
    return null;
  }
}

async function press(frame, note, submit, inputs) {
  const buttons = [...frame.querySelectorAll('button')].filter((button) => !button.disabled);
  const pressed = document.activeElement;
  for (const button of buttons) button.disabled = true;
  frame.setAttribute('aria-busy', 'true');
  note.hidden = true;
  const sent = await submit(inputs);
  frame.removeAttribute('aria-busy');
  for (const button of buttons) button.disabled = false;
  if (buttons.includes(pressed)) pressed.focus();
  if (!sent) return;
  note.textContent = 'Sent.';
  note.hidden = false;
  setTimeout(() => { note.hidden = true; }, 4000);
}

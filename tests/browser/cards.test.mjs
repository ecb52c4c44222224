// Renders every card of the golden conversations with Microsoft's library, as the page does.
//
// READBACK_PAGE       the address that `readback demo` prints
// READBACK_CARDS      the folder with the cards, as JSON
// READBACK_ARTIFACTS  where the picture of all of them goes

import assert from 'node:assert/strict';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { withBrowser } from './chromium.mjs';

const address = process.env.READBACK_PAGE;
const folder = process.env.READBACK_CARDS;
assert.ok(address && folder, 'READBACK_PAGE and READBACK_CARDS must be set');
const artifacts = process.env.READBACK_ARTIFACTS ?? tmpdir();

/** What kind of card it is: its styles, the titles of its facts and its buttons, without names and numbers. */
function kindOf(card) {
  const flat = (element) => [element, ...[...(element.items ?? []), ...(element.columns ?? [])].flatMap(flat)];
  const shape = ({ type, style, color, facts }) => [type, style, color, ...(facts ?? []).map((fact) => fact.title)].join();
  const kinds = new Set([...card.body.flatMap(flat).map(shape), ...card.actions.map((action) => action.title)]);
  return [...kinds].join('\n').replace(/[\w.-]*[-\d·][\w.-]*/g, '#');
}

/** The words that a reader must find on a card. */
function wordsOf(card) {
  const plain = (text) => text.replaceAll('\\', '');
  const flat = (element) => [element, ...[...(element.items ?? []), ...(element.columns ?? [])].flatMap(flat)];
  return card.body.flatMap(flat).flatMap((element) => {
    if (element.type === 'FactSet') return element.facts.flatMap((fact) => [fact.title, plain(fact.value)]);
    return [plain(element.text ?? element.label ?? '')];
  }).filter((text) => text && !/[*_<>[\]]/.test(text));
}

// The widths in pixels, and how many cards stand side by side. The last picture is the one of the documentation.
const SHEETS = [['wide', 900, 1], ['phone', 390, 1], ['cards', 1500, 3]];

for (const [name, width, columns] of SHEETS) {
  test(`every card is rendered: ${name}`, { timeout: 240_000 }, async () => {
    await mkdir(artifacts, { recursive: true });
    const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
    assert.ok(files.length >= 50, `only ${files.length} cards in ${folder}`);
    await withBrowser({ viewport: { width, height: 900 } }, async (context) => {
      const page = context.pages()[0] ?? await context.newPage();
      const faults = [];
      page.on('pageerror', (fault) => faults.push(fault.message));
      page.on('console', (line) => { if (['error', 'warning'].includes(line.type())) faults.push(line.text()); });
      await page.goto(address);
      await page.waitForFunction(() => window.AdaptiveCards);
      await page.evaluate((columns) => {
        // An overlay for the cards, over the running page.
        for (const child of document.body.children) child.style.display = 'none';
        document.documentElement.style.height = 'auto';
        document.body.style.cssText = 'display:block;overflow:visible;height:auto';
        const sheet = document.createElement('div');
        sheet.id = 'sheet';
        sheet.style.cssText = `padding:8px;display:grid;gap:8px;align-items:start;grid-template-columns:repeat(${columns},minmax(0,1fr))`;
        document.body.append(sheet);
      }, columns);
      const kinds = new Set();
      for (const file of files) {
        const card = JSON.parse(await readFile(join(folder, file), 'utf8'));
        if (columns > 1 && kinds.has(kindOf(card))) continue;
        kinds.add(kindOf(card));
        const seen = await page.evaluate(async (content) => {
          const { cardElement } = await import('/assets/cards.js');
          const element = cardElement(content, async () => true);
          if (!element) return null;
          document.querySelector('#sheet').append(element);
          const fields = [...element.querySelectorAll('input, select, textarea')];
          return {
            text: element.innerText,
            buttons: [...element.querySelectorAll('button.ac-pushButton')].map((button) => button.innerText),
            fields: fields.length,
            unnamed: fields.filter((field) => !field.labels?.length && !field.getAttribute('aria-labelledby')).length,
            wide: element.scrollWidth - element.clientWidth,
          };
        }, card);
        assert.ok(seen, `${file} is not rendered`);
        const squeezed = (text) => text.replace(/\s+/g, ' ');
        for (const words of wordsOf(card)) {
          assert.ok(squeezed(seen.text).includes(squeezed(words)), `${file} does not show “${words}” but ${seen.text}`);
        }
        assert.deepEqual(seen.buttons, card.actions.map((action) => action.title), file);
        assert.equal(seen.fields, card.body.filter((element) => element.type.startsWith('Input.')).length, file);
        assert.equal(seen.unnamed, 0, `${file} has a field without a name`);
        assert.ok(seen.wide <= 0, `${file} is ${seen.wide} pixels too wide`);
      }
      assert.deepEqual(faults, [], 'no fault in the page');
      await page.screenshot({ path: join(artifacts, columns > 1 ? `${name}.png` : `cards-${name}.png`), fullPage: true });
    });
  });
}

// The page in a real browser, used like a person does, with the real bot and cluster behind it.
//
// READBACK_PAGE       the address that `readback demo` prints
// READBACK_ARTIFACTS  where the screenshot goes (default: the folder of temporary files)
// READBACK_BAD_ORDER  an order whose rollout fails, and READBACK_BAD_DEPLOYMENT the Deployment that it names

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { withBrowser } from './chromium.mjs';

const address = process.env.READBACK_PAGE;
assert.ok(address, 'READBACK_PAGE must hold the address of the page');
const artifacts = process.env.READBACK_ARTIFACTS ?? tmpdir();
const bad = {
  order: process.env.READBACK_BAD_ORDER ?? 'update checkout to 2.4',
  deployment: process.env.READBACK_BAD_DEPLOYMENT ?? 'checkout-service',
};
const PATIENCE = 30_000;

/** What a person does and sees. */
class Visitor {
  constructor(page) { this.page = page; }

  async be(name) {
    await this.page.getByTestId(`person-${name.toLowerCase()}`).click();
    await this.page.locator(`[data-testid="person-${name.toLowerCase()}"][aria-checked="true"]`).waitFor();
    await this.settled();
  }

  /** The room's messages are there. */
  settled() { return this.page.locator('#log:not([aria-busy])').waitFor(); }

  /** Says a line and waits until it stands in the room (as `shown`); returns its entry with the thread under it. */
  async say(words, shown = words) {
    const mine = this.page.locator('#log > .entry', { hasText: shown });
    const known = await mine.count();
    await this.page.getByTestId('words').fill(words);
    await this.page.keyboard.press('Enter');
    await mine.nth(known).waitFor();
    return mine.nth(known);
  }

  /** The last message in that thread that says it. */
  answer(thread, words) {
    return thread.locator('.answers [data-testid="message"]', { hasText: words }).last();
  }

  deployment(name) {
    return this.page.locator(`[data-testid="deployment"][data-name="${name}"]`).first();
  }

  async clusterShows(name, wanted) {
    const marks = Object.entries(wanted).map(([key, value]) => `[data-${key}="${value}"]`).join('');
    await this.page.locator(`[data-testid="deployment"][data-name="${name}"]${marks}`).first().waitFor();
  }

  async tag(name) { return this.deployment(name).getAttribute('data-tag'); }
}

/** Runs `work` with a fresh browser on the page, and fails on anything that went wrong inside it. */
async function visit(options, work) {
  await withBrowser({ viewport: { width: 1440, height: 900 }, ...options }, async (context) => {
    const page = context.pages()[0] ?? await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    const faults = [];
    const elsewhere = [];
    page.on('pageerror', (fault) => faults.push(fault.message));
    page.on('console', (line) => { if (line.type() === 'error') faults.push(line.text()); });
    page.on('request', (request) => {
      if (!request.url().startsWith(address) && !request.url().startsWith('data:')) elsewhere.push(request.url());
    });
    await page.goto(address);
    const visitor = new Visitor(page);
    await page.getByTestId('deployment').first().waitFor();
    await visitor.settled();
    await work(visitor, page);
    assert.deepEqual(faults, [], 'no fault in the page');
    assert.deepEqual(elsewhere, [], 'nothing was asked of anybody but the room');
  });
}

before(() => mkdir(artifacts, { recursive: true }));

describe('the product', { timeout: 240_000 }, () => {
  test('a plain order is done, and the cluster shows it', async () => {
    await visit({}, async (ann, page) => {
      const thread = await ann.say('bump nginx to 3 please');
      await ann.answer(thread, /3 of 3/).waitFor();
      await ann.clusterShows('nginx-deployment', { ready: 3, wanted: 3, starting: 0 });
      const last = page.getByTestId('last-change').filter({ hasText: /nginx-deployment \d → 3 replicas/ });
      await last.waitFor();
      await page.reload();
      await last.waitFor();
      assert.doesNotMatch(await page.getByTestId('last-change').innerText(), /`/, 'code is shown as code');
    });
  });

  test('a stranger presses Confirm and is told; Ann presses Confirm and it is done', async () => {
    await visit({}, async (ann, page) => {
      const thread = await ann.say('update nginx to 1.21');
      const id = await ann.answer(thread, 'nginx').locator('button', { hasText: 'Confirm' })
        .locator('xpath=ancestor::*[@data-message-id][1]').getAttribute('data-message-id');
      const card = page.locator(`[data-message-id="${id}"]`);
      const tag = await ann.tag('nginx-deployment');

      await ann.be('Eve');
      await card.getByRole('button', { name: 'Confirm' }).click();
      await page.locator('.answers [data-testid="message"]', { hasText: /nothing was (changed|done)/i }).last().waitFor();
      assert.equal(await ann.tag('nginx-deployment'), tag, 'a stranger changes nothing');
      await card.getByRole('button', { name: 'Confirm' }).waitFor();

      await ann.be('Ann');
      await card.getByRole('button', { name: 'Confirm' }).click();
      await ann.clusterShows('nginx-deployment', { tag: '1.21', ready: 3, wanted: 3, starting: 0, failing: 0 });
      await ann.answer(thread, /Done/).waitFor();
      assert.equal(await card.getByRole('button', { name: 'Confirm' }).count(), 0, 'the card became its outcome');
      await page.screenshot({ path: join(artifacts, 'page.png') });
    });
  });

  test('Cancel leaves everything as it was', async () => {
    await visit({}, async (ann, page) => {
      const tag = await ann.tag('nginx-deployment');
      const thread = await ann.say('update nginx to 1.22');
      const cards = thread.getByTestId('card');
      await cards.last().getByRole('button', { name: 'Cancel' }).click();
      await ann.answer(thread, /cancel/i).waitFor();
      await page.waitForFunction((entry) => !entry.querySelector('.answers button.ac-pushButton'), await thread.elementHandle());
      assert.equal(await ann.tag('nginx-deployment'), tag);
    });
  });

  test('a stranger orders and is told', async () => {
    await visit({}, async (visitor) => {
      await visitor.be('Eve');
      const wanted = await visitor.deployment('nginx-deployment').getAttribute('data-wanted');
      const thread = await visitor.say('scale nginx to 1');
      await visitor.answer(thread, /nothing was done/i).waitFor();
      assert.equal(await visitor.deployment('nginx-deployment').getAttribute('data-wanted'), wanted);
    });
  });

  test('a rollout that fails is told as failing, with its cause', async () => {
    await visit({}, async (ann, page) => {
      const thread = await ann.say(bad.order);
      await thread.getByRole('button', { name: 'Confirm' }).last().click();
      await page.locator(`[data-testid="deployment"][data-name="${bad.deployment}"].failing .trouble`).first().waitFor();
      await ann.answer(thread, /not rolling out|cannot pull|not found/i).waitFor();
    });
  });
});

describe('the page', { timeout: 120_000 }, () => {
  test('text is text, marks are elements, and nothing of it runs', async () => {
    await visit({}, async (ann, page) => {
      const marker = `m${Date.now()}`;
      const line = `${marker} **bold** \`code\` <img src=x onerror=alert(1)> [x](javascript:alert(1))`;
      const thread = await ann.say(line, marker);
      const text = thread.getByTestId('text').first();
      assert.equal(await text.locator('strong').innerText(), 'bold');
      assert.equal(await text.locator('code').innerText(), 'code');
      assert.match(await text.innerText(), /<img src=x onerror=alert\(1\)>/);
      assert.equal(await page.locator('#log img[src="x"], #log a, #log script').count(), 0);
    });
  });

  test('the arrow up brings the last own line back, and Escape leaves a thread', async () => {
    await visit({}, async (ann, page) => {
      const thread = await ann.say(`please say this again ${Date.now()}`);
      const said = (await thread.getByTestId('text').first().innerText()).replace(/^@?readback /, '');
      await page.getByTestId('words').press('ArrowUp');
      assert.equal(await page.getByTestId('words').inputValue(), said);
      await page.getByTestId('words').press('ArrowDown');
      assert.equal(await page.getByTestId('words').inputValue(), '');
      await thread.getByRole('button', { name: /^Reply to Ann/ }).first().click();
      await page.getByTestId('reply').waitFor();
      await page.getByTestId('words').press('Escape');
      await page.getByTestId('reply').waitFor({ state: 'hidden' });
    });
  });

  test('what one person says, another window shows at once', async () => {
    await visit({}, async (ann, page) => {
      const other = await page.context().newPage();
      await other.goto(address);
      await other.getByTestId('person-bo').click();
      const line = `hello from Ann ${Date.now()}`;
      await ann.say(line);
      await other.getByTestId('message').filter({ hasText: line }).waitFor();
    });
  });

  test('a direct room is one person’s own', async () => {
    await visit({}, async (ann, page) => {
      await page.getByTestId('room-readback').click();
      const line = `between us ${Date.now()}`;
      await ann.say(line);
      await ann.be('Bo');
      await page.getByTestId('room-title').filter({ hasText: 'readback' }).waitFor();
      assert.equal(await page.getByTestId('message').filter({ hasText: line }).count(), 0);
    });
  });

  test('a hint fills the line, and the keyboard alone sends it and changes the person', async () => {
    await visit({}, async (ann, page) => {
      const hint = page.getByTestId('hint').first();
      const words = await hint.innerText();
      await hint.focus();
      await page.keyboard.press('Enter');
      assert.equal(await page.getByTestId('words').inputValue(), words);
      await page.getByTestId('person-ann').focus();
      await page.keyboard.press('ArrowDown');
      await page.locator('[data-testid="person-bo"][aria-checked="true"]').waitFor();
    });
  });

  for (const [name, options] of [
    ['dark', { colorScheme: 'dark' }],
    ['phone', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 }],
  ]) {
    test(`nothing sticks out: ${name}`, async () => {
      await visit(options, async (_, page) => {
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(wide <= 0, `the page is ${wide} pixels too wide`);
        await page.screenshot({ path: join(artifacts, `page-${name}.png`), fullPage: name === 'phone' });
      });
    });
  }
});

// Every page in four languages, light and dark, at 360 and 1280 px: axe-core finds nothing, nothing scrolls sideways, and the
// first error has the focus. With KAKAW_TEST_PICTURES, contact sheets go there (./test --pictures).

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { pagesOf, world } from './pages.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = process.env.KAKAW_TEST_PICTURES;
const themes = ['light', 'dark'];
const widths = [360, 1280];
// What a wrong form must have: the first wrong field has the focus.
const focused = { 'log-in-error': 'password--2', 'create-account-error': 'email', 'consent-incomplete': 'term-1' };

let browser, server, site, child, base, folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kakaw-look-'));
  server = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end('<!doctype html><title>site</title>'));
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  site = `http://127.0.0.1:${server.address().port}`;
  await writeFile(join(folder, 'world.toml'), world(site));
  child = spawn(process.env.KAKAW_TEST_BINARY, ['dev', '--listen', '127.0.0.1:0', '--world', join(folder, 'world.toml')], { stdio: ['ignore', 'pipe', 'ignore'] });
  const line = await new Promise(done => child.stdout.once('data', text => done(String(text))));
  base = `http://localhost:${line.match(/:(\d+)\n/)[1]}`;
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
  if (pictures) await mkdir(join(pictures, 'pages'), { recursive: true });
});
after(async () => {
  await browser?.close();
  child?.kill();
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

// Theme and width change only what these rules see; the others run once.
const seen = ['color-contrast', 'link-in-text-block', 'scrollable-region-focusable', 'target-size'];

const violations = (page, only) => page.evaluate(async only => {
  const rules = { 'target-size': { enabled: true } };
  // The documents repeat one part hundreds of times.
  const some = { include: [['html']], exclude: [['.panel ~ .panel ~ .panel ~ .panel ~ .panel']] };
  const { violations } = await window.axe.run(some, { resultTypes: ['violations'], ...(only ? { runOnly: only } : { rules }) });
  return violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary?.split('\n').pop().trim() ?? ''}`));
}, only);

test('axe finds a mistake', async () => {
  const page = await browser.newPage();
  await page.setContent('<html lang="en"><title>x</title><main><h1>x</h1><img src="x"></main></html>');
  await page.evaluate(axe);
  assert.equal((await violations(page)).length, 1);
  await page.close();
});

test('every page, language, theme and width', { timeout: 400_000 }, async () => {
  const found = [];
  const of = async lang => {
    const context = await browser.newContext({ locale: lang });
    const page = await context.newPage();
    for (const [name, open] of Object.entries(pagesOf(base, site, lang))) {
      await page.setViewportSize({ width: 360, height: 740 });
      await open(page);
      assert.equal(await page.locator('html').getAttribute('lang'), lang, name);
      assert.equal(await page.locator('h1').count(), 1, `${lang} ${name}: one h1`);
      if (focused[name]) assert.equal(await page.evaluate(() => document.activeElement.id), focused[name], `${lang} ${name}`);
      await page.evaluate(axe);
      for (const width of widths) {
        await page.setViewportSize({ width, height: width === 360 ? 740 : 800 });
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (sideways > 0) found.push(`${lang} ${name} ${width}: ${sideways} px wider than the window`);
        const broken = await page.evaluate(() => [...document.querySelectorAll('.tag, .need, .btn.small')].filter(part => part.getClientRects().length > 1 && getComputedStyle(part).display === 'inline').length);
        if (broken) found.push(`${lang} ${name} ${width}: ${broken} tags break`);
        for (const colorScheme of themes) {
          await page.emulateMedia({ colorScheme });
          const first = width === widths[0] && colorScheme === themes[0];
          found.push(...(await violations(page, first ? null : seen)).map(text => `${lang} ${name} ${width} ${colorScheme}: ${text}`));
          if (pictures && ['ko', 'en'].includes(lang)) {
            const path = join(pictures, 'pages', `${lang}-${colorScheme}-${width}-${name}.png`);
            await page.screenshot({ path, fullPage: width === 360 && !name.startsWith('docs') });
          }
        }
      }
    }
    await context.close();
  };
  await Promise.all([of('ko').then(() => of('ja')), of('en').then(() => of('zh'))]);
  assert.equal(found.length, 0, `${found.length} findings:\n${found.slice(0, 60).join('\n')}`);
});

test('keys reach everything, and the language stays', async () => {
  const context = await browser.newContext({ locale: 'en', viewport: { width: 480, height: 800 } });
  const page = await context.newPage();
  const pages = pagesOf(base, site, 'en');
  await pages['log-in'](page);
  const order = [];
  for (let i = 0; i < 5; i++) {
    order.push(await page.evaluate(() => document.activeElement.id || document.activeElement.tagName));
    await page.keyboard.press('Tab');
  }
  assert.deepEqual(order, ['loginId--1', 'password--2', 'saveSignedIn--4', 'BUTTON', 'A']);
  // Another language here is the language of the next page too, and the log-in is still the same.
  await page.getByRole('link', { name: '日本語' }).click();
  await page.locator('#loginId--1').fill('no-email');
  await page.locator('#password--2').fill('no-email-password');
  await page.locator('button.submit').click();
  assert.equal(await page.locator('html').getAttribute('lang'), 'ja');
  await page.getByRole('link', { name: '中文' }).click();
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh');
  assert.equal(await page.locator('button[value=accept]').count(), 1, 'still the consent screen');
  await context.close();
});

test('contact sheets', { skip: !pictures, timeout: 120_000 }, async () => {
  const names = Object.keys(pagesOf(base, site, 'ko'));
  for (const lang of ['ko', 'en']) for (const theme of themes) for (const width of widths) {
    const figures = names.map(name => `<figure><figcaption>${name}</figcaption><img src="pages/${lang}-${theme}-${width}-${name}.png"></figure>`);
    const style = `body{margin:16px;display:grid;grid-template-columns:repeat(${width === 360 ? 7 : 4},1fr);gap:16px;background:${theme === 'dark' ? '#444' : '#bbb'};font:14px sans-serif}figure{margin:0}img{width:100%;max-height:900px;object-fit:cover;object-position:top}`;
    const file = join(pictures, `${lang}-${theme}-${width}.html`);
    await writeFile(file, `<!doctype html><meta charset="utf-8"><title>${lang} ${theme} ${width}</title><style>${style}</style>${figures.join('')}`);
    const page = await browser.newPage({ viewport: { width: 1800, height: 1000 } });
    await page.goto(`file://${file}`);
    await page.screenshot({ path: file.replace('.html', '.png'), fullPage: true });
    await page.close();
  }
});

// A person uses the sample service in Chromium: log in, consent, user information, log out; and an error page. In Korean and in
// English, each with and without JavaScript. Screenshots go to artefacts.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const base = process.env.KAKAW_URL;
const shots = process.env.KAKAW_TEST_SCREENSHOTS ?? new URL('../../artefacts', import.meta.url).pathname;
const quiet = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

let browser;
before(async () => {
  assert.ok(base, 'KAKAW_URL names the server');
  await mkdir(shots, { recursive: true });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: quiet });
});
after(() => browser?.close());

const words = {
  ko: { button: '카카오 로그인', agree: '동의하고 계속하기', both: '계정과 함께 로그아웃', fix: '해결 방법' },
  en: { button: 'Login with Kakao', agree: 'Agree and continue', both: 'Log out of this service and your account', fix: 'How to fix it' },
};

for (const [lang, person] of [['ko', 'ryan'], ['en', 'mina']]) {
  for (const javaScriptEnabled of [true, false]) {
    const name = `${lang}${javaScriptEnabled ? '' : '-no-js'}`;
    test(`demo, log in, consent, user information, log out: ${name}`, async () => {
      const context = await browser.newContext({ locale: lang, javaScriptEnabled, viewport: { width: 480, height: 900 } });
      const page = await context.newPage();
      // The 403 comes from the wrong password.
      const faults = [];
      page.on('pageerror', error => faults.push(String(error)));
      page.on('console', message => message.type() === 'error' && !message.text().includes('403') && faults.push(message.text()));
      const shot = step => page.screenshot({ path: `${shots}/${name}-${step}.png`, fullPage: true });

      await page.goto(`${base}/demo`);
      const button = page.getByRole('link', { name: words[lang].button });
      assert.equal(await page.locator('html').getAttribute('lang'), lang);
      if (javaScriptEnabled) {
        const color = await button.evaluate(element => getComputedStyle(element).backgroundColor);
        assert.equal(color, 'rgb(254, 229, 0)', 'the container of the design guide');
      }
      await shot('1-demo');
      await button.click();

      await page.locator('input[name=loginId]#loginId--1').fill(`${person}@example.com`);
      await page.locator('input[name=password]#password--2').fill('wrong');
      await page.locator('button.submit[type=submit]').click();
      assert.equal(await page.getByRole('alert').count(), 1, 'a wrong password is reported');
      assert.equal(await page.locator('#loginId--1').inputValue(), `${person}@example.com`, 'and nothing typed is lost');
      await page.locator('#password--2').fill(`${person}-password`);
      await page.locator('input[name=saveSignedIn]#saveSignedIn--4').check();
      await shot('2-log-in');
      await page.locator('button.submit[type=submit]').click();

      if (javaScriptEnabled) {
        await page.locator('input[name=scope][value=profile_nickname]').check();
        await page.locator('input[name=scope][value=account_email]').check();
        assert.equal(await page.locator('input[name=scope][value=gender]').count(), 0, 'an item of use is not on the first screen');
        await shot('3-consent');
        await page.locator('button[name=decision][value=accept]', { hasText: words[lang].agree }).click();
      }
      // The second time, the person sees no consent screen.
      await page.waitForURL(`${base}/demo`);
      const me = JSON.parse(await page.locator('#me').textContent());
      assert.equal(me.kakao_account.email, `${person}@example.com`);
      const idToken = await page.locator('#id-token').textContent();
      assert.match(idToken, /"alg": "RS256"/);
      assert.match(idToken, new RegExp(`"sub": "${me.id}"`));
      await shot('4-logged-in');

      await page.locator('form[action="/demo/refresh"] button').click();
      await page.waitForURL(`${base}/demo`);
      await page.locator('#account-logout').click();
      await shot('5-log-out');
      await page.getByRole('button', { name: words[lang].both }).click();
      await page.waitForURL(`${base}/demo`);
      await page.locator('#demo-logout').click();
      await page.waitForURL(`${base}/demo`);
      await page.getByRole('link', { name: words[lang].button }).click();
      assert.equal(await page.locator('#loginId--1').count(), 1, 'logged out of the account too');
      assert.deepEqual(faults, []);
      await context.close();
    });
  }

  test(`an error page says why and how to fix it: ${lang}`, async () => {
    const context = await browser.newContext({ locale: lang, viewport: { width: 480, height: 900 } });
    const page = await context.newPage();
    const query = new URLSearchParams({
      client_id: '0123456789abcdef0123456789abcdef', redirect_uri: 'http://localhost:3000/callback/', response_type: 'code',
    });
    const answer = await page.goto(`${base}/oauth/authorize?${query}`);
    assert.equal(answer.status(), 400);
    const text = await page.locator('main').innerText();
    assert.match(text, /KOE006/);
    assert.ok(text.includes('http://localhost:3000/callback/'), 'the redirect URI that was received');
    assert.ok(text.includes(words[lang].fix), text);
    await page.screenshot({ path: `${shots}/${lang}-6-error.png`, fullPage: true });
    await context.close();
  });
}

for (const lang of ['ko', 'en', 'ja', 'zh']) {
  test(`the start page and a restricted account's page: ${lang}`, async () => {
    const context = await browser.newContext({ locale: lang, viewport: { width: 480, height: 900 } });
    const page = await context.newPage();
    await page.goto(`${base}/`);
    await page.screenshot({ path: `${shots}/${lang}-0-start.png`, fullPage: true });
    await page.goto(`${base}/demo/login`);
    await page.locator('#loginId--1').fill('blocked@example.com');
    await page.locator('#password--2').fill('blocked-password');
    await page.locator('button.submit').click();
    assert.equal(await page.locator('input[name=scope]').count(), 0);
    await page.screenshot({ path: `${shots}/${lang}-7-restricted.png`, fullPage: true });
    await context.close();
  });
}

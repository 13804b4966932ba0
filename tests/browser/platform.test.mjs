// Tests in Chromium what comes after a login: simple sign-up, the JavaScript SDK's popup with its polling, and the address
// selection with its frame. A page of another site makes the same calls as the SDK. Screenshots go to artefacts.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const shots = process.env.KAKAW_TEST_SCREENSHOTS ?? new URL('../../artefacts', import.meta.url).pathname;
const JS = 'a0000000000000000000000000000002';
const REST = 'a0000000000000000000000000000001';
const TRANSACTION = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX';

const world = site => `
[[apps]]
id = 2001
name = "Market"
company = "Market Inc."
simple_signup = { enabled = true, review_passed = true }
service_terms = [
  { tag = "use", title = "Terms of use", url = "https://market.example/terms", required = true },
  { tag = "news", title = "Newsletter", url = "https://market.example/news" },
]
channels = [{ id = "_ZeUTxl", name = "Market News" }]
[[apps.rest_api_keys]]
key = "${REST}"
redirect_uris = ["${site}/callback"]
[[apps.javascript_keys]]
key = "${JS}"
sdk_domains = ["${site}"]
redirect_uris = ["${site}/callback"]
[apps.consent_items]
profile_nickname = "required"
account_email = { consent = "optional", purpose = "Receipts" }
shipping_address = { consent = "optional", purpose = "Delivery" }
[[people]]
email = "ryan@example.com"
password = "ryan-password"
nickname = "Ryan"
`;

// The site: an empty page that makes the SDK's calls.
const page = `<!doctype html><meta charset="utf-8"><title>site</title><body><script>
const form = (url, fields) => fetch(url, { method: 'POST', body: new URLSearchParams(fields) }).then(answer => answer.json());
const ka = 'sdk/2.7.1 os/javascript sdk_type/javascript lang/ko-KR device/Linux origin/' + encodeURIComponent(location.origin);
window.popupLogIn = async (kauth, key, transaction) => {
  const query = new URLSearchParams({ client_id: key, redirect_uri: 'JS-SDK', response_type: 'code', auth_tran_id: transaction, is_popup: 'true', ka, state: 'abc' });
  window.open(kauth + '/oauth/authorize?' + query, '_blank', 'width=480,height=700');
  for (let i = 0; i < 60; i++) {
    const answer = await fetch(kauth + '/apiweb/code.json?' + new URLSearchParams({ client_id: key, auth_tran_id: transaction, ka })).then(a => a.json());
    if (answer.error_code !== '300') return answer;
    await new Promise(done => setTimeout(done, 300));
  }
};
window.pickAddress = async (kauth, key, token, transaction) => {
  const { agt } = await form(kauth + '/api/agt', { client_id: key, access_token: token });
  const frame = document.body.appendChild(Object.assign(document.createElement('iframe'), { src: kauth + '/proxy?trans_id=' + transaction, hidden: true }));
  const outcome = new Promise(done => addEventListener('message', event => event.source === frame.contentWindow && done({ origin: event.origin, data: event.data })));
  const inner = 'https://apps.kakao.com/user/address?' + new URLSearchParams({ app_key: key, ka, trans_id: transaction, mobile_view: 'false', enable_back_button: 'false' });
  window.open(kauth + '/auth/kpidt?' + new URLSearchParams({ app_key: key, agt, continue: inner }), 'shipping-address', 'width=460,height=608');
  return outcome;
};
</script>`;

let browser, site, server, kakaw, folder;
before(async () => {
  await mkdir(shots, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), 'kakaw-browser-'));
  server = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end(page));
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  // Not localhost: frames and cookies are third-party here.
  site = `http://127.0.0.1:${server.address().port}`;
  await writeFile(join(folder, 'world.toml'), world(site));
  const child = spawn(process.env.KAKAW_TEST_BINARY, ['dev', '--listen', '127.0.0.1:0', '--world', join(folder, 'world.toml')]);
  const line = await new Promise(done => child.stdout.once('data', text => done(String(text))));
  kakaw = { child, url: `http://localhost:${line.match(/:(\d+)\n/)[1]}` };
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
});
after(async () => {
  await browser?.close();
  kakaw?.child.kill();
  server?.close();
});

const authorize = (key = REST, more = {}) =>
  `${kakaw.url}/oauth/authorize?${new URLSearchParams({ client_id: key, redirect_uri: `${site}/callback`, response_type: 'code', ...more })}`;

const logIn = async page => {
  await page.locator('#loginId--1').fill('ryan@example.com');
  await page.locator('#password--2').fill('ryan-password');
  await page.locator('button.submit').click();
};

const exchange = async (code, key, redirect_uri) => {
  const body = new URLSearchParams({ grant_type: 'authorization_code', client_id: key, redirect_uri, code });
  return (await fetch(`${kakaw.url}/oauth/token`, { method: 'POST', body })).json();
};

const unlink = token => fetch(`${kakaw.url}/v1/user/unlink`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });

const faultsOf = page => {
  const faults = [];
  page.on('pageerror', error => faults.push(String(error)));
  page.on('console', message => message.type() === 'error' && faults.push(message.text()));
  return faults;
};

for (const lang of ['ko', 'en', 'ja', 'zh']) {
  test(`simple sign-up on one screen, agree to all: ${lang}`, async () => {
    const context = await browser.newContext({ locale: lang, viewport: { width: 480, height: 900 } });
    const page = await context.newPage();
    const faults = faultsOf(page);
    await page.goto(authorize());
    await logIn(page);
    const all = page.locator('#agree-to-all');
    await page.screenshot({ path: `${shots}/${lang}-10-sign-up.png`, fullPage: true });
    await all.check();
    const boxes = page.locator('form input[type=checkbox]');
    for (const box of await boxes.all()) assert.ok(await box.isChecked());
    await page.locator('input[value=news]').uncheck();
    assert.equal(await all.isChecked(), false, 'all is not all any more');
    await all.check();
    await page.locator('button[value=accept]').click();
    await page.waitForURL(url => url.href.startsWith(`${site}/callback`));
    const tokens = await exchange(new URL(page.url()).searchParams.get('code'), REST, `${site}/callback`);
    const terms = await fetch(`${kakaw.url}/v2/user/service_terms`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    assert.deepEqual((await terms.json()).service_terms.map(term => [term.tag, term.agreed_by]), [['use', 'KAUTH'], ['news', 'KAUTH']]);
    assert.deepEqual(faults, []);
    for (const [name, prompt] of [['11-choose', 'select_account'], ['12-create', 'create']]) {
      await page.goto(authorize(REST, { prompt }));
      await page.screenshot({ path: `${shots}/${lang}-${name}.png`, fullPage: true });
    }
    await unlink(tokens.access_token);
    await context.close();
  });
}

test('the popup of the JavaScript SDK and its polling', { timeout: 60_000 }, async () => {
  const context = await browser.newContext({ locale: 'en', viewport: { width: 480, height: 900 } });
  const page = await context.newPage();
  await page.goto(`${site}/`);
  const popup = context.waitForEvent('page');
  const outcome = page.evaluate(([url, key, id]) => window.popupLogIn(url, key, id), [kakaw.url, JS, TRANSACTION]);
  const opened = await popup;
  await logIn(opened);
  for (const name of ['profile_nickname', 'shipping_address', 'use']) await opened.locator(`input[value=${name}]`).check();
  await opened.locator('button[value=accept]').click();
  await opened.waitForSelector('h1');
  await opened.screenshot({ path: `${shots}/en-13-done.png` });
  const answer = await outcome;
  assert.deepEqual([answer.status, answer.state], ['ok', 'abc']);
  const tokens = await exchange(answer.code, JS, 'JS-SDK');
  assert.ok(tokens.access_token, JSON.stringify(tokens));

  // Address selection: the person consented above, and the account has no address yet.
  const faults = faultsOf(page);
  const window_ = context.waitForEvent('page');
  const picked = page.evaluate(args => window.pickAddress(...args), [kakaw.url, JS, tokens.access_token, TRANSACTION.replace('0', 'p')]);
  const picker = await window_;
  const pickerFaults = faultsOf(picker);
  await picker.waitForSelector('form[data-picker]');
  await picker.screenshot({ path: `${shots}/en-14-picker-empty.png` });
  await picker.locator('button[value=new]').click();
  await picker.screenshot({ path: `${shots}/en-15-picker-new.png`, fullPage: true });
  for (const [name, value] of Object.entries({ name: 'Home', receiver_name: 'Ryan', receiver_phone_number1: '010-1234-5678', zone_number: '1234', base_address: '1 Road' })) {
    await picker.locator(`#${name}`).fill(value);
  }
  await picker.locator('button[value=save]').click();
  assert.equal(await picker.getByRole('alert').count(), 1, 'a postcode has five digits');
  await picker.screenshot({ path: `${shots}/en-16-picker-wrong.png`, fullPage: true });
  await picker.locator('#zone_number').fill('12345');
  await picker.locator('button[value=save]').click();
  await picker.waitForSelector('input[name=address_id]');
  await picker.screenshot({ path: `${shots}/en-17-picker-list.png` });
  await picker.locator('button[value=choose]').click();
  const gone = picker.waitForEvent('close');
  const chosen = await picked;
  assert.equal(chosen.origin, kakaw.url);
  assert.match(chosen.data, /^\{"address_id":\d+\}$/);

  await gone;

  // The SDK also reports that the window was closed.
  const again = context.waitForEvent('page');
  const closed = page.evaluate(args => window.pickAddress(...args), [kakaw.url, JS, tokens.access_token, TRANSACTION.replace('0', 'q')]);
  const second = await again;
  await second.waitForSelector('form[data-picker]');
  await second.close({ runBeforeUnload: true });
  assert.equal((await closed).data, 'closed');
  // The form with a mistake gets a 400.
  assert.deepEqual([...faults, ...pickerFaults.filter(fault => !fault.includes('400'))], []);
  await context.close();
});

test('our JavaScript SDK: popup, redirect, calls, address selection, retired calls', { timeout: 90_000 }, async () => {
  const context = await browser.newContext({ locale: 'en', viewport: { width: 480, height: 900 } });
  const page = await context.newPage();
  const load = async () => {
    await page.goto(`${site}/`);
    await page.addScriptTag({ url: `${kakaw.url}/sdk/js/kakao.js` });
    await page.evaluate(key => Kakao.init(key), JS);
  };
  await load();
  assert.deepEqual(await page.evaluate(() => [Kakao.isInitialized(), Kakao.Auth.getAccessToken()]), [true, null]);
  const thrown = async call => page.evaluate(text => { try { eval(text); } catch (error) { return `${error.name}: ${error.message}`; } }, call);
  assert.match(await thrown('Kakao.init("x")'), /KakaoError: .*Already/);
  assert.match(await thrown('Kakao.Auth.authorize({ nonsense: 1 })'), /Invalid parameter keys: nonsense/);
  assert.match(await thrown('Kakao.API.request({ url: "/v1/nonsense" })'), /Illegal argument for "url"/);
  assert.match(await thrown('Kakao.API.request({ url: "/v2/user/me", data: { x: 1 } })'), /Invalid parameter keys: x/);
  assert.match(await thrown('Kakao.API.request({ url: "/v1/user/update_profile" })'), /Missing required keys: properties/);
  assert.deepEqual(await page.evaluate(() => Kakao.Auth.getStatusInfo().catch(reason => reason)), { status: 'not_connected' });
  const silent = await page.evaluate(() => Kakao.Auth.authorize({ prompt: 'none', state: 's' }).catch(reason => reason));
  assert.deepEqual(silent, { error: 'auto_login', error_description: 'NOT_SUPPORTED_BROWSER', state: 's' });

  const popup = context.waitForEvent('page');
  const outcome = page.evaluate(() => Kakao.Auth.authorize({ isPopup: true, state: 'abc' }));
  const opened = await popup;
  await opened.waitForSelector('#loginId--1, input[name=scope]');
  if (await opened.locator('#loginId--1').count()) await logIn(opened);
  await opened.waitForSelector('h1');
  if (await opened.locator('#agree-to-all').count()) {
    await opened.locator('#agree-to-all').check();
    await opened.locator('button[value=accept]').click();
  }
  const closed = opened.isClosed() ? null : opened.waitForEvent('close');
  const { code, state } = await outcome;
  assert.equal(state, 'abc');
  await closed;
  const tokens = await exchange(code, JS, 'JS-SDK');
  const seen = await page.evaluate(async token => {
    Kakao.Auth.setAccessToken(token);
    const { status, user } = await Kakao.Auth.getStatusInfo();
    const terms = await Kakao.API.request({ url: '/v2/user/service_terms', data: { tags: ['use', 'news'], result: 'app_service_terms' } });
    const refused = await Kakao.API.request({ url: '/v2/user/revoke/scopes', data: { scopes: ['gender'] } }).catch(reason => reason.code);
    return [status, user.properties.nickname, terms.service_terms.length, refused];
  }, tokens.access_token);
  assert.deepEqual(seen, ['connected', 'Ryan', 2, -2]);

  const window_ = context.waitForEvent('page');
  const picked = page.evaluate(() => Kakao.Auth.selectShippingAddress());
  const picker = await window_;
  await picker.locator('button[value=choose]').click();
  assert.ok(Number.isInteger((await picked).address_id));

  // With a redirect and the existing session: the page itself receives the code.
  await page.evaluate(uri => { Kakao.Auth.authorize({ redirectUri: uri, state: 'r' }); }, `${site}/callback`);
  await page.waitForURL(url => url.href.startsWith(`${site}/callback?`));
  assert.equal(new URL(page.url()).searchParams.get('state'), 'r');
  // A popup with a redirect URI: the opener gets the result, and navigates there itself.
  await load();
  const second = context.waitForEvent('page');
  await page.evaluate(uri => { Kakao.Auth.authorize({ isPopup: true, redirectUri: uri, state: 'p' }); }, `${site}/callback`);
  await second;
  await page.waitForURL(url => url.href.startsWith(`${site}/callback?`));
  const answer = new URL(page.url()).searchParams;
  assert.deepEqual([answer.get('state'), Boolean(answer.get('code'))], ['p', true]);
  await load();
  assert.equal(await page.evaluate(() => Kakao.Auth.getAccessToken()), tokens.access_token, 'kept for the session');
  const old = context.waitForEvent('page');
  await page.evaluate(() => Kakao.Auth.login({}));
  assert.match(await (await old).locator('main').innerText(), /KOE023/);
  await page.evaluate(() => Kakao.Auth.logout());
  assert.equal(await page.evaluate(() => Kakao.Auth.getAccessToken()), null);
  await context.close();
});

test('the person must confirm an unregistered page before it gets a code', async () => {
  const context = await browser.newContext({ locale: 'ko', viewport: { width: 480, height: 900 } });
  const page = await context.newPage();
  const ka = `os/javascript origin/${encodeURIComponent(site)}`;
  const url = `${kakaw.url}/oauth/authorize?${new URLSearchParams({ client_id: JS, redirect_uri: 'JS-SDK', response_type: 'code', auth_tran_id: TRANSACTION.replace('0', 'r'), ka })}`;
  await page.goto(url);
  await logIn(page);
  assert.ok((await page.locator('main').innerText()).includes(site));
  await page.screenshot({ path: `${shots}/ko-18-finish.png` });
  await page.locator('button.submit').click();
  await page.waitForSelector('h1');
  const answer = await (await fetch(`${kakaw.url}/apiweb/code.json?${new URLSearchParams({ client_id: JS, auth_tran_id: TRANSACTION.replace('0', 'r') })}`)).json();
  assert.equal(answer.status, 'ok');
  await context.close();
});

for (const lang of ['ko', 'en', 'ja', 'zh']) {
  test(`a phone gets a page that takes the place of KakaoTalk: ${lang}`, async () => {
    const userAgent = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1';
    const context = await browser.newContext({ locale: lang, userAgent, viewport: { width: 390, height: 760 } });
    const page = await context.newPage();
    const ends = async choice => {
      await page.goto(site);
      await page.addScriptTag({ url: `${kakaw.url}/sdk/js/kakao.js` });
      await page.evaluate(([key, uri]) => {
        Kakao.init(key);
        Kakao.Auth.authorize({ redirectUri: uri, state: 'abc' });
      }, [JS, `${site}/callback`]);
      await page.waitForURL(url => url.pathname.startsWith('/scheme/'));
      if (choice === '#talk-back') await page.screenshot({ path: `${shots}/${lang}-21-talk.png` });
      await page.locator(choice).click();
    };
    for (const [choice, error] of [['#talk-back', 'access_denied'], ['#talk-not-supported', 'NotSupportError']]) {
      await ends(choice);
      await page.waitForURL(url => url.href.startsWith(`${site}/callback`));
      const back = new URL(page.url()).searchParams;
      assert.deepEqual([back.get('error'), back.get('state')], [error, 'abc']);
    }
    await ends('#talk-log-in');
    await page.waitForSelector('#loginId--1');
    await context.close();
  });
}

test('the inspector shows a login as one list, and fixes the world with a click', { timeout: 60_000 }, async () => {
  const context = await browser.newContext({ locale: 'en', viewport: { width: 700, height: 900 } });
  const page = await context.newPage();
  const faults = faultsOf(page);
  await page.goto(`${kakaw.url}/inspector`);
  const other = await context.newPage();
  const wrong = `${kakaw.url}/oauth/authorize?${new URLSearchParams({ client_id: REST, redirect_uri: `${site}/callbac`, response_type: 'code' })}`;
  await other.goto(wrong);
  const refused = page.locator('li.bad', { hasText: `${site}/callbac` }).last();
  await refused.waitFor();
  assert.match(await refused.innerText(), /KOE006/);
  // The registered URI continues where the sent URI ends.
  assert.deepEqual(await refused.locator('pre mark').allInnerTexts(), ['', 'k']);
  await page.screenshot({ path: `${shots}/en-20-inspector.png` });
  await refused.locator('button').click();
  await page.waitForFunction(() => [...document.querySelectorAll('button')].some(button => button.disabled));
  await other.goto(wrong);
  assert.equal(await other.locator('#loginId--1').count(), 1, 'registered now');
  await logIn(other);
  await other.waitForURL(url => url.href.startsWith(site) || url.pathname === '/oauth/authorize');
  await page.evaluate(() => scrollTo(0, 0));
  await page.locator('#people summary').click();
  await page.locator('#people section').first().waitFor();
  assert.match(await page.locator('#people').innerText(), /Browsers logged in: [1-9]/);
  await page.screenshot({ path: `${shots}/en-22-people.png` });
  await page.locator('#people button').click();
  await page.locator('#people button').waitFor({ state: 'detached' });
  assert.deepEqual(faults, []);
  await context.close();
});

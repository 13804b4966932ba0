// The client against the program: every call, and every error of the catalogue by one call.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, test } from 'node:test';
import { forEachTest, Refused } from './kakaw.mjs';

const KEY = '0123456789abcdef0123456789abcdef';
const kakaw = forEachTest({ beforeEach, afterEach });

test('log in, clock, requests', async () => {
  const { current } = kakaw;
  const done = await current.logIn({ client_id: KEY, person: 'ryan@example.com', tokens: true });
  const me = token => fetch(`${current.url}/v2/user/me`, { headers: { authorization: `Bearer ${token}` } });
  const user = await (await me(done.tokens.access_token)).json();
  assert.equal(user.kakao_account.email, 'ryan@example.com');
  await current.clock({ advance: 6 * 3600 });
  assert.equal((await me(done.tokens.access_token)).status, 401);
  const [expired] = await current.requests({ status: 401 });
  assert.equal(expired.code, '-401');
  assert.match(expired.diagnosis.join(), /expired/);
  const waiting = current.wait({ after: expired.id, path: '/oauth/token' });
  await fetch(`${current.url}/oauth/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'x' }) });
  assert.equal((await waiting).code, 'KOE310');
  assert.equal(await current.wait({ path: '/never' }, 0), undefined);
  assert.match(await current.export(), /\[\[people\]\]/);
  await current.apply('[[people]]\nid = "fresh"\npassword = "fresh-password"\n');
  assert.ok((await current.logIn({ client_id: KEY, person: 'fresh' })).code);
  await current.unlink({ app: 1001, user_id: user.id });
  await current.deleteAccount('fresh');
  assert.deepEqual(await current.webhooks(), []);
  await assert.rejects(current.logIn({ client_id: KEY, person: 'fresh' }), Refused);
  assert.ok(Date.parse(await current.now()));
});

test('every error of the catalogue by one call', async () => {
  const { current } = kakaw;
  const files = await readdir(new URL('../../crates/wire/texts/', import.meta.url));
  const codes = files.map(file => file.replace('.toml', '').replace(/^kapi_/, '-'));
  assert.ok(codes.length > 100);
  for (const error of codes) {
    const path = error.startsWith('-') ? '/v2/user/me' : error.startsWith('KAE') ? '/user/address' : '/oauth/token';
    await current.fault({ path, times: 1, fault: { error } });
    const answer = await fetch(current.url + path, { method: path === '/oauth/token' ? 'POST' : 'GET' });
    assert.ok(answer.status >= 400, error);
    const body = await answer.json();
    assert.equal(String(body.code ?? body.error_code ?? error), error);
  }
  assert.ok((await current.faults()).every(rule => rule.applied === 1));
  await current.clearFaults();
  assert.deepEqual(await current.faults(), []);
});

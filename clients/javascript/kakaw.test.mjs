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

test('worlds, moments, people and webhooks', async () => {
  const { current } = kakaw;
  const other = await current.world({ name: 'other', copy_of: current.name });
  assert.deepEqual((await current.worlds()).map(world => world.name), ['default', current.name, 'other'].sort((a, b) => (b === 'default') - (a === 'default') || a.localeCompare(b)));
  await other.snapshot();
  const child = await other.preset('under_14');
  assert.equal((await other.logIn({ client_id: KEY, person: child.person })).error ?? 'none', 'none');
  assert.equal((await other.presets()).length, 11);
  await other.restore();
  await assert.rejects(other.logIn({ client_id: KEY, person: child.person }), /under-14/);
  await other.apply({ people: [{ id: 'object', password: 'object-password' }] });
  assert.match(await other.export(), /"object"/);
  await other.reset();
  assert.doesNotMatch(await other.export(), /"object"/);
  await other.delete();
  await assert.rejects(other.now(), /no world/);

  const done = await current.logIn({ client_id: KEY, person: 'ryan@example.com', tokens: true });
  const me = await fetch(`${current.url}/v2/user/me`, { headers: { authorization: `Bearer ${done.tokens.access_token}` } });
  const { id } = await me.json();
  assert.equal(await current.count({ path: '/v2/user/me' }), 1);
  assert.equal((await current.har()).log.entries.length, 1);
  const [exchange] = await current.requests();
  assert.match(await current.curl(exchange.id), /^curl -i -X GET /);
  await current.clearRequests();
  assert.equal(await current.count(), 0);
  await assert.rejects(current.trigger({ app: 1001, user_id: id, event: 'unlink' }), /no webhook/);
  await assert.rejects(current.replay('1'), /no delivery/);
  await assert.rejects(current.resume({ app: 1001, webhook: 'unlink' }), /no webhook/);
  assert.deepEqual(await current.deliveries(), []);
  assert.equal((await current.people()).find(one => one.person === 'ryan@example.com').links[0].user_id, id);
  assert.equal((await current.policy()).refresh_rotation, 'last_month');
  assert.equal((await current.policy({ access_token_lifetime: 60 })).access_token_lifetime, 60);
  const kid = await current.rotateKeys();
  assert.equal((await (await fetch(`${current.url}/.well-known/jwks.json`)).json()).keys[0].kid, kid);
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

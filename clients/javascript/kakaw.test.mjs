// Tests the client against the program: every call, and every error of the catalog with one call.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { afterEach, beforeEach, test } from 'node:test';
import { forEachTest, Refused, withWorld } from './kakaw.mjs';

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
  assert.equal(expired.person, 'ryan@example.com');
  const waiting = current.wait({ after: expired.id, path: '/oauth/token', parameters: { grant_type: 'x' } });
  await fetch(`${current.url}/oauth/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'x' }) });
  assert.equal((await waiting).code, 'KOE310');
  assert.equal(await current.wait({ path: '/never' }, 0), undefined);
  assert.match(await current.export(), /\[\[people\]\]/);
  assert.ok((await current.logIn({ person: 'ryan@example.com' })).code);
  assert.equal((await current.logIn({ person: 'ryan@example.com', deny: true })).error, 'access_denied');
  await current.apply('[[people]]\nid = "fresh"\npassword = "fresh-password"\n');
  assert.ok((await current.logIn({ client_id: KEY, person: 'fresh' })).code);
  await current.unlink({ app: 1001, user_id: user.id });
  await current.deleteAccount('fresh');
  assert.deepEqual(await current.webhooks(), []);
  await assert.rejects(current.logIn({ client_id: KEY, person: 'fresh' }), Refused);
  assert.ok(Date.parse(await current.now()));
});

test('worlds, snapshots, people and webhooks', async () => {
  const { current } = kakaw;
  const other = await current.world({ name: 'other', copy_of: current.name });
  assert.deepEqual((await current.worlds()).map(world => world.name), ['default', current.name, 'other'].sort((a, b) => (b === 'default') - (a === 'default') || a.localeCompare(b)));
  await other.snapshot();
  const child = await other.preset('under_14');
  assert.equal((await other.logIn({ client_id: KEY, person: child.person })).error ?? 'none', 'none');
  assert.equal((await other.presets()).length, 11);
  await other.restore();
  await assert.rejects(other.logIn({ client_id: KEY, person: child.person }), /no account with this login id/);
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
  assert.equal(await current.count({ person: 'ryan@example.com', app: 1001 }), 1);
  assert.equal(await current.count({ person: 'mina@example.com' }), 0);
  assert.equal((await current.har()).log.entries.length, 1);
  const [exchange] = await current.requests();
  assert.match(await current.curl(exchange.id), /^curl -i -X GET /);
  await current.clearRequests();
  assert.equal(await current.count(), 0);
  await assert.rejects(current.trigger({ app: 1001, user_id: id, event: 'unlink' }), /expected a webhook/);
  await assert.rejects(current.replay('1'), /expected the ID of a delivery/);
  await assert.rejects(current.resume({ app: 1001, webhook: 'unlink' }), /expected a webhook/);
  assert.deepEqual(await current.deliveries(), []);
  assert.equal((await current.people()).find(one => one.person === 'ryan@example.com').links[0].user_id, id);
  assert.equal((await current.policy()).refresh_rotation, 'last_month');
  assert.equal((await current.policy({ access_token_lifetime: 60 })).access_token_lifetime, 60);
  const { proxy, hosts } = await current.intercept();
  assert.equal((await current.intercept()).proxy, proxy, 'once is enough');
  assert.ok(hosts.includes('kauth.kakao.com'));
  const kid = await current.rotateKeys();
  assert.equal((await (await fetch(`${current.url}/.well-known/jwks.json`)).json()).keys[0].kid, kid);
});

const claims = token => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

test('every kind of fault with one call', async () => {
  const { current } = kakaw;
  const me = `${current.url}/v2/user/me`;
  const broken = (path, fault) => current.fault({ path, times: 1, fault });
  await broken('/v2', { latency_ms: 200, spread_ms: 50 });
  const started = performance.now();
  await fetch(me);
  assert.ok(performance.now() - started >= 200);
  for (const drop of ['before', 'after']) {
    await broken('/v2', { drop });
    await assert.rejects(fetch(me));
  }
  await broken('/v2', { cut: 5 });
  await assert.rejects(fetch(me).then(answer => answer.text()));
  await broken('/v2', { content_type: 'text/plain' });
  assert.equal((await fetch(me)).headers.get('content-type'), 'text/plain');
  await broken('/v2', { status: 503 });
  const page = await fetch(me);
  assert.deepEqual([page.status, (await page.text()).slice(0, 6)], [503, '<html>']);

  const keys = async () => (await (await fetch(`${current.url}/.well-known/jwks.json`)).json()).keys;
  const [first] = await keys();
  await broken('/.well-known/jwks.json', { jwks: 'empty' });
  assert.deepEqual(await keys(), []);
  await current.rotateKeys();
  await broken('/.well-known/jwks.json', { jwks: 'stale' });
  assert.deepEqual((await keys()).map(key => key.kid), [first.kid]);

  const idToken = async () => {
    const parameters = { scope: 'openid', nonce: 'mine' };
    const { code } = await current.logIn({ client_id: KEY, person: 'ryan@example.com', parameters });
    const body = new URLSearchParams({ grant_type: 'authorization_code', client_id: KEY, redirect_uri: 'http://localhost:3000/callback', code });
    return (await (await fetch(`${current.url}/oauth/token`, { method: 'POST', body })).json()).id_token;
  };
  const injected = async kind => {
    await broken('/oauth/token', { id_token: kind });
    return idToken();
  };
  const right = claims(await idToken());
  assert.ok(claims(await injected('expired')).exp < Date.now() / 1000);
  assert.notEqual(claims(await injected('other_audience')).aud, right.aud);
  assert.notEqual(claims(await injected('other_nonce')).nonce, 'mine');
  assert.notEqual(claims(await injected('other_issuer')).iss, right.iss);
  const verified = await fetch(`${current.url}/oauth/tokeninfo`, { method: 'POST', body: new URLSearchParams({ id_token: await injected('bad_signature') }) });
  assert.equal(verified.status, 400);
});

test('webhooks late, twice, out of order and with a bad signature, with one call each', async t => {
  const { current } = kakaw;
  const got = [];
  const server = createServer(async (request, answer) => {
    let body = '';
    for await (const part of request) body += part;
    got.push({ authorization: request.headers.authorization, body });
    answer.end();
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close().closeAllConnections());
  const admin = '9123456789abcdef0123456789abcdef';
  await current.apply({ apps: [{
    id: 7, name: 'Hooked', rest_api_keys: [{ key: '8123456789abcdef0123456789abcdef', redirect_uris: ['http://localhost/'] }], admin_keys: [{ key: admin }],
    webhooks: { unlink: { url: `http://127.0.0.1:${server.address().port}/`, method: 'POST' } },
  }] });
  await current.logIn({ client_id: '8123456789abcdef0123456789abcdef', person: 'ryan@example.com' });
  const person = (await current.people()).find(one => one.person === 'ryan@example.com');
  const { user_id } = person.links.find(link => link.app === 7);
  const send = reason => current.trigger({ app: 7, user_id, event: 'unlink', reason });
  const come = async count => {
    for (let i = 0; i < 200 && got.length < count; i++) await new Promise(done => setTimeout(done, 20));
    const all = got.splice(0);
    assert.equal(all.length, count);
    return all;
  };
  const once = delivery => current.fault({ webhook: 'unlink', times: 1, fault: { delivery } });
  await once({ late: 60 });
  await send();
  await new Promise(done => setTimeout(done, 300));
  assert.equal(got.length, 0);
  await current.clock({ advance: 60 });
  await come(1);
  await once('twice');
  await send();
  await come(2);
  await once('out_of_order');
  await send('ACCOUNT_DELETE');
  await new Promise(done => setTimeout(done, 300));
  await send('UNLINK_FROM_ADMIN');
  const [first, second] = await come(2);
  assert.match(first.body, /UNLINK_FROM_ADMIN/);
  assert.match(second.body, /ACCOUNT_DELETE/);
  await once('bad_signature');
  await send();
  assert.notEqual((await come(1))[0].authorization, `KakaoAK ${admin}`);
  await send();
  assert.equal((await come(1))[0].authorization, `KakaoAK ${admin}`);
  const [last] = await current.deliveries();
  await current.replay(last.id);
  await come(1);
});

test('every error of the catalog with one call', async () => {
  const { current } = kakaw;
  const files = await readdir(new URL('../../crates/wire/texts/', import.meta.url));
  // The texts of settings and of the SDKs' own errors belong to no error code.
  const codes = files.filter(file => !['settings.toml', 'client_errors.toml'].includes(file)).map(file => file.replace('.toml', '').replace(/^kapi_/, '-'));
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

test('tests that run at the same time have a world each', async () => {
  let fixture;
  withWorld({ extend: fixtures => (fixture = fixtures.kakaw) }, { url: kakaw.current.url.replace(/\/w\/.*/, '') });
  const names = new Set();
  // Each waits for the others, as concurrent tests do.
  let arrived = 0;
  let all;
  const together = new Promise(resolve => (all = resolve));
  const test = async world => {
    names.add(world.name);
    arrived += 1;
    if (arrived === 3) all();
    await together;
    assert.ok((await world.logIn({ client_id: KEY, person: 'ryan@example.com' })).code);
  };
  await Promise.all([1, 2, 3].map(() => fixture({}, test)));
  assert.equal(names.size, 3);
});

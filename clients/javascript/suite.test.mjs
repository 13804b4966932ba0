// The load of a test suite: 200 complete logins over 8 worlds in parallel, with plain HTTP requests.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kakaw } from './kakaw.mjs';

const KEY = '0123456789abcdef0123456789abcdef';
const CALLBACK = 'http://localhost:3000/callback';

async function flow(url) {
  const query = new URLSearchParams({
    client_id: KEY, redirect_uri: CALLBACK, response_type: 'code', scope: 'openid', login_hint: 'kakaw:ryan@example.com',
  });
  const back = await fetch(`${url}/oauth/authorize?${query}`, { redirect: 'manual' });
  const code = new URL(back.headers.get('location')).searchParams.get('code');
  const token = async fields => {
    const answer = await fetch(`${url}/oauth/token`, { method: 'POST', body: new URLSearchParams({ client_id: KEY, ...fields }) });
    assert.equal(answer.status, 200);
    return answer.json();
  };
  const { refresh_token } = await token({ grant_type: 'authorization_code', redirect_uri: CALLBACK, code });
  const { access_token } = await token({ grant_type: 'refresh_token', refresh_token });
  const headers = { authorization: `Bearer ${access_token}` };
  const user = await (await fetch(`${url}/v2/user/me`, { headers })).json();
  assert.equal(user.kakao_account.email, 'ryan@example.com');
  assert.equal((await fetch(`${url}/v1/user/logout`, { method: 'POST', headers })).status, 200);
}

test('200 flows over 8 worlds take less than 20 seconds', async t => {
  const kakaw = await Kakaw.start();
  t.after(() => kakaw.stop());
  const started = performance.now();
  const worlds = await Promise.all(Array.from({ length: 8 }, async () => {
    const world = await kakaw.world({ copy_of: 'default' });
    for (let i = 0; i < 25; i++) await flow(world.url);
    assert.equal(await world.count({ path: '/v2/user/me' }), 25, 'nobody else was here');
    return world;
  }));
  await Promise.all(worlds.map(world => world.delete()));
  const seconds = (performance.now() - started) / 1000;
  t.diagnostic(`${seconds.toFixed(2)} s`);
  assert.ok(seconds < 20, `${seconds} s`);
});

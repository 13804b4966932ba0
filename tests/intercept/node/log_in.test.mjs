// Tests clients that read HTTPS_PROXY and send the whole URL to the proxy (axios before 1.17, needle) or open a tunnel (newer
// axios). They use Kakao Login's own hosts, and know nothing about Kakaw.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import test from "node:test";
import axios from "axios";
import axios027 from "axios-0.27";
import axios17 from "axios-1.7";
import axios116 from "axios-1.16";
import needle from "needle";

const key = "1123456789abcdef0123456789abcdef";
const callback = "http://localhost:3000/auth/kakao/callback";
const authorize = "https://kauth.kakao.com/oauth/authorize";
const token = "https://kauth.kakao.com/oauth/token";
const me = "https://kapi.kakao.com/v2/user/me";
const asked = (redirect) =>
  `${authorize}?${new URLSearchParams({ client_id: key, redirect_uri: redirect, response_type: "code", login_hint: "kakaw:ryan@example.com" })}`;
const exchange = (code) =>
  new URLSearchParams({ grant_type: "authorization_code", client_id: key, redirect_uri: callback, code }).toString();
const codeOf = (location) => new URL(location).searchParams.get("code");

for (const [name, client] of [["0.27.2", axios027], ["1.7.8", axios17], ["1.16.1", axios116], ["1.21.1", axios]]) {
  test(`axios ${name} exchanges a code and reads the user`, async () => {
    assert.equal(client.VERSION ?? name, name);
    const redirected = await client.get(asked(callback), { maxRedirects: 0, validateStatus: (status) => status === 302 });
    const answer = await client.post(token, exchange(codeOf(redirected.headers.location)));
    const bearer = { headers: { Authorization: `Bearer ${answer.data.access_token}` } };
    assert.equal((await client.get(me, bearer)).data.kakao_account.email, "ryan@example.com");
    await assert.rejects(client.get(me), (error) => error.response.status === 401 && error.response.data.code === -401);
  });

  test(`axios ${name} follows a redirect to a service on this machine`, async () => {
    const server = createServer((request, response) => response.end(`came to ${request.url}`));
    await new Promise((listening) => server.listen(3000, "127.0.0.1", listening));
    try {
      const answer = await client.get(asked(callback));
      assert.match(answer.data, /^came to \/auth\/kakao\/callback\?code=/);
    } finally {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  });
}

test("needle exchanges a code and reads the user", async () => {
  const redirected = await needle("get", asked(callback));
  const answer = await needle("post", token, exchange(codeOf(redirected.headers.location)));
  const account = await needle("get", me, { headers: { Authorization: `Bearer ${answer.body.access_token}` } });
  assert.equal(account.body.kakao_account.email, "ryan@example.com");
});

// Tests passport-kakao in an express app: from the app's login link to a session with the user.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./express_app.mjs";
import { Browser, walk } from "./walk.mjs";
import { person, plainKey } from "./world.mjs";

// Registered redirect URIs contain a port, but the app listens on a free port: the test sends the browser there.
const callbackURL = "http://localhost:3000/auth/kakao/callback";
const here = (url) => app.url + url.pathname + url.search;

let app;
before(async () => {
  app = await start({ clientID: plainKey.id, callbackURL, state: true });
});
after(() => app.server.close());

async function leaveForKakao(browser) {
  const leaving = await browser.send(`${app.url}/auth/kakao`);
  assert.equal(leaving.status, 302);
  const url = new URL(leaving.headers.get("location"));
  assert.equal(url.origin + url.pathname, "https://kauth.kakao.com/oauth/authorize");
  return url;
}

test("a person who logs in has a profile and a session", async () => {
  const browser = new Browser();
  const back = await walk(await leaveForKakao(browser), person);
  assert.equal(back.origin + back.pathname, callbackURL);
  const landed = await browser.send(here(back));
  assert.equal(landed.status, 302, await landed.text());
  assert.equal(landed.headers.get("location"), "/");

  const { accessToken, refreshToken, profile } = app.profiles.at(-1);
  assert.ok(accessToken);
  assert.ok(refreshToken);
  assert.equal(profile.provider, "kakao");
  assert.ok(Number.isSafeInteger(profile.id), String(profile.id));
  assert.equal(profile.displayName, person.nickname);
  assert.equal(profile._json.id, profile.id);
  assert.equal(profile._json.properties.nickname, person.nickname);
  assert.equal(profile._json.kakao_account.profile.nickname, person.nickname);
  assert.equal(profile._json.kakao_account.email, person.login);

  const remembered = await (await browser.send(`${app.url}/`)).json();
  assert.equal(remembered.id, profile.id);
});

test("a state of another session is refused by the library", async () => {
  const back = await walk(await leaveForKakao(new Browser()), person);
  const stranger = new Browser();
  await leaveForKakao(stranger);
  const seen = app.profiles.length;
  assert.equal((await stranger.send(here(back))).headers.get("location"), "/failed");
  assert.equal(app.profiles.length, seen);
});

test("a wrong code is a TokenError with invalid_grant", async () => {
  const browser = new Browser();
  const state = (await leaveForKakao(browser)).searchParams.get("state");
  const query = new URLSearchParams({ code: "wrong", state });
  const answer = await browser.send(`${app.url}/auth/kakao/callback?${query}`);
  assert.equal(answer.status, 500);
  const { name, error } = await answer.json();
  assert.equal(name, "TokenError");
  assert.equal(error.code, "invalid_grant");
});

// Tests arctic's Kakao provider: code, tokens, refresh, and how it reports errors.

import assert from "node:assert/strict";
import test from "node:test";
import { generateState, Kakao, OAuth2RequestError } from "arctic";
import { walk } from "./walk.mjs";
import { person, secretKey } from "./world.mjs";

const callback = "http://localhost:3000/arctic/callback";
const client = () => new Kakao(secretKey.id, secretKey.secret, callback);
const scopes = ["profile_nickname", "profile_image", "account_email"];

async function logIn() {
  const state = generateState();
  const back = await walk(client().createAuthorizationURL(state, scopes), person);
  assert.equal(back.origin + back.pathname, callback);
  assert.equal(back.searchParams.get("state"), state);
  return back.searchParams.get("code");
}

async function me(tokens) {
  const answer = await fetch("https://kapi.kakao.com/v2/user/me", {
    headers: { Authorization: `Bearer ${tokens.accessToken()}` },
  });
  assert.equal(answer.status, 200);
  return answer.json();
}

test("a code gives tokens that open the user's information, and so do refreshed tokens", async () => {
  const tokens = await client().validateAuthorizationCode(await logIn());
  assert.equal(tokens.tokenType(), "bearer");
  assert.ok(tokens.accessTokenExpiresInSeconds() > 0);
  // As at Kakao: `scopes` without `openid` requests no ID token.
  assert.deepEqual(tokens.scopes().toSorted(), scopes.toSorted());

  const user = await me(tokens);
  // A JavaScript app would read an id above 2^53 as another number.
  assert.ok(Number.isSafeInteger(user.id), String(user.id));
  assert.equal(user.kakao_account.email, person.login);
  assert.equal(user.kakao_account.profile.nickname, person.nickname);

  const fresh = await client().refreshAccessToken(tokens.refreshToken());
  assert.notEqual(fresh.accessToken(), tokens.accessToken());
  // A refresh token with more than a month left is kept, and the reply does not repeat it.
  assert.equal(fresh.hasRefreshToken(), false);
  assert.equal((await me(fresh)).id, user.id);
});

test("a wrong code is an OAuth2RequestError with invalid_grant", async () => {
  await assert.rejects(client().validateAuthorizationCode("wrong"), isInvalidGrant);
});

test("a code works once", async () => {
  const code = await logIn();
  await client().validateAuthorizationCode(code);
  await assert.rejects(client().validateAuthorizationCode(code), isInvalidGrant);
});

test("a wrong refresh token is an OAuth2RequestError with invalid_grant", async () => {
  await assert.rejects(client().refreshAccessToken("wrong"), isInvalidGrant);
});

test("a wrong secret is an OAuth2RequestError with invalid_client", async () => {
  const stranger = new Kakao(secretKey.id, "wrong", callback);
  await assert.rejects(stranger.validateAuthorizationCode("wrong"), (error) => {
    assert.ok(error instanceof OAuth2RequestError, String(error));
    assert.equal(error.code, "invalid_client");
    return true;
  });
});

function isInvalidGrant(error) {
  assert.ok(error instanceof OAuth2RequestError, String(error));
  assert.equal(error.code, "invalid_grant");
  assert.notEqual(error.description, null);
  return true;
}

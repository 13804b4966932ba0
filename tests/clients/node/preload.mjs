// Sends requests for Kakao's hosts to the server under test. Loaded before the libraries (`node --import`), because
// their endpoints are constants. This way, the installed packages stay unmodified.

import http from "node:http";
import https from "node:https";
import { syncBuiltinESMExports } from "node:module";
import { isKakao, kakaw, onKakaw } from "./kakaw.mjs";

const realFetch = globalThis.fetch;
globalThis.fetch = (input, init) => {
  if (!(input instanceof Request)) return realFetch(onKakaw(input), init);
  return realFetch(new Request(onKakaw(input.url), input), init);
};

// node-oauth, which passport-kakao uses, passes one object with `host` and its own Host header. It makes no other calls.
const realRequest = https.request;
https.request = (options, ...rest) => {
  if (typeof options !== "object" || !isKakao(options.host)) return realRequest(options, ...rest);
  const headers = { ...options.headers, Host: kakaw.host };
  return http.request({ ...options, host: kakaw.hostname, port: kakaw.port, headers }, ...rest);
};
syncBuiltinESMExports();

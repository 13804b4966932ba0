// The URL of the server under test, and the addresses that replace the hosts built into the libraries.

const base = process.env.KAKAW_URL;
if (!base) throw new Error("KAKAW_URL must name the server under test; tests/clients/run sets it");

export const kakaw = new URL(base);

const hosts = new Set(["kauth.kakao.com", "kapi.kakao.com"]);

export const isKakao = (host) => hosts.has(host);

/** The same URL on the server under test, if it is one of Kakao's; else the URL as it is. */
export function onKakaw(url) {
  const from = new URL(url);
  return isKakao(from.hostname) ? new URL(from.pathname + from.search, kakaw) : from;
}

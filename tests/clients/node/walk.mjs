// A small browser: it logs a person in, agrees to everything, and ends at the app's redirect URI.

import { kakaw, onKakaw } from "./kakaw.mjs";

/** Keeps cookies of one site and follows nothing by itself. */
export class Browser {
  #cookies = new Map();

  async send(url, form) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, {
      method: form ? "POST" : "GET",
      body: form,
      headers: cookie ? { cookie } : {},
      redirect: "manual",
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      if (value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return answer;
  }
}

/** Walks from an authorization URL of the app to the URL at which Kakao Login hands the browser back. */
export async function walk(authorizationUrl, person) {
  const browser = new Browser();
  let url = onKakaw(authorizationUrl);
  let form;
  for (let step = 0; step < 10; step++) {
    const answer = await browser.send(url, form);
    const page = await answer.text();
    const location = answer.headers.get("location");
    if (location !== null) {
      url = new URL(location, url);
      form = undefined;
      if (url.origin !== kakaw.origin) return url;
    } else if (answer.status === 200 && page.includes('name="kakaw_form"')) {
      form = fillIn(page, person);
      url = new URL(attribute(page, /<form method="post" action="([^"]*)"/), url);
    } else {
      throw new Error(`neither a redirect nor a form: ${answer.status} at ${url}\n${page}`);
    }
  }
  throw new Error(`still no redirect to the app; last at ${url}`);
}

function fillIn(page, person) {
  const form = new URLSearchParams({ kakaw_form: attribute(page, /name="kakaw_form" value="([^"]*)"/) });
  if (page.includes('name="loginId"')) {
    form.set("loginId", person.login);
    form.set("password", person.password);
  } else {
    for (const [, item] of page.matchAll(/name="scope" value="([^"]*)"/g)) form.append("scope", item);
    form.set("decision", "accept");
  }
  return form;
}

function attribute(page, pattern) {
  const found = page.match(pattern);
  if (!found) throw new Error(`${pattern} expected in\n${page}`);
  return found[1].replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code)).replaceAll("&amp;", "&");
}

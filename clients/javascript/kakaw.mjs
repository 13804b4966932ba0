// A stand-in for Kakao Login in tests: starts `kakaw dev`, and speaks its control API. No dependencies; Node 20 or newer.
//
//   const kakaw = await Kakaw.start();
//   const { code } = await kakaw.logIn({ client_id: KEY, person: 'ryan@example.com' });
//   await kakaw.stop();
//
// In Vitest and Jest: `const kakaw = forEachTest({ beforeEach, afterEach });` gives each test a stand-in of its own.

import { spawn } from 'node:child_process';

/** The control API refused a wish; the message says what was received and what was expected. */
export class Refused extends Error {}

export class Kakaw {
  #process;

  /** A stand-in that runs already. */
  constructor(url) {
    this.url = url;
  }

  /** Starts one, on a free port and in memory. `world` is the path of a world file. */
  static async start({ world, program = process.env.KAKAW ?? 'kakaw' } = {}) {
    const files = world ? ['--world', world] : [];
    const child = spawn(program, ['dev', '--listen', '127.0.0.1:0', '--memory', ...files], { stdio: ['ignore', 'pipe', 'ignore'] });
    const port = await new Promise((resolve, reject) => {
      let text = '';
      child.stdout.on('data', part => {
        text += part;
        const found = text.match(/^listening on http:\/\/.*:(\d+)\n/);
        if (found) resolve(found[1]);
      });
      child.once('error', reject);
      child.once('exit', code => reject(new Error(`kakaw ended with ${code}`)));
    });
    const kakaw = new Kakaw(`http://localhost:${port}`);
    kakaw.#process = child;
    return kakaw;
  }

  /** Ends the stand-in that `start` made. */
  async stop() {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise(resolve => child.once('exit', resolve));
    child.kill();
    await ended;
  }

  /** Logs a person in without pages: `redirect`, and `code` or `error`; with `tokens: true` the tokens too. */
  logIn(wish) {
    return this.#json('POST', 'login', wish);
  }

  /** Brings apps and people to what a world file says (TOML text). */
  async apply(world) {
    await this.#send('POST', 'apply', world, 'application/toml');
  }

  /** Apps and people as a world file. */
  export() {
    return this.#send('GET', 'export');
  }

  /** The world's time, RFC 3339. */
  async now() {
    return (await this.#json('GET', 'clock')).now;
  }

  /** `{ advance: seconds }`, `{ set: '2026-11-20T03:00:00Z' }`, `{ freeze: true }`. The world's time afterwards. */
  async clock(wish) {
    return (await this.#json('POST', 'clock', wish)).now;
  }

  /** Adds a fault rule, such as `{ path: '/oauth/token', times: 1, fault: { error: 'KOE320' } }`. Its id. */
  async fault(rule) {
    return (await this.#json('POST', 'faults', rule)).id;
  }

  /** Every fault rule, with how often it fitted and was applied. */
  faults() {
    return this.#json('GET', 'faults');
  }

  async clearFaults() {
    await this.#send('DELETE', 'faults');
  }

  /** What was asked and answered; filters: after, method, path, app_key, status, code. */
  requests(filter = {}) {
    return this.#json('GET', `requests?${new URLSearchParams(filter)}`);
  }

  /** The first exchange that fits, waiting for it. Nothing when it does not come in time. */
  async wait(filter = {}, timeout = 10) {
    const text = await this.#send('GET', `requests/wait?${new URLSearchParams({ timeout, ...filter })}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** Ends a person's link from outside; the app's webhook is called. */
  async unlink({ app, user_id, reason = 'UNLINK_FROM_APPS' }) {
    await this.#send('POST', 'people/unlink', JSON.stringify({ app, user_id, reason }));
  }

  async deleteAccount(login, reason = 'ACCOUNT_DELETE') {
    await this.#send('POST', 'people/delete', JSON.stringify({ login, reason }));
  }

  webhooks() {
    return this.#json('GET', 'webhooks');
  }

  async #json(method, path, body) {
    return JSON.parse(await this.#send(method, path, body && JSON.stringify(body)));
  }

  async #send(method, path, body, kind = 'application/json') {
    const headers = { 'kakaw-control': '1', 'content-type': kind };
    const answer = await fetch(`${this.url}/control/v1/${path}`, { method, body, headers });
    const text = await answer.text();
    if (answer.ok) return text;
    let reason = text;
    try {
      reason = JSON.parse(text).error_description ?? text;
    } catch {
      // Not JSON: the text itself.
    }
    throw new Refused(reason);
  }
}

/** A stand-in of its own for each test; `kakaw.current` is it. */
export function forEachTest({ beforeEach, afterEach }, options) {
  const holder = { current: undefined };
  beforeEach(async () => {
    holder.current = await Kakaw.start(options);
  });
  afterEach(() => holder.current?.stop());
  return holder;
}

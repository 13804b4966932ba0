// A client for tests: starts `kakaw dev`, a local stand-in for Kakao Login, and calls its control API. No dependencies; Node 20
// or newer.
//
//   const kakaw = await Kakaw.start();
//   const { code } = await kakaw.logIn({ client_id: KEY, person: 'ryan@example.com' });
//   await kakaw.stop();
//
// In Vitest and Jest: `const kakaw = forEachTest({ beforeEach, afterEach });` gives each test its own world.

import { spawn } from 'node:child_process';

/** Turns a filter into a query string: `{ path, person, app, parameters: { state: 'abc' } }`. */
const query = ({ parameters = {}, ...filter }) =>
  new URLSearchParams([...Object.entries(filter), ...Object.entries(parameters).map(([name, value]) => [`parameters.${name}`, value])]);

/** The control API refused a request. The message says what was received and what was expected. */
export class Refused extends Error {}

export class Kakaw {
  #process;

  /** Uses a running stand-in. */
  constructor(url) {
    this.url = url;
    this.name = 'default';
  }

  /**
   * Starts a stand-in on a free port, in memory. `world` is the path of a world file. With `background: true`, the stand-in
   * does not keep this process running, and ends with it.
   */
  static async start({ world, program = process.env.KAKAW ?? 'kakaw', background = false } = {}) {
    const files = world ? ['--world', world] : [];
    const options = ['dev', '--listen', '127.0.0.1:0', '--memory', '--end-with-stdin', ...files];
    // However this process ends, its end closes the pipe, and that stops the stand-in.
    const child = spawn(program, options, { stdio: ['pipe', 'pipe', 'ignore'] });
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
    if (background) {
      child.unref();
      child.stdin.unref();
      child.stdout.unref();
    }
    const kakaw = new Kakaw(`http://localhost:${port}`);
    kakaw.#process = child;
    return kakaw;
  }

  /** Stops the stand-in that `start` started. */
  async stop() {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise(resolve => child.once('exit', resolve));
    child.kill();
    await ended;
  }

  /**
   * Creates another world with its own URL, clock, keys and people: empty, `{ copy_of: 'default' }`, or
   * `{ world_file: TOML }`. `delete` deletes it.
   */
  async world(options = {}) {
    const made = await this.#json('POST', 'worlds', options);
    const world = new Kakaw(made.base_url);
    world.name = made.name;
    return world;
  }

  /** Returns all worlds of the process. */
  worlds() {
    return this.#json('GET', 'worlds');
  }

  /** Deletes this world. */
  async delete() {
    await this.#send('DELETE', `worlds/${this.name}`);
  }

  /** Takes a snapshot: rows and clock. */
  async snapshot(name = 'saved') {
    await this.#json('POST', 'snapshots', { name });
  }

  /** Restores a snapshot. */
  async restore(snapshot = 'saved') {
    await this.#send('POST', 'restore', JSON.stringify({ snapshot }));
  }

  /** Restores the initial state of the world, and deletes its request log and fault rules. */
  async reset() {
    await this.#send('POST', 'reset');
  }

  /** Returns the people of the world with their links, sessions and logins. */
  people() {
    return this.#json('GET', 'people');
  }

  /** Returns the rules of the protocol; `{ access_token_lifetime: 60 }`, `{ refresh_rotation: 'always' }` … changes them. */
  policy(rules) {
    return rules ? this.#json('POST', 'policy', rules) : this.#json('GET', 'policy');
  }

  /** Adds a person who is an edge case for services: `no_email`, `under_14` … Returns `person`, as `logIn` takes it, and more. */
  preset(preset, more = {}) {
    return this.#json('POST', 'presets', { preset, ...more });
  }

  /** Returns the presets with their descriptions. */
  presets() {
    return this.#json('GET', 'presets');
  }

  /**
   * Logs a person in without pages. Returns `redirect`, and `code` or `error`; with `tokens: true` also the tokens. If only one
   * app has a REST API key, you can omit `client_id`.
   */
  logIn(options) {
    return this.#json('POST', 'login', options);
  }

  /** Applies a world file: TOML text, or the same as an object. */
  async apply(world) {
    const text = typeof world === 'string';
    await this.#send('POST', 'apply', text ? world : JSON.stringify(world), text ? 'application/toml' : 'application/json');
  }

  /** Returns apps and people as a world file. */
  export() {
    return this.#send('GET', 'export');
  }

  /** Returns the world's time, RFC 3339. */
  async now() {
    return (await this.#json('GET', 'clock')).now;
  }

  /** Changes the clock: `{ advance: seconds }`, `{ set: '2026-11-20T03:00:00Z' }`, `{ freeze: true }`. Returns the new time. */
  async clock(change) {
    return (await this.#json('POST', 'clock', change)).now;
  }

  /** Adds a fault rule, such as `{ path: '/oauth/token', times: 1, fault: { error: 'KOE320' } }`. Returns its id. */
  async fault(rule) {
    return (await this.#json('POST', 'faults', rule)).id;
  }

  /** Returns all fault rules, with how often each matched and was applied. */
  faults() {
    return this.#json('GET', 'faults');
  }

  async clearFaults() {
    await this.#send('DELETE', 'faults');
  }

  /** Returns requests with their replies. Filters: after, method, path, app_key, app, person, parameters, status, code. */
  requests(filter = {}) {
    return this.#json('GET', `requests?${query(filter)}`);
  }

  /** Waits for a request that matches and returns it, or `undefined` if none comes in time. */
  async wait(filter = {}, timeout = 10) {
    const text = await this.#send('GET', `requests/wait?${query({ timeout, ...filter })}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** Returns the number of requests that match. */
  async count(filter = {}) {
    return (await this.#json('GET', `requests/count?${query(filter)}`)).count;
  }

  /** Returns the requests that match as an HTTP Archive (HAR 1.2). */
  har(filter = {}) {
    return this.#json('GET', `requests/har?${query(filter)}`);
  }

  /** Returns a request as a curl command. */
  async curl(id) {
    return (await this.#json('GET', `requests/${id}/curl`)).curl;
  }

  async clearRequests() {
    await this.#send('DELETE', 'requests');
  }

  /** Unlinks a person from outside the app; the app's webhook is called. */
  async unlink({ app, user_id, reason = 'UNLINK_FROM_APPS' }) {
    await this.#send('POST', 'people/unlink', JSON.stringify({ app, user_id, reason }));
  }

  async deleteAccount(login, reason = 'ACCOUNT_DELETE') {
    await this.#send('POST', 'people/delete', JSON.stringify({ login, reason }));
  }

  webhooks() {
    return this.#json('GET', 'webhooks');
  }

  /** Resumes a paused webhook (`unlink`, `account_status`). */
  async resume({ app, webhook }) {
    await this.#send('POST', 'webhooks/resume', JSON.stringify({ app, webhook }));
  }

  /** Sends a test notice: `{ app, user_id, event: 'unlink' }`, or another event type. Returns the delivery's id. */
  async trigger(notice) {
    return (await this.#json('POST', 'webhooks/trigger', notice)).id;
  }

  /** Returns the last deliveries, newest first. */
  deliveries() {
    return this.#json('GET', 'deliveries');
  }

  /** Sends a notice again, unchanged. Returns the delivery's id. */
  async replay(id) {
    return (await this.#json('POST', 'deliveries/replay', { id })).id;
  }

  /**
   * Intercepts traffic to Kakao's hosts for this world, with a separate proxy and TLS listener. Returns
   * `{ proxy, tls, certificate, … }`. `kakaw run --url URL -- COMMAND` and `kakaw env --url URL` route programs to them.
   */
  intercept(options = {}) {
    return this.#json('POST', 'interception', options);
  }

  /** Signs ID tokens with a new key from now on. Returns its `kid`. */
  async rotateKeys() {
    return (await this.#json('POST', 'keys/rotate')).kid;
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
      // Not JSON: use the text itself.
    }
    throw new Refused(reason);
  }
}

/**
 * Creates a world for each test; `kakaw.current` is that world. One stand-in serves all tests of a file and ends with them.
 * `options` are those of `start`, or `{ url }` of a running stand-in.
 */
export function forEachTest({ beforeEach, afterEach }, options = {}) {
  const holder = { current: undefined };
  let running;
  beforeEach(async () => {
    running ??= options.url ? Promise.resolve(new Kakaw(options.url)) : Kakaw.start({ ...options, background: true });
    holder.current = await (await running).world({ copy_of: 'default' });
  });
  afterEach(() => holder.current?.delete());
  return holder;
}

/**
 * For Vitest's concurrent tests: `const it = withWorld(test)` gives each test its own world, also under
 * `describe.concurrent`: `it('logs in', async ({ kakaw }) => …)`. `options` are those of `forEachTest`.
 */
export function withWorld(test, options = {}) {
  let running;
  return test.extend({
    // Vitest reads the fixtures that a test uses from this pattern.
    // eslint-disable-next-line no-empty-pattern
    kakaw: async ({}, use) => {
      running ??= options.url ? Promise.resolve(new Kakaw(options.url)) : Kakaw.start({ ...options, background: true });
      const world = await (await running).world({ copy_of: 'default' });
      try {
        await use(world);
      } finally {
        await world.delete();
      }
    },
  });
}

// A stand-in for Kakao Login in tests: starts `kakaw dev`, and speaks its control API. No dependencies; Node 20 or newer.
//
//   const kakaw = await Kakaw.start();
//   const { code } = await kakaw.logIn({ client_id: KEY, person: 'ryan@example.com' });
//   await kakaw.stop();
//
// In Vitest and Jest: `const kakaw = forEachTest({ beforeEach, afterEach });` gives each test a world of its own.

import { spawn } from 'node:child_process';

/** A filter as a query: `{ path, person, app, parameters: { state: 'abc' } }`. */
const query = ({ parameters = {}, ...filter }) =>
  new URLSearchParams([...Object.entries(filter), ...Object.entries(parameters).map(([name, value]) => [`parameters.${name}`, value])]);

/** The control API refused a wish; the message says what was received and what was expected. */
export class Refused extends Error {}

export class Kakaw {
  #process;

  /** A stand-in that runs already. */
  constructor(url) {
    this.url = url;
    this.name = 'default';
  }

  /**
   * Starts one, on a free port and in memory. `world` is the path of a world file; in the `background` it ends with this
   * process and keeps it from nothing.
   */
  static async start({ world, program = process.env.KAKAW ?? 'kakaw', background = false } = {}) {
    const files = world ? ['--world', world] : [];
    const options = ['dev', '--listen', '127.0.0.1:0', '--memory', '--end-with-stdin', ...files];
    // Whatever becomes of this process: when it is gone, so is the pipe, and so is the stand-in.
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

  /** Ends the stand-in that `start` made. */
  async stop() {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise(resolve => child.once('exit', resolve));
    child.kill();
    await ended;
  }

  /**
   * A world beside this one, with a URL, a clock, keys and people of its own: empty, `{ copy_of: 'default' }`, or
   * `{ world_file: TOML }`. It is ended by `delete`.
   */
  async world(wish = {}) {
    const made = await this.#json('POST', 'worlds', wish);
    const world = new Kakaw(made.base_url);
    world.name = made.name;
    return world;
  }

  /** Every world of the process. */
  worlds() {
    return this.#json('GET', 'worlds');
  }

  /** Ends this world. */
  async delete() {
    await this.#send('DELETE', `worlds/${this.name}`);
  }

  /** Keeps this moment: rows and clock. */
  async snapshot(name = 'saved') {
    await this.#json('POST', 'snapshots', { name });
  }

  /** Goes back to a moment. */
  async restore(snapshot = 'saved') {
    await this.#send('POST', 'restore', JSON.stringify({ snapshot }));
  }

  /** Goes back to the start of the world, and forgets requests and faults. */
  async reset() {
    await this.#send('POST', 'reset');
  }

  /** Who is in the world, with what they are linked, and whether they are logged in. */
  people() {
    return this.#json('GET', 'people');
  }

  /** The rules of the protocol; `{ access_token_lifetime: 60 }`, `{ refresh_rotation: 'always' }` … bends some of them. */
  policy(rules) {
    return rules ? this.#json('POST', 'policy', rules) : this.#json('GET', 'policy');
  }

  /** Puts somebody in the world who breaks services: `no_email`, `under_14` … The person, as `logIn` wants it, and more. */
  preset(preset, more = {}) {
    return this.#json('POST', 'presets', { preset, ...more });
  }

  /** The presets, and what is special about each. */
  presets() {
    return this.#json('GET', 'presets');
  }

  /**
   * Logs a person in without pages: `redirect`, and `code` or `error`; with `tokens: true` the tokens too. Where one app has
   * a REST API key, `client_id` need not be given.
   */
  logIn(wish) {
    return this.#json('POST', 'login', wish);
  }

  /** Brings apps and people to what a world file says: TOML text, or the same as an object. */
  async apply(world) {
    const text = typeof world === 'string';
    await this.#send('POST', 'apply', text ? world : JSON.stringify(world), text ? 'application/toml' : 'application/json');
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

  /** What was asked and answered; filters: after, method, path, app_key, app, person, parameters, status, code. */
  requests(filter = {}) {
    return this.#json('GET', `requests?${query(filter)}`);
  }

  /** The first exchange that fits, waiting for it. Nothing when it does not come in time. */
  async wait(filter = {}, timeout = 10) {
    const text = await this.#send('GET', `requests/wait?${query({ timeout, ...filter })}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** How many exchanges fit. */
  async count(filter = {}) {
    return (await this.#json('GET', `requests/count?${query(filter)}`)).count;
  }

  /** The exchanges that fit as an HTTP Archive (HAR 1.2). */
  har(filter = {}) {
    return this.#json('GET', `requests/har?${query(filter)}`);
  }

  /** An exchange as a line for curl. */
  async curl(id) {
    return (await this.#json('GET', `requests/${id}/curl`)).curl;
  }

  async clearRequests() {
    await this.#send('DELETE', 'requests');
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

  /** Puts a paused webhook (`unlink`, `account_status`) back in use. */
  async resume({ app, webhook }) {
    await this.#send('POST', 'webhooks/resume', JSON.stringify({ app, webhook }));
  }

  /** Sends a notice that nothing caused: `{ app, user_id, event: 'unlink' }` or a type of event. The delivery's id. */
  async trigger(wish) {
    return (await this.#json('POST', 'webhooks/trigger', wish)).id;
  }

  /** The last deliveries, newest first. */
  deliveries() {
    return this.#json('GET', 'deliveries');
  }

  /** Sends a notice again, as it was. */
  async replay(id) {
    return (await this.#json('POST', 'deliveries/replay', { id })).id;
  }

  /**
   * Takes traffic to Kakao's hosts into this world, by a proxy and by TLS of its own: `{ proxy, tls, certificate, … }`.
   * `kakaw run --url URL -- COMMAND` and `kakaw env --url URL` lead programs there.
   */
  intercept(wish = {}) {
    return this.#json('POST', 'interception', wish);
  }

  /** Signs ID tokens with a new key from now on. Its `kid`. */
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
      // Not JSON: the text itself.
    }
    throw new Refused(reason);
  }
}

/**
 * A world of its own for each test; `kakaw.current` is it. One stand-in serves all tests of a file and ends with them;
 * `options` are those of `start`, or `{ url }` of one that runs.
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

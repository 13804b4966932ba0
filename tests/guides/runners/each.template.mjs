// Tests the helper in Vitest and in Jest: each test gets a world, and no process is left at the end.
import { afterEach, beforeEach, expect, test } from 'RUNNER';
import { forEachTest } from 'CLIENT';

const KEY = '0123456789abcdef0123456789abcdef';
const kakaw = forEachTest({ beforeEach, afterEach });
const links = async () => (await kakaw.current.people()).find(one => one.person === 'ryan@example.com').links.length;

test('a person logs in', async () => {
  await kakaw.current.logIn({ client_id: KEY, person: 'ryan@example.com' });
  expect(await links()).toBe(1);
});

test('and is not logged in, in the next test', async () => {
  expect(await links()).toBe(0);
});

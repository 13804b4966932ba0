"""A client for tests: starts `kakaw dev`, a local stand-in for Kakao Login, and calls its control API. No dependencies.

    with Kakaw() as kakaw:
        code = kakaw.log_in(client_id=KEY, person="ryan@example.com")["code"]

As a pytest fixture: write `from kakaw import kakaw, kakaw_process` in conftest.py. Each test gets its own world.
"""

import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request


class Refused(Exception):
    """The control API refused a request. The text says what was received and what was expected."""


def _query(filter):
    filter = dict(filter)
    parameters = filter.pop("parameters", {})
    return urllib.parse.urlencode({**filter, **{f"parameters.{name}": value for name, value in parameters.items()}})


class Kakaw:
    """A running stand-in. Without `url`, it starts one on a free port, in memory, and stops it with the object."""

    def __init__(self, url=None, world=None, program=None):
        self.process = None
        self.name = "default"
        if url is None:
            command = [program or os.environ.get("KAKAW", "kakaw"), "dev", "--listen", "127.0.0.1:0", "--memory"]
            # However this process ends, its end closes the pipe, and that stops the stand-in.
            command.append("--end-with-stdin")
            command += ["--world", world] if world else []
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            first = self.process.stdout.readline()
            if not first.startswith("listening on "):
                raise RuntimeError(f"kakaw did not start: {first!r}")
            url = "http://localhost:" + first.strip().rsplit(":", 1)[1]
        self.url = url

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None

    def world(self, **options):
        """Creates another world with its own URL, clock, keys and people: empty, `copy_of="default"`, or
        `world_file=TOML`. `delete` deletes it."""
        made = self._json("POST", "worlds", options)
        world = Kakaw(made["base_url"])
        world.name = made["name"]
        return world

    def worlds(self):
        """Returns all worlds of the process."""
        return self._json("GET", "worlds")

    def delete(self):
        """Deletes this world."""
        self._send("DELETE", f"worlds/{self.name}")

    def snapshot(self, name="saved"):
        """Takes a snapshot: rows and clock."""
        self._json("POST", "snapshots", {"name": name})

    def restore(self, snapshot="saved"):
        """Restores a snapshot."""
        self._send("POST", "restore", json.dumps({"snapshot": snapshot}).encode())

    def reset(self):
        """Restores the initial state of the world, and deletes its request log and fault rules."""
        self._send("POST", "reset")

    def people(self):
        """Returns the people of the world with their links, sessions and logins."""
        return self._json("GET", "people")

    def policy(self, **rules):
        """Returns the rules of the protocol; `access_token_lifetime=60`, `refresh_rotation="always"` … changes them."""
        return self._json("POST", "policy", rules) if rules else self._json("GET", "policy")

    def preset(self, preset, **more):
        """Adds a person who is an edge case for services: `no_email`, `under_14` … Returns `person`, as `log_in` takes it,
        and more."""
        return self._json("POST", "presets", {"preset": preset, **more})

    def presets(self):
        """Returns the presets with their descriptions."""
        return self._json("GET", "presets")

    def log_in(self, client_id=None, person=None, **more):
        """Logs a person in without pages. Returns `redirect`, and `code` or `error`; with `tokens=True` also the tokens. If
        only one app has a REST API key, you can omit `client_id`."""
        named = {"client_id": client_id, "person": person}
        return self._json("POST", "login", {**{name: value for name, value in named.items() if value is not None}, **more})

    def apply(self, world):
        """Applies a world file: TOML text, or the same as a dict."""
        text = isinstance(world, str)
        body = world if text else json.dumps(world)
        self._send("POST", "apply", body.encode(), "application/toml" if text else "application/json")

    def export(self):
        """Returns apps and people as a world file."""
        return self._send("GET", "export").decode()

    def now(self):
        """Returns the world's time, RFC 3339."""
        return self._json("GET", "clock")["now"]

    def clock(self, **change):
        """Changes the clock: `advance=SECONDS`, `set="2026-11-20T03:00:00Z"`, `freeze=True`. Returns the new time."""
        return self._json("POST", "clock", change)["now"]

    def fault(self, fault, **rule):
        """Adds a fault rule, such as `fault({"error": "KOE320"}, path="/oauth/token", times=1)`. Returns its id."""
        return self._json("POST", "faults", {"fault": fault, **rule})["id"]

    def faults(self):
        """Returns all fault rules, with how often each matched and was applied."""
        return self._json("GET", "faults")

    def clear_faults(self):
        self._send("DELETE", "faults")

    def requests(self, **filter):
        """Returns requests with their replies. Filters: after, method, path, app_key, app, person, status, code, and
        `parameters={"state": "abc"}`."""
        return self._json("GET", "requests?" + _query(filter))

    def wait(self, timeout=10, **filter):
        """Waits for a request that matches and returns it, or `None` if none comes in time."""
        text = self._send("GET", "requests/wait?" + _query({"timeout": timeout, **filter}))
        return json.loads(text) if text else None

    def count(self, **filter):
        """Returns the number of requests that match."""
        return self._json("GET", "requests/count?" + _query(filter))["count"]

    def har(self, **filter):
        """Returns the requests that match as an HTTP Archive (HAR 1.2)."""
        return self._json("GET", "requests/har?" + _query(filter))

    def curl(self, id):
        """Returns a request as a curl command."""
        return self._json("GET", f"requests/{id}/curl")["curl"]

    def clear_requests(self):
        self._send("DELETE", "requests")

    def unlink(self, app, user_id, reason="UNLINK_FROM_APPS"):
        """Unlinks a person from outside the app; the app's webhook is called."""
        self._send("POST", "people/unlink", json.dumps({"app": app, "user_id": user_id, "reason": reason}).encode())

    def delete_account(self, login, reason="ACCOUNT_DELETE"):
        self._send("POST", "people/delete", json.dumps({"login": login, "reason": reason}).encode())

    def webhooks(self):
        return self._json("GET", "webhooks")

    def resume(self, app, webhook):
        """Resumes a paused webhook (`unlink`, `account_status`)."""
        self._send("POST", "webhooks/resume", json.dumps({"app": app, "webhook": webhook}).encode())

    def trigger(self, app, user_id, event, **more):
        """Sends a test notice: `unlink`, or another event type. Returns the delivery's id."""
        return self._json("POST", "webhooks/trigger", {"app": app, "user_id": user_id, "event": event, **more})["id"]

    def deliveries(self):
        """Returns the last deliveries, newest first."""
        return self._json("GET", "deliveries")

    def replay(self, id):
        """Sends a notice again, unchanged. Returns the delivery's id."""
        return self._json("POST", "deliveries/replay", {"id": id})["id"]

    def intercept(self, **options):
        """Intercepts traffic to Kakao's hosts for this world, with a separate proxy and TLS listener. Returns `proxy`,
        `tls`, `certificate` … `kakaw run --url URL -- COMMAND` and `kakaw env --url URL` route programs to them."""
        return self._json("POST", "interception", options)

    def rotate_keys(self):
        """Signs ID tokens with a new key from now on. Returns its `kid`."""
        return self._json("POST", "keys/rotate")["kid"]

    def _json(self, method, path, body=None):
        return json.loads(self._send(method, path, None if body is None else json.dumps(body).encode()))

    def _send(self, method, path, body=None, kind="application/json"):
        headers = {"kakaw-control": "1", "content-type": kind}
        request = urllib.request.Request(f"{self.url}/control/v1/{path}", data=body, method=method, headers=headers)
        try:
            # Ignore the environment's proxy: the stand-in is on this machine.
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            try:
                text = json.loads(text).get("error_description", text)
            except ValueError:
                pass
            raise Refused(text) from None


try:
    import pytest
except ImportError:
    pass
else:

    @pytest.fixture(scope="session")
    def kakaw_process():
        """One stand-in for all tests. KAKAW_WORLD is the path of its world file."""
        with Kakaw(world=os.environ.get("KAKAW_WORLD")) as running:
            yield running

    @pytest.fixture
    def kakaw(kakaw_process):
        """A separate world for each test."""
        world = kakaw_process.world(copy_of="default")
        yield world
        world.delete()

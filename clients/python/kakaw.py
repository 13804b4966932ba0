"""A stand-in for Kakao Login in tests: starts `kakaw dev`, and speaks its control API. No dependencies.

    with Kakaw() as kakaw:
        code = kakaw.log_in(client_id=KEY, person="ryan@example.com")["code"]

As a pytest fixture: `from kakaw import kakaw, kakaw_process` in conftest.py; each test has a world of its own.
"""

import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request


class Refused(Exception):
    """The control API refused a wish; the text says what was received and what was expected."""


def _query(filter):
    filter = dict(filter)
    parameters = filter.pop("parameters", {})
    return urllib.parse.urlencode({**filter, **{f"parameters.{name}": value for name, value in parameters.items()}})


class Kakaw:
    """A running stand-in. Without `url` one is started, on a free port and in memory, and ended with the object."""

    def __init__(self, url=None, world=None, program=None):
        self.process = None
        self.name = "default"
        if url is None:
            command = [program or os.environ.get("KAKAW", "kakaw"), "dev", "--listen", "127.0.0.1:0", "--memory"]
            # Whatever becomes of this process: when it is gone, so is the pipe, and so is the stand-in.
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

    def world(self, **wish):
        """A world beside this one, with a URL, a clock, keys and people of its own: empty, `copy_of="default"`, or
        `world_file=TOML`. It is ended by `delete`."""
        made = self._json("POST", "worlds", wish)
        world = Kakaw(made["base_url"])
        world.name = made["name"]
        return world

    def worlds(self):
        """Every world of the process."""
        return self._json("GET", "worlds")

    def delete(self):
        """Ends this world."""
        self._send("DELETE", f"worlds/{self.name}")

    def snapshot(self, name="saved"):
        """Keeps this moment: rows and clock."""
        self._json("POST", "snapshots", {"name": name})

    def restore(self, snapshot="saved"):
        """Goes back to a moment."""
        self._send("POST", "restore", json.dumps({"snapshot": snapshot}).encode())

    def reset(self):
        """Goes back to the start of the world, and forgets requests and faults."""
        self._send("POST", "reset")

    def people(self):
        """Who is in the world, with what they are linked, and whether they are logged in."""
        return self._json("GET", "people")

    def policy(self, **rules):
        """The rules of the protocol; `access_token_lifetime=60`, `refresh_rotation="always"` … bends some of them."""
        return self._json("POST", "policy", rules) if rules else self._json("GET", "policy")

    def preset(self, preset, **more):
        """Puts somebody in the world who breaks services: `no_email`, `under_14` … The person, and more."""
        return self._json("POST", "presets", {"preset": preset, **more})

    def presets(self):
        """The presets, and what is special about each."""
        return self._json("GET", "presets")

    def log_in(self, client_id=None, person=None, **more):
        """Logs a person in without pages: `redirect`, and `code` or `error`; with `tokens=True` the tokens too. Where one
        app has a REST API key, `client_id` need not be given."""
        named = {"client_id": client_id, "person": person}
        return self._json("POST", "login", {**{name: value for name, value in named.items() if value is not None}, **more})

    def apply(self, world):
        """Brings apps and people to what a world file says: TOML text, or the same as a dict."""
        text = isinstance(world, str)
        body = world if text else json.dumps(world)
        self._send("POST", "apply", body.encode(), "application/toml" if text else "application/json")

    def export(self):
        """Apps and people as a world file."""
        return self._send("GET", "export").decode()

    def now(self):
        """The world's time, RFC 3339."""
        return self._json("GET", "clock")["now"]

    def clock(self, **wish):
        """`advance=SECONDS`, `set="2026-11-20T03:00:00Z"`, `freeze=True`. The world's time afterwards."""
        return self._json("POST", "clock", wish)["now"]

    def fault(self, fault, **rule):
        """Adds a fault rule, such as `fault({"error": "KOE320"}, path="/oauth/token", times=1)`. Its id."""
        return self._json("POST", "faults", {"fault": fault, **rule})["id"]

    def faults(self):
        """Every fault rule, with how often it fitted and was applied."""
        return self._json("GET", "faults")

    def clear_faults(self):
        self._send("DELETE", "faults")

    def requests(self, **filter):
        """What was asked and answered; filters: after, method, path, app_key, app, person, status, code, and
        `parameters={"state": "abc"}`."""
        return self._json("GET", "requests?" + _query(filter))

    def wait(self, timeout=10, **filter):
        """The first exchange that fits, waiting for it. Nothing when it does not come in time."""
        text = self._send("GET", "requests/wait?" + _query({"timeout": timeout, **filter}))
        return json.loads(text) if text else None

    def count(self, **filter):
        """How many exchanges fit."""
        return self._json("GET", "requests/count?" + _query(filter))["count"]

    def har(self, **filter):
        """The exchanges that fit as an HTTP Archive (HAR 1.2)."""
        return self._json("GET", "requests/har?" + _query(filter))

    def curl(self, id):
        """An exchange as a line for curl."""
        return self._json("GET", f"requests/{id}/curl")["curl"]

    def clear_requests(self):
        self._send("DELETE", "requests")

    def unlink(self, app, user_id, reason="UNLINK_FROM_APPS"):
        """Ends a person's link from outside; the app's webhook is called."""
        self._send("POST", "people/unlink", json.dumps({"app": app, "user_id": user_id, "reason": reason}).encode())

    def delete_account(self, login, reason="ACCOUNT_DELETE"):
        self._send("POST", "people/delete", json.dumps({"login": login, "reason": reason}).encode())

    def webhooks(self):
        return self._json("GET", "webhooks")

    def resume(self, app, webhook):
        """Puts a paused webhook (`unlink`, `account_status`) back in use."""
        self._send("POST", "webhooks/resume", json.dumps({"app": app, "webhook": webhook}).encode())

    def trigger(self, app, user_id, event, **more):
        """Sends a notice that nothing caused: `unlink`, or a type of event. The delivery's id."""
        return self._json("POST", "webhooks/trigger", {"app": app, "user_id": user_id, "event": event, **more})["id"]

    def deliveries(self):
        """The last deliveries, newest first."""
        return self._json("GET", "deliveries")

    def replay(self, id):
        """Sends a notice again, as it was."""
        return self._json("POST", "deliveries/replay", {"id": id})["id"]

    def intercept(self, **wish):
        """Takes traffic to Kakao's hosts into this world, by a proxy and by TLS of its own: `proxy`, `tls`, `certificate` …
        `kakaw run --url URL -- COMMAND` and `kakaw env --url URL` lead programs there."""
        return self._json("POST", "interception", wish)

    def rotate_keys(self):
        """Signs ID tokens with a new key from now on. Its `kid`."""
        return self._json("POST", "keys/rotate")["kid"]

    def _json(self, method, path, body=None):
        return json.loads(self._send(method, path, None if body is None else json.dumps(body).encode()))

    def _send(self, method, path, body=None, kind="application/json"):
        headers = {"kakaw-control": "1", "content-type": kind}
        request = urllib.request.Request(f"{self.url}/control/v1/{path}", data=body, method=method, headers=headers)
        try:
            # No proxy of the environment: the stand-in is on this machine.
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
        """One stand-in for all tests; KAKAW_WORLD is the path of its world file."""
        with Kakaw(world=os.environ.get("KAKAW_WORLD")) as running:
            yield running

    @pytest.fixture
    def kakaw(kakaw_process):
        """A world of its own for each test."""
        world = kakaw_process.world(copy_of="default")
        yield world
        world.delete()

"""Tests the client against the program: every call, and every error of the catalog with one call."""

import base64
import http.client
import http.server
import json
import pathlib
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from kakaw import Kakaw, Refused

KEY = "0123456789abcdef0123456789abcdef"
TEXTS = pathlib.Path(__file__).resolve().parents[2] / "crates/wire/texts"


def call(url, **more):
    """Returns status and JSON."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, **more), timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


class Client(unittest.TestCase):
    def setUp(self):
        self.kakaw = Kakaw()
        self.addCleanup(self.kakaw.stop)

    def me(self, token):
        return call(f"{self.kakaw.url}/v2/user/me", headers={"authorization": f"Bearer {token}"})

    def test_log_in_clock_requests(self):
        done = self.kakaw.log_in(KEY, "ryan@example.com", tokens=True)
        status, user = self.me(done["tokens"]["access_token"])
        self.assertEqual((status, user["kakao_account"]["email"]), (200, "ryan@example.com"))
        self.kakaw.clock(advance=6 * 3600)
        self.assertEqual(self.me(done["tokens"]["access_token"])[0], 401)
        (expired,) = self.kakaw.requests(status=401)
        self.assertIn("expired", "".join(expired["diagnosis"]))
        found = []
        waiting = threading.Thread(target=lambda: found.append(self.kakaw.wait(after=expired["id"], path="/oauth/token")))
        waiting.start()
        call(f"{self.kakaw.url}/oauth/token", data=b"grant_type=x")
        waiting.join()
        self.assertEqual(found[0]["code"], "KOE310")
        self.assertIsNone(self.kakaw.wait(timeout=0, path="/never"))
        self.assertIn("[[people]]", self.kakaw.export())
        self.kakaw.apply('[[people]]\nid = "fresh"\npassword = "fresh-password"\n')
        self.assertIn("code", self.kakaw.log_in(KEY, "fresh"))
        self.assertEqual(self.kakaw.log_in(KEY, "no-email", deny=True)["error"], "access_denied")
        self.assertIn("code", self.kakaw.log_in(person="ryan@example.com"))
        self.assertEqual(self.kakaw.log_in(person="ryan@example.com", deny=True)["error"], "access_denied")
        self.kakaw.unlink(1001, user["id"])
        self.kakaw.delete_account("fresh")
        self.assertEqual(self.kakaw.webhooks(), [])
        with self.assertRaisesRegex(Refused, "no account with this login id"):
            self.kakaw.log_in(KEY, "fresh")
        self.assertTrue(self.kakaw.now().endswith("Z"))

    def test_worlds_snapshots_people_and_webhooks(self):
        other = self.kakaw.world(name="other", copy_of="default")
        self.assertEqual([world["name"] for world in self.kakaw.worlds()], ["default", "other"])
        other.snapshot()
        child = other.preset("under_14")
        self.assertIn("code", other.log_in(KEY, child["person"]))
        self.assertEqual(len(other.presets()), 11)
        other.restore()
        with self.assertRaisesRegex(Refused, "no account with this login id"):
            other.log_in(KEY, child["person"])
        other.apply({"people": [{"id": "dict", "password": "dict-password"}]})
        self.assertIn('"dict"', other.export())
        other.reset()
        self.assertNotIn('"dict"', other.export())
        other.delete()
        with self.assertRaisesRegex(Refused, "no world"):
            other.now()
        done = self.kakaw.log_in(KEY, "ryan@example.com", tokens=True)
        _, user = self.me(done["tokens"]["access_token"])
        self.assertEqual(self.kakaw.count(path="/v2/user/me"), 1)
        self.assertEqual(self.kakaw.count(person="ryan@example.com", app=1001), 1)
        self.assertEqual(self.kakaw.count(person="mina@example.com"), 0)
        self.assertEqual(self.kakaw.count(parameters={"state": "none"}), 0)
        self.assertEqual(len(self.kakaw.har()["log"]["entries"]), 1)
        self.assertTrue(self.kakaw.curl(self.kakaw.requests()[0]["id"]).startswith("curl -i -X GET "))
        self.kakaw.clear_requests()
        self.assertEqual(self.kakaw.count(), 0)
        for refused in (
            lambda: self.kakaw.trigger(1001, user["id"], "unlink"),
            lambda: self.kakaw.replay("1"),
            lambda: self.kakaw.resume(1001, "unlink"),
        ):
            self.assertRaisesRegex(Refused, "expected (a webhook|the ID of a delivery)", refused)
        self.assertEqual(self.kakaw.deliveries(), [])
        (ryan,) = [one for one in self.kakaw.people() if one["person"] == "ryan@example.com"]
        self.assertEqual(ryan["links"][0]["user_id"], user["id"])
        self.assertEqual(self.kakaw.policy()["refresh_rotation"], "last_month")
        self.assertEqual(self.kakaw.policy(access_token_lifetime=60)["access_token_lifetime"], 60)
        entrance = self.kakaw.intercept()
        self.assertEqual(self.kakaw.intercept()["proxy"], entrance["proxy"], "once is enough")
        self.assertIn("kauth.kakao.com", entrance["hosts"])
        kid = self.kakaw.rotate_keys()
        self.assertEqual(call(self.kakaw.url + "/.well-known/jwks.json")[1]["keys"][0]["kid"], kid)

    def test_every_kind_of_fault_with_one_call(self):
        me = self.kakaw.url + "/v2/user/me"

        def broken(path, **fault):
            self.kakaw.fault(fault, path=path, times=1)

        broken("/v2", latency_ms=200, spread_ms=50)
        started = time.monotonic()
        call(me)
        self.assertGreaterEqual(time.monotonic() - started, 0.2)
        for fault in ({"drop": "before"}, {"drop": "after"}, {"cut": 5}):
            broken("/v2", **fault)
            with self.assertRaises((OSError, http.client.HTTPException)):
                call(me)
        broken("/v2", content_type="text/plain")
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(me)
        self.assertEqual(raised.exception.headers["content-type"], "text/plain")
        raised.exception.close()
        broken("/v2", status=503)
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(me)
        self.assertEqual((raised.exception.code, raised.exception.read()[:6]), (503, b"<html>"))
        raised.exception.close()

        def keys():
            return [key["kid"] for key in call(self.kakaw.url + "/.well-known/jwks.json")[1]["keys"]]

        before = keys()
        broken("/.well-known/jwks.json", jwks="empty")
        self.assertEqual(keys(), [])
        self.kakaw.rotate_keys()
        broken("/.well-known/jwks.json", jwks="stale")
        self.assertEqual(keys(), before)

        def id_token(kind=None):
            code = self.kakaw.log_in(KEY, "ryan@example.com", parameters={"scope": "openid", "nonce": "mine"})["code"]
            if kind:
                broken("/oauth/token", id_token=kind)
            form = {"grant_type": "authorization_code", "client_id": KEY, "code": code}
            form["redirect_uri"] = "http://localhost:3000/callback"
            reply = call(self.kakaw.url + "/oauth/token", data=urllib.parse.urlencode(form).encode())[1]
            return reply["id_token"]

        def claims(token):
            part = token.split(".")[1]
            return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))

        right = claims(id_token())
        self.assertLess(claims(id_token("expired"))["exp"], time.time())
        for kind, name in (("other_audience", "aud"), ("other_nonce", "nonce"), ("other_issuer", "iss")):
            self.assertNotEqual(claims(id_token(kind))[name], right[name])
        bad = urllib.parse.urlencode({"id_token": id_token("bad_signature")}).encode()
        self.assertEqual(call(self.kakaw.url + "/oauth/tokeninfo", data=bad)[0], 400)

    def test_webhooks_late_twice_out_of_order_and_badly_signed_with_one_call_each(self):
        got = []

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                got.append((self.headers["authorization"], body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        key, admin = "8123456789abcdef0123456789abcdef", "9123456789abcdef0123456789abcdef"
        hook = {"url": f"http://127.0.0.1:{server.server_port}/", "method": "POST"}
        app = {"id": 7, "name": "Hooked", "webhooks": {"unlink": hook}, "admin_keys": [{"key": admin}]}
        app["rest_api_keys"] = [{"key": key, "redirect_uris": ["http://localhost/"]}]
        self.kakaw.apply({"apps": [app]})
        self.kakaw.log_in(key, "ryan@example.com")
        (ryan,) = [one for one in self.kakaw.people() if one["person"] == "ryan@example.com"]
        (user_id,) = [link["user_id"] for link in ryan["links"] if link["app"] == 7]

        def send(**more):
            return self.kakaw.trigger(7, user_id, "unlink", **more)

        def come(count):
            deadline = time.monotonic() + 4
            while len(got) < count and time.monotonic() < deadline:
                time.sleep(0.02)
            everything = got[:]
            got.clear()
            self.assertEqual(len(everything), count)
            return everything

        def once(delivery):
            self.kakaw.fault({"delivery": delivery}, webhook="unlink", times=1)

        once({"late": 60})
        send()
        time.sleep(0.3)
        self.assertEqual(got, [])
        self.kakaw.clock(advance=60)
        come(1)
        once("twice")
        send()
        come(2)
        once("out_of_order")
        send(reason="ACCOUNT_DELETE")
        time.sleep(0.3)
        send(reason="UNLINK_FROM_ADMIN")
        (_, first), (_, second) = come(2)
        self.assertIn("UNLINK_FROM_ADMIN", first)
        self.assertIn("ACCOUNT_DELETE", second)
        once("bad_signature")
        send()
        self.assertNotEqual(come(1)[0][0], "KakaoAK " + admin)
        send()
        self.assertEqual(come(1)[0][0], "KakaoAK " + admin)
        self.kakaw.replay(self.kakaw.deliveries()[0]["id"])
        come(1)

    def test_every_error_of_the_catalog_with_one_call(self):
        others = ("settings", "client_errors")
        codes = [path.stem.replace("kapi_", "-") for path in TEXTS.glob("*.toml") if path.stem not in others]
        self.assertGreater(len(codes), 100)
        for error in codes:
            path = "/v2/user/me" if error[0] == "-" else "/user/address" if error[:3] == "KAE" else "/oauth/token"
            self.kakaw.fault({"error": error}, path=path, times=1)
            status, body = call(self.kakaw.url + path, data=b"" if path == "/oauth/token" else None)
            self.assertGreaterEqual(status, 400)
            self.assertEqual(str(body.get("code", body.get("error_code") or error)), error)
        self.assertTrue(all(rule["applied"] == 1 for rule in self.kakaw.faults()))
        self.kakaw.clear_faults()
        self.assertEqual(self.kakaw.faults(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)

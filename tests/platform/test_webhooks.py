"""Tests webhooks from the receiver's side, with libraries that Kakaw's authors did not write."""

import base64
import http.server
import json
import os
import random
import socket
import ssl
import tempfile
import threading
import time
import unittest
from urllib.parse import parse_qs

import jwt
import requests
import trustme
from joserfc import jws
from joserfc.jwk import KeySet

from kakaw import ADMIN, KEY, Kakaw

EVENTS = '["user-linked", "user-unlinked", "token-issued", "tokens-revoked"]'


class Receiver:
    """Stores what it receives; returns 202 for events and 200 for everything else."""

    def __init__(self, certificate=None, port=0):
        got = self.got = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                got.append((self.path, dict(self.headers.items()), body.decode()))
                event = self.headers["content-type"] == "application/secevent+jwt"
                self.send_response(202 if event else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count, seconds=15, of=lambda got: True):
        until = time.monotonic() + seconds
        while len([got for got in self.got if of(got)]) < count:
            assert time.monotonic() < until, f"{count} expected: {self.got}"
            time.sleep(0.05)
        return [got for got in self.got if of(got)]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def webhooks(events, unlink=None):
    lines = f'webhooks.account_status = {{ url = "{events}/events", events = {EVENTS} }}\n'
    if unlink:
        lines += f'webhooks.unlink = {{ url = "{unlink}/unlink", method = "POST" }}\n'
    return lines


def claims(token):
    """Returns the payload without verification."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Webhooks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def start(self, *arguments, **more):
        kakaw = Kakaw(self.folder, *arguments, **more)
        self.addCleanup(kakaw.stop)
        return kakaw

    def receive(self, *arguments, **more):
        receiver = Receiver(*arguments, **more)
        self.addCleanup(receiver.stop)
        return receiver

    def test_tokens_verify_and_the_unlink_webhook_carries_the_admin_key(self):
        authority = trustme.CA()
        receiver = self.receive(authority.issue_cert("localhost"))
        pem = os.path.join(self.folder, "ca.pem")
        authority.cert_pem.write_to_path(pem)
        kakaw = self.start(webhooks(receiver.url, receiver.url), environment=[("KAKAW_WEBHOOKS__CA_FILE", pem)])
        tokens = kakaw.tokens()
        user_id = kakaw.call("/v2/user/me", tokens["access_token"]).json()["id"]
        said = kakaw.run("people", "unlink", "--app", "2001", "--user-id", str(user_id))
        self.assertEqual(said, f"unlinked {user_id} from app 2001 (UNLINK_FROM_APPS)\n")
        got = receiver.wait(5)

        keys = requests.get(f"{kakaw.url}/.well-known/jwks.json", timeout=10).json()
        events = [body for path, _, body in got if path == "/events"]
        names = []
        for token in events:
            header = jwt.get_unverified_header(token)
            self.assertEqual((header["typ"], header["alg"]), ("secevent+jwt", "RS256"))
            key = next(jwt.PyJWK(key) for key in keys["keys"] if key["kid"] == header["kid"])
            # A security event token has no `exp` (RFC 8417 §2.2).
            payload = jwt.decode(
                token, key, algorithms=["RS256"], audience=KEY, issuer=kakaw.url,
                options={"require": ["iss", "aud", "sub", "iat", "jti"]},
            )
            self.assertEqual(json.loads(jws.deserialize_compact(token, KeySet.import_key_set(keys), algorithms=["RS256"]).payload), payload)
            self.assertEqual((payload["sub"], payload["app_id"]), (str(user_id), "2001"))
            (uri, event), = payload["events"].items()
            self.assertEqual(event["subject"], {"subject_type": "iss-sub", "iss": kakaw.url, "sub": str(user_id)})
            names.append(uri.rsplit("/", 1)[1])
            head, body, signature = token.split(".")
            altered = f"{head}.{body[:-1]}{'A' if body[-1] != 'A' else 'B'}.{signature}"
            with self.assertRaises(jwt.InvalidTokenError):
                jwt.decode(altered, key, algorithms=["RS256"], audience=KEY)
        self.assertEqual(sorted(names), ["token-issued", "tokens-revoked", "user-linked", "user-unlinked"])
        self.assertEqual(len({claims(token)["jti"] for token in events}), 4)

        (_, headers, body), = [got for got in receiver.got if got[0] == "/unlink"]
        self.assertEqual(headers["authorization"], f"KakaoAK {ADMIN}")
        self.assertEqual(
            parse_qs(body), {"app_id": ["2001"], "user_id": [str(user_id)], "referrer_type": ["UNLINK_FROM_APPS"]}
        )

    def test_certificates_are_verified(self):
        trusted, stranger = trustme.CA(), trustme.CA()
        pem = os.path.join(self.folder, "ca.pem")
        trusted.cert_pem.write_to_path(pem)
        for certificate in (stranger.issue_cert("localhost"), trusted.issue_cert("elsewhere.example")):
            receiver = self.receive(certificate)
            kakaw = self.start(webhooks(receiver.url), environment=[("KAKAW_WEBHOOKS__CA_FILE", pem)])
            kakaw.tokens()
            until = time.monotonic() + 15
            while "failures in a row 0" in (shown := kakaw.run("webhooks")):
                self.assertLess(time.monotonic(), until, shown)
                time.sleep(0.2)
            self.assertIn("certificate", shown)
            self.assertEqual(receiver.got, [])

    def test_a_killed_server_loses_no_event(self):
        port, hook = free_port(), free_port()
        settings = webhooks(f"http://localhost:{hook}")
        expected = []
        for turn in range(5):
            kakaw = self.start(settings, port=port, data=True)
            for _ in range(3):
                expected.append(kakaw.tokens())
            # At a different moment each time.
            time.sleep(random.random() / 20)
            kakaw.kill()
        receiver = self.receive(port=hook)
        kakaw = self.start(settings, port=port, data=True)
        issued = lambda got: "token-issued" in json.dumps(claims(got[2]))
        until = time.monotonic() + 60
        while len({claims(got[2])["jti"] for got in receiver.got if issued(got)}) < len(expected):
            self.assertLess(time.monotonic(), until, f"{len(expected)} expected, {len(receiver.got)} came")
            time.sleep(0.2)
        self.assertEqual(len({claims(got[2])["jti"] for got in receiver.got if not issued(got)}), 1, "linked once")


if __name__ == "__main__":
    unittest.main(verbosity=2)

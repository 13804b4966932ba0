"""Kakaw as a separate process, and a person who uses it."""

import html
import os
import re
import signal
import subprocess
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

BINARY = os.environ["KAKAW_TEST_BINARY"]
KEY = "a0000000000000000000000000000001"
ADMIN = "a0000000000000000000000000000004"
CALLBACK = "http://localhost:3000/callback"

WORLD = """
[[apps]]
id = 2001
name = "Market"
oidc = true
permissions = ["OIDC_SSE_SUPPORTED"]
{webhooks}
simple_signup = {{ enabled = true, review_passed = true }}
service_terms = [
  {{ tag = "use", title = "Terms of use", url = "https://market.example/terms", required = true }},
  {{ tag = "news", title = "Newsletter", url = "https://market.example/news" }},
]
user_properties = ["tier"]
[[apps.rest_api_keys]]
key = "a0000000000000000000000000000001"
redirect_uris = ["http://localhost:3000/callback"]
[[apps.admin_keys]]
key = "a0000000000000000000000000000004"
primary = true
[apps.consent_items]
profile_nickname = "required"
account_email = "optional"
shipping_address = "optional"
gender = "on_use"
[[people]]
email = "ryan@example.com"
password = "ryan-password"
nickname = "Ryan"
gender = "male"
[[people.shipping_addresses]]
is_default = true
address = {{ name = "Home", type = "NEW", base_address = "1 Road", receiver_name = "Ryan", receiver_phone_number1 = "010-1234-5678", zone_number = "12345" }}
"""


class Kakaw:
    """Runs `kakaw dev` until it is stopped or killed."""

    def __init__(self, folder, webhooks="", port=0, data=False, environment=()):
        world = os.path.join(folder, "world.toml")
        with open(world, "w") as file:
            file.write(WORLD.format(webhooks=webhooks))
        arguments = [BINARY, "dev", "--listen", f"127.0.0.1:{port}", "--world", world]
        if data:
            arguments += ["--data", os.path.join(folder, "data")]
        self.log = open(os.path.join(folder, "log"), "a")
        self.process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=self.log, text=True, env={**os.environ, **dict(environment)}
        )
        first = self.process.stdout.readline()
        assert first.startswith("listening on http://127.0.0.1:"), first
        self.port = int(first.rsplit(":", 1)[1])
        self.url = f"http://localhost:{self.port}"

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.end()

    def stop(self):
        self.process.terminate()
        self.end()

    def end(self):
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def run(self, *arguments):
        """Runs a command of the program against this server and returns its output."""
        done = subprocess.run(
            [BINARY, *arguments, "--url", self.url], capture_output=True, text=True, timeout=30, check=True
        )
        return done.stdout

    def code(self):
        """Ryan logs in and agrees to everything. Returns the authorization code."""
        browser = requests.Session()
        query = {"client_id": KEY, "redirect_uri": CALLBACK, "response_type": "code"}
        url, form = requests.Request("GET", f"{self.url}/oauth/authorize", params=query).prepare().url, None
        for _ in range(8):
            answer = browser.request("POST" if form else "GET", url, data=form, allow_redirects=False, timeout=10)
            if "location" in answer.headers:
                url, form = urljoin(url, answer.headers["location"]), None
                if url.startswith(CALLBACK):
                    return parse_qs(urlsplit(url).query)["code"][0]
                continue
            page = answer.text
            form = [("kakaw_form", html.unescape(re.search(r'name="kakaw_form" value="([^"]*)"', page)[1]))]
            if 'name="loginId"' in page:
                form += [("loginId", "ryan@example.com"), ("password", "ryan-password")]
            else:
                for name in ("scope", "term"):
                    form += [(name, value) for value in re.findall(f'name="{name}" value="([^"]*)"', page)]
                form.append(("decision", "accept"))
            url = urljoin(url, html.unescape(re.search(r'<form method="post" action="([^"]*)"', page)[1]))
        raise AssertionError(f"no code; last at {url}")

    def tokens(self):
        form = {"grant_type": "authorization_code", "client_id": KEY, "redirect_uri": CALLBACK, "code": self.code()}
        answer = requests.post(f"{self.url}/oauth/token", data=form, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def call(self, path, token, method="GET", **more):
        return requests.request(
            method, f"{self.url}{path}", headers={"authorization": f"Bearer {token}"}, timeout=10, **more
        )

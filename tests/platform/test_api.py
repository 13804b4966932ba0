"""Schemathesis reads /docs/api, and looks for replies that contradict it and for our own failures."""

import re
import subprocess
import sys
import tempfile
import unittest

from kakaw import ADMIN, Kakaw

# These end the token or the link that all other calls use.
ENDINGS = "^/v1/user/(logout|unlink)$"


class Api(unittest.TestCase):
    def run_schemathesis(self, document, header, *more):
        # The header is given, so that Hypothesis does not generate it: the HTTP library returns an empty 400 for values that
        # no HTTP client sends. Without the coverage phase, which does not end with this version of Hypothesis.
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", document, "-H", header,
            "--checks", "not_a_server_error,response_schema_conformance,content_type_conformance",
            "--phases", "fuzzing", "--max-examples", "30", "--seed", "1", "--request-timeout", "5", *more,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout[-8000:] + done.stderr[-2000:])
        tested = int(re.search(r"Tested: (\d+)", done.stdout)[1])
        self.assertGreater(tested, 14, done.stdout[-3000:])

    def test_nothing_contradicts_the_description(self):
        with tempfile.TemporaryDirectory() as folder:
            kakaw = Kakaw(folder)
            try:
                token = kakaw.tokens()["access_token"]
                document = f"{kakaw.url}/docs/api"
                self.run_schemathesis(document, "Authorization: Bearer x")
                of_kapi = ["--include-path-regex", "^/v", "--exclude-path-regex", ENDINGS]
                self.run_schemathesis(document, f"Authorization: Bearer {token}", *of_kapi)
                self.assertEqual(kakaw.call("/v2/user/me", token).status_code, 200, "the token is still good")
                self.run_schemathesis(document, f"Authorization: KakaoAK {ADMIN}", *of_kapi)
            finally:
                kakaw.stop()

    def test_nothing_contradicts_the_description_of_the_control_api(self):
        with tempfile.TemporaryDirectory() as folder:
            kakaw = Kakaw(folder)
            try:
                # A wait takes as long as it says, and interception uses up the available addresses.
                but = ["--exclude-path-regex", "/wait$|/interception$"]
                self.run_schemathesis(f"{kakaw.url}/docs/control", "Kakaw-Control: 1", *but)
                self.assertEqual(kakaw.call("/v2/user/me", "x").status_code, 401, "it still answers")
            finally:
                kakaw.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)

"""Tests django-allauth: from its login link to a logged-in user with a social account."""

from urllib.parse import parse_qs, urlsplit

import requests
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.conf import settings
from django.test import Client, TestCase, override_settings

import kakaw
from walk import walk

EMAIL = "ryan@example.com"
PASSWORD = "ryan-password"
# The host and port of the registered redirect URI. Nothing listens there.
SITE = {"headers": {"host": "localhost:3000"}}
WITH_PKCE = {"kakao": {**settings.SOCIALACCOUNT_PROVIDERS["kakao"], "OAUTH_PKCE_ENABLED": True}}


class KakaoTest(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        kakaw.use_as_kakao()

    def setUp(self):
        self.client = Client(**SITE)

    def leave_for_kakao(self):
        leaving = self.client.post("/accounts/kakao/login/")
        self.assertEqual(leaving.status_code, 302, leaving.content)
        return leaving["location"]

    def log_in(self):
        back, _ = walk(self.leave_for_kakao(), EMAIL, PASSWORD)
        self.assertTrue(back.startswith("http://localhost:3000/accounts/kakao/login/callback/?"), back)
        return self.client.get(back)

    def ask_kakao(self, method, path):
        """Calls with the access token that allauth stored."""
        headers = {"Authorization": f"Bearer {SocialToken.objects.get().token}"}
        answer = requests.request(method, f"{kakaw.URL}{path}", headers=headers, timeout=30)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def assert_logged_in(self, landed):
        self.assertRedirects(landed, "/", fetch_redirect_response=False)
        account = SocialAccount.objects.get()
        self.assertEqual(self.client.session["_auth_user_id"], str(account.user_id))
        return account

    def test_a_person_becomes_a_user_with_a_social_account(self):
        account = self.assert_logged_in(self.log_in())
        self.assertEqual(account.provider, "kakao")
        self.assertEqual(account.extra_data["kakao_account"]["email"], EMAIL)
        self.assertEqual(account.user.email, EMAIL)
        self.assertEqual(account.get_provider_account().profile["nickname"], "Ryan")
        self.assertTrue(EmailAddress.objects.get(user=account.user, email=EMAIL).verified)

        token = SocialToken.objects.get()
        self.assertTrue(token.token_secret, "the refresh token")
        self.assertIsNotNone(token.expires_at)
        self.assertEqual(account.uid, str(self.ask_kakao("GET", "/v2/user/me")["id"]))

    def test_the_second_time_is_the_same_user(self):
        first = self.assert_logged_in(self.log_in())
        self.client = Client(**SITE)
        self.assertEqual(self.assert_logged_in(self.log_in()), first)

    def test_a_person_who_cancels_is_not_logged_in(self):
        self.assert_logged_in(self.log_in())
        self.ask_kakao("POST", "/v1/user/unlink")
        self.client = Client(**SITE)
        back, shown = walk(self.leave_for_kakao(), EMAIL, PASSWORD, decision="cancel")
        # After an unlink, the person is asked again.
        self.assertEqual(shown, ["login", "consent"])
        self.assertRedirects(self.client.get(back), "/accounts/3rdparty/login/cancelled/")
        self.assertNotIn("_auth_user_id", self.client.session)

    @override_settings(SOCIALACCOUNT_PROVIDERS=WITH_PKCE)
    def test_with_pkce(self):
        self.assertIn("code_challenge_method=S256", self.leave_for_kakao())
        self.assert_logged_in(self.log_in())

    def test_a_wrong_code_logs_nobody_in(self):
        state = parse_qs(urlsplit(self.leave_for_kakao()).query)["state"][0]
        landed = self.client.get("/accounts/kakao/login/callback/", {"code": "wrong", "state": state})
        self.assertTemplateUsed(landed, "socialaccount/authentication_error.html")
        self.assertIn("invalid_grant", str(landed.context["auth_error"]["exception"]))
        self.assertNotIn("_auth_user_id", self.client.session)
        self.assertFalse(SocialAccount.objects.exists())

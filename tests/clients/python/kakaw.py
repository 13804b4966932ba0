"""The URL of the server under test, and how allauth gets it."""

import os

from allauth.socialaccount.providers.kakao.views import KakaoOAuth2Adapter

URL = os.environ["KAKAW_URL"]


def use_as_kakao():
    """The endpoints are class attributes, so the installed package stays unmodified."""
    if "KAKAW_TEST_INTERCEPTS" in os.environ:
        return
    KakaoOAuth2Adapter.access_token_url = f"{URL}/oauth/token"
    KakaoOAuth2Adapter.authorize_url = f"{URL}/oauth/authorize"
    KakaoOAuth2Adapter.profile_url = f"{URL}/v2/user/me"

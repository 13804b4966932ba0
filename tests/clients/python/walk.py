"""A small browser: it logs a person in, agrees to everything or cancels, and ends at the redirect URI."""

import html
import re
from urllib.parse import urljoin

import requests

import kakaw


def walk(authorization_url, login, password, decision="accept"):
    """Returns the URL that Kakao Login redirects the browser to, and the names of the forms on the way."""
    browser = requests.Session()
    url, form, shown = authorization_url, None, []
    for _ in range(10):
        method = "GET" if form is None else "POST"
        answer = browser.request(method, url, data=form, allow_redirects=False, timeout=30)
        page = answer.text
        if "location" in answer.headers:
            url, form = urljoin(url, answer.headers["location"]), None
            if not url.startswith(f"{kakaw.URL}/"):
                return url, shown
        elif answer.status_code == 200 and 'name="kakaw_form"' in page:
            name, form = fill_in(page, login, password, decision)
            shown.append(name)
            url = urljoin(url, attribute(page, r'<form method="post" action="([^"]*)"'))
        else:
            raise AssertionError(f"neither a redirect nor a form: {answer.status_code} at {url}\n{page}")
    raise AssertionError(f"still no redirect to the app; last at {url}")


def fill_in(page, login, password, decision):
    form = [("kakaw_form", attribute(page, r'name="kakaw_form" value="([^"]*)"'))]
    if 'name="loginId"' in page:
        return "login", [*form, ("loginId", login), ("password", password)]
    items = re.findall(r'name="scope" value="([^"]*)"', page)
    return "consent", [*form, *(("scope", item) for item in items), ("decision", decision)]


def attribute(page, pattern):
    found = re.search(pattern, page)
    assert found, f"{pattern} expected in\n{page}"
    return html.unescape(found[1])

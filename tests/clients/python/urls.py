"""allauth's pages, and a page that shows who is logged in."""

from django.http import HttpResponse
from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("", lambda request: HttpResponse(request.user.get_username())),
]

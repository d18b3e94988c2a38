"""All addresses of the portal."""

from django.urls import include, path

urlpatterns = [
    path("", include("chunfeng.accounts.urls")),
    path("", include("reports.urls")),
]

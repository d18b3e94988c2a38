"""All addresses of the portal."""

from django.urls import include, path

from chunfeng.administration import site

urlpatterns = [
    path("", include("chunfeng.accounts.urls")),
    path("admin/", site.urls),
    path("", include("reports.urls")),
]

handler400 = "chunfeng.errors.bad_request"
handler403 = "chunfeng.errors.permission_denied"
handler404 = "chunfeng.errors.not_found"
handler500 = "chunfeng.errors.server_error"

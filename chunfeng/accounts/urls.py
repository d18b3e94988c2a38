from django.urls import path

from . import views

app_name = "accounts"

urlpatterns = [
    path("login/", views.LogIn.as_view(), name="login"),
    path("login/demo/", views.demo_log_in, name="demo-login"),
    path("logout/", views.log_out, name="logout"),
    path("password/", views.password_change, name="password-change"),
]

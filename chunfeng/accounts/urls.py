from django.urls import path

from . import people_pages, views

app_name = "accounts"

urlpatterns = [
    path("login/", views.LogIn.as_view(), name="login"),
    path("login/demo/", views.demo_log_in, name="demo-login"),
    path("logout/", views.log_out, name="logout"),
    path("password/", views.password_change, name="password-change"),
    path("people/", people_pages.people_list, name="people"),
    path("people/<int:pk>/password/", people_pages.password_confirm, name="password-confirm"),
    path("people/passwords/", people_pages.password_issue, name="password-issue"),
    path("people/<int:pk>/disable/", people_pages.person_disable, name="person-disable"),
    path("people/<int:pk>/enable/", people_pages.person_enable, name="person-enable"),
]

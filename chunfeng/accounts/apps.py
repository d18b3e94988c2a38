from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "chunfeng.accounts"
    label = "accounts"
    verbose_name = "账号"

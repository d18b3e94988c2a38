"""Log-in and password forms."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django.contrib.auth import forms as auth_forms
from django.core.exceptions import ValidationError

from . import lock_outs


class LoginForm(auth_forms.AuthenticationForm):
    error_messages = {
        "invalid_login": "账号或密码不正确，请检查后重试（注意大小写）。",
        "inactive": "账号或密码不正确，请检查后重试（注意大小写）。",
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "账号"

    def clean(self):
        # Nobody has so long a name, and SQLite cannot look for one of 50,000 characters.
        if len(self.cleaned_data.get("username") or "") > self.fields["username"].max_length:
            raise self.get_invalid_login_error()
        return super().clean()

    def get_invalid_login_error(self):
        if getattr(self.request, "axes_locked_out", False):
            return ValidationError(lock_outs.SENTENCE, code="locked_out")
        return super().get_invalid_login_error()


class PasswordChangeForm(auth_forms.PasswordChangeForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = "原密码"
        self.fields["new_password1"].label = "新密码"
        self.fields["new_password2"].label = "再输一次新密码"
        self.helper = FormHelper()
        self.helper.add_input(Submit("change", "修改密码"))

"""Who may log in, and whose open session goes on."""

from django.conf import settings
from django.contrib.auth.backends import ModelBackend


class PeopleBackend(ModelBackend):
    def user_can_authenticate(self, user):
        """Refuse the invented people outside a demonstration: their password is known to everyone.

        Django asks at log-in and, through `get_user`, at every request of an open session.
        """
        return super().user_can_authenticate(user) and (settings.DEMO or not user.is_demo)

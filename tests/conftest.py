"""Fast password checks for every test; the browser's own settings live in tests/browser/conftest.py."""

import pytest
from django.conf import settings as portal


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session", autouse=True)
def _private_folder(tmp_path_factory):
    portal.PRIVATE_ROOT = tmp_path_factory.mktemp("private")

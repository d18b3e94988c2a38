"""Fast password checks and patience for every test; the browser's own settings live in tests/browser/conftest.py."""

import pytest
from django.conf import settings as portal
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

# A machine that runs the suite is busy: how long an example takes says nothing of the code. The suite looks at the
# same examples each time; `make test ARGS=--hypothesis-profile=explore` looks for new ones.
_PATIENCE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
hypothesis.register_profile("suite", derandomize=True, **_PATIENCE)
hypothesis.register_profile("explore", **_PATIENCE)
hypothesis.load_profile("suite")


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session", autouse=True)
def _private_folder(tmp_path_factory):
    portal.PRIVATE_ROOT = tmp_path_factory.mktemp("private")

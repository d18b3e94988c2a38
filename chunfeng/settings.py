"""Settings: one file, read strictly from the environment (see docs/operations.md).

Nothing here guesses. A value that cannot be read stops the start with a sentence, and a portal without
DEBUG or DEMO starts only with a secret key and host names of its own.
"""

from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)
"""A portal of invented people and figures: log-ins without passwords, marked 演示数据 on every page."""

DEVELOPMENT_KEY = "for-development-and-demonstration-only-never-in-service-0123456789"
SECRET_KEY = env.str("SECRET_KEY", default=DEVELOPMENT_KEY if DEBUG or DEMO else "")
if not SECRET_KEY or (SECRET_KEY == DEVELOPMENT_KEY and not (DEBUG or DEMO)):
    raise ImproperlyConfigured(
        "请设置环境变量 SECRET_KEY（不少于 50 个字符的随机串），参见 docs/operations.md。"
    )

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
CONTACT_PHONE = env.str("CONTACT_PHONE", default="")
"""Telephone of the technical contact, printed on the log-in page."""
PORTAL_URL = env.str("PORTAL_URL", default="").rstrip("/")
"""Where people find the portal (https://…): what links in e-mails begin with; "" = e-mails name the page alone."""
if PORTAL_URL and not PORTAL_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured("PORTAL_URL 应以 https:// 或 http:// 开头，参见 docs/operations.md。")

# E-mail repeats what 通知 says. The default prints it; smtp+tls://user:password@host:587 sends it.
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=10)
"""Seconds until a mail server that does not answer is given up."""
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", default="chunfeng@localhost")
EMAIL_SUBJECT_PREFIX = ""
REMIND_BEFORE_HOURS = env.int("REMIND_BEFORE_HOURS", default=24)
REMIND_AFTER_HOURS = env.int("REMIND_AFTER_HOURS", default=24)
"""`manage.py remind`: how long before the due time it first reminds, and how long after it the last time."""
if REMIND_BEFORE_HOURS < 0 or REMIND_AFTER_HOURS < 0:
    raise ImproperlyConfigured(
        "REMIND_BEFORE_HOURS 和 REMIND_AFTER_HOURS 不能是负数，参见 docs/operations.md。"
    )

INSTALLED_APPS = [
    "chunfeng.accounts",
    "campaigns",
    "reports",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_include_bootstrap",
    "import_export",
    "simple_history",
    "axes",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "chunfeng.middleware.AnswersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "chunfeng.accounts.middleware.LogInMiddleware",
    "chunfeng.accounts.middleware.PasswordChangeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "chunfeng.urls"
WSGI_APPLICATION = "chunfeng.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "reports.context.portal",
            ],
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'var' / 'chunfeng.sqlite3'}")}
SQLITE_OPTIONS = {
    # IMMEDIATE: a transaction that reads and then writes must not lose its place to another writer.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
    "PRAGMA cache_size=-20000;",
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=600)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A national roll-up is planned dear enough to be compiled, which takes longer than running it.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "reports:home"
LOGOUT_REDIRECT_URL = "accounts:login"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "chunfeng.accounts.backends.PeopleBackend"]
# Lock-outs by account and address together: a whole bureau sits behind one address.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "chunfeng.accounts.lock_outs.account_named"
AXES_CLIENT_IP_CALLABLE = "chunfeng.accounts.lock_outs.client_address"
AXES_LOCKOUT_CALLABLE = "chunfeng.accounts.lock_outs.log_in_page"
AXES_ENABLE_ACCESS_FAILURE_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name")},
    },
    {
        "NAME": "chunfeng.accounts.validators.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10, "administrators": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "chunfeng.accounts.validators.CharacterClassesValidator", "OPTIONS": {"at_least": 3}},
    {"NAME": "chunfeng.accounts.validators.OwnWordsValidator"},
    {"NAME": "chunfeng.accounts.validators.PastPasswordsValidator", "OPTIONS": {"last": 5}},
]

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
_ECHARTS = find_spec(
    "instaui_echarts"
)  # found, never imported: the package only carries the browser's library
_ECHARTS_FOLDERS = (_ECHARTS.submodule_search_locations or []) if _ECHARTS else []
STATICFILES_DIRS = [
    BASE_DIR / "static",
    *(("vendor/echarts", str(Path(folder) / "static")) for folder in _ECHARTS_FOLDERS),
]
WHITENOISE_USE_FINDERS = DEBUG or DEMO
"""In service `collectstatic` gathers the files; a demonstration serves them where they lie."""

PRIVATE_ROOT = Path(env.str("PRIVATE_ROOT", default=str(BASE_DIR / "var" / "private")))
"""Files that people sent: outside every folder that a web server serves, read through the portal's own checks alone."""

# A grid has at most 20 cells of three fields; 催报 may tick a thousand units.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1500
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "chunfeng.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],  # Bootstrap's arrows and ticks
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
HTTPS = env.bool("HTTPS", default=not (DEBUG or DEMO))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=0) if HTTPS else 0
# Neighbours under the same domain are not the portal's to decide about.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # In service chunfeng.errors writes the same with the incident number.
        "django.request": {"level": "WARNING" if DEBUG else "CRITICAL"},
        "axes": {"level": "WARNING"},  # says at every log-in that nothing was to be forgotten
    },
}

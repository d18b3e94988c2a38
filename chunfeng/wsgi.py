"""The door for gunicorn: `gunicorn chunfeng.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chunfeng.settings")

application = get_wsgi_application()

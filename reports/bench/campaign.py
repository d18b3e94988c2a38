"""Wuhan's campaign in the scratch database: official forms as they are issued."""

from io import StringIO

from django.conf import settings
from django.core.management import call_command

from campaigns.models import Campaign

from .frame import Bench


def wuhan(bench: Bench) -> Campaign:
    """Return the campaign as `fixtures/` has it, loaded once a run."""
    return bench.once("wuhan", _loaded)


def _loaded() -> Campaign:
    call_command("load_campaign", str(settings.BASE_DIR / "fixtures" / "wuhan-2014"), stdout=StringIO())
    return Campaign.objects.get(code="wuhan-2014")

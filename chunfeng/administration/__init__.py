"""管理: Django's admin for people, units, calendar and trails, opened by roles and by nothing else.

`site.py` says who may do what; the other modules lay the pages out and call the rules where they live.
"""

from . import calendar, people, registry, trails
from .site import site

__all__ = ["calendar", "people", "registry", "site", "trails"]

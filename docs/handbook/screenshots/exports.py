"""模板与导出: what a city may take out."""

from .portal import Portal


def take(portal: Portal) -> None:
    city = portal.as_("xuzhou-review")
    city.goto("/c/jiangsu-demo/exports/")
    portal.shot(city, "exports")

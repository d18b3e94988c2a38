"""What axe finds on a page as it stands: loaded, or with something open on it."""

from axe_playwright_python.sync_playwright import Axe

SERIOUS = ("serious", "critical")


def serious(page):
    """{rule: elements that break it} of what axe finds serious or critical.

    Left out: the box that select2 of Django's administration draws over a list; the list itself has its label.
    """
    found = Axe().run(page, context={"exclude": [".select2-container"]})
    return {
        violation["id"]: [node["html"] for node in violation["nodes"]]
        for violation in found.response["violations"]
        if violation["impact"] in SERIOUS
    }

"""Take the pictures of all chapters, or of those named."""

import argparse
import shutil
from contextlib import nullcontext

from playwright.sync_api import sync_playwright

from . import CHAPTERS
from .portal import Portal, fresh_demonstration

parser = argparse.ArgumentParser(prog="make handbook", description=__doc__)
parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help=f"of {', '.join(CHAPTERS)} (default: all)")
parser.add_argument(
    "--url", help="a demonstration that is running; default: a fresh one, thrown away afterwards"
)
options = parser.parse_args()
if unknown := set(options.chapters) - set(CHAPTERS):
    parser.error(f"no such chapter: {', '.join(sorted(unknown))}")

with (
    nullcontext(options.url) if options.url else fresh_demonstration() as url,
    sync_playwright() as playwright,
):
    browser = playwright.chromium.launch(
        executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
        args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    )
    portal = Portal(browser, url)
    for name in options.chapters or CHAPTERS:
        CHAPTERS[name].take(portal)
    browser.close()

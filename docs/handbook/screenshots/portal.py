"""A demonstration to take pictures of: served fresh from a database of its own, or one that is running."""

import io
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[3]
IMAGES = ROOT / "docs" / "handbook" / "images"
SCREEN = {"width": 1366, "height": 768}
MOST_BYTES = 200_000
PASSWORD = "chunfeng-demo"  # noqa: S105 (printed in README: a demonstration's)


class Portal:
    """`as_` logs people of the demonstration in, each once; `shot` keeps what their page shows."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._pages: dict[str, Page] = {}
        self.url = url.rstrip("/")

    def visitor(self) -> Page:
        office = {"viewport": SCREEN, "locale": "zh-CN", "timezone_id": "Asia/Shanghai"}
        return self._browser.new_context(**office, base_url=self.url).new_page()

    def as_(self, username: str) -> Page:
        """Return a page of that person, signed in."""
        if username not in self._pages:
            page = self.visitor()
            page.goto("/login/")
            page.fill("input[name=username]", username)
            page.fill("input[name=password]", PASSWORD)
            page.press("input[name=password]", "Enter")
            page.wait_for_url(lambda address: "/login/" not in address)
            self._pages[username] = page
        return self._pages[username]

    def shot(self, page: Page, name: str, *, part: str = "") -> None:
        """Keep the screen, or the first element that matches `part`, as images/`name`.png."""
        page.wait_for_load_state("networkidle")
        taken = page.locator(part).first.screenshot() if part else page.screenshot()
        IMAGES.mkdir(exist_ok=True)
        (IMAGES / f"{name}.png").write_bytes(_small(name, taken))


def _small(name: str, taken: bytes) -> bytes:
    """Return the picture with a palette: a screen of text needs no more. ValueError where it is still big."""
    picture = Image.open(io.BytesIO(taken)).convert("RGB")
    for colours in (128, 64, 32):
        file = io.BytesIO()
        picture.quantize(colours, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        if file.tell() < MOST_BYTES:
            return file.getvalue()
    raise ValueError(f"{name}.png is larger than {MOST_BYTES} bytes: show a part of the page")


@contextmanager
def fresh_demonstration() -> Iterator[str]:
    """Serve a demonstration on a free port from a database that is thrown away; yield its address."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "DEMO": "1",
            "DATABASE_URL": f"sqlite:///{folder}/handbook.sqlite3",
            "PRIVATE_ROOT": f"{folder}/private",
        }

        def manage(*words: str) -> list[str]:
            return [sys.executable, str(ROOT / "manage.py"), *words]

        for words in (["migrate", "--verbosity", "0"], ["load_demo"]):
            subprocess.run(manage(*words), env=environment, check=True)  # noqa: S603
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        server = subprocess.Popen(  # noqa: S603
            manage("runserver", "--noreload", "--skip-checks", address),
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(f"http://{address}/login/")
            yield f"http://{address}"
        finally:
            server.terminate()
            server.wait()


def _wait_for(url: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 (an address made here)
        except (urllib.error.URLError, OSError):
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return

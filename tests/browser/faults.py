"""Typing while things break, against a server process of its own that can be killed and started again.

A run types random figures into one report, lets one kind of fault strike in the middle, waits until the page says
已保存, and compares: what was typed last stands in the database (else it is lost); every figure that the server
acknowledged has its one row in the trail, each row going on from the one before (else it is doubled).
"""

import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

ROOT = Path(__file__).parents[2]
KINDS = ("cut", "busy", "lost-answer", "slow", "reload", "kill")
CELLS = 18
PERIODS = 80
WORLD = f"""
from datetime import date, timedelta
from tests.factories import make_campaign, make_form, make_place, make_user
ends = [date(2024, 1, 26) + timedelta(weeks=week) for week in range({PERIODS})]
campaign = make_campaign(period_ends=ends)
make_form(campaign, layout="bands", bands=[9, 9], indicators={CELLS})
make_user("clerk", unit=make_place(campaign, "county"), name="林某")
"""
FIGURES = """
select i.number, f.value from reports_figure f
join campaigns_indicator i on i.id = f.indicator_id
join reports_submission s on s.id = f.submission_id
join campaigns_reportingperiod p on p.id = s.period_id where p.number = ?
"""
TRAIL = """
select i.number, c.old, c.new from reports_figurechange c
join campaigns_indicator i on i.id = c.indicator_id
join reports_submission s on s.id = c.submission_id
join campaigns_reportingperiod p on p.id = s.period_id where p.number = ? order by c.id
"""


class Server:
    """The portal on a SQLite file of its own, in a process of its own."""

    def __init__(self, folder):
        self.database = folder / "faults.sqlite3"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {"DEBUG": "1", "DATABASE_URL": f"sqlite:///{self.database}"}
        self.process = None
        self._manage("migrate", "--verbosity", "0")
        self._manage("shell", "--verbosity", "0", "--command", WORLD)
        self.start()

    def _manage(self, *arguments):
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, timeout=120)

    def start(self):
        command = [sys.executable, "manage.py", "runserver", "--noreload", "--skip-checks", str(self.port)]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{self.url}/static/icon.svg", timeout=2).read()  # noqa: S310
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("the server did not come up")

    def kill(self):
        """As a power cut would: no goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def rows(self, statement, *parameters):
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10) as database:
            return database.execute(statement, parameters).fetchall()


@dataclass
class Run:
    """One report filled while one fault strikes. period: ordinal; typed: by cell, in order."""

    server: Server
    page: object
    kind: str
    period: int
    seed: int
    typed: dict = field(default_factory=lambda: defaultdict(list))
    acknowledged: dict = field(default_factory=lambda: defaultdict(list))

    def go(self, steps):
        chance = random.Random(self.seed)  # noqa: S311
        page = self.page
        page.on("response", self._note)
        page.goto(f"{self.server.url}{self._path()}")
        expect(page.locator("html[data-ready]")).to_be_attached(timeout=20_000)
        strikes, ends = sorted(chance.sample(range(2, steps), 2))
        number = 0
        for step in range(steps):
            if step == strikes:
                self._strike()
            # A click into what is being typed would edit it, not replace its figure.
            number = chance.choice([each for each in range(1, CELLS + 1) if each != number])
            text = str(chance.randint(0, 999_999))
            self.typed[number].append(text)
            page.locator(f"#c{number}").click()
            page.keyboard.type(text)
            if chance.random() < 0.7:
                page.keyboard.press("Enter")
            if chance.random() < 0.4:
                page.wait_for_timeout(chance.randint(50, 500))
            if step == ends:
                self._mend()
        page.keyboard.press("Enter")
        expect(page.locator("#save-state")).to_have_attribute("data-phase", "saved", timeout=60_000)
        page.remove_listener("response", self._note)

    def _path(self):
        [[ends_on]] = self.server.rows(
            "select ends_on from campaigns_reportingperiod where number = ?", self.period
        )
        return f"/c/spring/tasks/fu1/{ends_on}/county/"

    def _note(self, response):
        if response.url.endswith("/save/") and response.status == 200 and self.kind != "lost-answer":
            try:
                sent = response.request.post_data_json.get("cells", {})
            except Exception:  # the browser forgets requests of a page that was left
                return
            for number, entry in sent.items():
                self.acknowledged[int(number)].append(entry["text"])

    def _strike(self):
        page = self.page
        if self.kind == "cut":
            page.context.set_offline(True)
        elif self.kind == "busy":
            page.route("**/save/", lambda route: route.fulfill(status=503, json={"sentence": "系统繁忙"}))
        elif self.kind == "lost-answer":
            page.route("**/save/", _lose_the_answer)
        elif self.kind == "slow":
            self.tools = page.context.new_cdp_session(page)
            slow = {
                "offline": False,
                "latency": 1200,
                "downloadThroughput": 20_000,
                "uploadThroughput": 20_000,
            }
            self.tools.send("Network.emulateNetworkConditions", slow)
        elif self.kind == "kill":
            self.server.kill()

    def _mend(self):
        page = self.page
        if self.kind == "cut":
            page.context.set_offline(False)
        elif self.kind in ("busy", "lost-answer"):
            page.unroute("**/save/")
        elif self.kind == "slow":
            quick = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
            self.tools.send("Network.emulateNetworkConditions", quick)
        elif self.kind == "reload":
            page.once("dialog", lambda dialog: dialog.accept())
            page.reload()
            expect(page.locator("html[data-ready]")).to_be_attached(timeout=20_000)
            if page.locator("#left-behind").is_visible():
                page.get_by_role("button", name="恢复并保存").click()
        elif self.kind == "kill":
            self.server.start()
        page.evaluate("dispatchEvent(new Event('online'))")

    def compare(self):
        """Return (lost, doubled): sentences, both empty where all is well."""
        lost, doubled = [], []
        figures = self.server.rows(
            FIGURES,
            self.period,
        )
        stored = {number: str(int(value)) for number, value in figures if value is not None}
        for number, texts in self.typed.items():
            if stored.get(number) != str(int(texts[-1])):
                lost.append(f"c{number}: typed {texts}, stored {stored.get(number)}")
        trail = self.server.rows(
            TRAIL,
            self.period,
        )
        by_cell = defaultdict(list)
        for number, old, new in trail:
            before = by_cell[number][-1] if by_cell[number] else None
            if old != before or old == new:
                doubled.append(f"c{number}: {old} → {new} after {before}")
            by_cell[number].append(new)
        for number, rows in by_cell.items():
            if len(rows) > len(self.typed[number]):
                doubled.append(f"c{number}: {len(rows)} changes, {len(self.typed[number])} typed")
        for number, texts in self.acknowledged.items():
            for text in texts:
                if text and int(text) not in [int(new) for new in by_cell[number]]:
                    lost.append(f"c{number}: {text} was acknowledged and has no row")
        reports = self.server.rows(
            "select count(*) from reports_submission s join campaigns_reportingperiod p on p.id = s.period_id "
            "where p.number = ?",
            self.period,
        )
        if reports != [(1,)]:
            doubled.append(f"{reports} reports")
        return lost, doubled


def _lose_the_answer(route):
    """The server has stored it, the page never learns."""
    with suppress(PlaywrightError):  # mended meanwhile: the page was answered after all
        route.fetch()
        route.abort()

"""报送情况 of six hundred units over twelve periods: the whole page, against asking for the reports unit by unit."""

from django.test import Client, override_settings
from django.urls import reverse

from campaigns.models import Campaign
from reports.models import Submission

from .frame import Bench, Outcome, measurement
from .nation import COUNTIES, LINES, nation

UNITS, PERIODS = 600, 12


@measurement(
    "heat-map",
    ours=f"报送情况整页（{UNITS} 个单位，{PERIODS} 期）",
    theirs="逐个单位查询同样的报表，不画页面",
    goal=1,
)
def folded(bench: Bench) -> Outcome:
    """As the page comes: groups folded, all counted."""
    return _page(bench, "")


@measurement(
    "heat-map-open",
    ours=f"报送情况整页，{UNITS} 个单位全部展开",
    theirs="逐个单位查询同样的报表，不画页面",
    goal=2,
)
def unfolded(bench: Bench) -> Outcome:
    return _page(bench, "?open=all")


def _page(bench: Bench, query: str) -> Outcome:
    made = nation(bench, size=UNITS / (COUNTIES * len(LINES)), weeks=PERIODS)
    campaign = made.form.campaign
    client = Client()
    client.force_login(made.user, backend="chunfeng.accounts.backends.PeopleBackend")
    address = f"{reverse('reports:progress', args=[campaign.code])}{query}"

    def ours() -> None:
        with override_settings(ALLOWED_HOSTS=["testserver"], SECURE_SSL_REDIRECT=False):
            response = client.get(address)
        if response.status_code != 200:
            raise AssertionError(f"the page of the measurement was answered by {response.status_code}")

    outcome = bench.compare(ours, lambda: _unit_by_unit(campaign))
    note = f"整页 {outcome.ours:.2f} 秒，目标 1 秒以内；{made.units} 个单位"
    return Outcome(outcome.ours, outcome.theirs, outcome.ratio, note=note)


def _unit_by_unit(campaign: Campaign) -> int:
    """What a page costs that asks for each row: it reads as much and draws nothing."""
    found = 0
    for unit in campaign.places.filter(reports=True).values_list("unit", flat=True):
        reports = Submission.objects.filter(period__campaign=campaign, unit=unit)
        found += len(reports.select_related("period", "submitted_by", "changed_by"))
    return found

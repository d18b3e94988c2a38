"""Editions: a unit at a period, all its forms, frozen as published, so that a number that was quoted never moves.

Figures and workbook are stored as they are at that moment (`reports.publishing.published`). What is accepted later adds a
note beside the editions that it moves (`reports.publishing.corrections`) and changes none.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from campaigns.models import ReportForm, ReportingPeriod, UnitPlace
from chunfeng.accounts.models import User
from reports import notifications
from reports.excel.write import forms_workbook, safe_name
from reports.lifecycle import IMPORT_NAME, LONGEST_COMMENT, storable
from reports.models import Edition, Notice, SignOff
from reports.publishing import corrections, sign_off
from reports.publishing.published import digest, keep, readers
from reports.rollup import RollUp, roll_up


class EditionError(Exception):
    """What cannot be published; the message is a sentence for the user. Nothing has been stored."""


@dataclass(frozen=True)
class Draft:
    """What would be published of a place now.

    standing: who owes reports of this very period, who has not sent them, which wait. unsigned: units below, or
    this one, that sign off and have not. latest: the edition of this unit and period that stands; None before the first.
    """

    place: UnitPlace
    period: ReportingPeriod
    standing: sign_off.Standing
    figures: tuple[tuple[ReportForm, RollUp, RollUp], ...]
    unsigned: tuple[UnitPlace, ...]
    latest: Edition | None

    @property
    def issue(self) -> int:
        return self.latest.issue + 1 if self.latest else 1

    @property
    def is_empty(self) -> bool:
        """No accepted report counts."""
        return all(rollup.as_of is None for _, rollup, _ in self.figures)

    @property
    def repeats(self) -> bool:
        """The edition that stands says the same."""
        return self.latest is not None and self.latest.checksum == self.checksum

    @cached_property
    def content(self) -> dict[str, Any]:
        return {"forms": {form.code: keep(form, self.place, *rollups) for form, *rollups in self.figures}}

    @cached_property
    def checksum(self) -> str:
        return digest(self.content)


def draft(place: UnitPlace, period: ReportingPeriod) -> Draft:
    """Read what would be published of `place` now."""
    standing = sign_off.standings([place], period)[place.pk]
    figures = tuple(
        (form, roll_up(form, period, place.unit), roll_up(form, period, place.unit, measure="increment"))
        for form in standing.forms
    )
    return Draft(
        place=place,
        period=period,
        standing=standing,
        figures=figures,
        unsigned=tuple(_unsigned(place, period)),
        latest=Edition.objects.filter(unit=place.unit, period=period).order_by("issue").last(),
    )


def publish(
    place: UnitPlace,
    period: ReportingPeriod,
    *,
    by: User | None,
    seen: str | None = None,
    reason: str = "",
    at: datetime | None = None,
) -> Edition:
    """Freeze the next edition of a unit at a period, all its forms, and tell those who read it.

    place: the one that the unit holds in the period. seen: checksum of what was read (`Draft.checksum`); None = not
    asked. reason: of a reissue. at: for imports alone. Raises EditionError.
    """
    published_at = at or timezone.now()
    why = storable(reason).strip()
    try:
        with transaction.atomic():
            corrections.take_turns(period.campaign_id, publishes=True)
            found = draft(place, period)
            if problem := _problem(found, why, seen):
                raise EditionError(problem)
            edition = Edition(
                unit=place.unit,
                period=period,
                path=place.path,
                number=period.number,
                issue=found.issue,
                reason=why if found.latest else "",
                content=found.content,
                checksum=found.checksum,
                published_by=by,
                publisher=str(by)[:50] if by else IMPORT_NAME,
                published_at=published_at,
            )
            edition.workbook = _workbook(found, edition)
            edition.workbook_checksum = hashlib.sha256(edition.workbook).hexdigest()
            edition.save(force_insert=True)
            notifications.tell(
                readers(edition, but=by),
                campaign=period.campaign,
                kind=Notice.Kind.EDITION,
                title=f"{place.short}发布{edition.title}（截至{period.ends_on.month}月{period.ends_on.day}日）",
                text=edition.reason,
                url=reverse("reports:edition-detail", args=[edition.pk]),
                email=False,
            )
    except IntegrityError:
        raise EditionError("该期刚由他人发布，请刷新后再操作。") from None
    return edition


def file_name(edition: Edition, place: UnitPlace | None) -> str:
    """Return a name for its workbook: 江苏省_第6期_第2版_截至2024-03-01.xlsx."""
    issue = f"第{edition.issue}版" if edition.issue > 1 else ""
    unit = place.short if place else edition.unit.name
    return f"{safe_name(unit, f'第{edition.number}期', issue, f'截至{edition.period.ends_on}')}.xlsx"


def _unsigned(place: UnitPlace, period: ReportingPeriod) -> list[UnitPlace]:
    if not period.campaign.sign_off_by:
        return []
    below = UnitPlace.objects.filter(path__startswith=place.path, level=period.campaign.sign_off_by)
    signers = sign_off.signers(below, period)
    signed = set(SignOff.objects.locking().filter(period=period).values_list("unit_id", flat=True))
    return [signer for signer in signers if signer.unit_id not in signed]


def _problem(found: Draft, reason: str, seen: str | None) -> str | None:
    period = found.period
    if period.campaign.today() < period.starts_on:
        begins = f"{period.starts_on.month}月{period.starts_on.day}日"
        return f"第{period.number}期从{begins}起填报，现在还不能发布。"
    if found.is_empty:
        return "还没有已通过的报表，没有可以发布的数据。"
    if found.latest and not any(character.isalnum() for character in reason):
        return f"{found.latest.title}已于此前发布，再版须写明原因，例如“睢宁县更正附件1第2列”。"
    if len(reason) > LONGEST_COMMENT:
        return f"原因最多 {LONGEST_COMMENT} 个字，现在有 {len(reason)} 个，请缩短。"
    if seen is not None and seen != found.checksum:
        return "数据在您核对后有变化，请重新核对后再发布。"
    if found.repeats and found.latest:
        return f"数据与已发布的{found.latest.title}相同，无需再版。"
    return None


def _workbook(found: Draft, edition: Edition) -> bytes:
    state = f"第{edition.issue}版" if edition.issue > 1 else ""
    official = [(form, cumulative) for form, cumulative, _ in found.figures]
    return forms_workbook(found.place.unit, found.period, official, state=state)

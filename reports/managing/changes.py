"""What coordinators change in a campaign that runs: due times, 免报, labels, readings, targets, its end.

Each function is one transaction, writes only what changes and leaves one CampaignEvent a change, with the old
and the new value in words. A reason is always asked. Changes of the tree are in `reports.managing.place_changes`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from campaigns.definition import schema
from campaigns.definition.kinds import ReadingError
from campaigns.models import (
    Campaign,
    Doubt,
    Exemption,
    Indicator,
    ReportForm,
    ReportingPeriod,
    ReportingUnit,
    Target,
)
from chunfeng.accounts.models import User
from reports import notifications
from reports.lifecycle import storable
from reports.models import CampaignEvent, Extension, Submission
from reports.numbers import plain

LONGEST_REASON = 200
SLACK = timedelta(days=366)
"""How long after its end a period may be due: a later date would be a slip of the year."""
EVERY_UNIT = "全部单位"

_Kind = CampaignEvent.Kind


class ChangeError(ValueError):
    """A change that is refused; the message is a sentence for the user. Nothing has been changed."""


def note(
    campaign: Campaign,
    kind: CampaignEvent.Kind,
    subject: str,
    *,
    by: User,
    reason: str,
    old: str = "",
    new: str = "",
) -> CampaignEvent:
    """Leave one row in the log. `reason` has been read by `reason_of`."""
    return CampaignEvent.objects.create(
        campaign=campaign,
        kind=kind,
        subject=subject[:200],
        old=old,
        new=new,
        reason=reason,
        actor=by,
        actor_name=str(by)[:50],
    )


def reason_of(text: str) -> str:
    """Return the reason as it is stored. Raises ChangeError where there is none or it is too long."""
    reason = storable(text).strip()
    if not any(character.isalnum() for character in reason):
        raise ChangeError("请写明理由，例如“春节假期顺延”。")
    if len(reason) > LONGEST_REASON:
        raise ChangeError(f"理由最多 {LONGEST_REASON} 个字，现在有 {len(reason)} 个，请缩短。")
    return reason


# --- due times and 免报 ---------------------------------------------------------------------------


@transaction.atomic
def set_due(period: ReportingPeriod, due_at: datetime, *, by: User, reason: str) -> None:
    """Move the due time of a period for everyone; who has more time already keeps it."""
    why = reason_of(reason)
    period = locked_period(period)
    _refuse_due(period, due_at)
    if due_at == period.due_at:
        raise ChangeError(f"截止时间本来就是{said(due_at, period.campaign)}，没有变化。")
    old, period.due_at = period.due_at, due_at
    period.save(update_fields=["due_at"])
    words = {"old": said(old, period.campaign), "new": said(due_at, period.campaign)}
    note(period.campaign, _Kind.DUE, str(period), by=by, reason=why, **words)
    notifications.due_changed(
        period, f"{period}的报送截止时间改为{words['new']}", f"原为{words['old']}。理由：{why}"
    )


@transaction.atomic
def extend(
    period: ReportingPeriod, units: Sequence[ReportingUnit], due_at: datetime, *, by: User, reason: str
) -> None:
    """Give units until `due_at`; on time is decided by it from now on, for reports already sent as well."""
    why = reason_of(reason)
    period = locked_period(period)
    _refuse_due(period, due_at)
    if not units:
        raise ChangeError("请先勾选要延期的单位。")
    if due_at <= period.due_at:
        raise ChangeError(f"延期须晚于本期截止时间{said(period.due_at, period.campaign)}，请改正。")
    stored = {one.unit_id: one for one in Extension.objects.filter(period=period, unit__in=units)}
    for unit in units:
        before = stored.get(unit.pk)
        Extension.objects.update_or_create(
            period=period, unit=unit, defaults={"due_at": due_at, "reason": why, "granted_by": by}
        )
        note(
            period.campaign,
            _Kind.EXTENDED,
            f"{period} {unit.name}",
            by=by,
            reason=why,
            old=said(before.due_at if before else period.due_at, period.campaign),
            new=said(due_at, period.campaign),
        )
    until = said(due_at, period.campaign)
    notifications.due_changed(
        period, f"{period}延期到{until}报送", f"理由：{why}", units=[unit.pk for unit in units]
    )


@transaction.atomic
def lift_extension(extension: Extension, *, by: User, reason: str) -> None:
    """Take an extension back: the unit is due with everyone else again."""
    why = reason_of(reason)
    period = locked_period(extension.period)
    if not Extension.objects.filter(pk=extension.pk).delete()[0]:
        raise ChangeError("这项延期已被取消，请刷新。")
    note(
        period.campaign,
        _Kind.EXTENSION_LIFTED,
        f"{period} {extension.unit.name}",
        by=by,
        reason=why,
        old=said(extension.due_at, period.campaign),
        new=said(period.due_at, period.campaign),
    )
    notifications.due_changed(
        period,
        f"{period}的延期已取消，仍按{said(period.due_at, period.campaign)}报送",
        f"原延期到{said(extension.due_at, period.campaign)}。理由：{why}",
        units=[extension.unit_id],
    )


@transaction.atomic
def exempt(period: ReportingPeriod, units: Sequence[ReportingUnit] | None, *, by: User, reason: str) -> None:
    """Let units (None: every unit) off a period: they owe nothing, and their last report still counts."""
    why = reason_of(reason)
    period = locked_period(period)
    if units is not None and not units:
        raise ChangeError("请先勾选免报的单位。")
    known = set(Exemption.objects.filter(period=period).values_list("unit", flat=True))
    if None in known:
        raise ChangeError(f"第{period.number}期已经全部免报，不用再设。")
    if units and (again := [unit.name for unit in units if unit.pk in known]):
        raise ChangeError(f"{again[0]}在第{period.number}期已经免报，请取消勾选。")
    for unit in [None] if units is None else units:
        Exemption.objects.create(period=period, unit=unit, reason=why, granted_by=str(by)[:50])
        subject = f"{period} {unit.name if unit else EVERY_UNIT}"
        note(period.campaign, _Kind.EXEMPTED, subject, by=by, reason=why, new="免报")
    notifications.due_changed(
        period,
        f"{period}免报",
        f"不用报送，汇总沿用上一份已通过的数据。理由：{why}",
        units=None if units is None else [unit.pk for unit in units],
    )


@transaction.atomic
def lift_exemption(exemption: Exemption, *, by: User, reason: str) -> None:
    why = reason_of(reason)
    period = locked_period(exemption.period)
    if not Exemption.objects.filter(pk=exemption.pk).delete()[0]:
        raise ChangeError("这项免报已被取消，请刷新。")
    subject = f"{period} {exemption.unit.name if exemption.unit else EVERY_UNIT}"
    note(period.campaign, _Kind.EXEMPTION_LIFTED, subject, by=by, reason=why, old="免报")
    notifications.due_changed(
        period,
        f"{period}不再免报，请于{said(period.due_at, period.campaign)}前报送",
        f"理由：{why}",
        units=None if exemption.unit_id is None else [exemption.unit_id],
    )


def said(at: datetime, campaign: Campaign) -> str:
    """Write an instant in the campaign's zone: 2024年2月18日 17:30."""
    local = at.astimezone(campaign.zone)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def _refuse_due(period: ReportingPeriod, due_at: datetime) -> None:
    day = due_at.astimezone(period.campaign.zone).date()
    last = period.ends_on + SLACK
    if not period.starts_on <= day <= last:  # 提前 may lead before the period's end
        raise ChangeError(f"截止时间应在{_day(period.starts_on)}至{_day(last)}之间，请检查日期。")


# --- labels, readings, targets --------------------------------------------------------------------


@transaction.atomic
def name_indicator(indicator: Indicator, label: str, unit: str, *, by: User, reason: str) -> None:
    """Confirm the label of a column, as it stands or as corrected. Figures are not touched.

    Breaks between the lines of a label that has changed are idle: it may break anywhere. Where reports are
    stored the form becomes a new version, as with a reload.
    """
    why = reason_of(reason)
    # All that print the form read its columns: two coordinators take turns at it.
    form = ReportForm.objects.select_for_update(no_key=True).get(pk=indicator.report_form_id)
    indicator = Indicator.objects.get(pk=indicator.pk)
    label = _text(schema.Indicator, "label", "列名", label, required=True)
    unit = _text(schema.Indicator, "unit", "计量单位", unit)
    if indicator.confirmed and (label, unit) == (indicator.label, indicator.unit_of_measure):
        raise ChangeError("列名和计量单位都没有变，而且已经核实。")
    old = _named(indicator)
    indicator.label, indicator.unit_of_measure, indicator.confirmed = label, unit, True
    indicator.save(update_fields=["label", "unit_of_measure", "confirmed"])
    if Submission.objects.filter(report_form=form).exists():
        form.version += 1
        form.save(update_fields=["version"])
    subject = f"{form.annex or form.title} 第{indicator.number}列"
    note(form.campaign, _Kind.LABEL, subject, by=by, reason=why, old=old, new=_named(indicator))


@transaction.atomic
def settle(doubt: Doubt, reading: str, settled: str, *, by: User, reason: str) -> None:
    """Write down what was found out about a doubt; `settled` "" makes it 待核实 again."""
    why = reason_of(reason)
    doubt = Doubt.objects.select_for_update(of=("self",)).select_related("report_form").get(pk=doubt.pk)
    reading = _text(schema.Doubt, "reading", "处理", reading, required=True)
    settled = _text(schema.Doubt, "settled", "核实结果", settled)
    if (reading, settled) == (doubt.reading, doubt.settled):
        raise ChangeError("处理和核实结果都没有变。")
    old = _read(doubt)
    doubt.reading, doubt.settled = reading, settled
    doubt.save(update_fields=["reading", "settled"])
    where = doubt.report_form.annex or doubt.report_form.title if doubt.report_form else "通知"
    subject = f"{where}：{doubt.quote or doubt.about}"
    note(doubt.campaign, _Kind.DOUBT, subject, by=by, reason=why, old=old, new=_read(doubt))


@transaction.atomic
def set_target(target: Target, at_least: str, say: str, *, by: User, reason: str) -> None:
    """Change how much a target asks for, and its words. at_least: as typed."""
    why = reason_of(reason)
    target = (
        Target.objects.select_for_update(of=("self",))
        .select_related("indicator__report_form")
        .get(pk=target.pk)
    )
    amount = _read_text(schema.Target, "at_least", "不少于", at_least.replace(",", ""))
    say = _text(schema.Target, "say", "说明", say)
    if (amount, say) == (target.at_least, target.say):
        raise ChangeError("目标数和说明都没有变。")
    old = _asked(target.at_least, target.say)
    target.at_least, target.say = amount, say
    target.save(update_fields=["at_least", "say"])
    form = target.indicator.report_form
    subject = f"{form.annex or form.title} 第{target.indicator.number}列 {target.indicator.label}"
    note(target.campaign, _Kind.TARGET, subject, by=by, reason=why, old=old, new=_asked(amount, say))


def _text(entry: type[schema.Entry], column: str, label: str, text: str, *, required: bool = False) -> str:
    text = text.replace("\r\n", "\n").strip()
    if required and not text:
        raise ChangeError(f"{label}不能为空，请填写。")
    return _read_text(entry, column, label, text) if text else ""


def _read_text(entry: type[schema.Entry], column: str, label: str, text: str) -> Any:
    """Read what was typed as the definition reads it, so that a dump can be loaded again."""
    try:
        return entry.keys()[column].kind.parse(text)  # type: ignore[attr-defined]
    except ReadingError as error:
        raise ChangeError(f"{label}：{error}") from None


def _named(indicator: Indicator) -> str:
    unit = f"（{indicator.unit_of_measure}）" if indicator.unit_of_measure else ""
    return f"{indicator.label}{unit}{'' if indicator.confirmed else ' 待核实'}"


def _read(doubt: Doubt) -> str:
    return f"{doubt.reading}\n{doubt.settled or '待核实'}"


def _asked(at_least: Decimal, say: str) -> str:
    return f"≥ {plain(at_least, 0 if at_least == int(at_least) else 2)}{f' {say}' if say else ''}"


# --- the end of the campaign ----------------------------------------------------------------------


@transaction.atomic
def close_campaign(campaign: Campaign, *, by: User, reason: str) -> None:
    """Close a campaign: nothing is filled or sent any more. Reading and export go on."""
    why = reason_of(reason)
    now = timezone.now()
    if not Campaign.objects.filter(pk=campaign.pk, closed_at=None).update(closed_at=now):
        raise ChangeError("活动已经关闭，请刷新。")
    campaign.closed_at = now
    note(campaign, _Kind.CLOSED, campaign.title, by=by, reason=why, new=said(now, campaign))


@transaction.atomic
def reopen_campaign(campaign: Campaign, *, by: User, reason: str) -> None:
    why = reason_of(reason)
    closed_at = campaign.closed_at
    if not Campaign.objects.filter(pk=campaign.pk, closed_at__isnull=False).update(closed_at=None):
        raise ChangeError("活动没有关闭，请刷新。")
    campaign.closed_at = None
    old = said(closed_at, campaign) if closed_at else ""
    note(campaign, _Kind.REOPENED, campaign.title, by=by, reason=why, old=old)


def due_changes(campaign: Campaign, periods: Iterable[ReportingPeriod]) -> Mapping[int, CampaignEvent]:
    """Return for each period, by id, the latest change of its due time in the portal."""
    return _latest(campaign, periods, [_Kind.DUE])


def due_decisions(campaign: Campaign, periods: Iterable[ReportingPeriod]) -> Mapping[int, CampaignEvent]:
    """Return for each period, by id, by what its due time was last moved or kept."""
    return _latest(campaign, periods, [_Kind.DUE, _Kind.KEPT])


def _latest(
    campaign: Campaign, periods: Iterable[ReportingPeriod], kinds: Sequence[CampaignEvent.Kind]
) -> dict[int, CampaignEvent]:
    latest = {
        event.subject: event
        for event in CampaignEvent.objects.filter(campaign=campaign, kind__in=kinds).order_by("pk")
    }
    return {period.pk: latest[str(period)] for period in periods if str(period) in latest}


def locked_period(period: ReportingPeriod) -> ReportingPeriod:
    """Read a period that nobody else changes until the end of the transaction."""
    return (
        ReportingPeriod.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=period.pk)
    )


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"

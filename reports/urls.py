"""Addresses of reporting. URL names read noun then verb: `reports:submission-return`."""

from django.urls import path

from .views import (
    board,
    campaign_manage,
    campaign_page,
    details,
    entry,
    exports,
    home,
    notices,
    printing,
    review,
    sign_off,
    submission,
    unit_changes,
)

app_name = "reports"

ONE = "<str:form>/<str:period>/<str:unit>/"
"""A form, the end date of a period and a unit's code name one report or one total."""
MANAGED = "c/<str:campaign>/manage/"
SIGNED = "c/<str:campaign>/sign-off/<str:period>/<str:unit>/"

urlpatterns = [
    path("", home.home, name="home"),
    path("notices/", notices.notice_list, name="notice-list"),
    path("notices/read/", notices.notice_read_all, name="notice-read-all"),
    path("notices/<int:pk>/read/", notices.notice_read, name="notice-read"),
    path("c/<str:campaign>/", home.campaign, name="campaign"),
    path("c/<str:campaign>/tasks/", home.task_list, name="task-list"),
    path(f"c/<str:campaign>/tasks/{ONE}", entry.entry, name="entry"),
    path(f"c/<str:campaign>/cells/{ONE}<int:number>/", details.cell, name="cell-details"),
    path("c/<str:campaign>/reports/", submission.submission_list, name="submission-list"),
    path("submissions/<int:pk>/", submission.submission_detail, name="submission-detail"),
    path("submissions/<int:pk>/confirm/", entry.submission_confirm, name="submission-confirm"),
    path("submissions/<int:pk>/withdraw/", entry.submission_withdraw, name="submission-withdraw"),
    path("c/<str:campaign>/review/", review.review_queue, name="review-queue"),
    path("submissions/<int:pk>/review/", review.submission_review, name="submission-review"),
    path("submissions/<int:pk>/look/", review.submission_look, name="submission-look"),
    path("submissions/<int:pk>/accept/", review.submission_accept, name="submission-accept"),
    path("submissions/<int:pk>/return/", review.submission_return, name="submission-return"),
    path("submissions/<int:pk>/reopen/", review.submission_reopen, name="submission-reopen"),
    path("c/<str:campaign>/roll-up/", board.roll_up_home, name="roll-up-home"),
    path(f"c/<str:campaign>/roll-up/{ONE}", board.roll_up_page, name="roll-up"),
    path("c/<str:campaign>/lines/<str:period>/", board.lines, name="lines"),
    path(f"c/<str:campaign>/roll-up/{ONE}export/", exports.roll_up_export, name="roll-up-export"),
    path(f"c/<str:campaign>/blank/{ONE}", exports.blank_export, name="blank-export"),
    path(f"c/<str:campaign>/template/{ONE}", exports.template_export, name="template-export"),
    path(
        "c/<str:campaign>/templates/<str:period>/<str:unit>/",
        exports.templates_export,
        name="templates-export",
    ),
    path("submissions/<int:pk>/export/", exports.submission_export, name="submission-export"),
    path(f"c/<str:campaign>/blank/{ONE}print/", printing.blank_print, name="blank-print"),
    path("submissions/<int:pk>/print/", printing.submission_print, name="submission-print"),
    path("c/<str:campaign>/check-code/", printing.check_code, name="check-code"),
    path("c/<str:campaign>/sign-off/", sign_off.sign_off_home, name="sign-off-home"),
    path("c/<str:campaign>/sign-off/<str:period>/", sign_off.sign_off_list, name="sign-off-list"),
    path(SIGNED, sign_off.sign_off_page, name="sign-off"),
    path(f"{SIGNED}sign/", sign_off.sign_off_sign, name="sign-off-sign"),
    path(f"{SIGNED}accept/", sign_off.sign_off_accept, name="sign-off-accept"),
    path(f"{SIGNED}reopen/", sign_off.sign_off_reopen, name="sign-off-reopen"),
    path("c/<str:campaign>/about/", campaign_page.campaign_about, name="campaign-about"),
    path(
        "c/<str:campaign>/about/announcements/",
        campaign_page.announcement_create,
        name="announcement-create",
    ),
    path(
        "c/<str:campaign>/about/announcements/<int:pk>/withdraw/",
        campaign_page.announcement_withdraw,
        name="announcement-withdraw",
    ),
    path(f"{MANAGED}dates/", campaign_manage.campaign_dates, name="campaign-dates"),
    path(f"{MANAGED}dates/<str:period>/", campaign_manage.period_dates, name="period-dates"),
    path(f"{MANAGED}dates/<str:period>/due/", campaign_manage.period_due, name="period-due"),
    path(f"{MANAGED}dates/<str:period>/extend/", campaign_manage.period_extend, name="period-extend"),
    path(f"{MANAGED}dates/<str:period>/exempt/", campaign_manage.period_exempt, name="period-exempt"),
    path(f"{MANAGED}extensions/<int:pk>/lift/", campaign_manage.extension_lift, name="extension-lift"),
    path(f"{MANAGED}exemptions/<int:pk>/lift/", campaign_manage.exemption_lift, name="exemption-lift"),
    path(f"{MANAGED}doubts/", campaign_manage.campaign_doubts, name="campaign-doubts"),
    path(f"{MANAGED}doubts/<int:pk>/settle/", campaign_manage.doubt_settle, name="doubt-settle"),
    path(
        f"{MANAGED}indicators/<str:form>/<int:number>/name/",
        campaign_manage.indicator_name,
        name="indicator-name",
    ),
    path(f"{MANAGED}targets/", campaign_manage.campaign_targets, name="campaign-targets"),
    path(f"{MANAGED}targets/<int:pk>/set/", campaign_manage.target_set, name="target-set"),
    path(f"{MANAGED}units/", unit_changes.campaign_units, name="campaign-units"),
    path(f"{MANAGED}open-unit/", unit_changes.unit_open, name="unit-open"),
    path(f"{MANAGED}open-unit/preview/", unit_changes.unit_open_preview, name="unit-open-preview"),
    path(f"{MANAGED}units/<str:unit>/", unit_changes.unit_change, name="unit-change"),
    path(f"{MANAGED}units/<str:unit>/<str:kind>/", unit_changes.unit_preview, name="unit-preview"),
    path(f"{MANAGED}log/", campaign_manage.campaign_log, name="campaign-log"),
    path(f"{MANAGED}close/", campaign_manage.campaign_close, name="campaign-close"),
    path(f"{MANAGED}reopen/", campaign_manage.campaign_reopen, name="campaign-reopen"),
]

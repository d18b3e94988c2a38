"""Addresses of reporting. URL names read noun then verb: `reports:submission-return`."""

from django.urls import path

from .views import board, entry, exports, home, review, submission

app_name = "reports"

ONE = "<str:form>/<str:period>/<str:unit>/"
"""A form, the end date of a period and a unit's code name one report or one total."""

urlpatterns = [
    path("", home.home, name="home"),
    path("c/<str:campaign>/", home.campaign, name="campaign"),
    path("c/<str:campaign>/tasks/", home.task_list, name="task-list"),
    path(f"c/<str:campaign>/tasks/{ONE}", entry.entry, name="entry"),
    path("submissions/<int:pk>/", submission.submission_detail, name="submission-detail"),
    path("submissions/<int:pk>/confirm/", entry.submission_confirm, name="submission-confirm"),
    path("submissions/<int:pk>/withdraw/", entry.submission_withdraw, name="submission-withdraw"),
    path("c/<str:campaign>/review/", review.review_queue, name="review-queue"),
    path("submissions/<int:pk>/review/", review.submission_review, name="submission-review"),
    path("submissions/<int:pk>/accept/", review.submission_accept, name="submission-accept"),
    path("submissions/<int:pk>/return/", review.submission_return, name="submission-return"),
    path("submissions/<int:pk>/reopen/", review.submission_reopen, name="submission-reopen"),
    path("c/<str:campaign>/roll-up/", board.roll_up_home, name="roll-up-home"),
    path(f"c/<str:campaign>/roll-up/{ONE}", board.roll_up_page, name="roll-up"),
    path("c/<str:campaign>/lines/<str:period>/", board.lines, name="lines"),
    path(f"c/<str:campaign>/roll-up/{ONE}export/", exports.roll_up_export, name="roll-up-export"),
    path(f"c/<str:campaign>/blank/{ONE}", exports.blank_export, name="blank-export"),
    path("submissions/<int:pk>/export/", exports.submission_export, name="submission-export"),
]

"""What the trails of reports, texts and sign-offs have in common."""

from django.conf import settings
from django.db import models


class TrailEvent(models.Model):
    """Append-only: one row a move, with what was moved as it then stood. The trail names its moves itself."""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField("操作人", max_length=50)
    """The name at the time; 导入 where a command acted."""
    at = models.DateTimeField("时间")
    comment = models.TextField("意见", blank=True)

    class Meta:
        abstract = True
        ordering = ["pk"]

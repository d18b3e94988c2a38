"""Tables that were uploaded for import and wait, previewed, for their confirmation."""

from django.db import models


class PendingTable(models.Model):
    """In the database, not in a temporary folder: any server of several may be asked for the confirmation."""

    key = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()
    stored_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "待确认的导入文件"

    def __str__(self):
        return self.key

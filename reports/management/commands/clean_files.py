from django.core.management.base import BaseCommand

from reports.texts import attachments


class Command(BaseCommand):
    help = "删除一天以前没有传完的附件，以及附件目录中不属于任何材料的文件。可以由定时任务每天运行。"

    def handle(self, **_):
        broken = list(attachments.abandoned())
        for attachment in broken:
            attachments.discard(attachment)
        strays = list(attachments.strays())
        for path in strays:
            path.unlink(missing_ok=True)
        self.stdout.write(f"已删除 {len(broken)} 个没有传完的附件、{len(strays)} 个不属于任何材料的文件。")

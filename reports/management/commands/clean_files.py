from django.core.management.base import BaseCommand, CommandError

from reports.texts import attachments


class Command(BaseCommand):
    help = (
        "列出一天以前没有传完的附件，以及附件目录中不属于任何材料的文件；加 --delete 才删除。"
        "可以由定时任务每天运行。"
    )

    def add_arguments(self, parser):
        parser.add_argument("--delete", action="store_true", help="删除列出的附件和文件")

    def handle(self, *, delete, **_):
        broken = list(attachments.abandoned())
        try:
            strays = attachments.strays()
        except attachments.AttachmentError as error:
            raise CommandError(str(error)) from None
        for attachment in broken:
            self.stdout.write(f"没有传完：{attachment.stored}（{attachment.name}）")
            if delete:
                attachments.discard(attachment)
        for path in strays:
            self.stdout.write(f"不属于任何材料：{path}")
            if delete:
                path.unlink(missing_ok=True)
        said = "已删除" if delete else "如需删除，请加 --delete："
        self.stdout.write(f"{said} {len(broken)} 个没有传完的附件、{len(strays)} 个不属于任何材料的文件。")

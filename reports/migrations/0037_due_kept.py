from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0036_reminders"),
    ]

    operations = [
        migrations.AlterField(
            model_name="campaignevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("due", "调整截止时间"),
                    ("kept", "截止时间照常"),
                    ("exempted", "免报"),
                    ("exemption_lifted", "取消免报"),
                    ("extended", "延期"),
                    ("extension_lifted", "取消延期"),
                    ("label", "核实列名"),
                    ("doubt", "核实事项"),
                    ("target", "调整目标"),
                    ("place_closed", "停用单位"),
                    ("place_merged", "并入"),
                    ("place_reopened", "撤销停用"),
                    ("place_moved", "调整上级"),
                    ("place_renamed", "更名"),
                    ("place_opened", "新设单位"),
                    ("closed", "关闭活动"),
                    ("reopened", "重新开放活动"),
                ],
                max_length=20,
                verbose_name="变更",
            ),
        ),
    ]

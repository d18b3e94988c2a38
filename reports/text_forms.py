"""What is typed on the pages of texts: read here, judged by `reports.texts.lifecycle`."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms

from reports.lifecycle import LONGEST_COMMENT
from reports.models import TextReport


def _text(name: str, **more: object) -> forms.CharField:
    field = TextReport._meta.get_field(name)
    too_long = {"max_length": f"{field.verbose_name}最多 %(limit_value)d 字，现有 %(show_value)d 字。"}
    return forms.CharField(
        label=field.verbose_name,
        max_length=field.max_length,
        required=False,
        error_messages=too_long,
        **more,
    )


class TextForm(forms.Form):
    """A text of a duty that asks for one; nothing is required while it is a draft."""

    text = _text("text", widget=forms.Textarea(attrs={"rows": 10}), strip=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True


class CaseForm(TextForm):
    """A case: where, what, with which figures."""

    title = _text("title")
    place = _text("place", help_text="例如：某市某区人力资源市场")
    figures = _text("figures", help_text="例如：参会企业 86 家，提供岗位 2,300 个，达成意向 412 人")
    categories = forms.MultipleChoiceField(
        label="类别",
        choices=TextReport.Category.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "没有“%(value)s”这一类，请重新选择。"},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper.layout = Layout("title", "place", "text", "figures", "categories")


class TextReturnForm(forms.Form):
    """退回: what to change."""

    comment = forms.CharField(
        label="退回原因",
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "请写明退回的原因：填报员要知道改什么。"},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True

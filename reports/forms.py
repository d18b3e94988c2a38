"""Ordinary forms. A grid of figures is not a Django form: `reports.numbers` reads its cells."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms

from reports.lifecycle import LONGEST_COMMENT


class ReturnForm(forms.Form):
    """退回 and 重新打开: what to correct, and which columns are meant."""

    comment = forms.CharField(
        label="原因",
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "请写明原因：填报员要知道改什么。"},
    )
    cells = forms.TypedMultipleChoiceField(
        label="涉及列",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "没有第 %(value)s 列，请重新选择。"},
    )

    def __init__(self, *args, report_form, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["cells"].choices = [
            (indicator.number, f"{indicator.number} {indicator.label}") for indicator in report_form.columns
        ]
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True  # the page writes it once, around the table as well
        self.helper.layout = Layout("comment")


class ReopenSignOffForm(forms.Form):
    """重新打开 a sign-off: why."""

    comment = forms.CharField(
        label="原因",
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "请写明重新打开的原因：下级要知道改什么。"},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True

"""Small definitions that the tests of reading, loading and dumping start from."""

from pathlib import Path

FIXTURES = Path(__file__).parents[2] / "fixtures"

SMALL = """\
code: spring
title: 某市春风行动
starts: 2025-02-03
ends: 2025-02-21
reporting: {weekday: friday}
forms:
  - code: fu1
    title: 统计表
    bands: [2, 1]
    indicators:
      - {number: 1, label: 招聘活动, unit: 场次}
      - {number: 2, label: 线上, unit: 场次, of: 1}
      - {number: 3, label: 资金, unit: 万元}
    checks:
      - {rule: c2 <= c1, class: hint}
  - code: fu2
    title: 劳务协作表
    indicators:
      - {number: 1, label: 基地, unit: 个}
    checks:
      - {rule: c1 <= fu1.c1}
targets:
  - {form: fu1, indicator: 1, at_least: 3}
texts:
  - {kind: summary, due: 2025-02-28}
"""

UNITS = """\
code,name,level,parent,reports,opens,closes,after_close
100,某市人社局,prefecture,,1,,,
101,甲区人社局,county,100,1,,,
102,乙区人社局,county,100,1,,,
"""


def write_definition(folder, campaign=SMALL, units=UNITS):
    """Write both files, text or bytes; None leaves a file out. Returns the folder."""
    for name, content in (("campaign.yaml", campaign), ("units.csv", units)):
        if content is not None:
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def changed(text, *replacements):
    """Return `text` with each (old, new) replaced once; an old that is not there is a slip of the test."""
    for old, new in replacements:
        assert text.count(old) >= 1, f"{old!r} is not in the definition"
        text = text.replace(old, new, 1)
    return text

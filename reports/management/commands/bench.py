"""manage.py bench: the project's own measurements, as ratios taken side by side in one run."""

from argparse import ArgumentParser
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from reports.bench import MEASUREMENTS
from reports.bench.frame import FEWEST_ROUNDS, FULL, Bench, Measurement, Outcome
from reports.bench.scratch import scratch_database

DEFAULT_SIZE = 0.2


class Command(BaseCommand):
    help = (
        "本系统的性能测量：每项两种做法交替进行，取中位数之比，与目标对照。"
        "在临时数据库上进行，结束后删除，不触及本系统的数据。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = "、".join(each.name for each in MEASUREMENTS)
        parser.add_argument(
            "--only", action="append", default=[], metavar="NAME", help=f"只做这一项，可重复：{names}"
        )
        parser.add_argument(
            "--rounds", type=int, default=FEWEST_ROUNDS, metavar="N", help=f"轮数，默认 {FEWEST_ROUNDS}"
        )
        parser.add_argument(
            "--size",
            type=float,
            default=DEFAULT_SIZE,
            metavar="SHARE",
            help=f"全国的规模，1 为 8550 个填报单位，默认 {DEFAULT_SIZE}",
        )
        parser.add_argument("--full", action="store_true", help="即 --size 1")
        parser.add_argument("--strict", action="store_true", help="有一项未达到目标即以 1 退出")

    def handle(self, *_: Any, **options: Any) -> None:
        known = {each.name: each for each in MEASUREMENTS}
        if unknown := [name for name in options["only"] if name not in known]:
            raise CommandError(f"没有“{'、'.join(unknown)}”这项测量，可选：{'、'.join(known)}。")
        if options["rounds"] < 1 or not 0 < options["size"] <= FULL:
            raise CommandError("--rounds 应为正整数，--size 应大于 0、不大于 1。")
        wanted = [each for each in MEASUREMENTS if not options["only"] or each.name in options["only"]]
        size = FULL if options["full"] else options["size"]
        started = perf_counter()
        self.stdout.write(f"{connection.vendor}，{options['rounds']} 轮，全国规模 {size:g}")
        missed = []
        with scratch_database(), Bench(options["rounds"], size) as bench:
            for each in wanted:
                outcome = each.run(bench)
                self.stdout.write(_line(each, outcome))
                self.stdout.flush()
                if not each.is_met(outcome):
                    missed.append(each.name)
        self.stdout.write(
            f"用时 {perf_counter() - started:.0f} 秒；未达到目标：{'、'.join(missed) or '无'}。"
        )
        self.stdout.write("各页查询次数（600 个单位与 6 个单位相同）由 tests/test_query_counts.py 逐页检验。")
        if missed and options["strict"]:
            raise CommandError(f"未达到目标：{'、'.join(missed)}。")


def _line(each: Measurement, outcome: Outcome) -> str:
    note = f"（{outcome.note}）" if outcome.note else ""
    verdict = "达到" if each.is_met(outcome) else "未达到"
    return (
        f"{each.name}：{verdict}，比值 {_ratio(outcome.ratio)}，目标不超过 {_ratio(each.goal)}{note}\n"
        f"    {each.ours}：{_amount(outcome.ours, outcome.unit)}\n"
        f"    {each.theirs}：{_amount(outcome.theirs, outcome.unit)}"
    )


def _amount(amount: float, unit: str) -> str:
    return f"{amount * 1000:.1f} ms" if unit == "ms" else f"{amount:g} {unit}"


def _ratio(ratio: float) -> str:
    """Return 1.25, or 1/80 where it is a small part."""
    return f"{ratio:.2f}" if ratio == 0 or ratio > 0.5 else f"1/{1 / ratio:.0f}"

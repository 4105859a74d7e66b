"""python -m minigen.gradcheck: check every operation's derivatives now, and print the table."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable

from minigen import backend
from minigen.command_line import Parser, UsageError, run_command, show_lines_at_once
from minigen.gradcheck import GradcheckError, gradcheck
from minigen.gradcheck.case import Case
from minigen.gradcheck.cases import CASES


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 where every derivative is right, else 1."""
    return run_command("minigen.gradcheck", _main, arguments)


def _main(words: list[str]) -> int:
    parser = Parser("python -m minigen.gradcheck", "%(prog)s [OP …] [options]", __doc__.split(": ")[1])
    parser.add_argument("op", nargs="*", default=[], help="operations to check (all where left out)")
    parser.add_argument("--seed", type=int, default=0, help="of inputs, cotangents and directions (default 0)")
    parser.add_argument("--device", choices=backend.DEVICES, default="cpu", help="where to compute")
    options = parser.parse(words)
    unknown = set(options.op) - {case.op for case in CASES}
    if unknown:
        raise UsageError(f"unknown operation {', '.join(sorted(unknown))}; known: {', '.join(_names(CASES))}")
    if options.seed < 0:
        raise UsageError(f"--seed is {options.seed}, must not be negative")
    backend.module(options.device)

    print(f"seed {options.seed}, float64, {options.device}; relative errors, worst of all cases\n")
    print(f"{'operation':<34}{'cases':>5}{'arguments':>11}{'order 1':>11}{'order 2':>11}  verdict")
    failures = []
    for op, group in itertools.groupby(CASES, key=lambda case: case.op):
        if not options.op or op in options.op:
            failures += _row(op, list(group), options.seed, options.device)
    print("\n" + ("\n\n".join(failures) if failures else "every derivative is right"))
    return 1 if failures else 0


def _names(cases: Iterable[Case]) -> list[str]:
    return list(dict.fromkeys(case.op for case in cases))


def _row(op: str, cases: list[Case], seed: int, device: str) -> list[str]:
    """Print one operation's row; the messages of what failed."""
    worst: dict[int, float] = {}
    failures = []
    for case in cases:
        for order in range(1, case.order + 1):
            try:
                error = gradcheck(case.call, case.inputs(seed, device), order, seed)
                worst[order] = max(worst.get(order, 0.0), error)
            except GradcheckError as failure:
                worst[order] = float("inf")
                failures.append(f"{case.name}\n{failure}")
    columns = "".join(f"{worst[order]:>11.1e}" if order in worst else f"{'refused':>11}" for order in (1, 2))
    arguments = max(len(case.draws) for case in cases)
    print(f"{op:<34}{len(cases):>5}{arguments:>11}{columns}  {'WRONG' if failures else 'right'}")
    return failures


if __name__ == "__main__":
    show_lines_at_once()
    sys.exit(main())

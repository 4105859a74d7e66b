"""Shows the mutation count at the end of every run, also where the tests ran in several processes."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == "mutations" and report.when == "call":
                    terminalreporter.write_line(value)

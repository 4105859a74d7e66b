"""What a run ends with: the test result, the model's study, signs of failure, and the figures."""

from __future__ import annotations

import math

from minigen.data import Dataset, Description
from minigen.evaluation.studies.detection import FALSE_ALARMS, possible
from minigen.inference.trained import Trained
from minigen.training.averages import measure
from minigen.training.divergence import DivergedError
from minigen.training.loop import Trainer


def report_result(trainer: Trainer, data: Dataset, described: Description) -> None:
    """Test and study the weights of the best epoch; print the numbers, and write them and the figures.

    All workers compute the numbers, each for its part of the examples. Worker 0 makes the files of the figures.
    """
    from minigen.evaluation import animation, figures  # Matplotlib is slow to import: --help need not wait
    from minigen.evaluation.studies.failures import signs_of_failure

    run, model, config, say = trainer.run, trainer.model, trainer.config, trainer.say
    trainer.load(run.best, run.last)
    _, result = measure(model, data.test)
    if not all(math.isfinite(value) for value in result.values()):
        raise DivergedError("the test result is not finite")
    say(f"\ntest    {_numbers(result)}")
    finding = model.study(data, trainer.validation)
    for line in [_numbers(finding.numbers), *finding.remarks, *signs_of_failure(model, data, result)]:
        if line:
            say(f"        {line}")
    if good := model.good_result():
        say(f"good    {good}")
    run.add_row({"test": result | finding.numbers})
    model.eval()
    threshold = Trained(model, config, described, trainer.epoch).threshold_of(trainer.validation)
    run.describe(model.name, config, described, threshold, possible(FALSE_ALARMS, len(trainer.validation)))
    say(f"wrote   {run.best}")
    drawn = figures.draw_all(model, data, [row for row in run.rows() if "epoch" in row]) | finding.figures
    if trainer.workers.rank:
        return
    pictures = animation.read(run.frame_files())
    if pictures:
        drawn["learning"] = animation.side_by_side(pictures)
    for name, figure in drawn.items():
        say(f"wrote   {run.save(f'{name}.png', figures.png(figure))}")
    if pictures:
        say(f"wrote   {run.save('learning.gif', animation.gif(pictures))}")


def _numbers(result: dict[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in result.items())

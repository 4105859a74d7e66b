"""Studies: what a trained model is for, tried once on the test set when training is done.

One file a study. A study takes (model, data, validation) and returns a Finding: numbers for the last lines of
the command and for metrics.jsonl, remarks, and figures for the run folder.
"""

from minigen.data import Dataset, Split
from minigen.evaluation.studies.anomalies import find_anomalies
from minigen.evaluation.studies.compression import compare_with_pca
from minigen.evaluation.studies.few_labels import compare_features
from minigen.evaluation.studies.finding import Finding, Study
from minigen.evaluation.studies.generation import judge_samples
from minigen.evaluation.studies.restoration import show_restorations
from minigen.models import Model

STUDIES: dict[str, Study] = {
    "ae": compare_with_pca,
    "conv-ae": compare_with_pca,
    "deconv": show_restorations,
    "recurrent-ae": find_anomalies,
    "sae": compare_features,
    "gan": judge_samples,
    "dcgan": judge_samples,
    "wgan-gp": judge_samples,
}
"""By the model's name."""


def study(model: Model, data: Dataset, validation: Split) -> Finding:
    """The model's study; an empty Finding where it has none."""
    return STUDIES[model.name](model, data, validation) if model.name in STUDIES else Finding()


__all__ = ["STUDIES", "Finding", "Study", "study"]

"""The model card of whatever can be asked: the file beside a model that ships, or what a run's own files say of it."""

from fer_core.errors import NotFound
from fer_core.prediction.models import SHIPPED, ModelChoice
from fer_core.prediction.sureness import Sureness, count_sureness, read_sureness
from fer_core.runs.card import model_card
from fer_core.runs.run import Run, open_run, probabilities
from fer_core.workspace import Workspace


def card_of(workspace: Workspace, choice: ModelChoice) -> str:
    """The card, Markdown. Raises NotFound for a model without one and for a run that is not finished."""
    if choice.kind == SHIPPED:
        file = choice.path.with_suffix(".md")
        if not file.is_file():
            raise NotFound(f"{choice.name} has no model card: {file.name} is missing beside its weights.")
        return file.read_text(encoding="utf-8")
    run = open_run(workspace, choice.name)
    return f"{model_card(run)}\n{sureness_part(run)}\n"


def sureness_part(run: Run) -> str:
    """The chapter of a card about sureness, from the predictions of a finished run."""
    return "## How sure it is, and how often it is right\n\n" + _counted(run).table()


def sureness_of(workspace: Workspace, choice: ModelChoice) -> Sureness | None:
    """What a model's calls are worth at each sureness; None where nobody has counted."""
    try:
        return (
            read_sureness(card_of(workspace, choice))
            if choice.kind == SHIPPED
            else _counted(open_run(workspace, choice.name))
        )
    except NotFound:  # no card, or a run that is still training: then there is nothing to say
        return None


def _counted(run: Run) -> Sureness:
    table = run.predictions("test")
    return count_sureness(probabilities(table), table["label"], run.report()["test"]["name"])

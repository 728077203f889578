"""One run, or several against each other, as one HTML file that can be sent to a colleague.

Everything is inside: the figures, the charts and, once, the script that draws them. The file asks the network for
nothing, and says so to the browser. Faces are in it only where somebody asked for them.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from PIL import Image
from plotly.offline import get_plotlyjs

from fer_core import __version__
from fer_core.emotions import COLOURS, NAMES
from fer_core.evaluation.calibration import precision_recall, reliability
from fer_core.runs import figures
from fer_core.runs.card import LEAKY, PURPOSE, SYNTHETIC, WARNING, weak_spots
from fer_core.runs.curves import read_curves
from fer_core.runs.notes import read_notes
from fer_core.runs.results import changed_sides, comparison, confusion_difference, evaluation, subset_predictions
from fer_core.runs.run import GIVEN, VOTES, Run, probabilities, protocol_sentences
from fer_core.workspace import Workspace

KEEP_IT_HERE = (
    "This report holds pictures of faces from its data set. FER2013's images are not to be passed on: their licence is "
    "unclear. Send this file to nobody who may not have them."
)
MOST_FACES = 60

_STYLE = """
:root { color-scheme: light; --ink: #1F2328; --quiet: #5B6167; --line: #DAD6CF; --soft: #F1EFEB; --accent: #0F6B7A }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1080px; padding: 40px 24px 80px; background: #FBFAF8; color: var(--ink);
  font: 15px/1.55 "Source Sans 3", "Source Sans Pro", system-ui, sans-serif }
h1 { font-size: 27px; line-height: 1.2; margin: 0 0 4px } h2 { font-size: 19px; margin: 44px 0 8px }
h3 { font-size: 15px; margin: 18px 0 4px } p { max-width: 76ch; margin: 6px 0 } .quiet { color: var(--quiet) }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 10px 0 }
th, td { text-align: left; padding: 6px 18px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top }
th { font-weight: 600; color: var(--quiet); font-size: 13px } td.n, th.n { text-align: right }
.pair { border-left: 3px solid var(--accent); padding: 2px 0 2px 14px; margin: 10px 0 }
.warning { background: #FBEDE2; border-left: 3px solid #D55E00; padding: 10px 14px; max-width: none }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 12px 28px }
.faces { display: flex; flex-wrap: wrap; gap: 12px } figure { margin: 0; width: 84px; font-size: 12.5px }
figure img { width: 84px; height: 84px; image-rendering: pixelated; border-radius: 4px; display: block }
ul { max-width: 76ch; padding-left: 20px } footer { margin-top: 56px; color: var(--quiet); font-size: 13px }
@media (max-width: 520px) { .two { grid-template-columns: 1fr } }
"""
_LAYOUT: dict[str, Any] = {
    "template": "plotly_white",
    "font": {"family": "Source Sans 3, Source Sans Pro, system-ui, sans-serif", "size": 13, "color": "#1F2328"},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "margin": {"l": 8, "r": 16, "t": 12, "b": 8},
}


@dataclass(frozen=True)
class Asked:
    """What the report is about: a role that was scored, whole or clean, by which labels; with faces or without."""

    role: str = "test"
    subset: str = "whole"
    labels: str | None = None  # as the role is scored
    faces: bool = False


def html_report(workspace: Workspace, runs: Sequence[Run], asked: Asked, images: np.ndarray | None = None) -> str:
    """The report on one to six runs, a whole HTML document; it says so where they are under unlike protocols.

    `images`: uint8 (N, 48, 48) of the data set, needed where faces are asked for. Raises what `comparison` raises for
    runs that cannot be compared.
    """
    lettered = dict(zip(figures.LETTERS, runs, strict=False))
    documents = {
        letter: evaluation(workspace, run, asked.role, asked.subset, labels=asked.labels)
        for letter, run in lettered.items()
    }
    tables = {
        letter: subset_predictions(workspace, run, asked.role, asked.subset, labels=asked.labels)
        for letter, run in lettered.items()
    }
    compared = (
        comparison(workspace, list(runs), asked.role, asked.subset, labels=asked.labels) if len(runs) > 1 else None
    )
    first = runs[0].document
    on = f"{first['protocol'][asked.role]['name']}{', without copies' if asked.subset == 'clean' else ''}"
    by = {GIVEN: "given", VOTES: "vote"}[documents["A"]["labels"]]
    title = " against ".join(run.id for run in runs)
    warnings = [
        text for text, holds in (
            (LEAKY, any(run.leaky for run in runs)),
            (SYNTHETIC, first["synthetic"]),
            (KEEP_IT_HERE, asked.faces),
        ) if holds
    ]  # fmt: skip
    if compared is not None and compared["protocols"]:
        warnings.append(compared["protocols"])
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="quiet">{escape(runs[0].dataset)}, on {escape(on)}, against the {by} labels</p>',
        *[f'<p class="warning">{_bold(text)}</p>' for text in warnings],
        *[f"<p>{escape(sentence)}</p>" for sentence in protocol_sentences(lettered)],
        _runs_table(lettered, documents),
    ]
    if compared is not None:
        parts += ["<h2>Which is better</h2>", *[_pair(pair) for pair in compared["pairs"]], _differences(compared)]
    parts += [
        "<h2>By class</h2>",
        *[_chart(figures.class_measure(documents, measure), 240) for measure in figures.CLASS_MEASURES],
        "<p class=quiet>Lines at the bars: 95 % intervals.</p>",
        "<h2>Confusion</h2>",
        _matrices(documents),
        "<h2>How far its confidence can be believed</h2>",
        _calibration(tables, documents),
        "<h2>Precision and recall</h2>",
        _precision_recall(tables),
        "<h2>How it was learned</h2>",
        _chart(figures.learning_curves({letter: read_curves(run) for letter, run in lettered.items()}), 560),
        "<p class=quiet>Solid: the images that chose the epoch. Dotted: Training, while it was learned.</p>",
    ]
    if asked.faces and images is not None:
        parts += _faces(workspace, list(runs), tables, asked, images)
    parts += _about(lettered, documents)
    return _page(title, parts)


def _page(title: str, parts: list[str]) -> str:
    policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
    made = f"Made by FERret {__version__} on {datetime.now(UTC):%Y-%m-%d}."
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><script>{get_plotlyjs()}</script></head><body>\n"
        + "\n".join(parts)
        + f"\n<footer>{made}</footer></body></html>\n"
    )


def _bold(text: str) -> str:
    """Our own sentences carry `**` around their first words."""
    pieces = escape(text).split("**")
    return "".join(f"<b>{piece}</b>" if position % 2 else piece for position, piece in enumerate(pieces))


def _chart(figure: go.Figure, height: int) -> str:
    figure.update_layout(**_LAYOUT, height=height, clickmode="none")
    return str(figure.to_html(full_html=False, include_plotlyjs=False, config={"displayModeBar": False}))


def _table(header: Sequence[str], lines: Sequence[Sequence[str]], numbers: int = 0) -> str:
    """Cells are escaped here; the last `numbers` columns are set to the right."""
    sided = ["" if place < len(header) - numbers else ' class="n"' for place in range(len(header))]
    head = "".join(f"<th{side}>{escape(cell)}</th>" for cell, side in zip(header, sided, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{side}>{escape(cell)}</td>" for cell, side in zip(line, sided, strict=True)) + "</tr>"
        for line in lines
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _runs_table(runs: Mapping[str, Run], documents: Mapping[str, dict[str, Any]]) -> str:
    lines = []
    for letter, run in runs.items():
        figures_, ranges = documents[letter], documents[letter]["intervals"]
        said = [
            f"{figures_['accuracy']:.1%} ({ranges['accuracy'][0]:.1%} to {ranges['accuracy'][1]:.1%})",
            f"{figures_['macro_f1']:.3f} ({ranges['macro_f1'][0]:.3f} to {ranges['macro_f1'][1]:.3f})",
            f"{figures_['ece']:.3f} ({ranges['ece'][0]:.3f} to {ranges['ece'][1]:.3f})",
        ]
        name = f"{run.id}{' (LEAKY)' if run.leaky else ''}"
        network = f"{run.document['network']} at {run.document['size']}"
        about = [run.version, network, run.document["recipe"]["name"], str(run.document["seed"])]
        lines.append([letter, name, *about, *said])
    header = ["", "Run", "Trained on", "Network", "Recipe", "Seed", "Accuracy", "Macro-F1", "Calibration error"]
    return _table(header, lines, 3)


def _pair(pair: dict[str, Any]) -> str:
    return (
        f'<div class="pair"><b>{escape(pair["sentence"])}</b><br><span class="quiet">McNemar\'s test on '
        f"{pair['n']:,} images: {pair['a_only']:,} are right by {escape(pair['a'])} alone, {pair['b_only']:,} by "
        f"{escape(pair['b'])} alone.</span></div>"
    )


def _differences(compared: dict[str, Any]) -> str:
    if not compared["differences"]:
        return "<p class=quiet>Nothing in version, seed and recipe differs.</p>"
    ids = [document["run"] for document in compared["runs"]]
    lines = [[key, *[str(value) for value in values]] for key, values in compared["differences"].items()]
    return "<h3>What differs between them</h3>" + _table(["", *ids], lines)


def _matrices(documents: Mapping[str, dict[str, Any]]) -> str:
    first, cells = next(iter(documents)), []
    for letter, document in documents.items():
        chart = _chart(figures.confusion(np.asarray(document["confusion"]), as_shares=True), 400)
        cells.append(f"<div><h3>{letter}: row shares</h3>{chart}</div>")
    for letter, document in list(documents.items())[1:]:
        points = 100 * confusion_difference(documents[first], document)
        chart = _chart(figures.confusion_change(points), 400)
        cells.append(f"<div><h3>{letter} minus {first}, in points</h3>{chart}</div>")
    return f'<div class="two">{"".join(cells)}</div>'


def _calibration(tables: Mapping[str, pd.DataFrame], documents: Mapping[str, dict[str, Any]]) -> str:
    bins = {letter: reliability(probabilities(table), table["label"].to_numpy()) for letter, table in tables.items()}
    said = "; ".join(f"{letter}: calibration error {document['ece']:.3f}" for letter, document in documents.items())
    words = f'<p class="quiet">{said}. On the dashed line a network is right as often as it says.</p>'
    return _chart(figures.reliability_chart(bins), 420) + words


def _precision_recall(tables: Mapping[str, pd.DataFrame]) -> str:
    cells = []
    for letter, table in tables.items():
        curves = {
            name: precision_recall(table[f"p_{name}"].to_numpy(), table["label"].to_numpy() == index)
            for index, name in enumerate(NAMES)
        }
        cells.append(f"<div><h3>{letter}</h3>{_chart(figures.precision_recall_chart(curves, COLOURS), 380)}</div>")
    return f'<div class="two">{"".join(cells)}</div>'


def _faces(
    workspace: Workspace, runs: list[Run], tables: Mapping[str, pd.DataFrame], asked: Asked, images: np.ndarray
) -> list[str]:
    if len(runs) == 1:
        table = next(iter(tables.values()))
        found = probabilities(table)
        wrong = found.argmax(1) != table["label"].to_numpy()
        chosen = table[wrong].assign(says=found[wrong].argmax(1), sure=found[wrong].max(1))
        chosen = chosen.sort_values("sure", ascending=False).head(MOST_FACES)
        captions = [f"{NAMES[line.label]}, called {NAMES[line.says]} ({line.sure:.0%})" for line in chosen.itertuples()]
        return ["<h2>The mistakes of which it is surest</h2>", _gallery(images[chosen["row"].to_numpy()], captions)]
    sides = changed_sides(workspace, runs[0], runs[1], asked.role, labels=asked.labels)
    sides = sides[sides["row"].isin(tables["A"]["row"])]
    parts = ["<h2>Faces that changed sides</h2>"]
    for letter in "ab":
        chosen = sides[sides["right"] == letter].head(MOST_FACES // 2)
        captions = [f"{NAMES[line.label]}: {line.a_says} → {line.b_says}" for line in chosen.itertuples()]
        parts += [f"<h3>Only {letter.upper()} is right</h3>", _gallery(images[chosen["row"].to_numpy()], captions)]
    return parts


def _gallery(images: np.ndarray, captions: list[str]) -> str:
    cells = []
    for image, caption in zip(np.asarray(images), captions, strict=True):
        buffer = BytesIO()
        Image.fromarray(image).save(buffer, "PNG")
        source = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
        cells.append(f'<figure><img src="{source}" alt="{escape(caption)}">{escape(caption)}</figure>')
    return f'<div class="faces">{"".join(cells) or "None."}</div>'


def _about(runs: Mapping[str, Run], documents: Mapping[str, dict[str, Any]]) -> list[str]:
    parts = ["<h2>Weak spots, and what it is not for</h2>"]
    for letter, document in documents.items():
        lines = "".join(f"<li>{escape(sentence)}</li>" for sentence in weak_spots(document))
        parts.append(f"<h3>{letter}: {escape(runs[letter].id)}</h3><ul>{lines}</ul>")
    parts += [f"<p>{escape(PURPOSE)} {_bold(WARNING)}</p>", "<h2>Where it comes from</h2>"]
    origins = []
    for letter, run in runs.items():
        machine, notes = run.document["environment"], read_notes(run.path)
        packages = machine.get("packages", {})
        origins.append(
            [
                letter,
                run.document["version_hash"][:16],
                run.document["started"][:10],
                f"{run.document['wall_s'] / 60:.0f} min on {machine['device']}, {machine['precision']}",
                f"torch {packages.get('torch', '?')}, FERret {machine.get('ferret', '?')}",
                ", ".join(notes.tags),
                notes.note,
            ]
        )
    parts.append(_table(["", "Version's hash", "Trained", "For", "With", "Tags", "Note"], origins))
    return parts

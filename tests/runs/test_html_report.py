"""The report as one HTML file."""

import json
import re
from html import escape

import pytest
from made_runs import make_run
from plotly.offline import get_plotlyjs

from fer_core.dataset.store import Dataset
from fer_core.errors import InputRefused
from fer_core.runs.notes import Notes, save_notes
from fer_core.runs.report import Asked, html_report
from fer_core.runs.results import comparison
from fer_core.runs.run import open_run
from fer_core.workspace import Workspace


def outside_scripts(html: str) -> str:
    return re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)


def test_a_report_holds_everything_and_asks_the_network_for_nothing(workspace: Workspace, bars: Dataset) -> None:
    runs = [make_run(workspace, bars, "weak", skill=0.5), make_run(workspace, bars, "strong", skill=3.0)]
    save_notes(runs[0].path, Notes(("<img src=x>",), "Who <script>alert(1)</script> wrote this?"))
    html = html_report(workspace, runs, Asked())
    text = outside_scripts(html)
    assert escape(comparison(workspace, runs)["pairs"][0]["sentence"]) in text
    assert escape(runs[0].document["protocol"]["sentence"]) in text
    assert html.count("Plotly.newPlot(") > 5  # charts
    assert html.count("plotly.js v") == 1  # and their script, once
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", html.replace(get_plotlyjs(), ""))
    assert "default-src 'none'" in text
    assert "<img" not in text  # neither faces nor what somebody wrote
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "not to be passed on" not in text


def test_faces_come_only_when_asked_for_and_with_a_warning(workspace: Workspace, bars: Dataset) -> None:
    run = make_run(workspace, bars, "run", skill=0.5)
    wrong = round(70 * (1 - run.document["result"]["test"]["whole"]["accuracy"]))
    text = outside_scripts(html_report(workspace, [run], Asked(faces=True), bars.images))
    assert text.count('<img src="data:image/png;base64,') == min(wrong, 60)
    assert "images are not to be passed on" in text.replace("&#x27;", "'")


def test_every_run_is_said_to_be_trained_on_what_it_was_and_unlike_protocols_are_named(
    workspace: Workspace, bars: Dataset
) -> None:
    runs = [make_run(workspace, bars, name, seed=seed) for seed, name in enumerate(("whole", "cleaned"))]
    document = runs[1].document
    document["protocol"] |= {"sentence": "Trained on 7 images.", "val": {"name": "Some other", "images": 9}}
    (runs[1].path / "run.json").write_text(json.dumps(document))
    text = outside_scripts(html_report(workspace, [open_run(workspace, run.id) for run in runs], Asked()))
    assert escape(f"A: {runs[0].document['protocol']['sentence']}") in text
    assert "<p>B: Trained on 7 images.</p>" in text
    assert '<p class="warning">These runs are under unlike protocols: PublicTest' in text


def test_a_leaky_run_says_so_and_stands_beside_no_honest_one(workspace: Workspace, bars: Dataset) -> None:
    leak, plain = make_run(workspace, bars, "leak", leaky=True), make_run(workspace, bars, "plain", seed=1)
    assert "<b>LEAKY.</b>" in html_report(workspace, [leak], Asked())
    with pytest.raises(InputRefused, match="leak"):
        html_report(workspace, [leak, plain], Asked())

"""A closer look at a face for the review card: where networks looked, what is alike, who said what.

That takes from milliseconds to seconds, and the card must not wait: answers would be acknowledged late. So it is found
out in threads of its own, and the card asks again until all of it is there.
"""

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from functools import lru_cache
from threading import Lock
from typing import Any

import cv2
import numpy as np
import streamlit as st

from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import open_votes
from fer_core.emotions import NAMES
from fer_core.errors import FerretError
from fer_core.review.cards.look import look_closer
from fer_core.review.events.log import VerdictLog
from pages._audit_views.context import directions
from pages._components import png_uri

WAITING = 32  # looks kept that nobody has fetched yet
MAP_SIDE = 96  # pixels; the map is smooth, the browser stretches it over the face
STRONGEST = 0.75  # opacity of the map where it is 1

Maps = tuple[tuple[str, str], ...]  # (class, picture) each


class Looker:
    """Looks closer at one face after the other. One thread for the maps: Grad-CAM in two at once crashes the process.

    The rest has another one, because the first map waits for torch to be imported.
    """

    def __init__(self, dataset: Dataset, audit: Audit | None, alike: np.ndarray | None) -> None:
        """`alike`: float32 (N, D), features at length 1; None where no network was asked."""
        self._dataset, self._audit, self._alike = dataset, audit, alike
        self._facts_thread = ThreadPoolExecutor(1, "look")
        self._maps_thread = ThreadPoolExecutor(1, "maps")
        self._asked: OrderedDict[tuple[str, int], tuple[Future[dict[str, Any]], Future[Maps]]] = OrderedDict()
        self._lock = Lock()
        self._network = lru_cache(8)(self._load)
        self._drawn = lru_cache(256)(self._draw_maps)

    def ask(self, log: VerdictLog, annotator: str, row: int) -> dict[str, Any]:
        """What has been found out about a face by now, as the card takes it; `pending` until it is all there."""
        with self._lock:
            found = self._asked.get((annotator, row))
            if found is None:
                found = (self._facts_thread.submit(self._facts, log, row), self._maps_thread.submit(self._maps, row))
                self._asked[annotator, row] = found
                if len(self._asked) > WAITING:
                    for stale in self._asked.popitem(last=False)[1]:
                        stale.cancel()
            facts, maps = found
            pending = not (facts.done() and maps.done())
            if not pending:
                del self._asked[annotator, row]
        answer: dict[str, Any] = {"row": row, "pending": pending, "facts": None, "maps": None, "error": ""}
        try:
            if facts.done():
                answer["facts"] = facts.result()
            if maps.done():
                answer["maps"] = [{"class": name, "image": image} for name, image in maps.result()]
        except (FerretError, OSError) as error:
            answer["error"] = str(error)
        return answer

    def _facts(self, log: VerdictLog, row: int) -> dict[str, Any]:
        """What is alike, and who said what."""
        dataset = self._dataset
        closer = look_closer(dataset, self._alike, log.verdicts(dataset), open_votes(dataset), row)
        return {
            "neighbours": [
                {"row": other, "image": png_uri(dataset.images[other]), "given": NAMES[dataset.labels[other]]}
                for other in closer.neighbours
            ],
            "people": [asdict(one) for one in closer.people],
            "votes": [{"answer": answer, "count": count} for answer, count in closer.votes],
            "source": closer.source,
        }

    def _maps(self, row: int) -> Maps:
        return () if self._alike is None else self._drawn(row)

    def _draw_maps(self, row: int) -> Maps:
        """Where a network that did not train on the image looked: for the given class, and for its own if it differs.

        Transparent PNGs to lay over the face, colour and opacity growing with the map.
        """
        from fer_core.prediction.explanation import explain

        network = self._network(self._audit.judge_of(row))
        given, own = int(self._dataset.labels[row]), int(self._audit.probabilities[row].argmax())
        pixels = np.array(self._dataset.images[row])
        return tuple(
            (NAMES[index], png_uri(heat_layer(explain(network, pixels, index))))
            for index in dict.fromkeys((given, own))
        )

    def _load(self, fold: int) -> Any:
        from fer_core.networks.weights import load_model
        from fer_core.prediction.predictor import Predictor

        return Predictor(load_model(self._audit.network_file(fold)), f"{self._audit.id}, network {fold + 1}")


def heat_layer(heat: np.ndarray, side: int = MAP_SIDE) -> np.ndarray:
    """A map, float32 (48, 48) in [0, 1], as a layer: uint8 (side, side, 4), RGBA, clear where the map is 0."""
    smooth = cv2.resize(heat, (side, side), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    colour = cv2.applyColorMap((smooth * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    return np.dstack([colour, (smooth * STRONGEST * 255).round().astype(np.uint8)])


def looker(dataset: Dataset, audit: Audit | None) -> Looker:
    """The one Looker of this data set and audit, for everybody."""
    if audit is None or not audit.model:
        return _looker(dataset, None, None, dataset.hash)
    key = f"{audit.path}:{audit.document['finished']}"
    return _looker(dataset, audit, directions(audit, key), f"{dataset.hash} {key}")


@st.cache_resource(max_entries=4, show_spinner=False)
def _looker(_dataset: Dataset, _audit: Audit | None, _alike: np.ndarray | None, key: str) -> Looker:
    return Looker(_dataset, _audit, _alike)

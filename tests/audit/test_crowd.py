"""Networks that learnt from votes: each picture is judged by the one that is blind to it, in any order and company."""

from hashlib import sha256

import numpy as np
import torch

from fer_core.audit.crowd import PARTS, VIEWS, blind_part, crowd_network, crowd_shares
from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import ANSWERS
from fer_core.networks.inputs import InputSpec


def test_the_part_follows_from_the_pixels_and_all_parts_are_alike_in_size() -> None:
    contents = [sha256(str(number).encode()).hexdigest() for number in range(4000)]
    parts = blind_part(contents)
    assert blind_part(["0007" + "f" * 60, "0004" + "0" * 60]).tolist() == [3, 0]
    assert np.bincount(parts, minlength=PARTS).min() > 900


def test_a_picture_is_judged_by_its_own_network_alone(demo: Dataset) -> None:
    contents = demo.table["content"].tolist()[:40]
    shares = crowd_shares(demo.images[:40], contents)
    assert shares.shape == (40, len(ANSWERS))
    np.testing.assert_allclose(shares.sum(1), 1, atol=1e-5)
    for row in (0, 7, 21):
        pixels = InputSpec(48).tensor(demo.images[row : row + 1])
        network = crowd_network(int(blind_part([contents[row]])[0]))
        by_hand = (torch.softmax(network(pixels), 1) + torch.softmax(network(pixels.flip(3)), 1)) / 2
        np.testing.assert_allclose(shares[row], by_hand[0].numpy(), atol=1e-5)


def test_more_views_are_the_mean_over_shifted_pictures(demo: Dataset) -> None:
    row, contents = demo.images[3], demo.table["content"].tolist()
    network, total = crowd_network(int(blind_part([contents[3]])[0])), np.zeros(len(ANSWERS))
    wide = np.pad(row, 2, mode="edge")
    for down, right in VIEWS:
        cut = wide[down : down + 48, right : right + 48]
        for seen in (cut, cut[:, ::-1].copy()):
            total += torch.softmax(network(InputSpec(48).tensor(seen[None])), 1)[0].numpy() / (2 * len(VIEWS))
    np.testing.assert_allclose(crowd_shares(row[None], contents[3:4], views=len(VIEWS))[0], total, atol=1e-5)


def test_neither_order_nor_company_changes_what_is_said(demo: Dataset) -> None:
    contents = demo.table["content"].to_numpy()
    rows = np.random.default_rng(0).permutation(60)
    together = crowd_shares(demo.images[:60], contents[:60].tolist())
    shuffled = crowd_shares(demo.images[rows], contents[rows].tolist())
    np.testing.assert_allclose(shuffled, together[rows], atol=1e-5)


def test_the_networks_that_ship_see_a_smile_in_a_drawn_smile(demo: Dataset) -> None:
    planted = demo.labels == ANSWERS.index("happy")
    shares = crowd_shares(demo.images[:], demo.table["content"].tolist())
    assert shares[planted, ANSWERS.index("happy")].mean() > 1.5 * shares[~planted, ANSWERS.index("happy")].mean()

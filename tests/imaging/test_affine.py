"""Moving pictures: each move alone does what its name says."""

import math

import torch

from fer_core.imaging.affine import moved

PICTURE = torch.rand(1, 1, 24, 24, generator=torch.Generator().manual_seed(0))


def test_no_move_changes_nothing() -> None:
    torch.testing.assert_close(moved(PICTURE), PICTURE, atol=1e-5, rtol=0)


def test_mirror_and_quarter_turn_are_exact() -> None:
    torch.testing.assert_close(moved(PICTURE, mirror=torch.tensor([True])), PICTURE.flip(3), atol=1e-5, rtol=0)
    turned = moved(PICTURE, turn=torch.tensor([math.pi / 2]))
    torch.testing.assert_close(turned, PICTURE.rot90(1, (2, 3)), atol=1e-4, rtol=0)


def test_a_shift_moves_to_the_left_and_upwards_and_repeats_the_border() -> None:
    shifted = moved(PICTURE, shift=torch.tensor([[0.25, 0.5]]))
    torch.testing.assert_close(shifted[..., :12, :18], PICTURE[..., 12:, 6:], atol=1e-5, rtol=0)
    torch.testing.assert_close(shifted[..., :12, 18:], PICTURE[..., 12:, -1:].expand(1, 1, 12, 6), atol=1e-5, rtol=0)


def test_a_scale_above_one_enlarges_around_the_middle() -> None:
    dot = torch.zeros(1, 1, 25, 25)
    dot[..., 12, 17] = 1  # five to the right of the middle
    assert divmod(int(moved(dot, scale=torch.tensor([2.0])).argmax()), 25) == (12, 22)


def test_a_shear_moves_rows_by_their_height() -> None:
    line = torch.zeros(1, 1, 25, 25)
    line[..., 12] = 1  # upright
    leaning = moved(line, shear=torch.tensor([math.atan(0.5)]))[0, 0]
    assert leaning[12].argmax() == 12
    assert abs(int(leaning[20].argmax()) - int(leaning[4].argmax())) == 8  # half of 16 rows


def test_each_picture_is_moved_by_its_own_values() -> None:
    both = moved(PICTURE.repeat(2, 1, 1, 1), mirror=torch.tensor([True, False]))
    torch.testing.assert_close(both[0], PICTURE[0].flip(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(both[1], PICTURE[0], atol=1e-5, rtol=0)

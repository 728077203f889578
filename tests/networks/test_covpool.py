"""Covariance pooling in a network, and the head that answers for a whole clip."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fer_core.errors import UsageError
from fer_core.networks.clip_head import ClipHead
from fer_core.networks.registry import build_network
from fer_core.networks.spd import covariance, upper_triangle

SIZE = 32


def covpool(**options: object) -> nn.Module:
    torch.manual_seed(0)
    return build_network("covpool", SIZE, **options).eval()


def random_faces(count: int = 3) -> Tensor:
    return torch.randn(count, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


def test_its_features_are_the_logarithm_of_the_projected_covariance_of_its_maps() -> None:
    module = covpool(fc_layers=1)
    with torch.no_grad():
        maps = module.reduce(module.body(random_faces()))  # (3, 64, 4, 4)
        weight = module.pool.chain[0].weight()
        got = module.features(random_faces())
        expected = []
        for positions in maps.flatten(2).double():
            scatter = torch.cov(positions)
            projected = weight.mT @ (scatter + 1e-4 * scatter.trace() * torch.eye(64)) @ weight
            values, vectors = torch.linalg.eigh(projected)
            logarithm = vectors @ torch.diag(values.clamp_min(1e-4).log()) @ vectors.mT
            expected.append(upper_triangle(logarithm[None])[0])
        expected = module.norm(torch.stack(expected).float())
    assert got.shape == (3, 32 * 33 // 2)
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)


def test_there_may_be_several_bimaps_with_eigenvalues_raised_between_them() -> None:
    module = covpool(fc_layers=1, reduced=[48, 8])
    assert [type(layer).__name__ for layer in module.pool.chain] == ["BiMap", "ReEig", "BiMap", "LogEig"]
    with torch.inference_mode():
        assert module.features(random_faces()).shape == (3, 8 * 9 // 2)
        assert module(random_faces()).shape == (3, 7)


def test_covariance_pooling_does_not_mind_where_the_features_are() -> None:
    maps = torch.randn(2, 64, 6, 6)
    moved = maps.flatten(2)[..., torch.randperm(36)].view_as(maps)
    for pooling, minds in (("covariance", False), ("max", True), ("mean", True)):
        pool = covpool(pooling=pooling).pool
        with torch.no_grad():
            assert torch.allclose(pool(maps), pool(moved), atol=1e-4) is not minds


@pytest.mark.parametrize(("pooling", "pool"), [("max", F.max_pool2d), ("mean", F.avg_pool2d)])
def test_the_other_poolings_are_the_ones_that_it_replaces(pooling: str, pool) -> None:
    maps = torch.randn(2, 64, 6, 6)
    torch.testing.assert_close(covpool(pooling=pooling).pool(maps), pool(maps, 2).flatten(1))


@pytest.mark.parametrize("pooling", ["covariance", "max", "mean"])
@pytest.mark.parametrize("fc_layers", [1, 2, 3])
def test_pooling_and_number_of_fc_layers_are_options(pooling: str, fc_layers: int) -> None:
    module = covpool(pooling=pooling, fc_layers=fc_layers)
    assert len([layer for layer in module.modules() if isinstance(layer, nn.Linear)]) == fc_layers
    with torch.inference_mode():
        assert module(random_faces()).shape == (3, 7)


@pytest.mark.parametrize(
    "wrong", [{"pooling": "median"}, {"fc_layers": 0}, {"fc_layers": 4}, {"reduced": [65]}, {"reduced": []}]
)
def test_what_it_does_not_have_is_a_sentence(wrong: dict) -> None:
    with pytest.raises(UsageError, match=r"pooling is one of|BiMap goes from 64"):
        covpool(**wrong)


def test_weights_that_are_no_numbers_give_a_loss_that_is_none_and_no_crash() -> None:
    """The training says which epoch broke; LAPACK would only say that it did not converge."""
    module = covpool()
    nn.init.constant_(module.reduce[0].weight, torch.nan)
    assert module(random_faces()).isnan().all()


def test_a_clip_is_answered_from_its_frames_features() -> None:
    module = covpool(clip=True)
    assert module.clip.fc.weight.count_nonzero() == 0
    nn.init.normal_(module.clip.fc.weight)
    with torch.inference_mode():
        frames = module.features(random_faces(6)).view(2, 3, -1)
        logits = module.clip_logits(frames)
        assert logits.shape == (2, 7)
        assert not torch.allclose(logits[0], logits[1])
        torch.testing.assert_close(module.clip_logits(frames[:1]), logits[:1])
    with pytest.raises(ValueError, match="clip = true"):
        covpool().clip_logits(frames)


def test_a_clip_head_leaves_the_answers_for_faces_alone() -> None:
    plain, with_head = covpool(), covpool(clip=True)
    missing = with_head.load_state_dict(plain.state_dict(), strict=False)
    assert missing.unexpected_keys == []
    assert all(name.startswith("clip.") for name in missing.missing_keys)
    faces = random_faces()
    assert torch.equal(plain(faces), with_head(faces))


def head(features: int = 12, **options: object) -> ClipHead:
    torch.manual_seed(0)
    made = ClipHead(features, **options)
    nn.init.normal_(made.fc.weight)
    return made


@pytest.mark.parametrize("mean", [False, True])
def test_a_clip_does_not_depend_on_the_order_of_its_frames_nor_on_what_fills_it_up(mean: bool) -> None:
    module, frames = head(mean=mean), torch.randn(2, 5, 12)
    with torch.no_grad():
        expected = module(frames)
        torch.testing.assert_close(module(frames[:, [4, 2, 0, 1, 3]]), expected, atol=1e-4, rtol=1e-4)
        filled = torch.cat([frames, torch.full((2, 3, 12), torch.nan)], 1)
        real = torch.arange(8).expand(2, 8) < 5
        torch.testing.assert_close(module(filled, real), expected, atol=1e-4, rtol=1e-4)


def test_the_papers_head_sees_only_the_covariance_ours_also_the_mean() -> None:
    frames = torch.randn(2, 5, 12)
    with torch.no_grad():
        for mean in (False, True):
            module = head(mean=mean)
            same = torch.allclose(module(frames + 3), module(frames), atol=1e-3)
            assert same is not mean


def test_the_head_with_the_mean_holds_the_matrix_of_a_gaussian() -> None:
    module, frames, seen = head(reduced=4), torch.randn(2, 5, 12), {}
    module.flatten.register_forward_pre_hook(lambda _module, inputs: seen.update(matrix=inputs[0]))
    with torch.no_grad():
        module(frames)
        points = frames.double() @ module.project.weight()
    centre = points.mean(1)
    torch.testing.assert_close(seen["matrix"][:, :4, :4], covariance(points) + centre[:, :, None] * centre[:, None])
    torch.testing.assert_close(seen["matrix"][:, 4, :4], centre)
    torch.testing.assert_close(seen["matrix"][:, :4, 4], centre)
    assert (seen["matrix"][:, 4, 4] == 1).all()


def test_a_clip_of_one_frame_trains_and_one_of_none_is_refused() -> None:
    module = head()
    module(torch.randn(2, 1, 12)).square().sum().backward()
    assert all(value.grad.isfinite().all() for value in module.parameters())
    for frames, real in ((torch.randn(2, 0, 12), None), (torch.randn(2, 3, 12), torch.zeros(2, 3, dtype=torch.bool))):
        with pytest.raises(ValueError, match="at least one frame"):
            module(frames, real)


def test_a_head_learns_classes_that_differ_in_how_their_features_move_together() -> None:
    """Planted: the same mean and variances, but two features rise together in one class and oppose in the other."""
    generator = torch.Generator().manual_seed(0)
    clips = torch.randn(120, 12, 6, generator=generator)
    labels = torch.arange(120) % 2
    clips[:, :, 1] = clips[:, :, 0] * (2 * labels - 1)[:, None] + 0.2 * clips[:, :, 1]
    torch.manual_seed(0)
    module = ClipHead(6)
    optimiser = torch.optim.AdamW(module.parameters(), 0.01)
    for _ in range(30):
        optimiser.zero_grad()
        F.cross_entropy(module(clips[:80]), labels[:80]).backward()
        optimiser.step()
    assert (module(clips[80:]).argmax(1) == labels[80:]).float().mean() > 0.9

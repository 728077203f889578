"""From a photo to faces with probabilities."""

import numpy as np
import pytest
import torch
from PIL import Image

from fer_core.emotions import NAMES
from fer_core.imaging.crop import crop_face, to_grey
from fer_core.prediction.predictor import together


def tiled(photo: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", (1024, 1024))
    for place in ((0, 0), (512, 0), (0, 512), (512, 512)):
        sheet.paste(photo, place)
    return sheet


def test_one_face_with_a_distribution_over_the_seven_classes(shallow, astronaut):
    prediction = shallow.predict(astronaut)
    assert (prediction.width, prediction.height) == (512, 512)
    (face,) = prediction.faces
    assert face.probabilities.shape == (7,)
    assert face.probabilities.dtype == np.float32
    assert face.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert face.label == NAMES[face.probabilities.argmax()]
    assert face.confidence == face.probabilities.max()


def test_the_crop_shown_is_the_crop_seen(shallow, astronaut):
    (face,) = shallow.predict(astronaut).faces
    assert np.array_equal(face.crop, crop_face(to_grey(astronaut), face.box))
    # By hand, outside of everything of ours: pixel / 255, normalised, through the module, softmax.
    pixels = (torch.from_numpy(face.crop.astype(np.float32))[None, None] / 255 - 0.5077) / 0.2550
    with torch.no_grad():
        expected = torch.softmax(shallow.model.module(pixels), 1)[0].numpy()
    assert np.allclose(face.probabilities, expected, atol=1e-6)


def test_a_face_is_judged_alike_alone_and_in_company(shallow, astronaut):
    alone = shallow.predict(astronaut).faces[0]
    faces = shallow.predict(tiled(astronaut)).faces
    assert len(faces) == 4
    crops = np.stack([alone.crop] * 4)
    assert np.allclose(shallow.probabilities(crops), alone.probabilities, atol=1e-6)


def test_tta_is_the_mean_of_the_face_and_its_mirror_image(shallow, astronaut):
    (plain,) = shallow.predict(astronaut).faces
    (averaged,) = shallow.predict(astronaut, tta="flip").faces
    mirrored = shallow.probabilities(np.ascontiguousarray(plain.crop[None, :, ::-1]))[0]
    assert np.allclose(averaged.probabilities, (plain.probabilities + mirrored) / 2, atol=1e-6)
    assert not np.allclose(averaged.probabilities, plain.probabilities, atol=1e-4)
    turned = shallow.probabilities(np.ascontiguousarray(plain.crop[None, :, ::-1]), tta="flip")[0]
    assert np.allclose(turned, averaged.probabilities, atol=1e-6)


def test_several_models_answer_with_their_mean(shallow, bands, astronaut):
    both = together([shallow, bands])
    one, other, mean = (asked.predict(astronaut, tta="crops").faces[0] for asked in (shallow, bands, both))
    assert np.allclose(mean.probabilities, (one.probabilities + other.probabilities) / 2, atol=1e-6)
    assert mean.box == one.box
    assert both.name == "random + bands"
    assert together([shallow]) is shallow


def test_a_box_by_hand_is_taken_instead_of_what_would_be_found(shallow, astronaut):
    prediction = shallow.predict(astronaut, box=(-20, 300, 120, 120))
    (face,) = prediction.faces
    assert (face.box, prediction.origin) == ((-20, 300, 120, 120), "by hand")
    assert np.array_equal(face.crop, crop_face(to_grey(astronaut), (-20, 300, 120, 120)))


def test_a_leaning_face_is_judged_much_like_the_upright_one(shallow, astronaut):
    (upright,) = shallow.predict(astronaut).faces
    (leaning,) = shallow.predict(astronaut.rotate(-25, Image.Resampling.BICUBIC, fillcolor=(120, 130, 140))).faces
    assert leaning.turn == 20
    alike = np.corrcoef(leaning.crop[8:40, 8:40].ravel(), upright.crop[8:40, 8:40].ravel())[0, 1]
    untouched = crop_face(to_grey(astronaut.rotate(-25, Image.Resampling.BICUBIC)), leaning.box)
    assert alike > 0.6
    assert np.corrcoef(untouched[8:40, 8:40].ravel(), upright.crop[8:40, 8:40].ravel())[0, 1] < alike - 0.1


def test_no_face_is_no_prediction_unless_the_whole_picture_is_asked_for(shallow):
    hill = Image.linear_gradient("L").resize((300, 200))
    assert shallow.predict(hill).faces == ()
    (face,) = shallow.predict(hill, whole=True).faces
    assert face.box == (0, 0, 300, 200)


def test_the_whole_picture_is_not_used_where_there_is_a_face(shallow, astronaut):
    assert shallow.predict(astronaut, whole=True).faces[0].box == shallow.predict(astronaut).faces[0].box


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_picture_is_taken(shallow, mode):
    grey = Image.radial_gradient("L")
    picture = (
        Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
        if mode == "I;16"
        else grey.convert("RGB").convert(mode)
    )
    (face,) = shallow.predict(picture, whole=True).faces
    assert np.ptp(face.crop) > 100


def test_a_single_pixel_is_answered(shallow):
    prediction = shallow.predict(Image.new("RGB", (1, 1), "white"), whole=True)
    assert (prediction.faces[0].crop == 255).all()

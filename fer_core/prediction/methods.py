"""The ways to explain a prediction, by the name that `predict --explain` takes. Light to import: no torch."""

from dataclasses import dataclass

AVERAGES = {
    "none": "as it is",
    "flip": "with its mirror image",
    "crops": "over ten crops",
    "samples": "over ten random views",
}
"""What each mode of test-time augmentation averages over, in words; see `evaluation.testtime`."""


@dataclass(frozen=True)
class Method:
    """One way. `cam` is its class in the grad-cam package; what has none is computed in `gradients`."""

    name: str
    title: str
    cam: str
    by_class: bool  # whether the map depends on the class that is asked about
    summary: str


METHODS = {
    method.name: method
    for method in (
        Method(
            "gradcam",
            "Grad-CAM",
            "GradCAM",
            True,
            "features weighted by how much each, on average, raises the class's score (Selvaraju et al., 2017)",
        ),
        Method(
            "gradcam++",
            "Grad-CAM++",
            "GradCAMPlusPlus",
            True,
            "as Grad-CAM, but only what raises the score counts; spreads over several places "
            "(Chattopadhyay et al., 2018)",
        ),
        Method(
            "layercam",
            "Layer-CAM",
            "LayerCAM",
            True,
            "every position weighted on its own; the finest detail of the maps of features (Jiang et al., 2021)",
        ),
        Method(
            "hirescam",
            "HiRes-CAM",
            "HiResCAM",
            True,
            "every feature at every position weighted by its own gradient; shows nothing that the network did not use "
            "(Draelos and Carin, 2020)",
        ),
        Method(
            "eigencam",
            "Eigen-CAM",
            "EigenCAM",
            False,
            "the strongest pattern in the features, whatever the class (Muhammad and Yeasin, 2020)",
        ),
        Method(
            "scorecam",
            "Score-CAM",
            "ScoreCAM",
            True,
            "features weighted by the score that the face gets when only the places where they are strong are left; "
            "without gradients, and the slowest (Wang et al., 2020)",
        ),
        Method(
            "gradients",
            "Gradients",
            "",
            True,
            "the pixels that change the score most when they change a little, in the finest detail "
            "(Simonyan et al., 2014; the saliency maps of the VGG papers)",
        ),
        Method(
            "guided",
            "Guided gradients",
            "",
            True,
            "the same, following only what raises the score through every layer; clearer outlines "
            "(Springenberg et al., 2015)",
        ),
    )
}

"""The ways to explain a prediction, by the name that `predict --explain` takes. Light to import: no torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """One class activation map. `cam` is its class in the grad-cam package."""

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
            "every position weighted on its own; the finest detail (Jiang et al., 2021)",
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
    )
}

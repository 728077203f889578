"""The ways to bring a picture to another size that recipes and models can name.

Apart from `networks.inputs`, which does it, so that reading a recipe does not load torch.
"""

BICUBIC, BILINEAR, NEAREST, ESPCN = "bicubic", "bilinear", "nearest", "espcn"
RESIZES = (BICUBIC, BILINEAR, NEAREST, ESPCN)

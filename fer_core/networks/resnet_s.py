"""`resnet-s`, ours: `resnet` made small enough to be shipped and to answer at once on a processor.

The same layers with 16, 32, 80 and 192 channels, and one residual pair instead of two at the full resolution, where a
multiplication buys least. 1,412,963 parameters, 100 million multiply-adds at 48 x 48 (90 million at 44 x 44); stored
as float16 it takes less than 3 MB.
"""

from functools import partial

from fer_core.networks.registry import Network
from fer_core.networks.resnet import ResNet

NETWORK = Network(
    name="resnet-s",
    summary="a small resnet, for a processor; the size that ships",
    source="ours",
    sizes=(48, 44),
    build=partial(ResNet, widths=(16, 32, 80, 192), pairs=(1, 2, 2, 2), drop_path=0.05),
)

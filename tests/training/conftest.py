"""What a network learns within seconds, and recipes to match."""

from learnable import bar_images, bars, brief, many_bars, one_thread, pretrained, tiny  # noqa: F401

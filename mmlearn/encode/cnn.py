"""A small residual convolutional network: picture -> feature map -> vector -> logits."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from mmlearn.blocks.require import require_tensor, require_type, require_whole


@dataclass(frozen=True)
class CNNConfig:
    """The size of a `CNN`.

    Raises ValueError for a size that cannot be, TypeError for one that is no whole number.

    >>> CNNConfig(widths=(16, 32)).reduction, CNNConfig(widths=(16, 32)).width
    (8, 32)

    Built in: lesson 06.
    """

    channels: int = 3  # of the picture: 3 RGB, 1 grey
    classes: int = 8  # logits that come out
    widths: tuple[int, ...] = (32, 64, 128)  # channels of each stage; each stage after the first halves the side
    depth: int = 1  # residual blocks a stage
    stem: int = 4  # side and stride of the first convolution's window, in pixels
    dropout: float = 0.0  # share of the pooled vector set to 0 in training, 0 to below 1

    def __post_init__(self) -> None:
        if not isinstance(self.widths, list | tuple) or not self.widths:  # a list, as JSON has it, will do
            raise ValueError(f"expected widths, one for each stage, as (32, 64), got {self.widths!r}")
        object.__setattr__(self, "widths", tuple(require_whole(width, "each of widths", 1) for width in self.widths))
        for name in ("channels", "classes", "depth", "stem"):
            object.__setattr__(self, name, require_whole(getattr(self, name), name, 1))
        if not 0 <= self.dropout < 1:
            raise ValueError(f"expected a dropout from 0 to below 1, got {self.dropout}")

    @property
    def reduction(self) -> int:
        """How many pixels of the picture's side one cell of the feature map stands for."""
        return int(self.stem * 2 ** (len(self.widths) - 1))

    @property
    def width(self) -> int:
        """Numbers in the vector of a picture."""
        return self.widths[-1]


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions and a way around them: ``y = relu(x + norm(conv(relu(norm(conv(x))))))``.

    Where the side is halved or the width changes, a 1 x 1 convolution carries x across. It is the block of He et
    al.'s ResNet-18. The second norm starts at gain 0, so a new block passes on what it gets.

    Args:
        inside: channels that come in.
        outside: channels that go out.
        stride: 1 keeps the side, 2 halves it.

    Paper: He et al. (2015), "Deep residual learning for image recognition", arXiv:1512.03385; the gain of 0: Goyal
    et al. (2017), arXiv:1706.02677.

    >>> import torch
    >>> ResidualBlock(4, 6, stride=2)(torch.zeros(1, 4, 8, 8)).shape
    torch.Size([1, 6, 4, 4])

    Built in: lesson 06.
    """

    def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outside)
        same = stride == 1 and inside == outside
        self.around = nn.Identity() if same else nn.Conv2d(inside, outside, 1, stride, bias=False)
        nn.init.zeros_(self.norm2.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H / stride, W / stride), rounded up."""
        y = self.norm1(self.conv1(x)).relu()
        added: Tensor = self.around(x) + self.norm2(self.conv2(y))
        return added.relu()


class CNN(nn.Module):
    """Stem, residual stages, mean over all places, one linear layer.

    ``logits = W mean_ij(map_ij) + b``. The mean over places makes the answer independent of where a thing stands,
    up to the borders, and lets pictures of other sizes through.

    Batch normalisation uses the batch's mean and variance in training and running ones in `eval()` mode; forgetting
    `eval()` makes an answer depend on the pictures beside it.

    Args:
        config: the sizes.

    >>> import torch
    >>> model = CNN(CNNConfig(classes=5)).eval()
    >>> model(torch.zeros(2, 3, 64, 64)).shape, model.features(torch.zeros(2, 3, 64, 64)).shape
    (torch.Size([2, 5]), torch.Size([2, 128]))

    Paper: He et al. (2015), arXiv:1512.03385 (stages); Lin, Chen, Yan (2013), "Network in network",
    arXiv:1312.4400 (the mean over places).

    Built in: lesson 06.
    """

    def __init__(self, config: CNNConfig) -> None:
        super().__init__()
        self.config = config
        first = config.widths[0]
        self.stem = nn.Sequential(
            nn.Conv2d(config.channels, first, config.stem, config.stem, bias=False), nn.BatchNorm2d(first), nn.ReLU()
        )
        self.stages = nn.Sequential(*(_stage(config, place) for place in range(len(config.widths))))
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.width, config.classes)

    def feature_map(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, D, H / reduction, W / reduction), what is where. ValueError if it does not fit.

        Where it does not divide: the stem leaves out the last H % stem rows and W % stem columns, which are never
        seen; every halving after it rounds up.
        """
        self._require(images)
        maps: Tensor = self.stages(self.stem(images))
        return maps

    def features(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, D), what is there, wherever."""
        return self.feature_map(images).mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) float, about -1 to 1 as `to_tensor` makes them -> (B, classes) logits."""
        logits: Tensor = self.head(self.dropout(self.features(images)))
        return logits

    def _require(self, images: Tensor) -> None:
        require_tensor(images, "images")
        shape, channels, stem = tuple(images.shape), self.config.channels, self.config.stem
        if not images.is_floating_point():
            raise TypeError(f"expected floats, got {images.dtype}: mmlearn.encode.tensors.to_tensor makes them")
        require_type(images, self, "images")
        if images.ndim == 4 and shape[1] != channels and shape[3] == channels:
            raise ValueError(f"expected (B, {channels}, H, W), got {shape}: the channels are last; use to_tensor")
        if images.ndim != 4 or shape[1] != channels:
            raise ValueError(f"expected (B, {channels}, H, W), got {shape}: one picture needs images[None]")
        if min(shape[2:]) < stem:
            raise ValueError(f"expected pictures of {stem} pixels a side or more, got {shape[2]} x {shape[3]}")


def _stage(config: CNNConfig, place: int) -> nn.Sequential:
    """Blocks of one width; the first of them halves the side, except in the first stage."""
    before = config.widths[max(place - 1, 0)]
    here = config.widths[place]
    first = ResidualBlock(before, here, stride=1 if place == 0 else 2)
    return nn.Sequential(first, *(ResidualBlock(here, here) for _ in range(config.depth - 1)))

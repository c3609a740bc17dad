"""Where did the network look? The gradient at the pixels, and at a layer's feature map."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmlearn.blocks.require import require_tensor


def saliency(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    r"""How much each pixel would change the target's logit, if it changed a little.

    ``s[b, i, j] = max over channels c of |d logit[b, target_b] / d x[b, c, i, j]|``. It says how sensitive the answer
    is at a pixel, not how much the pixel contributes, and not what the model would do if the thing were gone.

    Args:
        model: pictures (B, C, H, W) -> logits (B, K), in `eval()` mode.
        images: (B, C, H, W) floats.
        targets: (B,) whole, 0 to K - 1: the class whose logit is asked about, not always the right one.

    Returns (B, H, W), 0 or more. Weights and their gradients stay as they are.
    Raises ValueError if the model is training, or shapes and targets do not fit.

    >>> linear = nn.Sequential(nn.Flatten(), nn.Linear(4, 2)).eval()
    >>> map_ = saliency(linear, torch.zeros(1, 1, 2, 2), torch.tensor([1]))
    >>> bool(torch.equal(map_.flatten(), linear[1].weight[1].abs()))
    True

    Paper: Simonyan, Vedaldi, Zisserman (2013), "Deep inside convolutional networks", arXiv:1312.6034.

    Built in: lesson 06.
    """
    _require_asking(model, images, targets)
    with torch.enable_grad():
        leaf = images.detach().clone().requires_grad_()
        score = _logits(model, leaf.clone(), targets).sum()  # of a copy: the model may change it in place
    return _gradient(score, leaf, "the pictures").abs().amax(dim=1)  # (B, C, H, W) -> (B, H, W)


def weighted_map(activations: Tensor, gradients: Tensor) -> Tensor:
    """Grad-CAM's heart: weight each channel by its mean gradient, add up, and keep what speaks for the class.

    ``L[b, i, j] = relu(sum over k of alpha[b, k] A[b, k, i, j])``, ``alpha[b, k] = mean over i, j of
    d logit / d A[b, k, i, j]``.

    Args:
        activations: (B, K, h, w), A.
        gradients: (B, K, h, w), of the target's logit with respect to A.

    Returns (B, h, w), 0 or more. Raises ValueError for other shapes.

    >>> A = torch.tensor([[[[1.0, 0.0]], [[0.0, 1.0]]]])           # two channels, two places
    >>> weighted_map(A, torch.tensor([[[[2.0, 0.0]], [[-1.0, -1.0]]]])).tolist()
    [[[1.0, 0.0]]]

    Paper: Selvaraju et al. (2016), "Grad-CAM", arXiv:1610.02391.

    Built in: lesson 06.
    """
    if activations.ndim != 4 or activations.shape != gradients.shape:
        raise ValueError(
            "expected activations and gradients as (B, K, h, w), got "
            f"{tuple(activations.shape)} and {tuple(gradients.shape)}"
        )
    alpha = gradients.mean(dim=(2, 3), keepdim=True)  # (B, K, 1, 1)
    return (alpha * activations).sum(dim=1).relu()  # (B, h, w)


def grad_cam(model: nn.Module, layer: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Where the layer saw what speaks for the target: a coarse map, stretched to the picture's size.

    `weighted_map` of the layer's output and the gradient of the target's logit there, then bilinear. On the last
    feature map of a network that ends in a mean and a linear layer, it is the CAM of Zhou et al. (2015),
    arXiv:1512.04150, over the number of places, negative parts cut off.

    A map shows where evidence was found, not whether it was right, nor why; it is as coarse as the layer; and what
    speaks **against** the class is cut off. Layers that are called twice are refused.

    Args:
        model: pictures (B, C, H, W) -> logits (B, K), in `eval()` mode.
        layer: a part of the model whose output is (B, K, h, w), such as ``model.stages[-1]``.
        images: (B, C, H, W) floats.
        targets: (B,) whole, 0 to K - 1.

    Returns (B, H, W), 0 or more; all zeros where nothing speaks for the target.
    Raises ValueError as `saliency`, and if the layer is no part of the model, is not reached once, gives no maps, or
    the logits do not depend on it.

    >>> from mmlearn.encode.cnn import CNN, CNNConfig
    >>> model = CNN(CNNConfig(classes=3)).eval()
    >>> grad_cam(model, model.stages[-1], torch.zeros(2, 3, 64, 48), torch.tensor([0, 2])).shape
    torch.Size([2, 64, 48])

    Paper: Selvaraju et al. (2016), "Grad-CAM", arXiv:1610.02391.

    Built in: lesson 06.
    """
    _require_asking(model, images, targets)
    if not any(layer is part for part in model.modules()):
        raise ValueError("expected a layer of this model, such as model.stages[-1], got one from elsewhere")
    caught: list[Tensor] = []

    def catch(module: nn.Module, given: object, output: object) -> Tensor:
        if not isinstance(output, Tensor):
            raise ValueError(f"expected the layer to give one map (B, K, h, w), it gave a {type(output).__name__}")
        caught.append(output.detach().clone().requires_grad_())
        return caught[-1].clone()  # what follows is computed from it, and may change it in place

    handle = layer.register_forward_hook(catch)
    try:
        with torch.enable_grad():
            score = _logits(model, images.clone(), targets).sum()
    finally:
        handle.remove()
    if len(caught) != 1 or caught[0].ndim != 4:
        shapes = [tuple(each.shape) for each in caught]
        raise ValueError(f"expected the layer to give one map (B, K, h, w) a pass, it gave {shapes}")
    gradient = _gradient(score, caught[0], "this layer")  # (B, K, h, w)
    small = weighted_map(caught[0].detach(), gradient)[:, None]  # (B, 1, h, w)
    return F.interpolate(small, images.shape[2:], mode="bilinear", align_corners=False)[:, 0]


def _gradient(score: Tensor, at: Tensor, what: str) -> Tensor:
    """d score / d at, in the shape of `at`."""
    found = torch.autograd.grad(score, at, allow_unused=True)[0] if score.requires_grad else None
    if found is None:
        raise ValueError(f"the logits do not depend on {what}: is it left out, or detached, on the way to them?")
    return found


def _logits(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """(B,) the logit of each picture's target."""
    logits: Tensor = model(images)
    if logits.ndim != 2 or len(logits) != len(images):
        raise ValueError(f"expected logits (B, K) from the model, got {tuple(logits.shape)} for {len(images)} pictures")
    if targets.min() < 0 or targets.max() >= logits.shape[1]:
        low, high = int(targets.min()), int(targets.max())
        raise ValueError(f"expected targets from 0 to {logits.shape[1] - 1}, got {low} to {high}")
    return logits.gather(1, targets[:, None].to(logits.device))[:, 0]


def _require_asking(model: nn.Module, images: Tensor, targets: Tensor) -> None:
    if model.training:
        raise ValueError("the model is in training mode, where pictures of a batch mix: call model.eval() first")
    require_tensor(images, "images")
    require_tensor(targets, "targets")
    if images.ndim != 4 or not images.is_floating_point() or len(images) == 0:
        raise ValueError(f"expected floats (B, C, H, W), B at least 1, got {images.dtype} {tuple(images.shape)}")
    if targets.shape != images.shape[:1] or targets.dtype != torch.int64:
        raise ValueError(f"expected one int64 target a picture, got {targets.dtype} {tuple(targets.shape)}")

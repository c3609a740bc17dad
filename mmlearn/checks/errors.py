"""What an error message leaves unsaid: a hint for those that learners meet most."""

from __future__ import annotations

import re

import numpy as np

from mmlearn.checks.run import Failure

_HINTS = {
    "NameError": "Python does not know this name. Is it spelt right? If so, run the cells above first.",
    "RecursionError": "The function calls itself without end: it needs a case that returns without another call.",
    "SystemExit": "exit(), quit() and sys.exit() end a whole program: hand the result back with `return`.",
    "IndexError": "Places are counted from 0, so the last one is the length less 1.",
    "UnboundLocalError": "The name gets its value only on a branch or in a loop that was not run here.",
    "NotImplementedError": "A line `raise NotImplementedError` is still there and stops your code: delete it.",
}
_UNKNOWN = re.compile(r"name '(\w+)' is not defined")
_SAID = (  # words of PyTorch's (and NumPy's) messages, the hint
    (
        "ambiguous",
        "Many numbers at once are neither true nor false. `if x is not None` asks whether x was given; `x or y` and "
        "`if x` cannot.",
    ),
    (
        "modified by an inplace operation",
        "You overwrite something that the gradient still needs (x[...] = , += or a name that ends in _): make a new "
        "tensor, as masked_fill and where do.",
    ),
    (
        "requires grad is being used in an in-place operation",
        "`/=`, `+=` and names that end in _ write into your input: make a new tensor, x = x / ...",
    ),
    (
        "not implemented for 'Long'",
        "This function expects floats and got whole numbers. F.cross_entropy takes logits first, then labels.",
    ),
    (
        "does not require grad and does not have a grad_fn",
        "Nothing was remembered on the way, so there is no way back: is it under no_grad, or detached?",
    ),
    (
        "'tuple' object has no attribute",
        "That is a pair or tuple, not what is in it: unpack it first, as in `for parent, pull in node.parents`.",
    ),
    (
        "tensors used as indices must be",
        "A mask that picks must be True/False: x[mask == 1]. With whole numbers, x[i] picks along axis 0 (pictures).",
    ),
    (
        "is out of bounds for dimension 0 with size",
        "Places are counted from 0, so the last one is the length less 1. And x[i] picks along axis 0 (pictures, in a "
        "batch): is that the axis you mean? gather(1, ...) picks within each.",
    ),
    (
        "Expected target size",
        "cross_entropy wants the classes SECOND: logits.transpose(1, 2); reshape would tear the numbers apart.",
    ),
    (
        "Sizes of tensors must match except in dimension",
        "torch.cat joins along one axis (dim=...); on every other one the pieces must be equally long: expand first?",
    ),
    (
        "at non-singleton dimension",
        "Shapes are compared from the last axis backwards: two lengths must be equal, or one of them 1. "
        "[..., None] adds an axis of length 1 at the end.",
    ),
    (
        "Index tensor must have the same number of dimensions",
        "gather wants an index with as many axes as the tensor, and as wide: order[:, :n, None].expand(-1, -1, D).",
    ),
    ("without overflow", "Infinity is no whole number: make floats first, x.double() or x.float()."),
    ("only supports boolean masks", "masked_fill wants True/False: mask == 1."),
    ("must be Tensor, not ", "A torch function takes tensors. For a plain number: ** 0.5, or the module math."),
    ("must be a 3D tensor", "This function takes three axes and no other number: @ takes any number of leading ones."),
)
_UNEVEN = ("inhomogeneous", "all input arrays must have the same shape")  # np.array, np.stack


def hint(failure: Failure) -> str:
    """A sentence on what to look for after this error, "" where none comes to mind.

    >>> from mmlearn.checks.where import Place
    >>> hint(Failure("NameError", "name 'log10' is not defined", Place(), False))
    'Python does not know this name. Is `np.` missing in front: np.log10? ...'

    Built in: lesson 00.
    """
    if failure.kind == "TypeError" and not failure.place.line:
        return "Keep the `def` line, with the number and names of its arguments, as it was given."
    unknown = _UNKNOWN.search(failure.message) if failure.kind == "NameError" else None
    if unknown and unknown[1] in dir(np):
        return (
            f"Python does not know this name. Is `np.` missing in front: np.{unknown[1]}? "
            "Else check the spelling, and run the cells above."
        )
    if failure.kind == "ValueError" and any(words in failure.message for words in _UNEVEN):
        return "The pieces that you put into one array are not of one length. Look at the last one: is it cut short?"
    told = next((words for said, words in _SAID if said in failure.message), "")
    return told or _HINTS.get(failure.kind, "")

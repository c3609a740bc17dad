# ---
# jupyter:
#   mmlearn:
#     title: "Attention: a lookup that learns where to look"
#     builds: "softmax, scaled dot-product attention, masks, multi-head attention, and a word that finds its thing in a picture"
#     minutes: 100
#     needs: ["01", "02", "06"]
#     topics: [19, 49, 52]
# ---

# %% [markdown]
# # 07 · Attention: a lookup that learns where to look
#
# **You will build** softmax; **scaled dot-product attention**, first in NumPy, then in PyTorch; its masks; **multi-head
# attention**; and the step from a row of weights to a place in a picture. Values and gradients are held against
# `F.scaled_dot_product_attention` and `nn.MultiheadAttention`. Then one layer of **cross-attention**, trained on pictures and
# captions alone, shows which patch a word is about. **Used, not built**: the training loop of lesson 06.
# **You need** lessons [01](01_modalities.ipynb) (cosine similarity), [02](02_sift.ipynb) (visual words) and
# [06](06_torch_and_cnn.ipynb) (tensors, gradients, training).
# **Time** 100 min to work through; runs in under 90 s on 2 CPU cores.
# **Covers** topics 19, 49, 52 of the [syllabus](../TOPICS.md).

# %%
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from mmlearn.checks import check, report
from mmlearn.data import scenes, stickers
from mmlearn.mode import quick
from mmlearn.train.cpu import set_up_cpu
from mmlearn.train.seed import seed_everything
from mmlearn.view.attention import overlay_weights, plot_weights, show_heads
from mmlearn.view.images import on_white, show_images
from mmlearn.view.style import BLUE, GREY, VERMILION, use_style

use_style()
set_up_cpu()
generator = seed_everything(7)

# %% [markdown]
# ## Where did you look?
#
# Read the sentence under the picture slowly, word by word, and notice where your eyes go.

# %% tags=["hide-input"]
unseen = scenes(200 if quick() else 1000, seed=0, split="test")
pairs = [i for i, graph in enumerate(unseen.graphs) if len(graph.kinds()) == 2]
opening = pairs[1]
figure, axis = plt.subplots(figsize=(3.4, 3.4))
axis.imshow(unseen.images[opening])
edges = np.arange(8, 64, 8) - 0.5
axis.set(xticks=edges, yticks=edges, xticklabels=[], yticklabels=[])
axis.grid(color="white", linewidth=0.6)
axis.tick_params(length=0)
axis.set_title("One picture, 64 patches")
plt.show()
print(unseen.captions["en"][opening])

# %% [markdown]
# One word sent you to one place, another word to another. The picture was the same, and nobody told you the coordinates. What
# changed was your **question**.
#
# So far in this course a picture became *one* vector, whatever it was asked. Today every word asks for itself, and
# the 64 patches answer. At the end of the lesson a small model has learned this from pictures and their captions,
# without a single coordinate, and we count how often it looks at the right thing.

# %% [markdown]
# ## 1 · A dictionary that never says KeyError
#
# A Python dictionary holds **keys** and **values**. You bring a **query**; if a key *equals* it, you get its value. Six stickers,
# each filed under its colour:

# %%
deck = stickers()
names = ["red apple", "tangerine", "lemon", "green apple", "blueberries", "ice"]
rows = [list(deck.names["en"]).index(name) for name in names]
drawings = deck.images[rows]                              # (6, 64, 64, 4) red, green, blue, opacity
ink = drawings[..., 3] > 128                              # (6, 64, 64) where there is paint
colours = [picture[paint, :3].mean(axis=0) for picture, paint in zip(drawings, ink, strict=True)]
K = np.array(colours) / 255 - 0.5                         # (6, 3) above 0: more than middling
K = K / np.linalg.norm(K, axis=1, keepdims=True)          # length 1: a dot product is a cosine
V = on_white(drawings) / 255                             # (6, 64, 64, 3) the pictures: what we want
shelf = {tuple(key): value for key, value in zip(K, V, strict=True)}
orange = np.array([0.4, 0.0, -0.5]) / 0.64                # much red, some green, no blue
print("keys", K.shape, " values", V.shape)
print("a key equals my orange:", tuple(orange) in shelf)

# %% [markdown]
# No sticker has exactly this orange. But some are *close*. So compare the query with **every** key, by a dot product, and
# let the scores decide how much of each value comes back:
#
# $$w_j = \frac{e^{s_j}}{\sum_m e^{s_m}}, \qquad \text{result} = \sum_j w_j\, v_j$$
#
# The left formula is **softmax**. It turns any scores $s_j$ into weights that are positive and sum to one.

# %% [markdown]
# ## Exercise 07.1 · Softmax
# *Difficulty 2/5 · about 8 minutes*
#
# In NumPy, along the last axis, for scores of any size: `softmax` of 1000 and 999 is that of 1 and 0. Leave the input as it is.


# %% tags=["exercise"]
def softmax(scores):
    """Scores (..., M) -> weights (..., M), positive, each row sums to one."""
    # BEGIN SOLUTION
    highest = scores.max(axis=-1, keepdims=True)                 # (..., 1)
    exponentials = np.exp(scores - highest)                      # (..., M), the largest is 1
    return exponentials / exponentials.sum(axis=-1, keepdims=True)
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>Multiply numerator and denominator by the same number and nothing changes. exp(s − c) is exp(s) times exp(−c): so you may take any c off a row's scores.</details>
# <details><summary>I get NaN or a warning about overflow</summary>exp(1000) does not fit into a float. Take off the row's largest score: then the largest exponential is 1.</details>
# <details><summary>What you should see</summary>Equal scores give equal weights. <code>softmax(np.array([1000.0, 999.0]))</code> is about 0.73 and 0.27.</details>

# %% tags=["check"]
softmax = check("07.1", softmax)

# %% [markdown]
# How picky should the lookup be? Multiply the scores by a number before the softmax, and see what comes back.

# %%
scores = K @ orange                                       # (6,) cosines
answers, titles = [], []
for pickiness in (0, 2, 10, 100):
    w = softmax(pickiness * scores)                       # (6,)
    answers.append(np.tensordot(w, V, axes=1))            # (64, 64, 3) a mix of six pictures
    best = f"{names[w.argmax()]} {w.max():.2f}" if pickiness else "all alike"
    titles.append(f"times {pickiness}\n{best}")
show_images(np.clip(answers, 0, 1), titles, "What orange brings back", columns=4, inches=1.9)
plt.show()

# %% [markdown]
# At 0 every value counts the same, and you get the average of the shelf. At 100 you get one value, clean, as from a dictionary. Between the
# two lies the point of it all: the answer changes *smoothly* with the query and with the keys, so there is a **gradient**,
# and where to look can be learned. A hard lookup (take the best key) has one too, but for query and keys it is 0 almost everywhere.
#
# ## 2 · Many queries at once: three lines
#
# Three queries, six keys: `Q` is `(N, D)`, `K` is `(M, D)`, and every dot product of a row with a row sits in one matrix product. From here
# on values are vectors, `(M, E)`.
#
# $$\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\!\left(\frac{QK^\top}{\sqrt{D}}\right) V$$

# %%
Q = np.array([[0.4, 0.0, -0.5], [-0.1, 0.2, -0.4], [-0.4, -0.3, 0.0]])
Q = 20 * Q / np.linalg.norm(Q, axis=1, keepdims=True)     # (N, D) = (3, 3) long queries are picky
flat = V.reshape(6, -1)                                   # (M, E) = (6, 12288)
S = Q @ K.T / np.sqrt(K.shape[1])                         # (N, M) = (3, 6) one score a pair
W = softmax(S)                                            # (N, M) each row sums to one
mixed = W @ flat                                          # (N, E) = (3, 12288)
print(S.shape, W.shape, mixed.shape, " rows sum to", W.sum(axis=1).round(6))

# %% tags=["hide-input"]
figure, (axis, *small) = plt.subplots(1, 4, figsize=(10.5, 2.9), width_ratios=(2.6, 1, 1, 1))
asked = ["orange", "green", "dark blue"]
plot_weights(axis, W, asked, names, "who gets how much", highest=1)
for place, answer, name in zip(small, mixed.reshape(3, 64, 64, 3), asked, strict=True):
    place.imshow(np.clip(answer, 0, 1))
    place.set_title(name, weight="normal")
    place.axis("off")
plt.show()

# %% [markdown]
# That is the whole of attention: **compare, share out, mix**. One thing in the formula has not been explained: the $\sqrt{D}$.
#
# ## 3 · Why divide by $\sqrt{D}$? Measure it
#
# A score is a sum of $D$ products. If the entries are independent with mean 0 and variance 1, each product has variance 1, and so the sum has variance $D$.
# Wider vectors, larger scores; and we have just seen what large scores do to a softmax. Random queries and 16 random keys, at five widths:

# %%
dice = np.random.default_rng(0)


def look_at(d, scaled, n=400, keys=16):
    """Std of the scores, mean largest weight, mean size of the softmax's derivative."""
    q, k = dice.normal(size=(n, 1, d)), dice.normal(size=(n, keys, d))
    s = (q * k).sum(axis=-1) / (d**0.5 if scaled else 1)                  # (n, 16)
    w = softmax(s)                                                        # (n, 16)
    slopes = w[:, :, None] * (np.eye(keys) - w[:, None, :])               # (n, 16, 16) dw_i / ds_j
    return s.std(), w.max(axis=1).mean(), np.sqrt((slopes**2).sum(axis=(1, 2))).mean()


widths = [4, 16, 64, 256, 1024]
bare = np.array([look_at(d, scaled=False) for d in widths])               # (5, 3)
tamed = np.array([look_at(d, scaled=True) for d in widths])               # (5, 3)
report("D = 1024, as they are:  std of the scores", bare[-1, 0], low=30, high=34)
report("D = 1024, over sqrt(D): std of the scores", tamed[-1, 0], low=0.95, high=1.05)
report("D = 1024, as they are:  size of the derivative", bare[-1, 2], low=0, high=0.08)
report("D = 1024, over sqrt(D): size of the derivative", tamed[-1, 2], low=0.2, high=0.35)

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 3, figsize=(11, 3))
titles = "std of the scores", "largest of 16 weights", "size of softmax's derivative"
for axis, title, large, even in zip(axes, titles, bare.T, tamed.T, strict=True):
    axis.plot(widths, large, "o-", color=VERMILION, label="as they are")
    axis.plot(widths, even, "o-", color=BLUE, label="divided by $\\sqrt{D}$")
    axis.set(title=title, xlabel="width D", xscale="log", ylim=(0, None))
axes[0].legend()
plt.show()

# %% [markdown]
# Without the root, a wide layer looks at one random key with weight near 1 before it has learned anything. Softmax is then
# **saturated**. Its derivative is
#
# $$\frac{\partial w_i}{\partial s_j} = w_i\,(\mathbb{1}[i = j] - w_j)$$
#
# and if one weight is 1 and all others are 0, every entry of it is 0. The layer looks at the wrong place, and no gradient
# says so. Does that matter in practice, or does a larger learning rate mend it? 300 lookups, each with 16 keys of
# width 256, must learn *by gradient descent on the query alone* to bring back a value they are shown. To be fair, each way gets
# the best of seven learning rates.


# %%
def learn_lookup(scale, rate, steps=200, n=300, keys=16, d=256):
    """Share that end at the right key; share still at their first key; first gradient (median)."""
    own = torch.Generator().manual_seed(0)
    k, v = torch.randn(n, keys, d, generator=own), torch.randn(n, keys, 8, generator=own)
    q = torch.randn(n, 1, d, generator=own).requires_grad_()
    right = torch.arange(n) % keys                                        # (n,) the key to find
    target = v[torch.arange(n), right]                                    # (n, 8)
    for step in range(steps):
        w = (q @ k.transpose(1, 2) * scale).softmax(-1)                   # (n, 1, 16)
        loss = ((w @ v)[:, 0] - target).square().sum()
        (g,) = torch.autograd.grad(loss, q)                               # (n, 1, 256)
        best = w[:, 0].argmax(-1)                                         # (n,) the strongest key
        if step == 0:
            first, began = g.norm(dim=-1).median().item(), best
        q = (q - rate * g).detach().requires_grad_()
    return (best == right).float().mean().item(), (best == began).float().mean().item(), first

# %%
rates = (0.1,) if quick() else (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
plans = {
    "over sqrt(D)": (256**-0.5, (0.9, 1.0), (0.0, 0.2), (1.5, 2.2)),
    "as they are": (1.0, (0.05, 0.35), (0.2, 0.55), (0.2, 0.9)),
}
for label, (scale, learned, stayed, length) in plans.items():
    tries = [learn_lookup(scale, rate) for rate in rates]
    best, last = max(share for share, _, _ in tries), tries[-1]
    report(f"{label}: share that learned, best rate", best, low=learned[0], high=learned[1])
    report("    largest rate", last[0], low=learned[0], high=learned[1])
    report("    largest rate: still at their first key", last[1], low=stayed[0], high=stayed[1])
    report("    first gradient", tries[0][2], low=length[0], high=length[1])

# %% [markdown]
# By luck 1 of 16 starts at its key: 0.06. Divided by the root, nearly all learn (best at the largest rate tried, the edge of our grid, so there may be a
# better one beyond). Without it only about one in six ends there, **at the best of these learning rates**: large steps do move the others, but to another wrong key.
#
# ## 4 · The same in PyTorch
#
# Now with a batch. `B` sequences, `N` queries, `M` keys, `D` numbers in a key, `E` in a value:
# `q (B, N, D)`, `k (B, M, D)`, `v (B, M, E)` $\to$ `(B, N, E)`.

# %% [markdown]
# ## Exercise 07.2 · Scaled dot-product attention
# *Difficulty 2/5 · about 10 minutes*
#
# Compare, share out, mix: in PyTorch, for any number of leading axes. Gradients are checked too.


# %% tags=["exercise"]
def attend(q, k, v):
    """q (..., N, D), k (..., M, D), v (..., M, E) -> (..., N, E)."""
    # BEGIN SOLUTION
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5        # (..., N, M)
    weights = scores.softmax(-1)                                # each row sums to one over the keys
    return weights @ v                                           # (..., N, E)
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary><code>k.transpose(-1, -2)</code> swaps the last two axes, whatever stands before them. Softmax over which axis? Each <i>query</i> shares out one unit.</details>
# <details><summary>I get "mat1 and mat2 shapes cannot be multiplied" or a warning about .T</summary><code>.T</code> turns all axes round, the batch too. Counting from the end, −1 and −2, is safe.</details>
# <details><summary>What you should see</summary>With a single key every query gets exactly its value. With all keys equal every query gets the mean of the values.</details>

# %% tags=["check"]
attend = check("07.2", attend)

# %% [markdown]
# ### From here on, the tested version
#
# The package's `attention` is what you wrote plus masks. It calls PyTorch's `F.scaled_dot_product_attention`, **SDPA** for short, which is a
# **fused kernel**: one compiled routine that does all three steps in one go and never stores the table of weights (section 8 measures what that saves).
# `manual_attention` is the readable form, and gives the weights. Are all three one? Values, and gradients of queries, keys and values:

# %%
from mmlearn.blocks.attention import attention, manual_attention

q, k, v = (torch.randn(2, n, d, generator=generator) for n, d in ((5, 8), (7, 8), (7, 4)))


def all_numbers(f, *inputs):
    """What f gives and the gradient of a fixed mix of it for each input: in one row."""
    leaves = [x.detach().clone().requires_grad_() for x in inputs]
    out = f(*leaves)
    onto = torch.randn(out.shape, generator=torch.Generator().manual_seed(1))
    found = [out, *torch.autograd.grad((out * onto).sum(), leaves)]
    return torch.cat([x.detach().flatten() for x in found])


theirs = all_numbers(F.scaled_dot_product_attention, q, k, v)
ways = {"attend": attend, "attention": attention, "manual": lambda *x: manual_attention(*x)[0]}
for name, f in ways.items():
    off = (all_numbers(f, q, k, v) - theirs).abs().max()
    report(f"{name}: max |ours - PyTorch|, with gradients", off, below=1e-5)

# %% [markdown]
# ### A sentence is a bag
#
# Shuffle the keys, and their values with them: what happens? Now let a sequence look at **itself**: queries, keys and values
# all come from the same `x`. That is **self-attention**. Shuffle `x`: what happens?

# %%
order = torch.randperm(7, generator=generator)
x = torch.randn(2, 7, 8, generator=generator)
shuffled_keys = attention(q, k[:, order], v[:, order]) - attention(q, k, v)
itself = attention(x[:, order], x[:, order], x[:, order]) - attention(x, x, x)[:, order]
report("keys and values shuffled alike: output changes by", shuffled_keys.abs().max(), below=1e-5)
report("x shuffled: output - the old output, shuffled alike", itself.abs().max(), below=1e-5)
wrong = attention(q, k[:, order], v) - attention(q, k, v)
report("keys shuffled, values not: change of the output", wrong.abs().max(), above=0.1)

# %% [markdown]
# A weighted sum does not know the order of its terms, so attention does not know the order of words: *dog bites man*
# and *man bites dog* are the same bag. That is why lesson 08 adds **positions**. For a set (the patches of a picture without
# their places, the objects of a scene) it is just what one wants.
#
# ## 5 · Masks: who may look where
#
# Sentences in a batch have different lengths, so the short ones are filled up with **padding**, which nobody should look at. And who writes a
# sentence word by word must not read ahead. Both are a **mask**: here `True` means *may look*. (Beware: in
# `nn.MultiheadAttention` a bool mask says where looking is *forbidden*. In `F.scaled_dot_product_attention`, as here, where it is allowed.)

# %% [markdown]
# ## Exercise 07.3 · Attention with a mask
# *Difficulty 3/5 · about 12 minutes*
#
# Add a mask of bool, `(N, M)`, or anything that spreads over `(B, N, M)`. Forbidden keys get the weight 0 and the rest still sums to one. A query that may
# look at nothing gets a vector of zeros, and gradients without NaN.


# %% tags=["exercise"]
def masked_attention(q, k, v, mask=None):
    """q (B, N, D), k (B, M, D), v (B, M, E), mask bool, True = may look -> (B, N, E)."""
    # BEGIN SOLUTION
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5        # (B, N, M)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))        # exp(-inf) is 0
    weights = scores.softmax(-1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0.0)               # 0/0 where a whole row is forbidden
    return weights @ v                                           # (B, N, E)
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>Which score has the exponential 0? <code>scores.masked_fill(~mask, ...)</code> writes it wherever the mask is False.</details>
# <details><summary>I get NaN</summary>A row of only −∞: its exponentials sum to 0, and 0/0 is NaN. Put a 0 there afterwards, with <code>masked_fill</code>, which also stops the NaN on its way back.</details>
# <details><summary>Why not simply −10⁹?</summary>Where <i>all</i> scores are −10⁹ they are all equal, and the query gets the mean of everything that is hidden from it.</details>

# %% tags=["check"]
masked_attention = check("07.3", masked_attention)

# %% [markdown]
# Does anything leak? Change what is hidden as wildly as you like: the output must not move.

# %%
lengths = torch.tensor([7, 3])                             # real words in each of the two sequences
real = torch.arange(7) < lengths[:, None]                        # (B, M) = (2, 7)
wild = x.masked_fill(~real[..., None], 1e4)                      # (B, M, D) padding set to 10,000
calm = attention(x, x, x, real[:, None, :])                # mask (B, 1, M) spreads over the queries
moved = attention(x, wild, wild, real[:, None, :]) - calm
report("hidden keys and values changed: output moves by", moved.abs().max(), below=1e-6)
unmasked = (attention(x, wild, wild) - attention(x, x, x)).abs().max()
report("the same without a mask", unmasked, above=1)

# %%
dark = torch.zeros(5, 7, dtype=torch.bool)                       # (N, M) nobody may look anywhere
layer = nn.MultiheadAttention(8, 2, batch_first=True)
blind, _ = layer(x[:, :5], x, x, attn_mask=~dark)                # there True means forbidden
print("all hidden, ours:   zeros", bool((attention(q, k, v, dark) == 0).all()))
print("all hidden, SDPA:   zeros", bool((F.scaled_dot_product_attention(q, k, v, dark) == 0).all()))
print("all hidden, nn.MultiheadAttention: NaN", bool(blind.isnan().all()))

# %% [markdown]
# A batch with one empty caption is enough to turn a whole training run into NaN. That is why ours gives zeros, as SDPA does.
#
# Masks may also be **numbers** that are added to the scores: 0 for allowed, $-\infty$ for forbidden, and anything in between
# to discourage (this is how some models prefer near words over far ones).

# %%
bias = torch.zeros(5, 7).masked_fill(torch.rand(5, 7, generator=generator) < 0.3, float("-inf"))
bias[:, 0] = torch.linspace(-2, 2, 5)                            # push the first key down, then up
for label, mask in (("bool", bias > -1e9), ("number", bias)):
    theirs = all_numbers(partial(F.scaled_dot_product_attention, attn_mask=mask), q, k, v)
    mine = all_numbers(partial(attention, mask=mask), q, k, v)
    off = (mine - theirs).abs().max()
    report(f"{label} mask: max |ours - PyTorch|, with gradients", off, below=1e-5)

# %% [markdown]
# ## Exercise 07.4 · Nobody looks ahead
# *Difficulty 3/5 · about 8 minutes*
#
# A **causal** mask `(n, m)`: query $i$ may look at its own position and at all before it. There may be more keys than queries: the
# `n` queries are the **last** `n` of the `m` positions, as when a model goes on writing a text whose beginning it has already read.


# %% tags=["exercise"]
def causal_mask(n, m):
    """Numbers of queries and keys, n <= m -> bool (n, m), True = may look."""
    # BEGIN SOLUTION
    return torch.ones(n, m, dtype=torch.bool).tril(m - n)        # (n, m)
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>Query i stands at position i + (m − n). It may look at keys 0 up to there. <code>torch.tril</code> keeps a triangle, and its argument <code>diagonal</code> shifts it.</details>
# <details><summary>Should it see itself?</summary>Yes: its own word has been read. Without it the very first position could look at nothing.</details>
# <details><summary>What you should see</summary>One query, four keys: all four True, for it is the last. Two queries, three keys: <code>[[1, 1, 0], [1, 1, 1]]</code>.</details>

# %% tags=["check"]
causal_mask = check("07.4", causal_mask)

# %%
flat_q, flat_k, eye = torch.zeros(2, 4), torch.zeros(5, 4), torch.eye(5)  # values show the weights
whole = attention(flat_q, flat_k, eye, causal_mask(2, 5))                 # (2, 5)
same = attention(flat_q, flat_k, eye, causal=True)
trap = F.scaled_dot_product_attention(flat_q, flat_k, eye, is_causal=True)
report("max |causal=True - our mask|", (same - whole).abs().max(), below=1e-6)
figure, axes = plt.subplots(1, 2, figsize=(9.5, 2.2))
titles = "ours: the last two of five", "PyTorch's is_causal"
for axis, table, title in zip(axes, (whole, trap), titles, strict=True):
    plot_weights(axis, table, ["4th word", "5th word"], list("12345"), title, highest=1)
plt.show()

# %% [markdown]
# PyTorch's switch `is_causal=True` lines the triangle up at the *first* key, so with fewer queries than keys the fourth word sees only
# the first. Nothing crashes; the text just gets worse. Ours is made for the last positions.
#
# ## 6 · One head, one mix. Several heads
#
# A query has one unit of attention. If it needs **two** things, it gets their mixture, and a mixture cannot be unmixed. A task that shows it: eight
# items, each with eight numbers; two of them are flagged, one A, one B. Bring back A's numbers *and* B's, 16 in all.

# %%
def flagged(n, own):
    """(n, 8, 32) items: 8 numbers, flags for A and B, zeros; (n, 16) to find; who is A, who B."""
    items, at = torch.zeros(n, 8, 32), torch.arange(n)
    items[..., :8] = torch.randn(n, 8, 8, generator=own)
    at_a, at_b = torch.rand(n, 8, generator=own).topk(2).indices.T  # (n,), (n,) two places
    items[at, at_a, 8], items[at, at_b, 9] = 3.0, 3.0
    return items, torch.cat([items[at, at_a, :8], items[at, at_b, :8]], -1), at_a, at_b


flagged(1, generator)[0].shape

# %%
from mmlearn.blocks.attention import MultiHeadAttention
from mmlearn.train.fit import fit
from mmlearn.train.optimisers import adamw


class Fetch(nn.Module):
    """One learned query looks at the items; a linear layer turns what it gets into 16 numbers."""

    def __init__(self, heads):
        super().__init__()
        self.ask = nn.Parameter(torch.randn(1, 1, 32))
        self.look, self.out = MultiHeadAttention(32, heads), nn.Linear(32, 16)

    def forward(self, items):
        ask = self.ask.expand(len(items), 1, 32)                 # (n, 1, 32)
        return self.out(self.look(ask, items)[:, 0])             # (n, 16)


def miss(model, batch):
    return (model(batch[0]) - batch[1]).square().mean()


# %%
maker = torch.Generator().manual_seed(1)
lessons = [flagged(64, maker)[:2] for _ in range(400)]           # the same for all three
items, wanted, at_a, at_b = flagged(500, maker)                  # new ones, to test on
fetchers = {}
for heads, (low, high) in ((1, (0.35, 0.6)), (2, (0.0, 0.05)), (4, (0.0, 0.05))):
    seed_everything(0)
    fetchers[heads] = Fetch(heads)
    fit(fetchers[heads], miss, lessons, steps=400, optimiser=adamw(fetchers[heads], 3e-3))
    with torch.no_grad():
        error = miss(fetchers[heads], (items, wanted))
    report(f"{heads} head(s): mean squared error (variance 1)", error, low=low, high=high)

# %% tags=["hide-input"]
model = fetchers[2]
with torch.no_grad():
    _, w = model.look(model.ask.expand(4, 1, 32), items[:4], return_weights=True)  # (4, 2, 1, 8)
labels = []
for i in range(4):
    labels.append("".join({int(at_a[i]): "A", int(at_b[i]): "B"}.get(j, "\u00b7") for j in range(8)))
maps = w[:, :, 0].transpose(0, 1)                                # (2 heads, 4 tests, 8 items)
numbers = [str(j + 1) for j in range(8)]
show_heads(maps, labels, numbers, "Two heads, four tests", ("test: where A and B stand", "item"))
plt.show()

# %% [markdown]
# One head misses about half of the variance: what it can know is the mix of the two. With two heads of half the width, at exactly as many weights, the error is
# gone. Each row of the picture is one test, its label says where A and B stand, and each head has taken one of the two jobs, unasked. That is **multi-head attention**: $H$ attentions side by
# side, each in its own slice of the width, joined and mixed by one more layer:
#
# $$\mathrm{out} = W_o\,[\mathrm{head}_1; \dots; \mathrm{head}_H], \qquad
# \mathrm{head}_h = \mathrm{Attention}\big((W_q x)_h,\ (W_k c)_h,\ (W_v c)_h\big)$$
#
# $x$ asks. $c$, the **context**, is looked at: $x$ itself in self-attention, another sequence in **cross-attention**. (In real networks many heads turn out
# to be spare: Michel et al. 2019 remove a large share of them after training, in some layers all but one.)

# %% [markdown]
# ## Exercise 07.5 · Multi-head attention
# *Difficulty 4/5 · about 20 minutes*
#
# Write `forward`. Width `D` is split into `heads` slices of neighbouring numbers. `mask` is `(B, M)`, True for a real token of the
# context. `attention` from above takes any leading axes. The check puts the course's weights into your layers and compares
# outputs and all gradients. Where they part, it names the first layer that differs.


# %% tags=["exercise"]
class MultiHead(nn.Module):
    """x (B, N, D), context (B, M, D) or None: x itself, mask (B, M) bool or None -> (B, N, D)."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.output = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x, context=None, mask=None):
        # BEGIN SOLUTION
        source = x if context is None else context
        q, k, v = (
            each.unflatten(-1, (self.heads, -1)).transpose(1, 2)     # (B, heads, N or M, D / heads)
            for each in (self.query(x), self.key(source), self.value(source))
        )
        allowed = None if mask is None else mask[:, None, None, :]           # (B, 1, 1, M)
        mixed = attention(q, k, v, allowed)                               # (B, heads, N, D / heads)
        return self.output(mixed.transpose(1, 2).flatten(2))                 # (B, N, D)
        # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>Four steps. Project. Split: <code>.unflatten(-1, (heads, -1))</code> makes (B, N, heads, D/heads), then <code>.transpose(1, 2)</code>. Mix. Join: the same two steps backwards, then <code>self.output</code>.</details>
# <details><summary>The shape is right and the numbers are not</summary>Most often <code>.reshape(B, heads, N, -1)</code>: it has the right shape, but cuts across positions. Splitting touches only the last axis.</details>
# <details><summary>"input of output is the first that differs"</summary>query, key and value agree with the course's, and what reaches the last layer does not: look between them, at split, scale, mask and join.</details>

# %% tags=["check"]
MultiHead = check("07.5", MultiHead)

# %% [markdown]
# ### From here on, the tested version
#
# `MultiHeadAttention` takes every kind of mask as well. `bridge.load` carries the weights of `nn.MultiheadAttention` over by a strict table: every
# tensor must find its place. PyTorch keeps the three input layers stacked in one matrix; ours are apart. Every parameter is shaken
# first: fresh biases are 0, and a forgotten one would go unnoticed.

# %%
from mmlearn.bridge import load
from mmlearn.bridge.perturb import perturb_

torchs = perturb_(nn.MultiheadAttention(12, 3, batch_first=True)).eval()
ours = load(MultiHeadAttention(12, 3), torchs)
asks, looked = (torch.randn(2, n, 12, generator=generator) for n in (5, 7))
later = ~causal_mask(5, 5)                                       # PyTorch's True: forbidden


def by_torch(x, context=None, **masks):
    context = x if context is None else context
    return torchs(x, context, context, **masks)[0]


cases = {
    "self": (ours, by_torch, (asks,)),
    "cross": (ours, by_torch, (asks, looked)),
    "padding": (partial(ours, mask=real), partial(by_torch, key_padding_mask=~real), (asks, looked)),
    "causal": (partial(ours, causal=True), partial(by_torch, attn_mask=later), (asks,)),
}
for label, (f, g, given) in cases.items():
    worst = (all_numbers(f, *given) - all_numbers(g, *given)).abs().max()
    report(f"{label}: max |ours - PyTorch|, with gradients", worst, below=1e-5)

# %% [markdown]
# Parity tests say *that* two models differ. `bridge.trace` says *where*: it runs both and compares layer by layer. A planted
# fault, of the kind that hides best: one weight among 144 off by 0.1.

# %%
import copy

from mmlearn.bridge import trace

broken = copy.deepcopy(ours)
with torch.no_grad():
    broken.key.weight[3, 5] += 0.1
found = trace(broken, ours, asks, looked)
report("intact, beside PyTorch's: max difference", trace(ours, torchs, asks, looked).worst, below=1e-5)
print(found)

# %% [markdown]
# ## 7 · Cross-attention: which patch is this word about?
#
# Back to the opening picture. Text $T$ asks, image $I$ is looked at:
#
# $$T_a = \mathrm{Attention}(T W_q,\ I W_k,\ I W_v)$$
#
# **The task.** Given a picture and the name of a thing, *is it in the picture?* That is all we train. The names are those that the
# caption says (read off the scene's plan, which spares us the plurals); for names that are not there, we take those of other pictures. **Nobody tells the model where anything is.** Looking is not the only way to answer
# (a model that sees all patches alike will answer well too), but it is the better one; if training finds it, the weights point there. Data: 10,000 seeded scenes to train on, 1,000 unseen ones to test, of one to four
# stickers out of 210.

# %%
from mmlearn.data.nouns import nouns

seen = scenes(300 if quick() else 10_000, seed=0)
vocabulary = {noun.en: number for number, noun in enumerate(nouns())}


def named(data):
    """The things of each scene as numbers of the vocabulary: (n, 4), -1 where there are fewer."""
    words = np.full((len(data), 4), -1)
    for row, graph in zip(words, data.graphs, strict=True):
        kinds = [vocabulary[thing.noun.en] for thing, _ in graph.kinds()]
        row[: len(kinds)] = kinds
    return words


words = named(seen)
print(words.shape, "of", len(vocabulary), "names")
print(words[0], seen.captions["en"][0])

# %% [markdown]
# **Patches.** Attention needs vectors to look at. We take lesson 02's idea: a codebook of small pieces of pictures. A
# piece is 8 x 8 pixels, `192` numbers, whitened (lesson 05); the codebook holds 128 typical ones, by k-means. A piece
# is described by how much nearer than usual each entry is (Coates, Lee and Ng 2011). The picture has 64 places, one every 8 pixels; each is described by the
# 16 x 16 pixels around it, the mean of their nine pieces, so neighbours overlap. No label is used, and nothing of this is trained below.

# %%
from mmlearn.encode.k_means import k_means


def pieces(images):
    """(n, 64, 64, 3) uint8 -> (n, 289, 192): 8 x 8 pixels, every 4 pixels, 17 x 17 of them."""
    levels = torch.from_numpy(images).permute(0, 3, 1, 2) / 255           # (n, 3, 64, 64)
    return F.unfold(F.pad(levels, (4,) * 4, mode="replicate"), 8, stride=4).transpose(1, 2)


some = pieces(seen.images[:600]).flatten(0, 1)                            # (n * 289, 192)
some = some[torch.randperm(len(some), generator=generator)[:20_000]]
middle = some.mean(0)
_, spreads, directions = torch.linalg.svd((some - middle) / len(some) ** 0.5, full_matrices=False)
whiten = directions[:40].T / (spreads[:40] ** 2 + 0.01).sqrt()            # (192, 40)
points = ((some - middle) @ whiten).numpy()                               # (20000, 40)
book = k_means(points, points[:128], max_steps=10).centres                # (128, 40)
book = torch.from_numpy(book).float()
book.shape

# %%
@torch.no_grad()
def patches(images):
    """(n, 64, 64, 3) uint8 -> (n, 64, 128): 8 x 8 places, row by row; nearness to each entry."""
    found = torch.empty(len(images), 64, len(book))
    for start in range(0, len(images), 250):
        part = (pieces(images[start : start + 250]) - middle) @ whiten    # (250, 289, 40)
        far = torch.cdist(part, book)                                     # (250, 289, 128)
        near = (far.mean(-1, keepdim=True) - far).clamp(min=0)          # 0 where farther than usual
        grid = near.transpose(1, 2).unflatten(2, (17, 17))                # (250, 128, 17, 17)
        found[start : start + 250] = F.avg_pool2d(grid, 3, 2).flatten(2).transpose(1, 2)
    return found


looks = patches(seen.images)                                              # (10000, 64, 128)
centre, spread = looks.mean((0, 1)), looks.std((0, 1))
looks.sub_(centre).div_(spread)
new_looks = (patches(unseen.images) - centre) / spread                    # (1000, 64, 128)
print(tuple(looks.shape), tuple(new_looks.shape))

# %% [markdown]
# **The model**: one attention layer. Each name has a query (what to look for) and a meaning (what it expects to find); each
# patch a key and a value. An **embedding** is a table with one learned row per word: the same as $T W_q$ with one-hot $T$. The switch `asks` makes two weaker models of exactly the same size: one that asks *the same question
# whatever the word* (a picture alone: no text decides where to look), and one whose weights are all alike (no attention).


# %%
class Finder(nn.Module):
    """words (B, W), patches (B, M, 128) -> logits (B, W): is it there? and weights (B, W, M)."""

    def __init__(self, asks="its own question", width=48):
        super().__init__()
        self.asks = asks
        count = len(vocabulary)
        self.query, self.meaning = nn.Embedding(count, width), nn.Embedding(count, width)
        self.often = nn.Embedding(count, 1)                               # some are met more often
        self.key, self.value = nn.Linear(128, width), nn.Linear(128, width)
        for table, std in ((self.query, 0.5), (self.meaning, 0.1), (self.often, 0.01)):
            nn.init.normal_(table.weight, std=std)

    def forward(self, words, patches):
        asked = torch.zeros_like(words) if self.asks == "one question for all" else words
        q = self.query(asked) * (self.asks != "all patches alike")   # (B, W, D); 0: equal weights
        k, v = self.key(patches), self.value(patches)                     # (B, M, D) each
        found, weights = attention(q, k, v, return_weights=True)          # (B, W, D), (B, W, M)
        return (found * self.meaning(words)).sum(-1) + self.often(words)[..., 0], weights


# %%
from mmlearn.train.batches import Batches
from mmlearn.train.schedule import cosine


def quiz(words):
    """(B, 4) names -> (B, 12) each picture's own and those of two others; which are there."""
    asked = torch.cat([words, words.roll(1, 0), words.roll(2, 0)], 1)     # (B, 12) -1: no name
    return asked, (asked[:, :, None] == words[:, None, :]).any(-1)        # (B, 12) bool


def there_or_not(model, batch):
    """Binary cross-entropy: is the name that is asked in the picture?"""
    looks, words = batch                                                  # (B, 64, 128), (B, 4)
    asked, there = quiz(words)
    logits, _ = model(asked.clamp(min=0), looks)
    return F.binary_cross_entropy_with_logits(logits[asked >= 0], there[asked >= 0].float())


nouns_en = list(vocabulary)
asked, there = quiz(torch.from_numpy(words[:3]))                          # a batch of three
print("Scene 0 is asked:")
for number, yes in zip(asked[0], there[0], strict=True):
    if number >= 0:
        print(f"  {nouns_en[number]:20} {'there' if yes else 'not there'}")

# %% [markdown]
# `words.roll(1, 0)` moves the rows of a batch down by one, so each picture is also asked for the names of the picture before it; `roll(2, 0)`, of the one
# before that. Most of these are not there. Where one happens to be, `there` says so. And `warmup`: over the first fifth of the steps the learning rate rises
# from near 0, so that the first, blind steps are small; then it falls along a cosine.


# %%
def train(asks="its own question", words=words, steps=1250, seed=0):
    seed_everything(seed + 1)
    model = Finder(asks)
    plan = {"optimiser": adamw(model, 7e-3), "schedule": cosine(max(steps, 1), warmup=steps // 5)}
    batches = Batches(looks, words, batch_size=48, seed=seed)
    return model, fit(model, there_or_not, batches, steps=steps, **plan)


finder, history = train()
report("loss, mean of the last 100 steps", np.mean(history.losses[-100:]), low=0.2, high=0.36)

# %% [markdown]
# Controls of the same size, on the same number of steps: the two weaker models, and the full one taught with **shuffled captions**, each picture with the
# names of another. And the full one before any training.

# %%
deal = np.random.default_rng(0).permutation(len(words))
models = {
    "attention": finder,
    "one question for all": train("one question for all")[0],
    "all patches alike": train("all patches alike")[0],
    "captions shuffled": train(words=words[deal])[0],
    "untrained": train(steps=0)[0],
}
print(list(models))

# %% [markdown]
# ### Where does it point?
#
# The **pointing game** (Zhang et al. 2018): take the strongest patch; is its centre inside a box of the thing that was named? For that
# we need a place from a row of weights.

# %% [markdown]
# ## Exercise 07.6 · Where does it point?
# *Difficulty 2/5 · about 8 minutes*
#
# Patches are numbered along the rows: the first row left to right, then the second. Return the centre of each query's strongest patch in
# pixels, **x before y**, as in the boxes. In NumPy.


# %% tags=["exercise"]
def point(weights, rows, columns, patch):
    """weights (Q, rows * columns), patch: side in pixels -> (Q, 2) x, y of the best centre."""
    # BEGIN SOLUTION
    row, column = np.divmod(weights.argmax(axis=1), columns)     # (Q,), (Q,)
    return (np.stack([column, row], axis=1) + 0.5) * patch       # (Q, 2)
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary><code>np.divmod(number, columns)</code> gives the row and the column at once.</details>
# <details><summary>x or y?</summary>x counts to the right, so it comes from the <i>column</i>. Arrays say row first, boxes say x first: the oldest trap in computer vision.</details>
# <details><summary>What you should see</summary>Patch 0 of 8-pixel patches has its centre at (4, 4); patch 1 at (12, 4).</details>

# %% tags=["check"]
point = check("07.6", point)

# %%
def questions(data):
    """Each name of each scene: scene, word, (64,) is a patch in its box?, number of kinds."""
    found = []
    grid = point(np.eye(64), 8, 8, 8)                                     # (64, 2) all centres
    for i, graph in enumerate(data.graphs):
        for thing, _ in graph.kinds():
            boxes = data.boxes[i][list(graph.where(thing.noun))]          # (k, 4) x0, y0, x1, y1
            past, before = grid[:, None] >= boxes[:, :2], grid[:, None] < boxes[:, 2:]  # (64, k, 2)
            box = (past & before).all(-1).any(-1)                         # (64,)
            found.append((i, vocabulary[thing.noun.en], box, len(graph.kinds())))
    return [np.array(column) for column in zip(*found, strict=True)]


scene, word, inside, kinds = questions(unseen)                           # (Q,), (Q,), (Q, 64), (Q,)
print(len(scene), "questions,", (kinds == 2).sum(), "of them where there are two kinds of thing")
report("chance: share of patches inside the box", inside.mean(), low=0.16, high=0.185)


# %%
@torch.no_grad()
def ask(model, scene, word, looks):
    """Logit and weights of each question: (Q,), (Q, 64)."""
    parts = [slice(i, i + 200) for i in range(0, len(scene), 200)]
    told = [model(torch.as_tensor(word[p, None]), looks[torch.as_tensor(scene[p])]) for p in parts]
    logits, weights = (torch.cat(each)[:, 0].numpy() for each in zip(*told, strict=True))
    return logits, weights


def hits(weights, inside):
    """(Q,) is the strongest patch inside? Ties are shared: equal weights score exactly chance."""
    top = weights >= weights.max(axis=1, keepdims=True) - 1e-9
    return (top & inside).sum(axis=1) / top.sum(axis=1)


points_at = {}
for label, model in models.items():
    points_at[label] = hits(ask(model, scene, word, new_looks)[1], inside)
cover = questions(seen)[2].sum(axis=0)                                    # (64,) where things stand
points_at["the same place always"] = inside[:, cover.argmax()].astype(float)
size = new_looks.norm(dim=-1).numpy()[scene]                              # (Q, 64) how long a patch's vector is
points_at["the longest vector"] = hits(size, inside)
list(points_at)

# %%
from mmlearn.score.bootstrap import bootstrap_interval, paired_gain

ranges = {
    "attention": (0.71, 0.84, 0.65, 0.8),
    "one question for all": (0.55, 0.67, 0.43, 0.55),
    "all patches alike": (0.16, 0.185, 0.12, 0.15),
    "captions shuffled": (0.25, 0.5, 0.18, 0.45),
    "untrained": (0.1, 0.5, 0.1, 0.45),
    "the same place always": (0.27, 0.32, 0.21, 0.26),
    "the longest vector": (0.45, 0.55, 0.36, 0.47),
}
two = kinds == 2
for label, hit in points_at.items():
    low, high, least, most = ranges[label]
    report(f"{label}: points at its thing", hit.mean(), low=low, high=high)
    report("    where there are two kinds of thing", hit[two].mean(), low=least, high=most)
low, high = bootstrap_interval(points_at["attention"], groups=scene)
report("attention, 95 % interval from", low, low=0.68, high=0.82)
report("                         to", high, low=0.73, high=0.86)

# %%
def gap(label, first, second, chosen, gain, low, high):
    """Report first - second on the same questions, with its 95 % interval; each with its range."""
    measured = paired_gain(first[chosen], second[chosen], scene[chosen])
    for what, value, ends in zip((label, "    from", "    to"), measured, (gain, low, high), strict=True):
        report(what, value, low=ends[0], high=ends[1])


deaf, longest = points_at["one question for all"], points_at["the longest vector"]
told = "two kinds: attention - one question for all"
gap(told, points_at["attention"], deaf, two, (0.15, 0.33), (0.12, 0.31), (0.18, 0.36))
told = "two kinds: one question for all - the longest vector"
gap(told, deaf, longest, two, (0.02, 0.12), (0.0, 0.1), (0.03, 0.14))
told, always = "captions shuffled - untrained", np.full(len(two), True)
blind, raw = points_at["captions shuffled"], points_at["untrained"]
gap(told, blind, raw, always, (-0.05, 0.08), (-0.08, 0.05), (-0.02, 0.11))

# %%
alone = kinds == 1
report("a patch's vector, inside the box / outside", size[inside].mean() / size[~inside].mean(), low=1.05, high=2)
for label in ("attention", "one question for all", "the longest vector"):
    low = 0.69 if label == "the longest vector" else 0.88
    report(f"one kind alone, {label}", points_at[label][alone].mean(), low=low, high=low + 0.12)
for how, low, high in (("its own question", 0.63, 0.79), ("one question for all", 0.43, 0.56)):
    again = hits(ask(train(how, seed=1)[0], scene, word, new_looks)[1], inside)
    report(f"two kinds, another training seed, {how}", again[two].mean(), low=low, high=high)

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 2, figsize=(11, 3.3), sharey=True)
titles = "two kinds of thing", "one kind of thing"
for axis, chosen, title in zip(axes, (two, alone), titles, strict=True):
    for place, (label, hit) in enumerate(reversed(points_at.items())):
        low, high = bootstrap_interval(hit[chosen], groups=scene[chosen])
        colour = BLUE if label == "attention" else GREY
        axis.barh(place, hit[chosen].mean(), color=colour, height=0.65)
        axis.plot([low, high], [place, place], color="black", linewidth=2)
    axis.axvline(inside[chosen].mean(), color="black", linestyle="--", linewidth=1)
    axis.set(title=title, xlabel="points at its thing (dashed: chance)", xlim=(0, 1))
axes[0].set_yticks(range(len(points_at)), list(reversed(points_at)))
plt.show()

# %% [markdown]
# Read the left panel first. **Trained on nothing but "is it there?", the layer points at the thing that was named**, in about seven of ten questions about pictures with two kinds of
# thing, where chance is below 0.15. (Intervals cover the test pictures, not the training seed; a second seed, measured above, tells the same story.) What the controls say:
#
# - **One question for all** never hears the word, and yet finds *a* thing: things stand out from the background. With two things it must guess which of
#   them is meant, and gets about half. The step from there to attention is what the **word** adds, and its interval is far from 0. With one thing alone there is nothing to choose, and it even
#   wins: it has learned one clean job, "find the thing", from all words together.
# - **The longest vector** learns nothing at all. Patches on a thing have longer vectors than the rest (measured above), so it takes the longest, and comes within a few hundredths of
#   one question for all where there are two kinds. Finding *a* thing is nearly free here; finding the one that was **named** is not.
# - **Captions shuffled** is far *above* chance. That is no leak: the layer **before any training** points about as well, the difference is within luck. Long vectors get
#   large scores, and so even a blind layer looks at things rather than at grass. Area alone is too easy a chance level; the fair one looks without understanding.
# - **All patches alike** is exactly at chance, as it must be. **The same place always** is the word without the picture: where things mostly stand.
#
# And the task itself? A picture with the thing should get a higher logit than one without:

# %%
def ranks_right(model):
    """(Q,) for each question, the share of pictures without the thing that score lower; 0.5 by luck."""
    other = np.roll(scene, 7)                                             # some other scene
    absent = np.array([w not in word[scene == i] for i, w in zip(other, word, strict=True)])
    with_it = ask(model, scene, word, new_looks)[0]
    without = ask(model, other, word, new_looks)[0][absent]
    return (with_it[:, None] > without[None]).mean(1)


ranked = {label: ranks_right(model) for label, model in models.items()}
ranges = {"attention": (0.89, 0.96), "one question for all": (0.82, 0.91)}
ranges |= {"all patches alike": (0.79, 0.9)}
for label, share in ranked.items():
    low, high = ranges.get(label, (0.4, 0.6))
    report(f"{label}: pairs ranked right", share.mean(), low=low, high=high)
told, even = "attention - all patches alike", ranked["all patches alike"]
gap(told, ranked["attention"], even, always, (0.05, 0.13), (0.04, 0.12), (0.06, 0.14))


# %% [markdown]
# Looking helps answering: attention beats the same layer with equal weights, and the interval is far from 0. Yet equal weights do well too: much of the question
# can be answered without looking anywhere. Now a harder test: 500 scenes in which each thing stands before a
# background with which it was **never** seen in training (about one combination in eight is held out for ever).

# %%
strange = scenes(100 if quick() else 500, seed=0, split="new_background")
far_scene, far_word, far_inside, far_kinds = questions(strange)
far_looks = (patches(strange.images) - centre) / spread


def drop(label, number):
    """Held-out share of hits; familiar - held-out: the difference and its interval's ends."""
    weights = ask(models[label], far_scene, far_word, far_looks)[1]
    usual, new = points_at[label][kinds == number], hits(weights, far_inside)[far_kinds == number]
    a = bootstrap_interval(usual, groups=scene[kinds == number])
    b = bootstrap_interval(new, groups=far_scene[far_kinds == number])
    half = np.hypot(np.ptp(a), np.ptp(b)) / 2             # two separate samples: squares add up
    lost = usual.mean() - new.mean()
    return new.mean(), lost, lost - half, lost + half


# %%
due = {
    ("attention", 1): ((0.72, 0.92), (0.03, 0.2), (-0.03, 0.14), (0.09, 0.27)),
    ("attention", 2): ((0.5, 0.72), (0.03, 0.2), (0.0, 0.16), (0.07, 0.25)),
    ("one question for all", 1): ((0.88, 1.0), (-0.07, 0.05), (-0.1, 0.03), (-0.05, 0.09)),
    ("one question for all", 2): ((0.43, 0.56), (-0.06, 0.04), (-0.08, 0.03), (-0.05, 0.06)),
}
for (label, number), limits in due.items():
    names_of = f"{label}, {number} kind(s): held-out", "    familiar - these", "    from", "    to"
    for what, value, (low, high) in zip(names_of, drop(label, number), limits, strict=True):
        report(what, value, low=low, high=high)
report("chance with two kinds, held-out", far_inside[far_kinds == 2].mean(), low=0.12, high=0.17)

# %% [markdown]
# That costs about a tenth. A model that asks one question for all loses nothing here, so the pictures are not harder: what suffers is the fit of word and thing. Probably
# because a patch on the edge of a thing holds background too, so that the layer has learned *things together with their surroundings*; we have not tested that guess.
# Lessons 09 and 12 will be asked the same.
#
# Now look over its shoulder. First the opening picture, then eight questions about others with two kinds: the first four that it gets
# right and the first four that it does not, in the order of the test set, nothing chosen. The dot is the strongest patch, the dashed frame the true box.

# %% tags=["hide-input"]
weights = ask(finder, scene, word, new_looks)[1]
key = "vivid: large weight, pale: small.  Dot: the strongest patch.  Dashed: the true box"


def show(axis, number, mark=True):
    i = scene[number]
    thing = next(t.noun for t in unseen.graphs[i].things if t.noun.en == nouns_en[word[number]])
    boxes = unseen.boxes[i][list(unseen.graphs[i].where(thing))]
    right = bool(points_at["attention"][number] == 1) if mark else None
    overlay_weights(axis, unseen.images[i], weights[number].reshape(8, 8), thing.en, boxes, right)


figure, axes = plt.subplots(1, 3, figsize=(7.6, 2.8))
axes[0].imshow(unseen.images[opening])
axes[0].set(xticks=[], yticks=[])
axes[0].set_title("the opening picture", fontsize=10, weight="normal")
for axis, number in zip(axes[1:], np.flatnonzero(scene == opening), strict=True):
    show(axis, number)
figure.supxlabel(key, fontsize=9)
plt.show()

# %% tags=["hide-input"]
others = two & (scene != opening)
good = np.flatnonzero(others & (points_at["attention"] == 1))[:4]
bad = np.flatnonzero(others & (points_at["attention"] == 0))[:4]
figure, axes = plt.subplots(2, 4, figsize=(9.6, 5.4))
for axis, number in zip(axes.flat, [*good, *bad], strict=False):
    show(axis, number)
figure.suptitle("Where a word looks: successes above, failures below", weight="bold")
figure.supxlabel(key, fontsize=9)
plt.show()

# %% [markdown]
# ### The other way round
#
# The table of scores has a row for each word and a column for each patch. Softmax along the **rows**: each word shares itself out over the
# patches. Softmax along the **columns**: each patch shares itself out over the words. Text that looks at the picture and picture that looks at the text, in one layer: that is
# **co-attention** (lesson 15). Can we read our table the other way, without training for it? In scenes with two kinds, each patch
# inside one thing's box alone chooses between the two names.

# %%
@torch.no_grad()
def table_of(model, i):
    """Scores of scene i: one row for each of its names, one column for each patch."""
    names_of = torch.from_numpy(word[scene == i])                         # (2,)
    return model.query(names_of) @ model.key(new_looks[i]).T / 48**0.5    # (2, 64)


def chosen_right(model, centred=False):
    """For patches inside one box alone: is the right one of two names chosen? And their scenes."""
    right, of_scene = [], []
    for i in pairs:
        table = table_of(model, i)
        if centred:
            table = table - table.mean(1, keepdim=True)
        one, other = inside[scene == i]                                   # (64,), (64,)
        pick = table.argmax(0).numpy()                                    # (64,) 0 or 1
        told = [*(pick[one & ~other] == 0), *(pick[other & ~one] == 1)]
        right, of_scene = right + told, of_scene + [i] * len(told)
    return np.array(right, float), of_scene


# %%
right, of_scene = chosen_right(finder)
low, high = bootstrap_interval(right, groups=of_scene)
report("patches choose the right name, as the table is", right.mean(), low=0.58, high=0.74)
report("    from", low, low=0.56, high=0.72)
report("    to", high, low=0.6, high=0.76)
report("each row's mean taken off first", chosen_right(finder, True)[0].mean(), low=0.57, high=0.74)
for label in ("captions shuffled", "untrained"):
    report(label, chosen_right(models[label])[0].mean(), low=0.44, high=0.56)

# %% [markdown]
# Two of three, where a coin, the untrained layer and the one taught with shuffled captions all get half: some of it, for free. Why not more? Add 5 to all scores of one word: its softmax over patches does not change at all (that is what made
# exercise 07.1 safe), so training never settled how high a row lies as a whole, and along the columns that matters. We expected that taking each row's mean
# off would mend it. It did not. Nothing ever asked the *patches* to choose; whoever wants both directions must train both. On the background, below, the choice means nothing.

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, 4, figsize=(9.6, 4.9))
for (above, below), i in zip(axes.T, pairs[1:5], strict=False):
    table = table_of(finder, i)
    side = (table - table.mean(1, keepdim=True)).softmax(0)[0].reshape(8, 8)        # over the words
    above.imshow(unseen.images[i], extent=(0, 64, 64, 0))
    image = below.imshow(side, extent=(0, 64, 64, 0), cmap="PuOr", vmin=0, vmax=1)
    first, second = (nouns_en[w] for w in word[scene == i])
    above.set_title(f"{first} (violet) or\n{second} (orange)", fontsize=10, weight="normal")
    for x0, y0, x1, y1 in unseen.boxes[i][(unseen.boxes[i] >= 0).all(axis=1)]:
        below.plot([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], "k--", linewidth=1)
    frame = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    for thing, _ in unseen.graphs[i].kinds():
        for x0, y0, _, _ in unseen.boxes[i][list(unseen.graphs[i].where(thing.noun))]:
            below.text(x0 + 1, y0 + 1, thing.noun.en, fontsize=7, va="top", bbox=frame)
    for axis in (above, below):
        axis.set(xticks=[], yticks=[])
figure.colorbar(image, ax=axes[1], label="share of the first")
plt.show()

# %% [markdown]
# ### What did not work, and what a weight is not
#
# - **It cannot look nowhere.** Weights sum to one. Ask for a thing that is not in the picture, and some patch still gets the most. Whether the thing
#   is there is said far better by the *logit* than by the largest weight (both measured below).
# - **A weight is not an explanation.** It tells how much of which value went into the mix, in this layer. Values decide what was taken. Other weights
#   could have led to the same answer (Jain and Wallace 2019).
# - **It mixes things up.** A place described by 128 numbers of what is within 16 x 16 pixels cannot tell each of 210 stickers from the rest. Of its misses with two kinds, about two of three
#   point at the *other* thing; a random patch that misses does so far less often. Lesson 09 learns the patches too.
# - **It cannot count, and knows no "left of".** Patches without positions are a bag.

# %%
stranger = dice.permutation(word)                                   # a name from some other picture
not_there = np.array([w not in word[scene == i] for i, w in zip(scene, stranger, strict=True)])
no, nowhere = ask(finder, scene[not_there], stranger[not_there], new_looks)
yes, somewhere = ask(finder, scene, word, new_looks)
report("thing there:     says yes", (yes > 0).mean(), low=0.6, high=0.85)
report("thing not there: says yes", (no > 0).mean(), low=0.02, high=0.2)
for label, present, absent, low, high in (
    ("logit", yes, no, 0.88, 0.96),
    ("largest weight", somewhere.max(axis=1), nowhere.max(axis=1), 0.52, 0.75),
):
    told = (present[:, None] > absent[None]).mean()
    report(f"there scores higher than not there, by {label}", told, low=low, high=high)

# %%
missed = np.flatnonzero(two & (points_at["attention"] == 0))
everyone = np.arange(len(scene))
partner = [everyone[(scene == scene[n]) & (everyone != n)][0] for n in missed]  # the other thing
chosen, lies = weights[missed].argmax(axis=1), inside[partner]            # (n,), (n, 64)
wrong = lies[np.arange(len(missed)), chosen]                              # (n,) in the other's box?
report("two kinds: misses that point at the other thing", wrong.mean(), low=0.55, high=0.82)
report("    patches outside that lie on it", lies[~inside[missed]].mean(), low=0.1, high=0.22)

# %% [markdown]
# ## 8 · What it costs
#
# Every query meets every key. With $N$ of each that is a table of $N \times N$ numbers of four bytes, and the plain way needs it twice: the
# scores, and the weights that come of them. Let us count, then measure. `peak_bytes` adds up what PyTorch asks for and gives back;
# `median_seconds` lets the candidates take turns.

# %%
from mmlearn.score.cost import fit_exponent, median_seconds
from mmlearn.train.memory import peak_bytes


def by_hand(q, k, v):
    return (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1) @ v


fused = F.scaled_dot_product_attention
sizes = [256, 512, 1024] if quick() else [512, 1024, 2048, 4096]
seconds, peaks = {"by hand": [], "fused": []}, {"by hand": [], "fused": []}
for n in sizes:
    long = torch.randn(3, 1, 2, n, 64, generator=generator)               # 2 heads of width 64
    calls = {"by hand": partial(by_hand, *long), "fused": partial(fused, *long)}
    for label, took in median_seconds(calls, repeats=5).items():
        seconds[label].append(took)
        peaks[label].append(peak_bytes(calls[label]))
    print(f"N = {n:5}  one table for 2 heads {2 * n * n * 4 / 1e6:6.1f} MB")

# %%
tables = [peak / (2 * n * n * 4) for n, peak in zip(sizes, peaks["by hand"], strict=True)]
plain, thrifty = (fit_exponent(sizes, peaks[label])[0] for label in ("by hand", "fused"))
report("by hand: peak, in tables of N x N", np.mean(tables), low=1.9, high=3.1)
report("by hand: memory grows as N to the power", plain, low=1.9, high=2.1)
report("fused:   memory grows as N to the power", thrifty, low=0.2, high=1.4)
ratio = peaks["by hand"][-1] / peaks["fused"][-1]
report("longest: by hand needs this many times more", ratio, above=2 if quick() else 10)

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 2, figsize=(10.5, 3.6))
plans = (seconds, "s", "time"), (peaks, "MB", "peak memory")
for axis, (costs, unit, title) in zip(axes, plans, strict=True):
    for (label, values), colour in zip(costs.items(), (VERMILION, BLUE), strict=True):
        power, _ = fit_exponent(sizes[-3:], values[-3:])
        shown = np.array(values) * (1 if unit == "s" else 1e-6)
        axis.loglog(sizes, shown, "o-", color=colour, label=f"{label}: $N^{{{power:.1f}}}$")
    axis.set(title=title, xlabel="length N", ylabel=unit)
    axis.set_xticks(sizes, [str(n) for n in sizes])
    axis.minorticks_off()
    axis.legend(title="the three longest")
plt.show()

# %% [markdown]
# In memory the plain way is a straight line of slope 2: double the length, four times the bytes. The fused kernel's memory grows no faster than the length itself. Time
# has slope 2 for **both** (about; on your machine the exponent in the legend may differ, and the timings are shown, not judged; at the short end waking the threads
# can take longer than the work, so there either may win): a fused kernel multiplies
# just as many pairs. It never *stores* them, which often makes it faster too, since moving bytes costs more than multiplying. How can one take a softmax over a row that is never there as
# a whole? By keeping a running maximum and a running sum, and correcting what is already mixed whenever the maximum rises (Milakov and Gimelshein 2018):


# %%
def in_blocks(q, k, v, block=256):
    """Attention that sees `block` keys at a time: never (..., N, M) numbers at once."""
    high = torch.full((*q.shape[:-1], 1), float("-inf"))          # (..., N, 1) largest score so far
    total, mixed = torch.zeros_like(high), torch.zeros_like(q)    # sum of exponentials; of values
    for start in range(0, k.shape[-2], block):
        part = k[..., start : start + block, :]                   # (..., block, D)
        s = q @ part.transpose(-1, -2) / q.shape[-1] ** 0.5       # (..., N, block)
        higher = torch.maximum(high, s.amax(-1, keepdim=True))
        e, mend = (s - higher).exp(), (high - higher).exp()      # mend: what is there was too large
        total = total * mend + e.sum(-1, keepdim=True)
        mixed = mixed * mend + e @ v[..., start : start + block, :]
        high = higher
    return mixed / total


off = (in_blocks(*long) - by_hand(*long)).abs().max()
report("max |in blocks - by hand|", off, below=1e-5)
saved = peaks["by hand"][-1] / peak_bytes(partial(in_blocks, *long))
report("by hand needs this many times the memory", saved, above=1 if quick() else 3)

# %% [markdown]
# That is the heart of FlashAttention (Dao et al. 2022), less the craft that makes it fast. Training needs the backward pass as well, and the plain way
# then keeps its tables until it comes; the fused kernel works the weights out a second time instead.
#
# What the square means: 64 patches are nothing. A picture of 1024 x 1024 pixels in patches of 16 has 4,096 of them. A text of 100,000 tokens would need a table of 40 GB
# for a single head, by hand. Everything that makes long inputs possible (windows, pooling, fused kernels, caches)
# starts from this number.

# %% [markdown]
# ## Quiz
# **1. You permute the keys, and the values with them. How does the output change?**
# <details><summary>It is permuted in the same way</summary>No: the output has one row per <i>query</i>; keys are summed over. Permuting the queries would do that.</details>
# <details><summary>Not at all</summary>Right: a weighted sum does not know the order of its terms. That is why lesson 08 adds positions.</details>
# <details><summary>It depends on the scale</summary>The scale changes how picky the lookup is, not which term stands where.</details>
#
# **2. You make a model four times as wide and forget the root of D. What do you see first?**
# <details><summary>An error</summary>No shape changes: the missing division is silent.</details>
# <details><summary>Scores twice as large, sharper weights, smaller gradients</summary>Right: the standard deviation grows with the root of the width, and softmax saturates, as section 3 measured.</details>
# <details><summary>Nothing, softmax normalises anyway</summary>Softmax normalises the <i>sum</i> of the weights to one. Twice the scores give other weights: the largest wins more.</details>
#
# **3. You hide padding by multiplying the scores with a mask of 0 and 1. What happens?**
# <details><summary>Padding gets the weight 0</summary>A score of 0 has the exponential 1. If the true scores are negative, padding even gets the largest weight.</details>
# <details><summary>Padding is looked at, as if its score were 0</summary>Right. Forbidden is minus infinity, whose exponential is 0.</details>
# <details><summary>NaN</summary>That comes from a row of only minus infinities, not from zeros.</details>
#
# **4. An attention map shows that the word "wolf" looks at the wolf. What does that prove?**
# <details><summary>The model understands wolves</summary>It has a key that fits the query there. In a picture without a wolf the same word also looks somewhere.</details>
# <details><summary>It decided because of these pixels</summary>Not by itself: the values decide what is taken, and other weights might have given the same answer. To claim a cause, change the pixels and watch.</details>
# <details><summary>That this layer gave those patches the most weight</summary>Right, and no more. How often that is the named thing, against controls, is what we measured.</details>
#
# **5. You replace attention by the fused kernel. Which cost stops growing with the square of the length?**
# <details><summary>Time and memory</summary>Every query is still compared with every key: the multiplications stay.</details>
# <details><summary>Memory alone</summary>Right: no table is stored. Time keeps its exponent, though it often gets a smaller factor.</details>
# <details><summary>Neither</summary>Look at the right panel of section 8: two slopes.</details>

# %% [markdown]
# ## Recap
# 1. Attention is a soft lookup with three roles, query, key, value: compare a query with every key, share out one unit by softmax, mix the values. Its answer is smooth, so where to look can be learned.
# 2. Scores grow with the root of the width; undivided they saturate softmax, and no gradient comes back.
# 3. A mask is minus infinity before softmax; a query with nothing to look at gets zeros. Order means nothing to attention.
# 4. One head brings back one mix; several heads bring back several things. In cross-attention one modality asks and another is looked at.
# 5. A word taught only "is it there?" points at its thing, where there are two kinds, far more often than any control; time and plain memory cost the square of the length, fused memory does not.
#
# ## Going bigger
# - `scenes(60_000, size=128)` and 16 x 16 patches: four times the patches, sixteen times the table. On a GPU move `finder` and `looks` with `.to("cuda")`; nothing else changes.
# - Replace `Finder`'s one attention by `MultiHeadAttention(48, 4)`: do some heads look at colours and others at edges?
# - Ask in Chinese: `noun.zh` is a second name for each of the 210 things. Does a shared query suffice?
#
# ## References
# - Bahdanau, Cho and Bengio (2015). Neural machine translation by jointly learning to align and translate. [arXiv:1409.0473](https://arxiv.org/abs/1409.0473)
# - Xu et al. (2015). Show, attend and tell: neural image caption generation with visual attention. [arXiv:1502.03044](https://arxiv.org/abs/1502.03044)
# - Vaswani et al. (2017). Attention is all you need. [arXiv:1706.03762](https://arxiv.org/abs/1706.03762)
# - Zhang et al. (2018). Top-down neural attention by excitation backprop (the pointing game). [arXiv:1608.00507](https://arxiv.org/abs/1608.00507)
# - Lu et al. (2019). ViLBERT: pretraining task-agnostic visiolinguistic representations (co-attention). [arXiv:1908.02265](https://arxiv.org/abs/1908.02265)
# - Michel, Levy and Neubig (2019). Are sixteen heads really better than one? [arXiv:1905.10650](https://arxiv.org/abs/1905.10650)
# - Jain and Wallace (2019). Attention is not explanation. [arXiv:1902.10186](https://arxiv.org/abs/1902.10186)
# - Coates, Lee and Ng (2011). An analysis of single-layer networks in unsupervised feature learning. AISTATS.
# - Milakov and Gimelshein (2018). Online normalizer calculation for softmax. [arXiv:1805.02867](https://arxiv.org/abs/1805.02867)
# - Rabe and Staats (2021). Self-attention does not need O(n²) memory. [arXiv:2112.05682](https://arxiv.org/abs/2112.05682)
# - Dao et al. (2022). FlashAttention: fast and memory-efficient exact attention with IO-awareness. [arXiv:2205.14135](https://arxiv.org/abs/2205.14135)

# ---
# jupyter:
#   mmlearn:
#     title: "Modalities: one thing, four ways to measure it"
#     builds: "grey pixels, a tokeniser for two languages, cosine similarity, a log-mel spectrogram, recall@k"
#     minutes: 80
#     needs: ["00"]
#     topics: [1, 2, 3, 16, 17, 22, 29, 40, 41, 42, 56, 85]
# ---

# %% [markdown]
# # 01 · Modalities: one thing, four ways to measure it
#
# **You will build** seven pieces of the roads from the world to numbers: grey pixels; a tokeniser for English and
# Chinese; frames, the power spectrum and the mel scale of a sound; and two tools that compare, cosine similarity and
# recall@k. Pixels, words, cosines and the log-mel spectrogram are held against the libraries that people use. **Used, not
# built**: everything on film.
# **You need** lesson [00](00_start_here.ipynb).
# **Time** 80 min to work through; runs in under 60 s on 2 CPU cores.
# **Covers** topics 1-3, 16-17, 22, 29, 40-42, 56, 85 of the [syllabus](../TOPICS.md).

# %%
import matplotlib.pyplot as plt
import numpy as np

from mmlearn.checks import check, report
from mmlearn.data import stickers
from mmlearn.data.sound import speak
from mmlearn.data.video import frame_difference, moving_sticker
from mmlearn.encode.sound import HOP, log_mel
from mmlearn.view.images import on_white, show_images
from mmlearn.view.sound import plot_sound
from mmlearn.view.style import BLUE, GREEN, GREY, ORANGE, use_style

use_style()

# %% [markdown]
# ## Which two of these are most alike?
#
# Four panels, one animal. Before you read on: which two panels are most alike *to you*? And to a program that knows
# nothing about foxes?

# %%
deck = stickers()                                     # 64 x 64 pixels, names in English and Chinese
deck = deck.select(deck.groups != "flags")            # flags look alike and tell little
N = len(deck)
row = {str(name): i for i, name in enumerate(deck.names["en"])}
fox = deck.images[row["fox"]]                         # (64, 64, 4) uint8: red, green, blue, opacity
said = speak("fox")                                   # samples of a voice
steps = np.arange(24)                                 # 24 frames: one second of film
height = 30 - 28 * np.abs(np.sin(steps / 12 * np.pi))  # two jumps
path = np.stack([height, 4 * steps], axis=1).round().astype(int)  # (24, 2) corner: row, column
film = moving_sticker(fox, path)                      # (24, 96, 160, 3) uint8
N

# %% tags=["hide-input"]
figure, ((a, b), (c, d)) = plt.subplots(2, 2, figsize=(9, 4.6), height_ratios=(1.3, 1))
a.imshow(on_white(fox))
b.text(0.5, 0.62, "fox", fontsize=44, ha="center", va="center")
b.text(0.5, 0.2, str(deck.names["zh"][row["fox"]]), fontsize=34, ha="center", va="center")
c.plot(np.arange(len(said.samples)) / said.rate, said.samples, linewidth=0.5)
c.set(xlabel="time (s)", ylabel="amplitude", ylim=(-1, 1))
first, second, third, fourth = (np.pad(film[t], ((2, 2), (2, 2), (0, 0))) for t in (0, 3, 6, 9))
d.imshow(np.vstack([np.hstack([first, second]), np.hstack([third, fourth])]))
titles = "a picture", "a name, in two languages", "a sound", "a film"
for axis, title in zip((a, b, c, d), titles, strict=True):
    axis.set_title(title)
for axis in (a, b, d):
    axis.axis("off")
plt.show()

# %% [markdown]
# To you they are one thing. To a program they are four heaps of numbers with different axes, ranges and units. (Picture
# and film share pixels, levels of red, green and blue; to a program these two are the close pair. Name and sound share
# nothing with them, nor with each other: no letter answers to a pixel, no sample to a letter.) That is the
# **heterogeneity** of modalities.
#
# A function that turns one modality into a vector is called an **encoder**: $z = E(x)$. In this lesson the encoders
# are honest arithmetic, nothing is learned. Sections 1 to 5 are **unimodal**: one modality at a time, each on its own
# ground. Section 6 is the first **multimodal** task, and the question of this whole course: **can a picture find its name?**

# %% [markdown]
# ## 1 · Pictures: a grid of levels
#
# Zoom in until the fox falls apart. Each pixel is three whole numbers from 0 to 255: how much red, green and blue.

# %%
paper = on_white(fox)                                    # (64, 64, 3) uint8: the fox on white paper
eye = paper[31:39, 18:26]                                # 8 x 8 pixels around one eye
print("shape", paper.shape, paper.dtype, "from", paper.min(), "to", paper.max())
print("one pixel of orange fur, (red, green, blue):", paper[24, 30])
show_images([paper, eye], ["64 x 64 pixels", "8 x 8 of them: an eye"], columns=2, inches=2.2)
plt.show()

# %% [markdown]
# ### The blue fox: red, green, blue, or blue, green, red?
#
# Nothing in the array says which channel is which. Pillow and matplotlib keep **RGB**; OpenCV's `cv2.imread` returns
# **BGR**, for reasons of the nineties. Mix them up and nothing crashes: the program runs on, with wrong colours.

# %%
swapped = paper[..., ::-1]                            # what matplotlib gets to see after cv2.imread
show_images([paper, swapped], ["right", "BGR taken for RGB"], columns=2, inches=2.2)
plt.show()

# %% [markdown]
# One look shows it. Grey pictures hide it, and many programs turn pictures grey at once: with OpenCV by
# `cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)`. What that line computes is the first exercise.
#
# The eye is most sensitive to green and least to blue, so brightness is a **weighted** sum (ITU-R BT.601):
#
# $$\mathrm{grey} = 0.299\,R + 0.587\,G + 0.114\,B$$

# %% [markdown]
# ## Exercise 01.1 · Grey from colour
# *Difficulty 1/5 · about 8 minutes*
#
# Write the formula for one picture `(H, W, 3)` or many `(N, H, W, 3)`, in whole levels, rounded to the nearest.


# %% tags=["exercise"]
def to_grey(image):
    """Brightness of an RGB picture: (..., H, W, 3) uint8 0 to 255 -> (..., H, W) uint8 0 to 255."""
    # BEGIN SOLUTION
    weights = np.array([0.299, 0.587, 0.114])                # red, green, blue
    grey = image @ weights                                   # (..., H, W) float64
    return np.round(grey).astype(np.uint8)
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>The channels are the last axis: <code>image[..., 0]</code> is red. <code>image @ weights</code> sums over the last axis in one go, and gives floats.</details>
# <details><summary>My sums are far too small</summary><code>uint8</code> wraps round at 256: <code>image[..., 0] + image[..., 1]</code> of 200 and 100 is 44. Multiply by float weights, or convert first.</details>
# <details><summary>I get "OverflowError: Python integer 299 out of bounds for uint8"</summary>The same trap, caught by NumPy: 299 does not fit into 8 bits. Use 0.299, or <code>image.astype(int)</code>.</details>
# <details><summary>What you should see</summary>Pure red becomes 76, green 150, blue 29, white 255.</details>

# %% tags=["check"]
to_grey = check("01.1", to_grey)

# %% [markdown]
# ### From here on, the tested version
#
# Beside Pillow's, over every pixel of every sticker. Pillow works with binary fractions of the weights, so one level
# of difference is allowed; a wrong order of channels costs far more, and never raises an error.

# %%
from PIL import Image

from mmlearn.encode.pixels import colour_histogram, to_grey

sheets = on_white(deck.images)                               # (N, 64, 64, 3) uint8
ours = to_grey(sheets).astype(int)                           # (N, 64, 64)
theirs = np.stack([np.asarray(Image.fromarray(sheet).convert("L")) for sheet in sheets]).astype(int)
report("max |ours - Pillow|, levels", np.abs(ours - theirs).max(), below=1.5)
trap = np.abs(to_grey(paper).astype(int) - to_grey(swapped))[fox[..., 3] == 255]  # on the fox alone
report("mean |RGB - BGR taken for RGB|, levels", trap.mean(), above=10)
greys = [to_grey(paper), to_grey(swapped)]
show_images(greys, ["right", "BGR taken for RGB"], columns=2, inches=2.2)
plt.show()

# %% [markdown]
# ### The simplest picture encoder: count the colours
#
# Cut each channel into 4 parts: 4 · 4 · 4 = 64 boxes of colour. Count how much of a picture falls into each, forget
# *where*, and a picture of any size is one vector of 64 numbers that sum to one: its **colour histogram** (Swain and
# Ballard 1991). Transparent paper does not count.

# %%
colours = colour_histogram(deck.images, bins=4)           # (N, 64), rows sum to one
fullest = np.argsort(-colours[row["fox"]])[:6]            # the fox's six fullest boxes
boxes = np.stack(np.unravel_index(np.arange(64), (4, 4, 4)), axis=1)     # (64, 3) 0 to 3
middles = (boxes + 0.5) / 4                               # (64, 3) the colour in the middle of each
plt.figure(figsize=(6, 2.4))
plt.bar(np.arange(6), colours[row["fox"], fullest], color=middles[fullest], edgecolor="black")
plt.xticks(np.arange(6), [f"box {box}" for box in fullest])
plt.ylabel("share of the fox")
plt.title("The fox in six of 64 numbers")
plt.show()

# %% [markdown]
# ## 2 · Words: a sequence of symbols
#
# A name comes as characters. To count words we must first say what a word **is**. English parts words by spaces and
# punctuation. Chinese writes none: 狐狸 (fox) is one word in two characters. A regular expression finds runs of letters
# and digits, `\w+`, but it is only a start: *FOX* should be *fox*, and a Chinese sentence would be one single word.

# %%
import re

for name in ("fox", "smiling face with heart-eyes", "piñata", "keycap 10"):
    print(f"{name:30} {deck.names['zh'][row[name]]}")
print("runs of letters and digits:", re.findall(r"\w+", "a FOX, 狐狸 (10)"))

# %% [markdown]
# ## Exercise 01.2 · Words from a name
# *Difficulty 2/5 · about 10 minutes*
#
# Split a text into lower-case **tokens**. A run of letters and digits is one token, whatever the accents; each Chinese
# character is a token of its own; spaces, punctuation and underscores part tokens and are dropped.


# %% tags=["exercise"]
def tokenize(text):
    """"a FOX, 狐狸 (10)" -> ["a", "fox", "狐", "狸", "10"]"""
    # BEGIN SOLUTION
    chinese = "\u4e00-\u9fff"                                # 一 to the last common character
    return re.findall(rf"[{chinese}]|[^\W_{chinese}]+", text.lower())
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary><code>re.findall(pattern, text)</code> with two alternatives, <code>A|B</code>: A is one Chinese character, <code>[\u4e00-\u9fff]</code>; B is a run of letters and digits that are not Chinese.</details>
# <details><summary>Another hint: letters with accents</summary><code>\w</code> knows the letters and digits of every script, and the underscore. <code>[^\W_]</code> reads: not (not a letter), not an underscore. Add the Chinese range inside the same brackets to leave it out.</details>
# <details><summary>Why not nltk.word_tokenize?</summary>It needs a data file (<code>punkt_tab</code>) that is not in the package: without a download it stops with a LookupError. So do NLTK's stop words and its WordNet lemmatiser. Its regular-expression tokenisers and stemmers need nothing.</details>
# <details><summary>What you should see</summary><code>tokenize("jalapeño & piñata")</code> gives two words, <code>tokenize("狐狸")</code> too.</details>

# %% tags=["check"]
tokenize = check("01.2", tokenize)

# %% [markdown]
# ### From here on, the tested version
#
# On all English names it gives exactly what NLTK's `wordpunct_tokenize` gives once punctuation is thrown away. (NLTK's
# better-known `word_tokenize` asks for a download first.) In Chinese the two part ways, and so does scikit-learn's
# default, which has a surprise in English too: it drops every word of one letter, and two blood types become one.

# %%
from nltk.tokenize import wordpunct_tokenize
from sklearn.feature_extraction.text import CountVectorizer

from mmlearn.data.words import STOP_WORDS, content_stems, count_vectors, stem, tokenize, vocabulary

names = [str(name) for name in deck.names["en"]]
cut = [wordpunct_tokenize(name.lower()) for name in names]
nltk_words = [[word for word in parts if word[0].isalnum()] for parts in cut]
default = CountVectorizer().build_analyzer()
differ = sum(tokenize(name) != found for name, found in zip(names, nltk_words, strict=True))
print("English names on which we and NLTK differ:", differ)
for text in ("A button (blood type)", "B button (blood type)", "狐狸"):
    print(f"{text:22} ours {tokenize(text)}   scikit-learn {default(text)}")
print(f"{'狐狸':21} NLTK {wordpunct_tokenize('狐狸')}")

# %% [markdown]
# ### Cleaning: stop words and stems, and what they cost
#
# *with* and *the* say little about what a sticker shows: a **stop list** removes them. *glasses* and *glass* should
# meet: a **stemmer** cuts endings by rule (Porter 1980). Both are bets. Look at what they win and lose here.

# %%
meet: dict[str, set[str]] = {}
for token in {token for name in names for token in tokenize(name)}:
    meet.setdefault(stem(token), set()).add(token)
for root in ("glass", "mountain", "fli", "ferri", "box", "offic"):
    print(f"{root:10} <- {sorted(meet.get(root, set()))}")

same: dict[tuple[str, ...], list[str]] = {}
for name in names:
    same.setdefault(tuple(content_stems(name)), []).append(name)
merged = [group for group in same.values() if len(group) > 1]
print(f"with {len(STOP_WORDS)} stop words, ", end="")
print(len(merged), "groups of names can no longer be told apart, among them")
for group in merged:
    if {"bicycle", "up arrow", "thumbs up"} & set(group):
        print("  ", group)

# %% [markdown]
# Mountains meet their mountain, but the *ferry* meets the *Ferris* wheel, and the *boxing* glove meets every *box*. Worse:
# "no", "up" and "down" stand on the usual stop lists, and here they were the whole difference. In long articles such words
# drown; in names of two or three words the bet must be measured. (In Chinese there is nothing to cut: words do not bend.)

# %% [markdown]
# ### From words to a vector: one axis a word
#
# Give every word of the collection its own axis. A name is then a point: how often each word occurs in it. That is the
# **vector space model** (Salton, Wong and Yang 1975), fifty years old and still inside every search engine.

# %%
documents = [content_stems(name) for name in names]          # N lists of stems
words = vocabulary(documents)                                # the axes, sorted
counts = count_vectors(documents, words)                     # (N, D) whole numbers, nearly all 0
theirs = CountVectorizer(analyzer=content_stems).fit_transform(names).toarray()
print("names x words:", counts.shape, f" zeros: {(counts == 0).mean():.1%}")
print("most frequent word:", words[counts.sum(axis=0).argmax()])
print("entries that differ from scikit-learn's:", int((counts != theirs).sum()))

# %% [markdown]
# ## 3 · How alike are two vectors? The angle
#
# *dog* and *hot dog* on the two axes *dog* and *hot*. A name that says everything twice lies twice as far out in the
# **same direction**; so length should not count, and the angle should. (*hot face* needs a third axis, for *face*, out of
# the paper: it shares one of two words with *hot dog*, and their cosine is 1/2.)
#
# $$\cos(a, b) = \frac{a \cdot b}{\lVert a\rVert\,\lVert b\rVert} \qquad 1: \text{same direction}\quad 0: \text{nothing in common}$$

# %% tags=["hide-input"]
plt.figure(figsize=(5, 4.2))
arrows = ("hot dog hot dog", (2, 2), GREY), ("hot dog", (1, 1), ORANGE), ("dog", (1, 0), BLUE)
for name, (x, y), colour in arrows:
    arrow = {"arrowstyle": "-|>", "color": colour, "linewidth": 2.5, "mutation_scale": 18}
    arrow |= {"shrinkA": 0, "shrinkB": 0}                   # from the very origin to the very point
    plt.annotate("", (x, y), (0, 0), arrowprops=arrow)
    plt.annotate(name, (x, y), (12, -5), textcoords="offset points", color=colour)
turn = np.linspace(0, np.pi / 4, 30)
plt.plot(0.45 * np.cos(turn), 0.45 * np.sin(turn), color="black", linewidth=1)
plt.annotate("45°\ncos 0.71", (0.5, 0.1), fontsize=10)
plt.xlim(-0.05, 3.1)
plt.ylim(-0.2, 2.3)
plt.xticks([0, 1, 2])
plt.yticks([0, 1, 2])
plt.gca().set_aspect("equal")                               # or 45° would not look like 45°
plt.xlabel("times the word dog")
plt.ylabel("times the word hot")
plt.title("Names as arrows")
plt.show()

# %% [markdown]
# ## Exercise 01.3 · Cosine similarity
# *Difficulty 2/5 · about 12 minutes*
#
# Compare every row of `a` with every row of `b`. A vector of zeros (a name of stop words only) has no direction: let its
# similarity to anything be 0, not NaN.


# %% tags=["exercise"]
def cosine_similarity(a, b):
    """a (M, D), b (N, D) -> (M, N), entry [i, j] compares a[i] with b[j]."""
    # BEGIN SOLUTION
    def unit(rows):
        length = np.linalg.norm(rows, axis=1, keepdims=True)             # (rows, 1)
        return rows / np.where(length > 0, length, 1)

    return unit(a) @ unit(b).T                                           # (M, N)
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>Bring every row to length 1 first; then <code>a @ b.T</code> is all the cosines at once. <code>np.linalg.norm(a, axis=1, keepdims=True)</code> keeps the shape (M, 1), which divides row by row.</details>
# <details><summary>I get NaN</summary>0/0. Replace a length of 0 by 1 before you divide: zeros divided by 1 stay zeros.</details>
# <details><summary>I get "operands could not be broadcast together"</summary>Without <code>keepdims=True</code> the lengths have shape (M,), and NumPy lines them up with the columns.</details>
# <details><summary>What you should see</summary>A vector with itself: 1. <i>dog</i> with <i>hot dog</i>: 0.71. Two names without a common word: 0.</details>

# %% tags=["check"]
cosine_similarity = check("01.3", cosine_similarity)

# %% [markdown]
# ### From here on, the tested version

# %%
from sklearn.metrics.pairwise import cosine_similarity as sklearn_cosine

from mmlearn.score.similarity import cosine_similarity

word_match = cosine_similarity(counts, counts)            # (N, N): every name with every name
colour_match = cosine_similarity(colours, colours)        # (N, N): every picture with every picture
report("max |ours - scikit-learn|", np.abs(word_match - sklearn_cosine(counts)).max(), below=1e-9)
print("dog and hot dog:", word_match[row["dog"], row["hot dog"]].round(2))
print("hot face and hot dog:", word_match[row["hot face"], row["hot dog"]].round(2))
print("fox and tiger face, by words:", word_match[row["fox"], row["tiger face"]])
report("fox and tiger face, by colours", colour_match[row["fox"], row["tiger face"]], above=0.9)

# %% [markdown]
# ### Who lives next door?
#
# The five nearest neighbours by **words** and by **colours**. Close relatives (the same *family*: every dog with every
# dog, the man and the woman who run) are left out, or they would fill every list. Some neighbours are good, some are
# absurd, and the reasons are plain in both cases.

# %%
stranger = deck.families[:, None] != deck.families[None, :]         # (N, N) bool: not of one family


def neighbours(match, name, k=5):
    """The k stickers outside its family most similar to `name`; fewer where nothing is alike."""
    i = row[name]
    order = np.argsort(-np.where(stranger[i], match[i], -1), kind="stable")[:k]
    return [int(j) for j in order if match[i, j] > 0]


def gallery(match, queries, title):
    lists = [[row[name], *neighbours(match, name)] for name in queries]
    shown = [i for found in lists for i in (found + [None] * 6)[:6]]
    blank = np.full((64, 64, 3), 255, np.uint8)
    pictures = [blank if i is None else on_white(deck.images[i]) for i in shown]
    captions = ["" if i is None else "\n".join(names[i].split(" ", 1)) for i in shown]
    captions = [text if len(text) < 26 else text[:24] + "…" for text in captions]
    show_images(pictures, captions, title=title, columns=6, inches=1.35)
    plt.show()


queries = "red apple", "hot dog", "full moon", "fox"
gallery(word_match, queries, "By words (first column: the query)")

# %%
gallery(colour_match, queries, "By colours (first column: the query)")

# %% [markdown]
# Words bring the red apple to red things and the hot dog to dogs: a word is a word, whatever it means. The fox gets
# **nobody**: no other name holds the word *fox*, so it stands at a right angle to everything, the tiger included.
# Colours find it the tiger, and a city at dusk.
#
# ### Is that better than chance? Measure
#
# How often does the nearest neighbour belong to the query's group (animals, food, people ...)? Beside it three things
# that every number in this course gets: what **chance** gives, what a **shuffled control** gives (the same search,
# groups dealt out at random), and a 95 % **interval**. Ties are shared: of ten equally near neighbours each counts a tenth.
#
# Chance is the share of the stickers *that may be found* which are of the query's group. So it is not one number: without
# relatives, who are all of one's own group, it is lower; and once groups are dealt out at random, strangers are as often
# of one's group as relatives are, and it is back where it was. Each bar below gets a chance mark of its own.

# %%
from mmlearn.score.interval import wilson_interval


def same_group(match, allowed, groups):
    """Each sticker's share of nearest allowed neighbours that are of its own group: (N,) 0 to 1."""
    open_match = np.where(allowed, match, -1)
    nearest = open_match == open_match.max(axis=1, keepdims=True)       # (N, N) bool, ties included
    return (nearest & (groups[:, None] == groups[None, :])).sum(axis=1) / nearest.sum(axis=1)


def by_chance(allowed, groups):
    """What picking blindly among the allowed neighbours gives."""
    same = (groups[:, None] == groups[None, :]) & allowed                # (N, N) bool
    return (same.sum(axis=1) / allowed.sum(axis=1)).mean()


# %%
anyone = ~np.eye(N, dtype=bool)
mixed = np.random.default_rng(1).permutation(deck.groups)
searches = {
    "anyone": (anyone, deck.groups),
    "other families": (stranger, deck.groups),
    "shuffled": (stranger, mixed),
}
chance = {search: by_chance(*given) for search, given in searches.items()}
matches = {"words": word_match, "colours": colour_match}
rates = {
    (label, search): same_group(match, *given)
    for label, match in matches.items() for search, given in searches.items()
}

# %%
ranges = (0.55, 0.68), (0.28, 0.39), (0.10, 0.19), (0.43, 0.56), (0.23, 0.33), (0.10, 0.19)
for search, value in chance.items():
    report(f"chance   {search:15} same group", value, low=0.12, high=0.16)
for ((label, search), rate), (low, high) in zip(rates.items(), ranges, strict=True):
    report(f"{label:8} {search:15} same group", rate.mean(), low=low, high=high)

# %% tags=["hide-input"]
plt.figure(figsize=(8, 3))
for place, ((label, search), rate) in enumerate(reversed(rates.items())):
    low, high = wilson_interval(rate)
    colour = GREY if search == "shuffled" else ORANGE if label == "colours" else BLUE
    plt.barh(place, rate.mean(), color=colour, height=0.7)
    plt.plot([low, high], [place, place], color="black", linewidth=2)
    plt.plot([chance[search]] * 2, [place - 0.48, place + 0.48], "--", color="black", linewidth=1.2)
plt.yticks(range(6), [", ".join(key) for key in reversed(rates)])
plt.xlim(0, 0.7)
plt.xlabel("share of the same group (solid: 95 % interval, dashed: chance)")
plt.title("Is the nearest neighbour of the same group?")
plt.show()

# %% [markdown]
# Both encoders know something: outside the family, words find the group two and a half times as often as chance, colours
# about twice as often. The shuffled bars sit on their marks. Now look at the bars named *anyone*. Let relatives in and the score nearly doubles, because *woman running* finds *man
# running*. Nothing became more intelligent; the test became easier. From lesson 02 on, no family straddles a split.
# (An interval takes the trials for independent. Relatives are not, so the true intervals are somewhat wider.)

# %% [markdown]
# ## 4 · Sound: pressure over time
#
# A microphone measures air pressure, here 22,050 times a second. One number at a time, no width, no height. The voice
# is eSpeak NG, which comes as a package (where it has no wheel, hums and hisses stand in and say so). Press play.

# %% tags=["nbval-ignore-output"]
from IPython.display import Audio, display

display(Audio(said.samples, rate=said.rate, normalize=False))
display(Audio(speak("狐狸", "cmn").samples, rate=said.rate, normalize=False))

# %%
print(said.samples.ndim, "axis of", said.samples.dtype, "at", said.rate, "samples a second")
report("fox, seconds of sound", len(said.samples) / said.rate, low=0.2, high=1.0)
report("largest amplitude, 1 is the limit", np.abs(said.samples).max(), low=0.1, high=1.0)

# %% [markdown]
# ### Why samples make a poor vector
#
# Play the same word one thousandth of a second later. No ear notices. What does the cosine say? (We take the mean away
# first, which makes it the correlation.)

# %%
def correlation(a, b):
    return cosine_similarity((a - a.mean()).reshape(1, -1), (b - b.mean()).reshape(1, -1))[0, 0]


late = 22                                                    # samples: 1 ms
now, later = said.samples[late:], said.samples[:-late]       # the same sound, 1 ms apart
alike = correlation(now, later)
report("fox and fox 1 ms later: correlation of the samples", alike, low=-0.4, high=0.5)

# %% [markdown]
# A vector that changes completely when nothing changed is useless for comparing. The ear solves this by listening to
# **how much power there is at each pitch, a moment at a time**. That takes four small steps:
# frames → power spectrum → mel bands → decibels.
#
# ### Step 1 · Frames
#
# Cut the sound into overlapping pieces of 1,024 samples (46 ms: shorter than a vowel, longer than one swing of the
# vocal cords), a new one every 256 samples (the **hop**, 12 ms).

# %% [markdown]
# ## Exercise 01.4 · Frames of a sound
# *Difficulty 2/5 · about 8 minutes*
#
# Frame `t` starts at sample `t * hop`. Keep whole frames only. How many are there?


# %% tags=["exercise"]
def frames(samples, length, hop):
    """samples (N,) with N >= length -> (T, length), one frame a row."""
    # BEGIN SOLUTION
    count = 1 + (len(samples) - length) // hop
    starts = hop * np.arange(count)[:, None]                 # (T, 1)
    return samples[starts + np.arange(length)]               # (T, length)
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>The last start is the largest multiple of <code>hop</code> that is at most <code>N - length</code>. <code>starts[:, None] + np.arange(length)</code> is a table of positions, and an array can be indexed with a table.</details>
# <details><summary>One frame too few?</summary>Fence posts: with no room to move there is still <b>one</b> frame.</details>
# <details><summary>What you should see</summary>10 samples, length 4, hop 3: three frames, starting at 0, 3 and 6.</details>

# %% tags=["check"]
frames = check("01.4", frames)

# %% [markdown]
# ### Step 2 · The power spectrum
#
# The Fourier transform says how strongly a frame swings at each frequency. Cut off sharply, a frame starts and ends
# with a jump, and a jump contains **every** frequency. So each frame is first faded in and out by a **Hann window**,
# $w_n = \tfrac12 - \tfrac12\cos(2\pi n/L)$, where $L$ is the frame's length (1,024 here) and $n$ runs from 0 to $L-1$. One
# pure tone shows what the window buys:

# %%
time = np.arange(1024) / 22050                         # one frame, seconds
tone = np.sin(2 * np.pi * 1000 * time)                 # 1,000 Hz
window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
hertz = np.fft.rfftfreq(1024, 1 / 22050)               # (513,) frequency of each bin, 21.5 Hz apart
plt.figure(figsize=(7, 2.8))
for label, piece in (("cut off sharply", tone), ("faded by a Hann window", tone * window)):
    power = np.abs(np.fft.rfft(piece)) ** 2            # (513,)
    plt.plot(hertz, 10 * np.log10(power + 1e-10), label=label)
plt.xlim(0, 5000)
plt.ylim(-80, 60)
plt.xlabel("frequency (Hz)")
plt.ylabel("power (dB)")
plt.title("A pure tone of 1,000 Hz, twice")
plt.legend()
plt.show()

# %% [markdown]
# ## Exercise 01.5 · The power at each frequency
# *Difficulty 3/5 · about 10 minutes*
#
# Window each frame, transform it with `np.fft.rfft` (real input, so the negative frequencies are a mirror image and are
# left out), and square the magnitude. $P = |\,\mathrm{rfft}(w \cdot x)\,|^2$.


# %% tags=["exercise"]
def power_spectrum(pieces):
    """pieces (T, L) -> (T, L // 2 + 1), power of each frame in each frequency bin."""
    # BEGIN SOLUTION
    length = pieces.shape[1]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)  # (L,)
    return np.abs(np.fft.rfft(pieces * window, axis=1)) ** 2             # (T, L // 2 + 1)
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>A window (L,) times frames (T, L) fades every row: NumPy lines up the last axes. <code>rfft</code> returns complex numbers; their magnitude is <code>np.abs</code>.</details>
# <details><summary>Nearly right, and the check is not satisfied</summary><code>np.hanning(L)</code> divides by L − 1 in place of L. Symmetric windows are for designing filters, periodic ones for spectra.</details>
# <details><summary>What you should see</summary>3 frames of 16 samples give (3, 9). A tone of exactly 3 swings a frame has its peak in bin 3 and a quarter of it in bins 2 and 4.</details>

# %% tags=["check"]
power_spectrum = check("01.5", power_spectrum)

# %% [markdown]
# ### Step 3 · Mel: pitch as we hear it
#
# From 100 to 200 Hz is a leap to the ear, from 8,000 to 8,100 Hz is nothing. In 1937 Stevens, Volkmann and Newman asked
# people to set tones to *half the pitch* of another, and called the unit of the result **mel** (from melody). The formula
# in use today, with 1,000 Hz at 1,000 mel:
#
# $$m = 2595\,\log_{10}\!\left(1 + \frac{f}{700}\right)$$

# %% [markdown]
# ## Exercise 01.6 · From hertz to mel
# *Difficulty 1/5 · about 4 minutes*
#
# The formula as a function, for one number and for an array of any shape.


# %% tags=["exercise"]
def hz_to_mel(hz):
    """Frequency in Hz, a number or an array, 0 or more -> mel."""
    # BEGIN SOLUTION
    return 2595 * np.log10(1 + hz / 700)
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>One line. Mind which logarithm, and what is divided by 700.</details>
# <details><summary>I get RuntimeWarning: divide by zero</summary>The logarithm of 0. With the 1 + inside, 0 Hz is 0 mel.</details>
# <details><summary>What you should see</summary>0 → 0, 1,000 → 1,000, 11,025 → 3,176.</details>

# %% tags=["check"]
hz_to_mel = check("01.6", hz_to_mel)

# %% [markdown]
# Now 64 triangles, equally wide **in mel**: narrow where the ear is sharp, wide where it is not. They gather the 513 bins
# into 64 bands. And since the ear hears ratios (ten times the power is one step louder), we take **decibels**,
# $10\log_{10}$ of the power, with a floor so that silence has a logarithm.
#
# Triangle $b$ starts at edge $b$, has its tip at edge $b + 1$ and ends at edge $b + 2$: a rising line and a falling line,
# and at each frequency the lower of the two, never below 0. (The lowest are only about three bins wide. Bins lie 21.5 Hz apart, so the tip of a triangle often falls between two of
# them, and the line drawn through the bins stops short of 1.)

# %%
from mmlearn.encode.sound import frames, hz_to_mel, mel_filters, mel_to_hz, power_spectrum

edges = mel_to_hz(np.linspace(0, hz_to_mel(11025), 66))      # (66,) Hz, equal steps in mel
low, tip, high = edges[:-2], edges[1:-1], edges[2:]          # (64,) each
rising = (hertz[:, None] - low) / (tip - low)                # (513, 64)
falling = (high - hertz[:, None]) / (high - tip)             # (513, 64)
bank = np.maximum(0, np.minimum(rising, falling))            # (513, 64)
plt.figure(figsize=(7, 2.2))
plt.plot(hertz, bank[:, ::4], color=BLUE, linewidth=1)
plt.xlabel("frequency (Hz)")
plt.ylabel("weight")
plt.title("Every fourth of the 64 mel bands")
plt.show()

# %% [markdown]
# The four steps, one line each. `mel_filters` of the package builds the same triangles.

# %%
pieces = frames(said.samples, 1024, 256)                     # (T, 1024)
power = power_spectrum(pieces)                               # (T, 513)
bands = power @ bank                                         # (T, 64)
decibels = 10 * np.log10(np.maximum(1e-10, bands))           # (T, 64), -100 dB at least
report("mel filters: max |here - package|", np.abs(bank - mel_filters(22050)).max(), below=1e-12)
print("silence, in dB:", 10 * np.log10(1e-10))

# %% [markdown]
# ### From here on, the tested version
#
# `log_mel` does the same four steps, after mirroring half a frame at both ends so that frame t is centred on sample
# t · hop. Beside it, what speech models such as Whisper build their input with in `transformers`:

# %%
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

ours = log_mel(said.samples, said.rate)                      # (T, 64) dB
their_bank = mel_filter_bank(513, 64, 0, 11025, 22050, norm=None, mel_scale="htk")
their_window = window_function(1024, "hann")
theirs = spectrogram(
    said.samples, their_window, 1024, 256, power=2.0, mel_filters=their_bank, log_mel="dB"
)                                                            # (64, T): bands first
report("mel filters: max |ours - transformers|", np.abs(bank - their_bank).max(), below=1e-9)
report("log-mel, dB: max |ours - transformers|", np.abs(ours - theirs.T).max(), below=1e-5)
plot_sound(said.samples, said.rate, ours, HOP, title="fox: a hiss, a hum, a click, a hiss")
plt.show()

# %% [markdown]
# Now you can **read** the word. *f* is a faint hiss, spread over all pitches. *o* is a hum: low, loud, in stripes. Then
# silence while the tongue shuts the mouth for *k*, a click, and the long bright hiss of *s*, nearly all of it high up.
# Three numbers for the eye's impression, and the test that the samples failed:

# %%
high = hertz > 4000
share = power[:, high].sum(axis=1) / power.sum(axis=1)       # (T,) share of the power above 4 kHz
hiss, hum, last = (share[int(second * said.rate / HOP)] for second in (0.03, 0.2, 0.4))
report("power above 4 kHz in the f (at 0.03 s)", hiss, above=0.15)
report("power above 4 kHz in the vowel (at 0.2 s)", hum, below=0.1)
report("power above 4 kHz in the final s (at 0.4 s)", last, above=0.6)
shifted = correlation(log_mel(now, 22050), log_mel(later, 22050))
owl = log_mel(speak("owl").samples, 22050)                   # (T, 64)
report("fox and fox 1 ms later: correlation of log-mel", shifted, above=0.95)
report("fox and owl: correlation of log-mel", correlation(ours[:24], owl[:24]), below=0.9)

# %% [markdown]
# ### 狐 rises, *fox* falls
#
# The bands show the mouth. The **melody** is in the vocal cords: how often a second they open. A voiced frame repeats
# itself after one such period, so we shift it against itself until it fits best (autocorrelation). In Mandarin the melody
# belongs to the word: *hú* rises.

# %%
def pitch(samples, rate=22050):
    """How often a second each frame of 93 ms repeats itself: (T,) Hz, between 70 and 300."""
    tracks = []
    for piece in frames(samples, 2048, 64):
        fit = np.correlate(piece, piece, "full")[2047:]  # (2048,) fit at shifts 0, 1, ...
        tracks.append(rate / (rate // 300 + fit[rate // 300 : rate // 70].argmax()))
    return np.array(tracks)


# %%
moments = slice(int(0.10 * 22050 / 64), int(0.22 * 22050 / 64) + 1)      # the vowel of either word
plt.figure(figsize=(6, 2.6))
for text, language in (("fox", "en-us"), ("狐狸", "cmn")):
    track = pitch(speak(text, language).samples)[moments]
    plt.plot(0.1 + np.arange(len(track)) * 64 / 22050, track, linewidth=2.5, label=text)
    limits = {"low": 0.7, "high": 1.0} if language == "en-us" else {"low": 1.0, "high": 1.3}
    rise = track[-1] / track[0]
    report(f"{text}: pitch at the end of the vowel over pitch at its start", rise, **limits)
plt.xlabel("time (s)")
plt.ylabel("pitch (Hz)")
plt.title("The melody of two vowels")
plt.legend()
plt.show()

# %% [markdown]
# Characters keep nothing of this, and the sound keeps nothing of the orange fur. That is why one would want several
# modalities in the first place.

# %% [markdown]
# ## 5 · Video: pictures in a row
#
# A film adds one axis to a picture: `(T, H, W, 3)`. What is new is **time**, and the simplest thing to do with time is to
# subtract: what differs from one frame to the next has moved, what stands still goes black. (Not in `uint8`: 3 − 5 would
# be 254.)

# %%
change = frame_difference(film)                              # (23, 96, 160) uint8
print("film", film.shape, " change", change.shape)
framed = [np.pad(film[t], ((1, 1), (1, 1), (0, 0))) for t in range(2, 6)]      # a black edge to see
captions = [f"frame {t}" for t in range(2, 6)] + [f"{t + 1} minus {t}" for t in range(2, 6)]
title = "Four frames, and what changed after each"
show_images([*framed, *change[2:6]], captions, title, columns=4, inches=2)
plt.show()

# %% [markdown]
# The change alone tells where the fox is and how fast it goes, without knowing what a fox is. Its centre, frame by frame,
# against the path that we drew:

# %%
columns = np.arange(160)
profile = change.sum(axis=1)                                 # (23, 160) change in each column
centre = (profile * columns).sum(axis=1) / profile.sum(axis=1)           # (23,) its centre
true = (path[:-1, 1] + path[1:, 1]) / 2 + 31.5               # (23,) middle of the sticker
speed = np.polyfit(np.arange(23), centre, 1)[0]
report("speed seen in the change, px a frame (drawn: 4)", speed, low=3.8, high=4.2)
report("mean error of the place, px", np.abs(centre - true).mean(), below=3)
mixed_film = film[np.random.default_rng(0).permutation(24)]
factor = frame_difference(mixed_film).mean() / change.mean()
report("frames shuffled: change is larger by the factor", factor, above=1.2)
same_mean = np.allclose(film.mean(axis=0), mixed_film.mean(axis=0))
print("mean picture the same, shuffled or not:", same_mean)

# %% [markdown]
# Shuffle the frames and the mean picture stays the same, while the motion is gone to pieces. Whatever
# averages over time treats a film as a heap of photographs; order is what makes it video.

# %% [markdown]
# ## 6 · Can a picture find its name?
#
# Pictures, words and sounds each have an encoder now, at home on its own ground. Now the real question. Take a picture; rank all names by similarity; is
# its own name near the top? **Recall at k** (R@k) is the share of pictures whose own name is among the first k.
# Guessing gives k / N.

# %% [markdown]
# ## Exercise 01.7 · Recall at k
# *Difficulty 3/5 · about 12 minutes*
#
# `similarity[i, j]` compares query i with item j, and the match of query i is **item i**. Ties need care: a search that
# finds everything equally similar knows nothing, and must not score 1 (nor 0). With `better` items strictly above the
# match and `tied` items level with it (itself included), a coin-toss order puts the match in the first k with probability
#
# $$\mathrm{clip}\!\left(\frac{k - \mathrm{better}}{\mathrm{tied}},\ 0,\ 1\right)$$
#
# Return the mean over the queries.


# %% tags=["exercise"]
def recall_at_k(similarity, k):
    """similarity (Q, N), query i's match is item i -> share of queries with it in the first k."""
    # BEGIN SOLUTION
    match = np.diagonal(similarity)[:, None]                 # (Q, 1)
    better = (similarity > match).sum(axis=1)                # (Q,)
    tied = (similarity == match).sum(axis=1)                 # (Q,), at least 1
    return np.clip((k - better) / tied, 0, 1).mean()
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>The matches lie on the diagonal: <code>np.diagonal(similarity)[:, None]</code> is a column that compares with every row.</details>
# <details><summary>Everything equal gives me 1 (or 0)</summary>Then ties count as wins (or losses). Only items strictly above the match are surely before it; the tied ones share what is left of k.</details>
# <details><summary>What you should see</summary>A 10 × 10 matrix of ones has R@2 = 0.2, exactly chance; the identity matrix has R@1 = 1.</details>

# %% tags=["check"]
recall_at_k = check("01.7", recall_at_k)

# %% [markdown]
# ### Make the two comparable: 256 numbers each
#
# A picture here has 12,288 numbers, a name 1,300 counts. A cosine needs the same width, so we force them to 256 numbers
# each, in three ways that people really try:
#
# - **resize and hash**: the grey picture shrunk to 16 × 16, against the name's words counted in 256 buckets. Which
#   bucket? A checksum decides (CRC-32, a fixed rule that makes one number of any bytes), so a word falls into the same
#   bucket every time and no vocabulary is needed; now and then two words share one (Weinberger et al. 2009);
# - **bytes**: the same small picture against the name's UTF-8 bytes (a file is a file, is it not?);
# - **random projection**: all pixels and all counts, each multiplied by a table of random numbers with 256 columns, so
#   that each new number is a random mix of all the old ones. It sounds like ruin, but *within* a modality the cosines
#   stay what they were, give or take about $1/\sqrt{256} = 0.06$ (Johnson and Lindenstrauss 1984). We measure that.

# %%
import zlib

from mmlearn.score.retrieval import hits_at_k, recall_at_k


def small(images):
    """(N, 64, 64, 4) RGBA -> (N, 256): darkness of each block of 4 x 4 pixels, 0 to 255 (black)."""
    dark = 255.0 - to_grey(on_white(images))                             # (N, 64, 64)
    return dark.reshape(-1, 16, 4, 16, 4).mean(axis=(2, 4)).reshape(-1, 256)


def hashed(texts):
    """N texts -> (N, 256): each word adds one to the bucket that its checksum names."""
    vectors = np.zeros((len(texts), 256))
    for vector, text in zip(vectors, texts, strict=True):
        np.add.at(vector, [zlib.crc32(word.encode("utf-8")) % 256 for word in tokenize(text)], 1)
    return vectors


for word in ("red", "fox", "apple"):
    print(f"{word:6} -> bucket {hashed([word])[0].argmax()}")

# %%
pictures = small(deck.images)                                            # (N, 256)
spelled = np.array([list(name.encode("utf-8")[:256].ljust(256, b"\0")) for name in names], float)
generator = np.random.default_rng(0)
pixels = 255.0 - sheets.reshape(N, -1)                                   # (N, 12288)
mixed_pixels = pixels @ generator.normal(size=(pixels.shape[1], 256))    # (N, 256)
mixed_words = counts @ generator.normal(size=(counts.shape[1], 256))     # (N, 256)

# %%
# Every eighth item with every other: what did the random projection do to their cosines?
pairs = ~np.eye(len(pixels[::8]), dtype=bool)
for label, full, short in (("pictures", pixels, mixed_pixels), ("names", counts, mixed_words)):
    before, after = (cosine_similarity(rows[::8], rows[::8])[pairs] for rows in (full, short))
    moved = np.abs(after - before).mean()
    report(f"random projection of {label}: mean |change of a cosine|", moved, below=0.06)
    report("    correlation before and after", correlation(before, after), above=0.6)

# %%
encoded = {
    "resize and hash": (pictures, hashed(names)),
    "bytes": (pictures, spelled),
    "random projection": (mixed_pixels, mixed_words),
}
found = {}
for label, (a, b) in encoded.items():
    found[f"picture -> name, {label}"] = cosine_similarity(a, b)         # (N, N)
    found[f"name -> picture, {label}"] = cosine_similarity(b, a)

# %%
print(f"chance: R@1 {1 / N:.4f}, R@10 {10 / N:.4f}")
for label, match in found.items():
    hits = hits_at_k(match, 10)                                          # (N,) 0 to 1
    low, high = wilson_interval(hits)
    report(f"{label}: R@1", recall_at_k(match, 1), low=0, high=0.005, digits=4)
    report(f"{label}: R@10", hits.mean(), low=0, high=0.015, digits=4)
    print(f"    chance lies inside the 95 % interval of R@10: {low <= 10 / N <= high}")

# %% [markdown]
# The random projection kept what it promised: a cosine changed by 0.04 to 0.05 on average. (The correlation is lower for
# the names since nearly all their cosines were 0, and those now hold only noise.)
# And the search? Nothing. Three ways, both directions, and all at chance. Is the search broken? Three controls:
#
# 1. **Same code, same 256 numbers, one modality**: can a coloured sticker find its own *line drawing*?
# 2. **Shuffled pairs**: deal the names out at random, two hundred times. If the true pairing scores like the shuffled
#    ones, the vectors know nothing about it.
# 3. **Two languages**: can the English name find the Chinese one, by hashed words?

# %%
lines = stickers(style="line")
lines = lines.select(lines.groups != "flags")
chinese = [str(name) for name in deck.names["zh"]]
drawings = cosine_similarity(pictures, small(lines.images))              # (N, N)
languages = cosine_similarity(hashed(names), hashed(chinese))            # (N, N)
controls = {"coloured -> line drawing": drawings, "English -> Chinese name": languages}
report("coloured -> line drawing: R@1", recall_at_k(drawings, 1), low=0.70, high=0.82)
report("coloured -> line drawing: R@10", recall_at_k(drawings, 10), low=0.84, high=0.93)
report("English -> Chinese name: R@10", recall_at_k(languages, 10), low=0.006, high=0.025, digits=4)
both = [{word for name in texts for word in tokenize(name)} for texts in (names, chinese)]
alike = sorted(both[0] & both[1], key=lambda word: (-len(word), word))
print("words that both languages write alike:", len(alike), "such as", ", ".join(alike[:8]))

# %%
match = found["picture -> name, resize and hash"]
hits = recall_at_k(match, 10)
shuffled = np.array([recall_at_k(match[:, generator.permutation(N)], 10) for _ in range(200)])
report("shuffled pairs: mean R@10", shuffled.mean(), low=0.0055, high=0.0067, digits=4)
as_good = (shuffled >= hits).mean()
report("share of shuffles at least as good as the true pairs", as_good, above=0.05)

# %% tags=["hide-input"]
figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4), width_ratios=(2.7, 1))
for place, (label, m) in enumerate(reversed((found | controls).items())):
    trials = hits_at_k(m, 10)
    low, high = wilson_interval(trials)
    colour = GREEN if label in controls else BLUE if label.startswith("picture") else ORANGE
    left.plot([low, high], [place, place], color=colour, linewidth=2)
    left.plot(trials.mean(), place, "o", color=colour)
    # Beside the axis, which ends at 1: the number and its interval.
    left.text(1.2, place, f"{trials.mean():.4f}  [{low:.4f}, {high:.4f}]", fontsize=9, va="center")
left.set_yticks(range(len(found | controls)), list(reversed((found | controls).keys())), fontsize=9)
left.axvline(10 / N, color="black", linestyle="--", linewidth=1)
for colour, text in ((BLUE, "picture -> name"), (ORANGE, "name -> picture"), (GREEN, "control")):
    left.plot([], [], "o-", color=colour, label=text)
left.legend(loc="upper right", fontsize=9)
left.set(xscale="log", xlim=(1e-3, 1), title="R@10 between and within modalities")
left.set_xlabel("R@10 with its 95 % interval (dashed: chance)")
figure.get_layout_engine().set(wspace=0.06)
right.hist(shuffled, bins=15, color=GREY)
right.axvline(hits, color=BLUE, linewidth=2.5)
right.set(xlabel="R@10", ylabel="shuffles", title="True pairs (blue)\namong 200 shuffles")
plt.show()

# %% [markdown]
# The search works: the same 256 numbers take three of four stickers to their own line drawing **first** among all N. (An easy
# match, since the outline is part of the coloured drawing; by other artists it would probably be harder.) What fails is the step
# between modalities. The green dot just above chance is no miracle either: a few words are written alike in both
# languages. Wherever two spaces share an axis by accident, a little gets through, and no more.
#
# ### Look at the answers
#
# The first two names that each picture finds by *resize and hash*, and who is found how often:

# %%
for name in ("fox", "hot dog", "red apple", "full moon", "violin"):
    first = np.argsort(-match[row[name]], kind="stable")[:2]
    print(f"{name:10} finds  " + ", ".join(names[i] for i in first))

top = np.argsort(-match, axis=1, kind="stable")[:, :10]                  # (N, 10)
times = np.bincount(top.ravel(), minlength=N)                            # (N,) top tens with it
lengths = np.array([len(tokenize(name)) for name in names])
ink = (pictures > 0).mean()
report("share of its 256 blocks in which a picture has ink (mean)", ink, low=0.35, high=0.45)
print("most often found:", names[times.argmax()])
report("    in how many top tens it stands (mean of all names: 10)", times.max(), low=250, high=500)
report("share of names in no top ten", (times == 0).mean(), low=0.40, high=0.55)
report("mean number of words, all names", lengths.mean(), low=2.0, high=2.3)
report("mean number of words, names in the top tens", lengths[top].mean(), low=2.6, high=3.3)

# %% [markdown]
# One name stands in hundreds of top tens, and nearly half of all names in none. A picture has ink in many of its blocks (two in five on average), so its 256 numbers point
# along many axes at once, and nearest to such a direction lie names with **many words**. An item that is near to everything is a **hub**; here it wins for no
# reason that has to do with what is seen.
#
# ### The gap, seen
#
# 160 animals and plants; three vectors of 256 for each (the sound: log-mel of the spoken name, 16 bands × 16 moments), all
# brought to length 1. Nobody sees 256 axes, so we look from the broadest side. Move the cloud's mean to the origin and ask
# along which straight line the points are spread most widely: that is the **first principal direction**. The second is, of
# all lines at a right angle to the first, the one of the widest spread. The singular value decomposition, `np.linalg.svd`,
# lists these directions, the widest first; multiplying by the first two gives each point its place on paper.
# A dotted line joins the three measurements of **one thing**.

# %%
wild = deck.select(deck.groups == "animals-nature")
wild_names = [str(name) for name in wild.names["en"]]


def heard(text):
    """A spoken name -> (256,): its log-mel in 16 bands x 16 moments, dB above the floor."""
    mel = log_mel(speak(text).samples, 22050) + 100                      # (T, 64)
    moments = [part.mean(axis=0) for part in np.array_split(mel, 16)]    # 16 x (64,)
    return np.stack(moments).reshape(16, 16, 4).mean(axis=2).ravel()     # (256,)


spoken = np.stack([heard(name) for name in wild_names])              # (n, 256)
clouds = {"pictures": small(wild.images), "names": hashed(wild_names), "spoken names": spoken}
for label, rows in clouds.items():
    clouds[label] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
everything = np.concatenate(list(clouds.values()))                   # (3 n, 256)
centred = everything - everything.mean(axis=0)
_, _, directions = np.linalg.svd(centred, full_matrices=False)       # (256, 256) rows, widest first
flat = (centred @ directions[:2].T).reshape(3, len(wild), 2)         # kind, thing, place on paper

# %% tags=["hide-input"]
plt.figure(figsize=(7, 4.2))
for label, points, colour in zip(clouds, flat, (BLUE, ORANGE, GREEN), strict=True):
    plt.scatter(*points.T, s=14, color=colour, alpha=0.6, label=label, linewidths=0)
for i in (wild_names.index("fox"), flat[0, :, 0].argmin(), flat[0, :, 1].argmin()):
    corners = flat[:, i]                                                 # (3, 2)
    plt.plot(*corners[[0, 1, 2, 0]].T, ":", color="black", linewidth=1)
    plt.annotate(wild_names[i], corners[0], (8, -4), textcoords="offset points", fontsize=10)
plt.legend(markerscale=2)
plt.xlabel("first principal direction")
plt.ylabel("second")
plt.title("One shared width, three separate worlds")
plt.show()

# %%
for a, b in (("pictures", "names"), ("pictures", "spoken names"), ("names", "spoken names")):
    match = clouds[a] @ clouds[b].T                                      # (n, n) cosines
    pair, others = np.diagonal(match).mean(), match[~np.eye(len(wild), dtype=bool)].mean()
    gain = pair - others
    report(f"{a} - {b}: mean cosine, pairs minus strangers", gain, low=-0.03, high=0.03, digits=4)

# %% [markdown]
# Three islands. Whether a picture and a name belong together makes no difference to their cosine: axis 17 of one is a block
# of pixels, axis 17 of the other a bucket of words, and axis 17 of the third a pitch at a moment. **Equal width is not a
# shared space.** A shared space, in which both a picture and its name land at the same point, has to be **learned from
# pairs**. Lesson 05 does it with linear algebra and lesson 12 with CLIP, on this data and with this `recall_at_k`.

# %% [markdown]
# ## Your own picture
#
# Put pictures into a folder `mine` beside this notebook (it is `work/mine/` in the course's folder) and run the cell: the
# nearest stickers of your first three, by colour.

# %%
from mmlearn.data.own_pictures import own_pictures

mine = own_pictures("mine")                             # upright, RGB; what cannot be read is named
print(mine)
for name, photo in list(zip(mine.names, mine.images, strict=True))[:3]:            # (H, W, 3) uint8
    nearest = np.argsort(-cosine_similarity(colour_histogram(photo[None]), colours)[0])[:5]
    show_images([photo, *sheets[nearest]], [name[:12], *(names[i][:18] for i in nearest)])
    plt.show()

# %% [markdown]
# ## Quiz
# **1. A colleague reads a picture with `cv2.imread`, shows it with matplotlib, and the sky is orange. What happened?**
# <details><summary>The file is damaged</summary>A damaged file fails to open or shows stripes; colours do not swap cleanly.</details>
# <details><summary>Blue and red have changed places</summary>Right: OpenCV gives BGR, matplotlib expects RGB. <code>image[..., ::-1]</code> mends it. In grey you would hardly have noticed, and a model trained on it would just be a little worse.</details>
# <details><summary>The picture was read as float</summary>Then it would be all white or raise an error: matplotlib expects floats from 0 to 1.</details>
#
# **2. Two names share no word. What is the cosine of their count vectors, and what does it say?**
# <details><summary>0, so the things are unlike</summary>The number is right, the conclusion is not: <i>fox</i> and <i>tiger</i> have cosine 0. It says only that no axis is shared.</details>
# <details><summary>0, and it says nothing about the things</summary>Right. Counts see spelling, not meaning. Lesson 03 weighs words and finds some synonyms; lesson 08 learns meanings.</details>
# <details><summary>−1, they are opposite</summary>Counts are never negative, so their cosine is never below 0.</details>
#
# **3. Why is a log-mel spectrogram a better vector than the samples?**
# <details><summary>It is smaller</summary>Here it has about a quarter of the numbers, but the 1 ms test failed for another reason.</details>
# <details><summary>It hardly changes when the sound shifts a little</summary>Right: power forgets the phase. The samples' correlation fell to about zero by a shift that nobody hears.</details>
# <details><summary>It loses nothing</summary>It loses the phase, and all detail inside a band. That is the point: it loses what the ear ignores.</details>
#
# **4. Your picture-to-name search has R@10 = 0.010 with N = 1,000 items. Is it good?**
# <details><summary>Yes, ten times better than R@1 by chance</summary>Compare like with like: R@10 by chance is 10 / 1000 = 0.010.</details>
# <details><summary>It is exactly chance</summary>Right. R@k means nothing without N beside it.</details>
# <details><summary>One cannot say without an interval</summary>An interval is always welcome, but it would contain chance here, whatever its width.</details>
#
# **5. We bring pictures and names to 256 numbers each. Why does retrieval stay at chance?**
# <details><summary>256 is too few</summary>The line drawings were found with the same 256 numbers.</details>
# <details><summary>The axes have nothing to do with each other</summary>Right: equal width is not a shared space. Only pairs can teach which direction of one belongs to which direction of the other.</details>
# <details><summary>The random projection destroyed the information</summary>Within each modality the cosines changed by 0.05 or less on average, as you measured; and the other two ways failed as well.</details>

# %% [markdown]
# ## Recap
# 1. A modality is a way of measuring, with its own axes, range and unit: levels on a grid, symbols in a row, pressure over time, pictures over time.
# 2. Preprocessing decides what counts as the same (BGR or RGB, *no* on the stop list, where a frame begins), and it fails silently.
# 3. The cosine compares directions; within one modality, neighbours by words or colours beat chance about twofold.
# 4. Every score stands beside chance, a shuffled control and an interval, and relatives must not sit on both sides.
# 5. Between modalities raw vectors are at chance, whatever their width: a shared space must be learned from pairs.
#
# ## Going bigger
# - `stickers(128)` draws larger pictures, `languages=("en", "zh", "ja", "fr")` adds names; nothing here needs a GPU.
# - `mmlearn.data.photos("flickr8k")` (online) has photographs with five sentences each: repeat section 6 on them.
# - `write_wav("fox.wav", said)` from `mmlearn.data.sound` saves the voice; record your own and plot it beside eSpeak's.
#
# ## References
# - Salton, Wong and Yang (1975). A vector space model for automatic indexing. [doi:10.1145/361219.361220](https://doi.org/10.1145/361219.361220)
# - Porter (1980). An algorithm for suffix stripping. [doi:10.1108/eb046814](https://doi.org/10.1108/eb046814)
# - Swain and Ballard (1991). Color indexing. [doi:10.1007/BF00130487](https://doi.org/10.1007/BF00130487)
# - Stevens, Volkmann and Newman (1937). A scale for the measurement of the psychological magnitude pitch. [doi:10.1121/1.1915893](https://doi.org/10.1121/1.1915893)
# - Davis and Mermelstein (1980). Comparison of parametric representations for monosyllabic word recognition. [doi:10.1109/TASSP.1980.1163420](https://doi.org/10.1109/TASSP.1980.1163420)
# - Johnson and Lindenstrauss (1984). Extensions of Lipschitz mappings into a Hilbert space. [doi:10.1090/conm/026/737400](https://doi.org/10.1090/conm/026/737400)
# - Weinberger et al. (2009). Feature hashing for large scale multitask learning. [arXiv:0902.2206](https://arxiv.org/abs/0902.2206)
# - Wilson (1927). Probable inference, the law of succession, and statistical inference. [doi:10.1080/01621459.1927.10502953](https://doi.org/10.1080/01621459.1927.10502953)
# - Baltrušaitis, Ahuja and Morency (2019). Multimodal machine learning: a survey and taxonomy. [arXiv:1705.09406](https://arxiv.org/abs/1705.09406)
# - Liang et al. (2022). Mind the gap: the modality gap in multi-modal contrastive representation learning. [arXiv:2203.02053](https://arxiv.org/abs/2203.02053)
# - ITU-R Recommendation BT.601 (first 1982): the weights of red, green and blue.

# ---
# jupyter:
#   mmlearn:
#     title: "Start here"
#     builds: "a mirror, a head count, and the opponent every model must beat"
#     minutes: 50
#     needs: []
#     topics: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 97, 98, 99, 100, 101, 102, 103, 104, 105, 117, 158, 159]
# ---

# %% [markdown]
# # 00 · Start here
#
# **You will build** a mirror for pictures, a head count, and the simplest opponent that every model of this
# course must beat. **You need** a little Python and NumPy: functions, lists, array shapes.
# **Time** 50 min to work through; runs in under 45 s on 2 CPU cores.
# **Covers** topics 1-13, 97-105, 117, 158-159 of the [syllabus](../TOPICS.md).
#
# New words are in the [glossary](../GLOSSARY.md), in English and Chinese. Nothing here needs the network or a
# graphics card. The map near the end of this lesson shows which lessons are written and which are planned.

# %%
import matplotlib.pyplot as plt
import numpy as np

from mmlearn.checks import check, report
from mmlearn.data import scenes, stickers
from mmlearn.view.images import on_white, show_images
from mmlearn.view.style import use_style

use_style()

# %% [markdown]
# ## What if a machine could see *and* read?
#
# Below is a picture with a question above it. Answer it before you scroll on.

# %% tags=["hide-input"]
world = scenes(400, seed=0, size=128)
shown = next(i for i, graph in enumerate(world.graphs) if graph.relation)  # the first of two things
asked = world.questions[shown][0]
show_images([world.images[shown]], [asked.en], columns=1, inches=3.4)
plt.show()

# %% [markdown]
# Watch what you just did. You **read** a sentence. You **looked** for the things its words name. You compared
# two places, and you gave the answer as a **word**. The question alone cannot be answered, and the picture
# alone does not say what is asked.
#
# Here is what the course keeps about this picture: a **caption** in two languages, the question, the answer.

# %%
print(world.captions["en"][shown])
print(world.captions["zh"][shown])
print(f"{asked.en}  ->  {asked.answer_en}")
print(f"{asked.zh}  ->  {asked.answer_zh}")

# %% [markdown]
# By lesson 16 a model of your own answers such questions. This course is the road there: from
# counting colours and words, by way of attention, to a CLIP that you trained yourself.

# %% [markdown]
# ## Modality: one way of sensing or saying
#
# A **modality** is one way in which something is sensed or expressed. A dog can be photographed, named, heard and
# filmed. Four modalities, one dog, and each carries something the others lack: the picture has its colour, the
# word has its kind, the sound has its mood, the clip has its movement.
#
# | modality | what is stored | axes | how it comes | typical noise |
# |---|---|---|---|---|
# | image | brightness of red, green, blue | row, column, channel | all at once | blur, bad light |
# | text | symbols from a list | position | one after another | spelling, ambiguity |
# | audio | air pressure | time | 22,050 times a second here | hiss, other voices |
# | video | images in a row | time, row, column, channel | some 25 times a second | all that images have, and shake |
# | others | depth, heart rate, touch, smell, tables | differs | differs | differs |
#
# They can be sorted in three ways: by the **sense** (seeing, hearing, touching, language), by the **structure** of
# the array (grid, sequence, set, table), and by **distance from the sensor** (raw, such as a photograph, or already
# abstract, such as a word). People mix them without noticing: dub the sound *ba* over a face that says *ga*, and
# most adults hear *da* (McGurk and MacDonald 1976).
#
# Here is one dog as four arrays: the shape of each (how many entries along each axis) and the type of its entries.
# Lesson 01 takes them apart.

# %%
from mmlearn.data.sound import speak
from mmlearn.data.video import moving_sticker

deck = stickers()  # 64 x 64 pixels each; cached after the first time
place = {code: i for i, code in enumerate(deck.codes)}
dog = deck.images[place["1F415"]]  # (64, 64, 4) uint8: red, green, blue, opacity
name = str(deck.names["en"][place["1F415"]])
letters = np.array(list(name))  # (3,) one character each
voice = speak(name)
start = voice.samples[: voice.rate // 3]  # (7350,) float32: the first third of a second
clip = moving_sticker(dog, [(24 - 12 * (t % 2), 4 + 17 * t) for t in range(6)])  # it hops

for what, array in {"image": dog, "text": letters, "sound": start, "clip": clip}.items():
    print(f"{what:6} axes: {array.ndim}  shape: {array.shape!s:16}  entries: {array.dtype.name}")

# %% [markdown]
# (`str32` is NumPy's word for one letter, kept in 32 bits.) Picture and clip share pixels at least; else no entry of one
# array answers to an entry of another. What to do about that is the subject of the course.

# %% [markdown]
# ### One modality or several?
#
# A **unimodal model** works on one modality: pictures to labels, or sentences to sentences. A **multimodal model**
# relates two or more of them, in its input or its output. Three cases to sharpen the eye:
#
# - A colour photograph has three channels, but they are **one** modality: same sensor, same grid, same meaning.
# - English to Chinese is two languages and **one** modality, text.
# - Photograph to caption is **two** modalities, even though only one goes in.
#
# ### Seeing is not yet understanding
#
# *Perception* says what is there: a dog, a car. *Cognition* says what it means: the dog is in front of the car, so
# brake. One often reads that unimodal models perceive and multimodal ones understand. That is too simple: chess
# programs reason with one modality, and a camera fused with a radar may do no more than perceive. What is true is
# narrower and more useful: **language carries what people know about things, and tying words to pixels makes that
# knowledge usable on what a camera sees.** That step from perceiving towards understanding is why the field matters,
# in theory (how do symbols get their meaning?) and in practice (search, description for blind people, assistants,
# medicine, cars).

# %% [markdown]
# ## Is this machine ready?
#
# The doctor looks at versions, cores, memory and data sets: what was found, what is expected, the verdict. Data sets
# are optional: ✓ is here, · is not here, and the notebooks run on without. `mmlearn doctor` in a terminal says what
# each would add and how to get it.

# %%
from mmlearn.course.doctor import doctor_table

print("\n".join(doctor_table()))

# %% [markdown]
# ## How an exercise works, and why you cannot get stuck
#
# Every exercise has a stub to fill and a `check` below it. Between the two are drop-downs: a hint, help for the
# likely error, what you should see, and last the solution. The check tries your answer on several inputs against a
# tested one; a loop that never ends is stopped after some seconds. Let us see its verdicts before it is your turn:
# somebody was asked to **mirror a picture left to right** and made three attempts. (`record=False` keeps them out of
# your own progress.)


# %%
def not_started(picture):
    raise NotImplementedError("exercise 00.1 is yours")


def crashes(picture):
    return picture.mirrored()


def upside_down(picture):
    return picture[::-1]


# %% [markdown]
# A stub that was not touched:

# %%
lent = check("00.1", not_started, record=False)

# %% [markdown]
# A function that ends in an error:

# %%
lent = check("00.1", crashes, record=False)

# %% [markdown]
# A function that runs and is wrong, in a way that many have been before:

# %%
lent = check("00.1", upside_down, record=False)

# %% [markdown]
# The check named the mistake. And it did one more thing each time: it handed back the **course's own version**,
# so that everything below an unsolved exercise still runs. You can walk on and come back later.

# %%
tries = [on_white(picture) for picture in (dog, upside_down(dog), lent(dog))]
show_images(tries, ["the picture", "the attempt", "what check lent"], columns=3)
plt.show()

# %% [markdown]
# ## Exercise 00.1 · Mirror a picture
# *Difficulty 1/5 · about 5 minutes*
#
# Now you. A picture is an array with rows first, then columns, then (if it has colour) channels. Swap left and
# right, leave everything else as it is. It should work for grey, RGB and RGBA pictures.


# %% tags=["exercise"]
def mirror(picture):
    """Swap left and right: (H, W) or (H, W, C) -> the same shape and the same kind of numbers."""
    # BEGIN SOLUTION
    return picture[:, ::-1]  # rows stay, columns run backwards
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>The slice <code>::-1</code> walks an axis backwards. Axis 0 counts rows from the
# top. Which axis counts columns?</details>
# <details><summary>It works for colour but not for grey</summary>A grey picture has two axes. Write the slices from
# the first axis on and leave the rest out, so that the same line serves both.</details>
# <details><summary>What you should see</summary>One line with a tick, and in the picture below it a dog that looks the
# other way.</details>

# %% tags=["check"]
mirror = check("00.1", mirror)

# %% [markdown]
# ### The same step in everybody's tools
#
# NumPy is not alone: each library of the field has its mirror. They should agree to the last bit, and we look
# whether they do. OpenCV is optional, so the cell leaves it out where it is missing.

# %%
from importlib.util import find_spec

import torch
from PIL import Image, ImageOps

ways = {
    "NumPy": mirror(dog),
    "Pillow": np.asarray(ImageOps.mirror(Image.fromarray(dog))),
    "PyTorch": torch.flip(torch.from_numpy(dog), dims=(1,)).numpy(),
}
if find_spec("cv2"):
    import cv2

    ways["OpenCV"] = cv2.flip(dog, 1)
print("all the same:", all(np.array_equal(way, ways["NumPy"]) for way in ways.values()))
show_images([on_white(dog), *map(on_white, ways.values())], ["as it was", *ways], columns=5)
plt.show()

# %% [markdown]
# What each tool is for, and where the course first leans on it:
#
# | tool | what it does | here |
# |---|---|---|
# | **Python** 3.11 or later | the language of nearly all of the field | everywhere |
# | **Jupyter** | text, code and pictures on one page; *Shift+Enter* runs a cell, *Restart and run all* is the honest test | everywhere |
# | **NumPy** | arrays and arithmetic on whole axes at once | everywhere |
# | **Pillow** | opens, converts and saves pictures as RGB | 00, 01 |
# | **OpenCV** | classical vision, SIFT among it; keeps colours as blue, green, red | 01, 02 |
# | **scikit-learn** | classical learners behind `fit` and `predict` | 03, 04 |
# | **PyTorch** | tensors that know their gradients; a model is an `nn.Module` with a `forward` | from 06 |
# | **TensorFlow** | the other big framework: `tf.Tensor`, `tf.GradientTape`, Keras layers in place of `torch.Tensor`, autograd, `nn.Module` | not used; what you learn carries over |
# | **Hugging Face Transformers** | published models by name: a *processor* turns raw input into tensors, a *model* turns tensors into vectors, `AutoModel` picks the class that fits the name | 08, 12 |
# | **Flask** | a small web server: a function behind a web address | 18 |
#
# Three of them that you meet later, at a glance (nothing to run here):
#
# ```python
# tf.image.flip_left_right(dog)                                    # TensorFlow's mirror
#
# processor = AutoProcessor.from_pretrained(folder)                # Transformers: pixels and words -> tensors
# model = AutoModel.from_pretrained(folder)                        # a CLIP folder gives a CLIPModel
# batch = processor(images=photo, text=["a dog", "a cat"], return_tensors="pt")
# scores = model(**batch).logits_per_image                         # (1, 2): one picture, two sentences
#
# @app.post("/mirror")                                             # Flask: the web calls this function
# def mirrored(): ...
# ```

# %% [markdown]
# ## The data world
#
# One family of data accompanies you through the whole course, so that results of different lessons compare.
# First the **stickers**: real artwork (OpenMoji, CC BY-SA 4.0), each with a name in 14 languages and a Unicode group
# as its **label**; for some it is known how people felt who used it.

# %%
chosen = ["1F415", "1F98A", "1F34E", "1F355", "1F697", "1F680"]
chosen += ["26BD", "1F3B8", "2600", "1F30A", "1F600", "1F9ED"]
rows = [place[code] for code in chosen]
labels = [f"{deck.names['en'][i]}\n{deck.names['zh'][i]}" for i in rows]
show_images(on_white(deck.images[rows]), labels, "Stickers, named in English and Chinese")
plt.show()

# %%
for group, count in zip(*np.unique(deck.groups, return_counts=True), strict=True):
    print(f"{count:6,} {group}")
print(f"{len(deck):6,} in all; feelings are known of {(deck.sentiment.sum(axis=1) > 0).sum()}")

# %% [markdown]
# ## Exercise 00.2 · Who is left without the flags?
# *Difficulty 1/5 · about 5 minutes*
#
# Flags are hard for a small picture and easy for a name, so most lessons leave them out. How many stickers do
# **not** belong to the group `flags`? Some answers are a number, not a function: put it into `answer`, computed
# from `deck.groups`.

# %% tags=["exercise"]
# BEGIN SOLUTION
answer = int((deck.groups != "flags").sum())
# END SOLUTION

# %% [markdown]
# <details><summary>Hint</summary>Comparing an array with a word gives an array of true and false. True counts as
# one in a sum.</details>
# <details><summary>I get an array</summary>That is the mask: one true or false for each sticker. The question asks
# how many are true.</details>
# <details><summary>What you should see</summary>A number a little below the total above; the table tells you what to
# take away.</details>

# %% tags=["check"]
answer = check("00.2", answer)

# %% [markdown]
# **Scenes** put stickers together. A seeded **scene graph** (a list of things with places, sizes and relations) is
# drawn as a picture and said as a caption in two languages; the same graph knows the answers to questions about it.

# %%
from textwrap import fill

eight = world.select(slice(8))
both = zip(eight.captions["en"], eight.captions["zh"], strict=True)
show_images(
    eight.images,
    [fill(en, 30) + "\n" + fill(zh, 15) for en, zh in both],
    "Scenes and their captions",
    columns=4,
    inches=2.4,
)
plt.show()

# %%
for question in world.questions[shown]:
    print(f"{question.kind:11} {question.en}  ->  {question.answer_en}")

# %% [markdown]
# **Sound**: names read aloud by a speech synthesiser. Below is a waveform, air pressure against time. It looks
# like nothing a dog's picture could be compared with, which is the problem this course is about.

# %%
figure, axis = plt.subplots(figsize=(8, 2))
axis.plot(np.arange(len(voice.samples)) / voice.rate, voice.samples, linewidth=0.5)
axis.set(xlabel="time (s)", ylabel="amplitude", ylim=(-1, 1), title=f"“{name}”, spoken")
plt.show()

# %% [markdown]
# **Clips**: stickers that move. A video is pictures in a row, `(time, row, column, channel)`.

# %%
framed = np.pad(clip, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=128)  # a grey line around
captions = [f"frame {t}" for t in range(len(clip))]
show_images(framed, captions, f"A clip of shape {clip.shape}", columns=6)
plt.show()

# %% [markdown]
# **More data, if you like.** Nothing in the core of a lesson needs these, and nothing is ever downloaded behind your
# back: a set that is missing says so with the exact command that installs it.
#
# | set | what it is | what it is for |
# |---|---|---|
# | `easy_vqa()` | pictures of one coloured shape with questions (installed with the course) | someone else's benchmark for answering questions |
# | `science_photos()` | photographs that ship with scikit-image (installed) | keypoints, real texture |
# | `stamps()` | Tux Paint's photographs and drawings with captions in 77 languages (Debian, Ubuntu) | does a result hold on other pictures? |
# | `products()` | Fashion-MNIST, 70,000 small grey product pictures (Debian, or online) | enough data to train vision models |
# | `photos("flickr8k")`, `photos("coco")` | photographs with captions by people (online) | the real thing, for bigger machines |

# %% [markdown]
# ## The first measurement: how good is guessing?
#
# A model sorts stickers into their eight groups (flags apart) and is right 22 times in 100. Good or bad? Nobody can
# say without an opponent. The simplest one never looks at its input: it always gives the **majority class**, the
# most frequent label of the training set. Every score in this course stands beside such a **baseline**.
#
# We divide the stickers into a training and a test half. Near-alike stickers form a **family** (clocks and watches,
# say) that stays on one side; lesson 02 shows how much a score lies if it does not. The **seed** makes the
# random division the same every time.

# %%
things = deck.select(deck.groups != "flags")
families = np.unique(things.families)
rng = np.random.default_rng(0)
chosen_families = rng.choice(families, len(families) // 2, replace=False)
in_train = np.isin(things.families, chosen_families)

train, test = things.select(in_train), things.select(~in_train)
print(f"{len(families)} families; {len(train)} stickers to train on, {len(test)} to test on")

# %% [markdown]
# ## Exercise 00.3 · The opponent
# *Difficulty 2/5 · about 10 minutes*
#
# Write the majority baseline's **accuracy**:
#
# $$\mathrm{acc} = \frac{1}{M}\sum_{j=1}^{M}\,[\,y_j = \hat{y}\,],\qquad
# \hat{y} = \text{the most frequent label among the } N \text{ training labels}$$
#
# with $y_1 \dots y_M$ the test labels. Labels may be words or whole numbers. The most frequent training
# label is never tied with another, so you need not think about ties.


# %% tags=["exercise"]
def majority_accuracy(train_labels, test_labels):
    """How often the most frequent training label is right: (N,), (M,) labels -> share from 0 to 1."""
    # BEGIN SOLUTION
    kinds, counts = np.unique(train_labels, return_counts=True)  # (K,) labels, (K,) how often
    guess = kinds[counts.argmax()]
    return float((np.asarray(test_labels) == guess).mean())
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary><code>np.unique(labels, return_counts=True)</code> gives the labels and how often
# each occurs. Which position holds the largest count?</details>
# <details><summary>My number is close but not right</summary>Whose most frequent label do you use? The guess must be
# made from the training labels, before the test labels are seen.</details>
# <details><summary>What you should see</summary>With training labels <code>cat dog dog</code> and test labels
# <code>dog cat cat bird</code>: the guess is <code>dog</code>, right once in four, 0.25.</details>

# %% tags=["check"]
majority_accuracy = check("00.3", majority_accuracy)

# %% [markdown]
# ### From here on, the tested version
# The package's `majority_accuracy` is what you just wrote, plus errors for empty input. scikit-learn calls the same
# opponent `DummyClassifier`. Three ways, one answer:

# %%
from sklearn.dummy import DummyClassifier

from mmlearn.score.baselines import majority_accuracy as tested
from mmlearn.score.baselines import majority_label

dummy = DummyClassifier(strategy="most_frequent").fit(train.codes[:, None], train.groups)
theirs = dummy.score(test.codes[:, None], test.groups)
ours, yours = tested(train.groups, test.groups), majority_accuracy(train.groups, test.groups)
three = ours, yours, theirs
report("largest difference of the three", max(three) - min(three), below=1e-12)

# %% [markdown]
# ### How sure are we?
#
# A share measured on a finite test set wanders. The **confidence interval** says how far: a range made so that in 95
# of 100 repetitions it covers the true share (Wilson 1927; lesson 01 uses the same one). We also ask a second
# opponent, one that draws a group at random: its **chance level** is one in eight.

# %%
from mmlearn.score.interval import wilson_interval

guess = majority_label(train.groups)
kinds = np.unique(train.groups)
hits = {
    "random group": rng.choice(kinds, len(test)) == test.groups,
    f"always\n“{guess}”": test.groups == guess,
}
spans = {who: wilson_interval(hit) for who, hit in hits.items()}
for (who, hit), bound in zip(hits.items(), ((0.08, 0.17), (0.16, 0.32)), strict=True):
    report(f"{who.split()[0]:7} accuracy", hit.mean(), low=bound[0], high=bound[1])
    report("        95 % interval, width", spans[who][1] - spans[who][0], below=0.08)

# %%
figure, axis = plt.subplots(figsize=(7, 2.6))
for row, (who, hit) in enumerate(hits.items()):
    low, high = spans[who]
    axis.barh(row, hit.mean(), xerr=[[hit.mean() - low], [high - hit.mean()]], capsize=4)
axis.axvline(1 / len(kinds), color="black", linestyle=":", label="one in eight")
axis.set(yticks=range(len(hits)), yticklabels=hits, xlim=(0, 0.5))
axis.set_xlabel("accuracy on unseen families, 95 % interval")
axis.set_title("Two opponents that never look")
axis.legend()
plt.show()

# %% [markdown]
# So 0.22 is no achievement at all. Look, too, at *which* stickers the opponent gets right: one group
# whole, the others not at all. A score is one number; the examples behind it tell you what it is made of.

# %%
examples = [int(np.flatnonzero(test.groups == kind)[8]) for kind in kinds]  # the ninth of each
marks = [f"{'✓' if test.groups[i] == guess else '✗'} {test.groups[i]}" for i in examples]
title = f"The guess is always “{guess}”"
show_images(on_white(test.images[examples]), marks, title, columns=4, inches=1.9)
plt.show()

# %% [markdown]
# **An honest word on the interval.** It assumes independent stickers. Families are not: whoever misses one of
# a family will probably miss its relatives too. So the true interval is somewhat wider, and lesson 04 redraws whole families instead.

# %% [markdown]
# ### The same opponent, asked about scenes
#
# Now a blind one: it hears what **kind** of question is asked, never sees the picture, and always gives that kind's
# most frequent training answer. Whatever answers questions later must beat these numbers, kind by kind.

# %%
bounds = {"what": (0, 0.03), "where": (0.08, 0.16), "what colour": (0.17, 0.28)}
bounds |= {"how many": (0.20, 0.36), "yes/no": (0.45, 0.55)}
parts = scenes(2000, split="train"), scenes(1000, split="test")
for kind, (low, high) in bounds.items():
    learnt, unseen = (
        [q.answer_en for of_one in part.questions for q in of_one if q.kind == kind]
        for part in parts
    )
    label = f"{kind:11} answers {len(set(learnt)):3}, blind accuracy"
    report(label, tested(learnt, unseen), low=low, high=high)

# %% [markdown]
# Half of the yes/no questions are won by saying the same word every time. A single average over all kinds would hide
# that.

# %% [markdown]
# ## How the field got here, in four pictures
#
# **Stage 1, one modality each** (until about 2010). Vision, language and speech each had features, models and
# conferences of their own. The three lanes below never meet. Their numbers are real: colour shares of the dog's
# picture, letter counts of its name, loudness of its spoken name. On the right stands what such a model was asked for.

# %%
from mmlearn.encode.pixels import colour_histogram
from mmlearn.view.history import draw_fused, draw_pretraining, draw_separate, draw_uses

colours = colour_histogram(dog[None], bins=3)[0]  # (27,) shares of 27 colours
alphabet = "abcdefghijklmnopqrstuvwxyz"
spelling = np.array([name.count(letter) for letter in alphabet]) / len(name)  # (26,)
loudness = np.array([np.abs(part).mean() for part in np.array_split(voice.samples, 30)])  # (30,)
pictures, words = on_white(deck.images[rows]), [str(deck.names["en"][i]) for i in rows]

draw_separate(on_white(dog), name, voice.samples, (colours, spelling, loudness))
plt.show()

# %% [markdown]
# **Stage 2, fusion and matching** (about 2010 to 2018). Lay the two vectors end to end and let one classifier decide;
# or learn which picture goes with which sentence, which clip with which description. Deep networks learned shared
# features of sound and video (Ngiam 2011), pictures were mapped into a space of word vectors (Frome 2013), and
# questions about pictures became a benchmark (Antol 2015). Part I of the course builds this stage.

# %%
draw_fused(pictures[:4], words[:4], (colours, spelling))
plt.show()

# %% [markdown]
# **Stage 3, multimodal pre-training** (about 2019 to 2022). The web is full of pictures with words beside them. Take a
# batch of pairs; pull each picture to its own words and push it from all others: no labels, only pairs. CLIP did this
# with 400 million pairs (Radford 2021), ALIGN with over a billion noisy ones (Jia 2021). The picture shows the *target*
# of such a batch, not a result: you get the result in lesson 12.

# %%
draw_pretraining(pictures[:5], words[:5])
plt.show()

# %% [markdown]
# **Stage 4, applications** (from about 2022). The pre-trained parts went into products: image generators (DALL-E 2,
# Stable Diffusion), models that describe and answer (BLIP, Flamingo), language models that see (LLaVA, GPT-4). One
# picture, many uses (these are the scene's own captions and answers, what a model *should* say):

# %%
uses = [
    ("describe it", world.captions["en"][shown]),
    ("用中文描述", world.captions["zh"][shown]),
    (f"answer: {asked.en}", asked.answer_en),
    ("find it", "a sentence goes in, this picture comes out of a thousand"),
    ("draw it", "a sentence goes in, a new picture comes out"),
]
draw_uses(world.images[shown], uses)
plt.show()

# %% [markdown]
# ### Large models, in one page
#
# A **large model** has so many weights, trained on so much data, that one training serves many tasks; trained
# broadly and then adapted, it is also called a **foundation model** (Bommasani 2021). "Large" is a moving target: BERT
# with 0.3 billion weights was large in 2018.
#
# <details><summary>Milestones, 2012 to today</summary>
#
# | year | milestone | modality | what it added |
# |---|---|---|---|
# | 2012 | AlexNet | image | deep networks win at recognising objects |
# | 2017 | Transformer | text | attention instead of recurrence |
# | 2018 | BERT, GPT | text | pre-train once, fine-tune for each task |
# | 2019 | ViLBERT | image + text | the same idea with two modalities |
# | 2020 | GPT-3, ViT | text; image | tasks from a few examples in the prompt; transformers for pictures |
# | 2021 | CLIP (OpenAI), ALIGN (Google); DALL-E, GLIDE (OpenAI) | image + text | zero-shot recognition; pictures from text |
# | 2022 | BLIP, Flamingo; DALL-E 2, Stable Diffusion | image + text | one model captions and answers; pictures good enough to use |
# | 2023 | LLaVA, GPT-4 | image + text | language models that take pictures |
# | since | models with sound and video in and out | several | one model, many modalities |
#
# </details>
#
# **Kinds.** By input and output: language models, vision models, **multimodal large models**. Among the last: dual
# encoders that compare (CLIP), generators (Stable Diffusion), and **multimodal large language models** that read a
# picture and talk (LLaVA). By structure: encoder only, decoder only, both. **What marks them:** one shared space or one
# token sequence for all modalities, instructions in plain language, new tasks without new training.

# %% [markdown]
# **How they are trained.** Read the steps, in the order in which they are done, and answer before you unfold: somebody
# shows CLIP a photograph and ten breeds of dog in words, and it picks one. *Which of the five steps has CLIP been
# through, and which one happens at that moment?*
#
# | step | what is learned from | result | in the course |
# |---|---|---|---|
# | self-supervised **pre-training** | hidden words or patches, pairs | general representations | 08, 10, 11, 12 |
# | supervised **fine-tuning** | labelled examples of one task | a specialist | 09, 14 |
# | **prompting** | nothing new: the task is put into words | a zero-shot generalist | 13 |
# | **instruction tuning** | tasks written as requests with answers | follows requests | part VI |
# | learning from **preferences** | which of two answers people prefer | more helpful, not always more true | part VI |
#
# <details><summary>Answer</summary>It has been through <b>pre-training</b> only, on pairs from the web. The ten breeds
# written as sentences are <b>prompting</b>: nothing is learned at that moment. It was never fine-tuned on dogs, never
# tuned to follow requests and never told what people prefer.</details>
#
# <details><summary>Where the parts come from: five fields, what each lends and gets back</summary>
#
# | field | it lends | and gets back |
# |---|---|---|
# | deep learning | layers, gradients, attention | tasks that need all of it at once |
# | language processing | tokens, transformers, pre-training | words tied to things |
# | computer vision | keypoints, CNNs, patches | labels in free text, without a fixed list |
# | speech recognition | spectrograms, alignment in time | the lips as a second witness |
# | video analysis | motion, long inputs | search by sentence |
#
# </details>

# %% [markdown]
# ### Why now, what it gives, what it costs
#
# Phones made everybody a photographer, and pages on the web put words beside pictures for free: multimodal data
# grew faster than anyone could label it.
#
# | it gives | it costs |
# |---|---|
# | **richer evidence**: what one modality lacks, another may have | **data**: pairs are rarer than single items, and noisy |
# | **better understanding**: words are tied to things | **training**: modalities differ in speed and scale; one may drown the other |
# | **wider use**: search, describe, answer, create | **compute**: two encoders and what joins them |
# | **robustness**: if one sensor fails, the other remains (if trained for that!) | **testing**: more ways to be right for the wrong reason |
#
# Five problems return in every system (Baltrušaitis 2019): **representation** (which numbers?), **translation** (from
# one modality to another), **alignment** (what belongs to what?), **fusion** (how to decide together?), **co-learning**
# (how does one help to learn the other?). Whether the second modality helps at all is a question, not a fact: this
# course asks it anew in every lesson, against one modality, chance and shuffled pairs.

# %% [markdown]
# ## The map of the course
#
# Filled boxes are written, dashed ones are planned; the map is redrawn as they come.

# %%
from mmlearn.view.course_map import course_map

course_map()
plt.show()

# %% [markdown]
# **Three roads**, by what you want. Today only the filled boxes can be walked; the times are what we expect:
#
# 1. **Classical only**: 00 to 05. No neural network; you learn features, fusion, honest measuring. About two weeks of
#    evenings.
# 2. **Straight to CLIP**: 00, 01, 06 to 09, 11 to 13. If you know Python and some machine learning. About five weeks.
# 3. **Everything**, in order. Each lesson measures itself against an earlier one, so this road shows the most.
#
# On each road: do the exercise before you open its solution, guess every result before you run the cell, and read one
# paper of each lesson's references, figures first.

# %%
road = ["00", "01", "06", "07", "08", "09", "11", "12", "13"]
course_map(highlight=road, title="The road straight to CLIP (thick frames)")
plt.show()

# %% [markdown]
# ## What hardware you need, honestly
#
# For the course: any laptop with 4 GB of memory and 3 GB of free disk, no graphics card; 2 cores are recommended, and
# every time at the top of a lesson is measured on 2. For models as published, arithmetic tells you: a weight takes 4 bytes to use in
# float32, and 16 bytes to train (weight, gradient, and the optimiser's two averages), before any activations.

# %%
weights = {"CLIP ViT-B/32": 0.151e9, "a 7-billion language model": 7e9, "GPT-3": 175e9}
for model, count in weights.items():
    use, training = 4 * count / 1e9, 16 * count / 1e9
    print(f"{model:27} to use {use:6.1f} GB    to train {training:7.1f} GB")

# %% [markdown]
# The first runs on your laptop. The second does if its weights are squeezed to 4 bits (part VIII). Training
# CLIP's largest vision transformer took 12 days on 256 V100 cards (Radford 2021); what *you* train here is small on purpose, so that
# you can see every step of it in minutes. A free cloud card (a T4, 16 GB) serves the "Going bigger" switches.

# %% [markdown]
# ## Where things are
#
# | what | where |
# |---|---|
# | your copies of the lessons | `work/`; the course never overwrites a file you changed |
# | a new version of a lesson you changed | beside yours, as `01_modalities.new-1.ipynb`; yours stays as it is |
# | your own pictures and sentences | a folder `mine` beside this notebook (it is `work/mine/` in the course's folder) |
# | which exercises are done | `mmlearn progress`, a bar a lesson |
# | a fresh copy of a lesson | `mmlearn reset 00` (your old one is kept beside it) |
# | one exercise back to its stub | `mmlearn reset 00 --exercise 1` |
# | what this machine has | `mmlearn doctor` |
# | words, topics | [GLOSSARY.md](../GLOSSARY.md), [TOPICS.md](../TOPICS.md) |
#
# The `mmlearn` commands are for a terminal, in the course's folder, once the environment is active there:
# `source .venv/bin/activate` (on Windows `.venv\Scripts\activate`; with conda `conda activate mmlearn`). JupyterLab has
# such a terminal too: *File, New, Terminal*.
#
# **Your own picture.** Put a photograph into a folder `mine` beside this notebook (it is `work/mine/` in the course's
# folder) and run the cell: it shows your picture and its mirror image. Without one it takes the dog.

# %%
from mmlearn.data.own_pictures import own_pictures

mine = own_pictures("mine", longest=400)  # upright, RGB, at most 400 pixels a side
print(mine)
picture = mine.images[0] if len(mine) else on_white(dog)  # (H, W, 3) uint8
show_images([picture, mirror(picture)], ["as it is", "mirrored"], columns=2, inches=2.2)
plt.show()

# %% [markdown]
# ## Where people meet
#
# - **Books**: *Dive into Deep Learning* (Zhang et al., free, also in Chinese as 动手学深度学习), *Deep Learning*
#   (Goodfellow, Bengio, Courville 2016), *Computer Vision: Algorithms and Applications* (Szeliski, 2nd ed. 2022),
#   *Speech and Language Processing* (Jurafsky and Martin).
# - **Courses**: Carnegie Mellon's 11-777 Multimodal Machine Learning; Stanford's CS231n for vision.
# - **Blogs**: Lilian Weng's *Lil'Log* and *Distill* explain with care. A blog is a map, the paper is the ground.
# - **Communities**: the forums of PyTorch and Hugging Face for code, Datawhale in Chinese; when you ask, bring the
#   smallest program that shows the trouble and the doctor's table.
# - **Conferences**: CVPR and ICCV (vision), ACL (language), NeurIPS, ICML and ICLR (learning), ACM Multimedia, ICMI.

# %% [markdown]
# ## Quiz
#
# **1. Which of these is multimodal?**
# <details><summary>A model that sorts colour photographs by their red, green and blue channels</summary>No: three
# channels of one sensor on one grid are one modality.</details>
# <details><summary>A translator from Chinese to English</summary>No: two languages, but text on both sides.</details>
# <details><summary>A program that reads the text in a photograph aloud</summary>Yes: image in, text between, sound out.
# One input is enough, if several modalities are related.</details>
#
# **2. Your model scores 0.24 on the eight groups, the majority baseline 0.22, on 800 test stickers. What do you say?**
# <details><summary>It has learned something: 0.24 is more than 0.22</summary>Not shown: at 800 items a share near 0.23
# wanders by about 0.03 either way, so the gain lies within what luck would give.</details>
# <details><summary>It is twice as good as chance, since 1/8 = 0.125</summary>True and beside the point: an opponent that
# never looks is nearly twice as good as that too. Compare with the strongest simple opponent.</details>
# <details><summary>Nothing yet; I need more test items or a paired comparison</summary>Right. Both models meet the same
# stickers, so lesson 04 compares them item by item, which is far sharper.</details>
#
# **3. A check failed and you go on. What does the rest of the notebook use?**
# <details><summary>My wrong function</summary>No: then one slip would spoil everything below.</details>
# <details><summary>Nothing, it stops</summary>No: you are never stuck.</details>
# <details><summary>The course's version</summary>Right: <code>check</code> lends it, says so, and takes yours as soon as
# it passes.</details>
#
# **4. CLIP was trained on 400 million pictures with captions. Can it write a caption?**
# <details><summary>Yes, it has seen enough of them</summary>No: it has two encoders and no decoder. It can say how well a
# given sentence fits a picture, not produce one.</details>
# <details><summary>Only by choosing among sentences somebody else wrote</summary>Right: that is retrieval. Writing needs
# a decoder, lesson 17.</details>
# <details><summary>Yes, if the prompt asks for it</summary>No: CLIP has no language model that could follow a
# request.</details>

# %% [markdown]
# ## Recap
#
# 1. A modality is one way of sensing or saying; a multimodal model relates several of them.
# 2. Its history: one at a time, fused and matched, pre-trained together, put to use. You build all four.
# 3. Stickers and scenes accompany you: pictures, names in two languages, questions, sound, clips.
# 4. `check` names your mistake and lends a tested version, so you can always go on.
# 5. A score means nothing without an opponent and an interval: guessing is right more often than one in eight.
#
# ## Going bigger
#
# One switch each: `stickers(size=128)` for finer pictures, `stickers(style="line")` for the same things in black outline,
# `languages=("en", "zh", "ja", "fr")` for more names, `speak("小狗", "cmn")` for Mandarin. Nothing here needs a card.
#
# ## References
#
# - Baltrušaitis, Ahuja, Morency (2019), *Multimodal Machine Learning: A Survey and Taxonomy*,
#   [arXiv 1705.09406](https://arxiv.org/abs/1705.09406).
# - Liang, Zadeh, Morency (2024), *Foundations & Trends in Multimodal Machine Learning*,
#   [arXiv 2209.03430](https://arxiv.org/abs/2209.03430).
# - McGurk, MacDonald (1976), *Hearing lips and seeing voices*,
#   [doi 10.1038/264746a0](https://doi.org/10.1038/264746a0).
# - Ngiam et al. (2011), *Multimodal Deep Learning*, ICML 2011.
# - Frome et al. (2013), *DeViSE: A Deep Visual-Semantic Embedding Model*, NeurIPS 2013.
# - Antol et al. (2015), *VQA: Visual Question Answering*, [arXiv 1505.00468](https://arxiv.org/abs/1505.00468).
# - Lu et al. (2019), *ViLBERT*, [arXiv 1908.02265](https://arxiv.org/abs/1908.02265).
# - Radford et al. (2021), *Learning Transferable Visual Models From Natural Language Supervision* (CLIP),
#   [arXiv 2103.00020](https://arxiv.org/abs/2103.00020).
# - Jia et al. (2021), *Scaling Up Visual and Vision-Language Representation Learning With Noisy Text Supervision*
#   (ALIGN), [arXiv 2102.05918](https://arxiv.org/abs/2102.05918).
# - Nichol et al. (2021), *GLIDE*, [arXiv 2112.10741](https://arxiv.org/abs/2112.10741); Ramesh et al. (2022), DALL-E 2,
#   [arXiv 2204.06125](https://arxiv.org/abs/2204.06125); Rombach et al. (2022), latent diffusion,
#   [arXiv 2112.10752](https://arxiv.org/abs/2112.10752).
# - Alayrac et al. (2022), *Flamingo*, [arXiv 2204.14198](https://arxiv.org/abs/2204.14198); Liu et al. (2023), *Visual
#   Instruction Tuning* (LLaVA), [arXiv 2304.08485](https://arxiv.org/abs/2304.08485).
# - Bommasani et al. (2021), *On the Opportunities and Risks of Foundation Models*,
#   [arXiv 2108.07258](https://arxiv.org/abs/2108.07258).
# - Milestones of the table: Krizhevsky et al. (2012), AlexNet, NeurIPS 2012; Vaswani et al. (2017), Transformer,
#   [arXiv 1706.03762](https://arxiv.org/abs/1706.03762); Devlin et al. (2018), BERT,
#   [arXiv 1810.04805](https://arxiv.org/abs/1810.04805); Brown et al. (2020), GPT-3,
#   [arXiv 2005.14165](https://arxiv.org/abs/2005.14165); Dosovitskiy et al. (2020), ViT,
#   [arXiv 2010.11929](https://arxiv.org/abs/2010.11929); Ramesh et al. (2021), DALL-E,
#   [arXiv 2102.12092](https://arxiv.org/abs/2102.12092); Li et al. (2022), BLIP,
#   [arXiv 2201.12086](https://arxiv.org/abs/2201.12086); OpenAI (2023), GPT-4,
#   [arXiv 2303.08774](https://arxiv.org/abs/2303.08774).
# - Wilson (1927), *Probable Inference, the Law of Succession, and Statistical Inference*,
#   [doi 10.1080/01621459.1927.10502953](https://doi.org/10.1080/01621459.1927.10502953).
# - Pictures: OpenMoji, openmoji.org, CC BY-SA 4.0.
